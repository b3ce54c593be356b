//! Letters that are worded ahead.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::{Letter, MilestoneId, SubjectId};
use engine::{LawOf, Looked, Prepared, shapes};
use rules::PackFiles;
use writer::{Ask, Candidate, To, Wording, WordingError, Words, Writer};

use crate::support::{Office, event, registers, root};

const CHAU: &str = "999196100011";

/// A model that never has words, and counts how often it was asked.
struct Mute(Arc<AtomicUsize>);

impl Wording for Mute {
    fn hash(&self) -> &'static str {
        "mute"
    }

    fn word(&self, _: &Ask<'_>) -> Result<Vec<Candidate>, WordingError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn what_was_worded_ahead_is_not_worded_again_in_the_chain() {
    let asked = Arc::new(AtomicUsize::new(0));
    let office =
        Office::worded_by("2026-11-02T06:00:00Z", Box::new(Mute(Arc::clone(&asked)))).await;
    let letters = office.app.letters_ahead(office.app.today(), Some("LE-BIRTH")).unwrap();
    let mut looked = Looked::default();
    for letter in &letters {
        let made = office.app.prepare(letter, &mut looked).await.unwrap();
        assert!(matches!(made, Prepared::Made(..)), "{made:?}");
    }
    assert_eq!(asked.load(Ordering::Relaxed), letters.len());
    // Broken off and begun again, nothing is made twice.
    let kept = office.app.prepare(&letters[0], &mut looked).await.unwrap();
    assert_eq!(kept, Prepared::Kept);

    office.told(&registers()).await;
    let before = asked.load(Ordering::Relaxed);
    office.told(&[event("cs-0001")]).await;
    let mother = office.person(CHAU);
    assert_eq!(office.letters_to(mother).await, [Letter::First]);
    assert_eq!(asked.load(Ordering::Relaxed), before, "the first letter was worded anew");
    office.moves_to("2026-12-02T01:00:00Z");
    office.new_day().await;
    assert_eq!(office.letters_to(mother).await.len(), 2, "the reminder");
    assert_eq!(asked.load(Ordering::Relaxed), before, "the reminder was worded anew");
}

#[tokio::test]
async fn whoever_may_be_written_to_can_be_under_every_version_of_the_law() {
    let office = Office::at("2026-11-02T06:00:00Z").await;
    let (pack, words) = (&office.app.pack, &office.app.writing.words);
    let prompts = &office.app.writing.prompts;
    let writer = Writer { words, prompts, wording: None, samples: 0, pack: "", index: "" };
    let to = To {
        milestone: MilestoneId::of(&["m"]),
        recipient: SubjectId::of(&["s"]),
        letter: Letter::First,
    };
    let mut count = 0;
    for life_event in pack.life_events() {
        let all = shapes((pack, words), life_event, LawOf::EveryVersion)
            .unwrap_or_else(|letters| panic!("{letters:#?}"));
        assert!(!all.is_empty(), "{:?} says nothing to anybody", life_event.id);
        for shape in all {
            let plan = words.plan(&shape.input).unwrap();
            let made = writer.make_template(&plan, &[]);
            let about = (&shape.input.life_event, &shape.input.service, &shape.input.role);
            let made = made.unwrap_or_else(|error| panic!("{about:?}: {error}"));
            words
                .message(&plan, &made, to, &|_| None)
                .unwrap_or_else(|error| panic!("{about:?}: {error}"));
            count += 1;
        }
    }
    assert!(count > 2_000, "{count} shapes");
}

#[tokio::test]
async fn a_recipient_whom_no_words_are_for_is_named() {
    let (from, to) = ("place: event", "place: event\n    roles: [spouse, mother, father]");
    assert_eq!(missing("death.yaml", from, to), "LE-DEATH child");
}

/// Life event and role of the first letter that cannot be said when `file` is changed so.
fn missing(file: &str, from: &str, to: &str) -> String {
    let all = PackFiles::read(&root().join("life-events/vn")).unwrap();
    let files = all.iter().filter_map(|(path, text)| {
        let name = path.strip_prefix("words/")?.to_owned();
        let text = if name == file { text.replacen(from, to, 1) } else { text.to_owned() };
        Some((name, text))
    });
    let files: Vec<_> = files.collect();
    let words = Words::read(&files).unwrap();
    let pack = crate::support::pack();
    let death = pack.life_event("LE-DEATH").unwrap();
    let letters = shapes((&pack, &words), death, LawOf::EveryVersion).unwrap_err();
    format!("{} {}", letters[0].life_event, letters[0].role)
}
