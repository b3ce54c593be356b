//! An engine for the tests: the real pack, a database in memory, a clock that stands still, no
//! model. Messages take the approved wording.

use std::path::Path;
use std::sync::Arc;

use domain::{FixedClock, PseudonymKey};
use engine::intake::{self, LinesReport};
use engine::view::SamplePerson;
use engine::{App, Worker, Writing};
use rules::{Pack, PackFiles};
use server::secrets::master;
use storage::Store;
use writer::{Prompts, Words};

const TIMELINE: &str = include_str!("../../../../../life-events/vn/samples/timeline.jsonl");
/// The certificate of the child of the first family: what their message follows from.
const BIRTH: &str = "vn.health.birth-certified.v1";
/// When the registers told who the people are, before anything happened to them.
const BEFORE: &str = "\"time\": \"2025-";
/// The mother and the father of the first family, and a mother of another.
const PEOPLE: [&str; 3] = ["999196100011", "999094100012", "999198100031"];

/// The engine, with no table yet.
pub(crate) async fn engine(clock: Arc<FixedClock>) -> App {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = root.join("life-events/vn");
    let pack = Pack::load(&PackFiles::read(&folder).unwrap()).unwrap();
    let writing = Writing {
        words: Words::load(&folder.join("words")).unwrap(),
        prompts: Prompts::load(&root.join("prompts")).unwrap(),
        model: None,
        passages: None,
        samples: 0,
    };
    App {
        store: Store::open("sqlite::memory:", &master::throwaway().unwrap()).await.unwrap(),
        pack: Arc::new(pack),
        clock,
        key: PseudonymKey::new(b"a key for tests and for nothing else"),
        writing: Arc::new(writing),
        operation: Arc::default(),
    }
}

/// What the registers know of the people, and of no child.
pub(crate) async fn add_people(app: &App) {
    let known = TIMELINE
        .lines()
        .filter(|line| line.contains(BEFORE) && PEOPLE.iter().any(|number| line.contains(number)));
    take_in(app, known).await;
}

/// The birth in the first family, and the work that follows from it.
pub(crate) async fn add_a_message(app: &App) {
    let birth = TIMELINE.lines().find(|line| line.contains(BIRTH) && line.contains(PEOPLE[0]));
    take_in(app, birth).await;
}

async fn take_in(app: &App, lines: impl IntoIterator<Item = &str>) {
    let lines = lines.into_iter().collect::<Vec<_>>().join("\n");
    let report = intake::lines(app, lines.as_bytes(), |_, _| {}).await.unwrap();
    let aside = LinesReport { new: report.new, repeats: report.repeats, ..LinesReport::default() };
    assert_eq!(report, aside, "a sample event was set aside, or is odd");
    assert!(report.new > 0);
    let worked = Worker::new(app.clone(), "test".to_owned()).work_off().await.unwrap();
    assert_eq!((worked.retried, worked.dead), (0, 0), "the work was not done");
}

/// The sample person at `place` of [`PEOPLE`] that have an inbox of their own: the mother of
/// the first family, then a mother of another.
pub(crate) async fn person(app: &App, place: usize) -> SamplePerson {
    let names = ["Nguyễn Thị Minh Châu", "Thạch Thị Sa Rương"];
    let people = app.sample_people().await.unwrap();
    people.into_iter().find(|person| person.name == names[place]).unwrap()
}
