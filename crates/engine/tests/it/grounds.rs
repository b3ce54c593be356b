//! A source that changes takes the ground from the texts that cite it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::{DeliveryState, SubjectId, TemplateId};
use engine::{App, Worker};
use knowledge::{Corpus, Embed, EmbedError, Index, Search};
use storage::{Options, Store};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::support::{Office, daily, event, options, registers, root};

const MY: &str = "999300100041";

/// Vectors of letters: enough to find a passage among few.
struct Letters;

impl Embed for Letters {
    fn model(&self) -> String {
        "letters".to_owned()
    }

    fn embed_passages(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let vector = |text: &&str| {
            let mut out = vec![1.0; 32];
            text.bytes().for_each(|byte| out[usize::from(byte % 32)] += 1.0);
            out
        };
        Ok(texts.iter().map(vector).collect())
    }

    fn embed_queries(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.embed_passages(texts)
    }
}

fn corpus_files() -> BTreeMap<String, String> {
    let folder = std::fs::read_dir(root().join("life-events/vn/corpus")).unwrap();
    let paths = folder.map(|entry| entry.unwrap().path());
    let named = paths.map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        (format!("corpus/{name}"), std::fs::read_to_string(&path).unwrap())
    });
    named.collect()
}

/// The corpus indexed anew, as `cotmoc index` does it.
fn indexed(files: &BTreeMap<String, String>, at: &Path) -> Search {
    let corpus = Corpus::parse(files).unwrap_or_else(|error| panic!("{error}"));
    let (index, _) = Index::build(&corpus, &Letters, at, &mut |_| ()).unwrap();
    Search::open(index, Arc::new(Letters)).unwrap()
}

fn hash_of(office: &Office, passage: &str) -> Option<String> {
    let search = office.app.writing.passages.as_ref().unwrap();
    search.index().passage(passage).map(|it| it.hash.clone())
}

/// A text to `to`, or to whoever it may be, that cites something, and what.
async fn cited(office: &Office, to: Option<SubjectId>) -> (TemplateId, String) {
    let mut conn = office.app.store.read().await.unwrap();
    let mut letters = office.letters().await;
    letters.retain(|(message, _)| to.is_none_or(|to| message.recipient == to));
    for (message, _) in letters {
        let template = storage::templates::get(&mut conn, message.template).await.unwrap().unwrap();
        if let Some(passage) = template.evidence.iter().flat_map(|it| &it.passages).next() {
            return (template.id, passage.clone());
        }
    }
    panic!("no letter cites a passage")
}

/// A corpus that changes, and one database.
struct Library {
    files: BTreeMap<String, String>,
    folder: TempDir,
}

impl Library {
    fn new() -> Self {
        Self { files: corpus_files(), folder: tempfile::tempdir().unwrap() }
    }

    fn database(&self) -> String {
        format!("sqlite:{}", self.folder.path().join("db").display())
    }

    /// An office that cites from the corpus as it is now.
    async fn office(&self) -> Office {
        let passages = indexed(&self.files, &self.folder.path().join("index"));
        Office::with_passages("2026-11-10T03:00:00Z", &self.database(), passages).await
    }

    /// Writes one sentence more into each section of the document that `passage` is of.
    fn amend(&mut self, passage: &str) -> String {
        let (document, _) = passage.split_once('#').unwrap();
        let text = self.files.get_mut(&format!("corpus/{document}.md")).unwrap();
        *text = text
            .lines()
            .map(|line| match line.strip_prefix("## ") {
                Some(_) => format!("{line}\nĐoạn này vừa được sửa.\n"),
                None => format!("{line}\n"),
            })
            .collect();
        document.to_owned()
    }
}

/// An office where a letter waits whose passage was amended meanwhile, and the letter's template.
async fn worded_and_amended() -> (Library, Office, TemplateId) {
    let mut library = Library::new();
    let before = library.office().await;
    before.told(&registers()).await;
    before.takes(&[event("cs-0004")]).await;
    let mother = before.person(MY);
    assert!(before.works_until_worded(mother).await, "a message waits");
    let (template, passage) = cited(&before, Some(mother)).await;
    drop(before);

    library.amend(&passage);
    let after = library.office().await;
    assert!(!after.app.look_at_grounds().await.unwrap().gone.is_empty());
    (library, after, template)
}

#[tokio::test]
async fn a_letter_that_waits_is_worded_anew_once_what_it_cites_says_something_else() {
    let (_library, after, template) = worded_and_amended().await;
    let mother = after.person(MY);
    after.works().await;
    let sent = after.sent_to(mother).await;
    assert_eq!(sent.len(), 1, "and it is sent, once");
    assert_ne!(sent[0].template, template);
}

#[tokio::test]
async fn a_letter_that_lost_its_ground_and_has_nothing_to_say_any_more_does_not_wait_for_ever() {
    let (_library, after, _) = worded_and_amended().await;
    let mother = after.person(MY);
    // The certificate is cancelled at the same time.
    after.moves_to("2026-11-11T02:00:00Z");
    after.told(&[event("hcs-0001")]).await;
    after.moves_to("2026-11-11T03:00:00Z");
    after.works().await;
    let mut letters = after.letters().await;
    letters.retain(|(message, _)| message.recipient == mother);
    assert!(!letters.is_empty());
    assert!(letters.iter().all(|(_, it)| it.state != DeliveryState::Queued), "{letters:?}");
}

#[tokio::test]
async fn a_text_is_not_used_again_once_what_it_cites_says_something_else() {
    let mut library = Library::new();
    let before = library.office().await;
    before.told(&registers()).await;
    before.told(&[event("cs-0004")]).await;
    let (template, passage) = cited(&before, None).await;
    let hash = hash_of(&before, &passage).unwrap();
    let resting = |office: &Office| {
        let app = office.app.clone();
        let passage = passage.clone();
        async move { app.rested_on(&passage).await.unwrap() }
    };
    let rested = resting(&before).await;
    assert_eq!((rested.len(), &rested[0].hash, rested[0].gone_at), (1, &hash, None));
    assert_eq!(rested[0].templates, [template]);
    assert!(before.app.look_at_grounds().await.unwrap().gone.is_empty());
    drop(before);

    let document = library.amend(&passage);
    let after = library.office().await;
    let looked = after.app.look_at_grounds().await.unwrap();
    let gone: Vec<(&str, &str)> =
        looked.gone.iter().map(|it| (it.passage.as_str(), it.hash.as_str())).collect();
    assert!(gone.contains(&(passage.as_str(), hash.as_str())), "{gone:?}");
    let rested = resting(&after).await;
    assert_eq!((&rested[0].hash, &rested[0].templates), (&hash, &vec![template]));
    assert!(rested[0].gone_at.is_some());
    assert_ne!(hash_of(&after, &passage).unwrap(), hash);
    let language = domain::Language::VI;
    let mut conn = after.app.store.read().await.unwrap();
    let old = storage::templates::get(&mut conn, template).await.unwrap().unwrap();
    let found = storage::templates::of_shape(&mut conn, &old.shape, language).await.unwrap();
    assert_eq!(found, None, "whatever asks for it by its shape does not get it");
    drop((conn, after));

    // The passage vanishes with its document, and the text's ground with it.
    library.files.remove(&format!("corpus/{document}.md"));
    let without = library.office().await;
    assert_eq!(hash_of(&without, &passage), None);
    assert!(without.app.look_at_grounds().await.unwrap().gone.is_empty(), "it was gone before");
    // As it was, it carries again.
    library.files = corpus_files();
    let again = library.office().await;
    assert!(!again.app.look_at_grounds().await.unwrap().back.is_empty());
}

#[tokio::test]
async fn a_worker_that_begins_while_the_database_cannot_be_used_waits_for_it() {
    let library = Library::new();
    let office = library.office().await;
    office.told(&registers()).await;
    office.takes(&[event("cs-0004")]).await;
    let mother = office.person(MY);
    let impatient = Options { patience: Duration::from_millis(100), ..options() };
    let store = Store::open(&library.database(), &impatient).await.unwrap();
    let worker = Worker::new(App { store, ..office.app.clone() }, "early".to_owned());

    let held = office.app.store.begin().await.unwrap();
    let stop = CancellationToken::new();
    let freed = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(held);
        for _ in 0..300 {
            if !office.sent_to(mother).await.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        stop.cancel();
    };
    let daily = daily();
    let (worked, ()) = tokio::join!(worker.run(stop.clone(), &daily), freed);
    worked.unwrap();
    assert_eq!(office.sent_to(mother).await.len(), 1);
}
