//! The suites on the real pack, in memory: without a model always, with one where it is asked for.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests may panic and print as tests do"
)]

mod engines;
mod letters;
mod tampered;
// The models that the tests of `inference` make from a seed.
#[expect(
    dead_code,
    clippy::cast_precision_loss,
    reason = "not every shape is needed here; its numbers are small"
)]
#[path = "../../../crates/inference/tests/it/tiny.rs"]
mod tiny;
#[expect(
    dead_code,
    clippy::cast_precision_loss,
    reason = "only the 4-bit file is needed here; its numbers are small"
)]
#[path = "../../../crates/inference/tests/it/tiny_e5.rs"]
mod tiny_e5;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use domain::{FixedClock, PseudonymKey};
use engine::{App, Timetable, Writing};
use inference::manifest::{Catalogue, Role};
use inference::serve::{Settings, Workers};
use inference::text::TextModel;
use knowledge::{Corpus, Index, Search};
use rules::{Pack, PackFiles};
use storage::vault::{DRAWN, MASTER, MasterKey, Ring, Vault};
use storage::{Options, Store};
use writer::{Ask, Candidate, Prompts, ServedModel, Wording, WordingError, Words};

/// Before the first event of the samples.
const FIRST_DAY: &str = "2025-12-15T00:00:00Z";

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

async fn office(
    model: Option<Box<dyn Wording>>,
    passages: Option<Search>,
    at: &str,
) -> (App, Arc<FixedClock>) {
    office_of(&files(), model, passages, at).await
}

fn files() -> PackFiles {
    PackFiles::read(&root().join("life-events/vn")).unwrap()
}

async fn office_of(
    files: &PackFiles,
    model: Option<Box<dyn Wording>>,
    passages: Option<Search>,
    at: &str,
) -> (App, Arc<FixedClock>) {
    let store = Store::open("sqlite::memory:", &options()).await.unwrap();
    store.migrate().await.unwrap();
    let clock = Arc::new(FixedClock::at(at.parse().unwrap()));
    let writing = Writing {
        words: Words::load(&root().join("life-events/vn/words")).unwrap(),
        prompts: Prompts::load(&root().join("prompts")).unwrap(),
        model,
        passages,
        samples: 0,
    };
    let app = App {
        store,
        pack: Arc::new(Pack::load(files).unwrap()),
        clock: clock.clone(),
        key: PseudonymKey::new(b"a key of the tests, long enough"),
        writing: Arc::new(writing),
        operation: Arc::default(),
    };
    (app, clock)
}

fn models() -> inference::store::Store {
    let dir = std::env::var_os("COTMOC_MODELS__DIR")
        .map_or_else(|| root().join("var/models"), PathBuf::from);
    inference::store::Store::new(dir)
}

/// The default model for wording, if it is there.
fn model() -> Option<Box<dyn Wording>> {
    let catalogue = Catalogue::embedded().unwrap();
    let manifest = catalogue.default_for(Role::Text).unwrap();
    let path = models().ready(manifest).ok()?.into_iter().next()?;
    let hash = manifest.files.first()?.sha256.clone();
    let model = Arc::new(TextModel::load(&path).unwrap());
    let served = writer::served(&manifest.name, &model).unwrap();
    let workers = Workers::start(served, Settings::default(), Instant::now).unwrap();
    let model = ServedModel::new(workers.handle(), hash);
    Some(Box::new(AtWork { model, _workers: workers }))
}

/// The model and those who work with it.
struct AtWork {
    model: ServedModel,
    _workers: Workers,
}

impl Wording for AtWork {
    fn hash(&self) -> &str {
        self.model.hash()
    }

    fn word(&self, ask: &Ask<'_>) -> Result<Vec<Candidate>, WordingError> {
        self.model.word(ask)
    }
}

async fn chain(model: Option<Box<dyn Wording>>, passages: Option<Search>) -> eval::ChainReport {
    let (app, clock) = office(model, passages, FIRST_DAY).await;
    play(&app, &clock).await
}

async fn play(app: &App, clock: &FixedClock) -> eval::ChainReport {
    let timetable: Timetable = "5 0 * * *".parse().unwrap();
    eval::chain(app, clock, &timetable).await.unwrap()
}

fn show(report: &eval::ChainReport) {
    for difference in &report.differences {
        println!(
            "{}: {}\n    expected {}\n    got      {}",
            difference.family, difference.about, difference.expected, difference.got
        );
    }
    for threshold in report.failures() {
        println!("missed: {} is {}, limit {}", threshold.name, threshold.value, threshold.limit);
    }
    let parts = serde_json::json!({
        "events": report.events, "milestones": report.milestones, "suggestions": report.suggestions,
        "deadlines": report.deadlines, "prefill": report.prefill, "messages": report.messages,
        "examples": report.examples, "timings": report.timings,
    });
    println!("{}", serde_json::to_string_pretty(&parts).unwrap());
}

#[tokio::test]
async fn the_chain_keeps_every_limit() {
    let report = chain(None, None).await;
    show(&report);
    assert!(report.passed(), "{:?}", report.failures().collect::<Vec<_>>());
    assert!(report.prefill.fields >= 40);
    assert_eq!(report.messages.by_model, 0);
    let html = report.html();
    assert!(html.contains("Passed: all"));
    if let Some(path) = std::env::var_os("COTMOC_EVAL_HTML") {
        std::fs::write(path, html).unwrap();
    }
}

#[tokio::test]
async fn synthetic_events_are_valid_and_go_through() {
    let (app, _) = office(None, None, "2026-11-23T02:00:00Z").await;
    let mut heard = Vec::new();
    let bench = eval::bench::intake(&app, 120, |through| heard.push(through)).await.unwrap();
    println!("{bench:?}");
    assert_eq!((bench.set_aside, bench.failed_jobs), (0, 0));
    assert_eq!(bench.new + bench.repeats, 120);
    assert!(bench.repeats >= 1, "the samples deliver one certificate twice");
    assert!(bench.jobs > bench.new);
    assert_eq!(heard.last(), Some(&120));
}

#[tokio::test]
async fn letters_are_worded_without_a_model_too() {
    let (app, _) = office(None, None, "2026-11-23T02:00:00Z").await;
    let bench = eval::bench::write(&app, |_, _| ()).unwrap();
    assert_eq!(bench.plans.len(), 6);
    assert_eq!(bench.by_model, 0);
    assert!(bench.cached_per_second > bench.cold_per_second / 10.0);
}

/// `cargo test --release -p cotmoc-eval -- --ignored --nocapture`, on an idle machine.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it measures, and takes a minute with a model"]
async fn what_it_costs_with_the_model() {
    let Some(model) = model() else {
        eprintln!("skipped: the model is not in the store");
        return;
    };
    let report = chain(Some(model), Some(passages())).await;
    show(&report);
    assert!(report.passed());
    assert!(report.messages.by_model > 0);

    let (app, _) = office(self::model(), Some(passages()), "2026-11-23T02:00:00Z").await;
    println!("{:#?}", eval::bench::write(&app, |_, _| ()).unwrap());
}

/// As above.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it measures: run it alone on an idle machine"]
async fn what_intake_costs() {
    let (app, _) = office(None, None, "2026-11-23T02:00:00Z").await;
    println!("{:#?}", eval::bench::intake(&app, 10_000, |_| ()).await.unwrap());
}

fn passages() -> Search {
    let files = files();
    let corpus = files.iter().filter(|(path, _)| path.starts_with("corpus/"));
    let corpus = corpus.map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
    let corpus = Corpus::parse(&corpus).unwrap();
    let catalogue = Catalogue::embedded().unwrap();
    let manifest = catalogue.default_for(Role::Embedding).unwrap();
    let embedder = inference::embed::Embedder::load(&models().folder(manifest)).unwrap();
    let model =
        Arc::new(knowledge::LoadedModel::new(&manifest.name, &manifest.files[0].sha256, embedder));
    let path = std::env::temp_dir().join("cotmoc-eval.index");
    let (index, _) = Index::build(&corpus, model.as_ref(), &path, &mut |_| ()).unwrap();
    Search::open(index, model).unwrap()
}

/// A database's options, with a master key of the tests.
fn options() -> Options {
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
