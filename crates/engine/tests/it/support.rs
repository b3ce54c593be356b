//! An engine in memory, on the real pack, with a clock that stands where it is put.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::{
    Channel, Delivery, DeliveryState, FixedClock, Letter, Message, Milestone, MilestoneState,
    PseudonymKey, SubjectId, SubjectKind, Suggestion, SuggestionState, Verdict,
};
use engine::{App, Operation, Timetable, Worked, Worker, Writing};
use knowledge::Search;
use rules::{Pack, PackFiles};
use serde_json::Value;
use storage::bulk::Scratch;
use storage::vault::{DRAWN, MASTER, MasterKey, Ring, Vault};
use storage::{Options, Store, deliveries, messages, milestones, suggestions};
use tokio_util::sync::CancellationToken;
use writer::{Prompts, Wording, Words};

/// The engine of one test.
pub(crate) struct Office {
    pub(crate) app: App,
    pub(crate) clock: Arc<FixedClock>,
    worker: Worker,
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

pub(crate) fn pack() -> Arc<Pack> {
    let files = PackFiles::read(&root().join("life-events/vn")).unwrap();
    Arc::new(Pack::load(&files).unwrap())
}

/// The real pack with texts changed: the file, what stands there, what shall.
pub(crate) fn pack_with(changes: &[(&str, &str, &str)]) -> Arc<Pack> {
    let mut files: BTreeMap<String, String> = PackFiles::read(&root().join("life-events/vn"))
        .unwrap()
        .iter()
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .collect();
    for (path, from, to) in changes {
        let text = files.get_mut(*path).unwrap();
        assert!(text.contains(from), "`{from}` is not in {path}");
        *text = text.replacen(from, to, 1);
    }
    Arc::new(Pack::load(&files.into_iter().collect()).unwrap_or_else(|errors| panic!("{errors}")))
}

fn writing_with(model: Option<Box<dyn Wording>>, passages: Option<Search>) -> Writing {
    Writing {
        words: Words::load(&root().join("life-events/vn/words")).unwrap(),
        prompts: Prompts::load(&root().join("prompts")).unwrap(),
        model,
        passages,
        samples: 0,
    }
}

impl Office {
    pub(crate) async fn at(moment: &str) -> Self {
        Self::on(moment, pack()).await
    }

    pub(crate) async fn on(moment: &str, pack: Arc<Pack>) -> Self {
        Self::run(moment, pack, Operation::default()).await
    }

    /// An office that is run so.
    pub(crate) async fn run_as(moment: &str, operation: Operation) -> Self {
        Self::run(moment, pack(), operation).await
    }

    /// An office that keeps its state there.
    pub(crate) async fn in_database(moment: &str, address: &str) -> Self {
        let store = Store::open(address, &options()).await.unwrap();
        Self::with(moment, pack(), Operation::default(), store).await
    }

    /// An office with a pack of its own that is run so.
    pub(crate) async fn run(moment: &str, pack: Arc<Pack>, operation: Operation) -> Self {
        let store = Store::open("sqlite::memory:", &options()).await.unwrap();
        Self::with(moment, pack, operation, store).await
    }

    async fn with(moment: &str, pack: Arc<Pack>, operation: Operation, store: Store) -> Self {
        Self::whole(moment, pack, operation, store, writing_with(None, None)).await
    }

    /// An office whose letters `model` words.
    pub(crate) async fn worded_by(moment: &str, model: Box<dyn Wording>) -> Self {
        let store = Store::open("sqlite::memory:", &options()).await.unwrap();
        let writing = writing_with(Some(model), None);
        Self::whole(moment, pack(), Operation::default(), store, writing).await
    }

    /// An office that keeps its state there and cites from these passages.
    pub(crate) async fn with_passages(moment: &str, address: &str, passages: Search) -> Self {
        let store = Store::open(address, &options()).await.unwrap();
        let writing = writing_with(None, Some(passages));
        Self::whole(moment, pack(), Operation::default(), store, writing).await
    }

    async fn whole(
        moment: &str,
        pack: Arc<Pack>,
        operation: Operation,
        store: Store,
        writing: Writing,
    ) -> Self {
        store.migrate().await.unwrap();
        let clock = Arc::new(FixedClock::at(moment.parse().unwrap()));
        let app = App {
            store,
            pack,
            clock: clock.clone(),
            key: PseudonymKey::new(b"a key of the tests, long enough"),
            writing: Arc::new(writing),
            operation: Arc::new(operation),
        };
        let worker = Worker::new(app.clone(), "test".to_owned());
        Self { app, clock, worker }
    }

    /// Takes in events without working on them.
    pub(crate) async fn takes(&self, events: &[Value]) {
        for event in events {
            self.app.accept(event, "a test").await.unwrap();
        }
    }

    /// Works until nothing is due; nothing may fail.
    pub(crate) async fn works(&self) {
        let worked = self.worker.work_off().await.unwrap();
        assert_eq!((worked.retried, worked.dead), (0, 0));
    }

    /// Works until a message to `to` was worded and waits to be sent. Answers whether one does.
    pub(crate) async fn works_until_worded(&self, to: SubjectId) -> bool {
        loop {
            let worked = self.worker.step(&CancellationToken::new()).await.unwrap();
            let letters = self.letters().await;
            if letters.iter().any(|(_, it)| it.recipient == to && it.state == DeliveryState::Queued)
            {
                return true;
            }
            if worked == Worked::default() {
                return false;
            }
        }
    }

    pub(crate) async fn told(&self, events: &[Value]) {
        self.takes(events).await;
        self.works().await;
    }

    pub(crate) fn moves_to(&self, moment: &str) {
        self.clock.set(moment.parse().unwrap());
    }

    /// The daily run, and what follows from it.
    pub(crate) async fn new_day(&self) {
        self.app.tick(&daily()).await.unwrap();
        self.works().await;
    }

    pub(crate) fn person(&self, pin: &str) -> SubjectId {
        self.app.key.subject(SubjectKind::Person, pin)
    }

    pub(crate) async fn milestones(&self) -> Vec<Milestone> {
        let mut conn = self.app.store.read().await.unwrap();
        milestones::page(&mut conn, None, 1000).await.unwrap()
    }

    /// The milestones of births.
    pub(crate) async fn births(&self) -> Vec<Milestone> {
        let mut all = self.milestones().await;
        all.retain(|it| it.life_event == "LE-BIRTH");
        all
    }

    /// The services that are open for `recipient` and certain.
    pub(crate) async fn certain(&self, recipient: SubjectId) -> Vec<String> {
        let mut all = self.suggestions().await;
        all.retain(|it| it.state == SuggestionState::Open && it.verdict == Verdict::Met);
        all.into_iter().filter(|it| it.recipient == recipient).map(|it| it.service).collect()
    }

    /// The messages that arrived at `recipient`.
    pub(crate) async fn sent_to(&self, recipient: SubjectId) -> Vec<Message> {
        let mut sent = self.sent().await;
        sent.retain(|message| message.recipient == recipient);
        sent
    }

    /// The letter of this kind that arrived at `recipient`.
    pub(crate) async fn letter_to(&self, recipient: SubjectId, letter: Letter) -> Message {
        let sent = self.sent_to(recipient).await;
        sent.into_iter().find(|it| it.letter == letter).unwrap()
    }

    /// Which letters arrived at `recipient`, in the order of their days.
    pub(crate) async fn letters_to(&self, recipient: SubjectId) -> Vec<Letter> {
        let mut letters: Vec<_> =
            self.sent_to(recipient).await.iter().map(|it| it.letter).collect();
        letters.sort();
        letters
    }

    /// Milestones from which something follows.
    pub(crate) async fn standing(&self) -> Vec<Milestone> {
        let mut all = self.milestones().await;
        all.retain(|it| matches!(it.state, MilestoneState::Reached | MilestoneState::Pending));
        all
    }

    pub(crate) async fn suggestions(&self) -> Vec<Suggestion> {
        let milestones = self.milestones().await;
        let mut conn = self.app.store.read().await.unwrap();
        let mut all = Vec::new();
        for milestone in milestones {
            all.extend(suggestions::of_milestone(&mut conn, milestone.id).await.unwrap());
        }
        all
    }

    /// The services that are open, with whom they are suggested to.
    pub(crate) async fn open(&self) -> Vec<(String, SubjectId)> {
        let all = self.suggestions().await;
        let open = all.into_iter().filter(|it| it.state == SuggestionState::Open);
        open.map(|it| (it.service, it.recipient)).collect()
    }

    /// Every message with its delivery.
    pub(crate) async fn letters(&self) -> Vec<(Message, Delivery)> {
        let milestones = self.milestones().await;
        let mut conn = self.app.store.read().await.unwrap();
        let mut all = Vec::new();
        for milestone in milestones {
            for message in messages::of_milestone(&mut conn, milestone.id).await.unwrap() {
                let id = Delivery::id_of(message.id, Channel::Inbox);
                let delivery = deliveries::get(&mut conn, id).await.unwrap().unwrap();
                all.push((message, delivery));
            }
        }
        all
    }

    /// The messages that arrived.
    pub(crate) async fn sent(&self) -> Vec<Message> {
        let letters = self.letters().await.into_iter();
        let sent = letters.filter(|(_, delivery)| delivery.state == DeliveryState::Sent);
        sent.map(|(message, _)| message).collect()
    }
}

pub(crate) fn daily() -> Timetable {
    "5 0 * * *".parse().unwrap()
}

/// The sample events.
pub(crate) fn timeline() -> Vec<Value> {
    let text = std::fs::read_to_string(root().join("life-events/vn/samples/timeline.jsonl"));
    text.unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The first sample event with this id.
pub(crate) fn event(id: &str) -> Value {
    timeline().into_iter().find(|event| event["id"] == id).unwrap_or_else(|| panic!("no {id}"))
}

/// What registers tell of people before anything happens: population, residence, marriages.
pub(crate) fn registers() -> Vec<Value> {
    let background = |event: &Value| {
        ["dc-", "ct-", "kh-", "mn-", "td-"]
            .iter()
            .any(|lead| event["id"].as_str().unwrap().starts_with(lead))
    };
    timeline().into_iter().filter(background).collect()
}

/// The address of a database that is gone with its office.
pub(crate) const IN_MEMORY: &str = "sqlite::memory:";

/// A new schema of the PostgreSQL that `tests/run` started; `None`, said aloud, where there is
/// none.
pub(crate) async fn postgres() -> Option<String> {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let Ok(server) = std::env::var("COTMOC_TEST_POSTGRES") else {
        // Straight to the terminal: the test runner swallows what `eprintln!` writes.
        let told = b"PostgreSQL tests skipped: set COTMOC_TEST_POSTGRES\n";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), told);
        return None;
    };
    let name = format!("engine_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    Some(Scratch::make(&server, &name).await.unwrap().address())
}

/// A database's options, with a master key of the tests.
pub(crate) fn options() -> Options {
    let ring = Ring::new(vec![MasterKey::new(&[7; MASTER])]).unwrap();
    Options { vault: Some(Vault::open(ring, counted).unwrap()), ..Options::default() }
}

/// Draws keys by counting, in place of chance.
#[expect(clippy::unnecessary_wraps, reason = "what draws keys may fail")]
fn counted() -> Result<[u8; DRAWN], Box<dyn std::error::Error + Send + Sync>> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let next = NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes();
    let mut drawn = [0; DRAWN];
    drawn.iter_mut().zip(next.repeat(5)).for_each(|(to, from)| *to = from);
    Ok(drawn)
}
