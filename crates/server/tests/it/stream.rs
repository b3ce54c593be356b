//! Events in and out over a real NATS server, started for each test. Where there is none the tests
//! say so aloud; `tests/run` installs it, and in CI its absence is a failure.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use async_nats::jetstream::{self, stream};
use domain::{DeliveryId, Language, MessageId, SubjectId};
use engine::carrier::{Carrier as _, NotCarried, Parcel};
use engine::{Operation, Queue};
use futures_util::StreamExt as _;
use server::stream::{Heard, Inward, Outward, Server};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::support::{self, Site};

/// A server with a port and a folder of its own.
struct Nats {
    child: Child,
    port: u16,
    home: TempDir,
}

impl Nats {
    /// Starts one; `None`, said aloud, where none is installed.
    fn start() -> Option<Self> {
        let home = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = run(&home, port)?;
        Some(Self { child, port, home })
    }

    fn server(&self) -> Server {
        Server { url: format!("nats://127.0.0.1:{}", self.port), token_file: None }
    }

    fn inward(&self) -> Inward {
        Inward {
            server: self.server(),
            stream: "COTMOC_IN".into(),
            subjects: "cotmoc.in.>".into(),
            consumer: "cotmoc".into(),
        }
    }

    async fn context(&self) -> jetstream::Context {
        // It listens once JetStream is there.
        let mut last = None;
        for _ in 0..200 {
            match async_nats::connect(self.server().url).await {
                Ok(client) => return jetstream::new(client),
                Err(error) => last = Some(error),
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the NATS server did not start: {last:?}")
    }

    /// Pulls the plug and starts it again on the same folder.
    fn restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = run(&self.home, self.port).unwrap();
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(home: &TempDir, port: u16) -> Option<Child> {
    let started = Command::new("nats-server")
        .args(["--addr", "127.0.0.1", "--port", &port.to_string(), "--jetstream", "--store_dir"])
        .arg(home.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match started {
        Ok(child) => Some(child),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "no `nats-server`: {error}");
            // Straight to the terminal: the test runner swallows what `eprintln!` writes.
            let told = b"NATS tests skipped: there is no `nats-server`; `tests/run` installs it\n";
            let _ = std::io::Write::write_all(&mut std::io::stderr(), told);
            None
        }
    }
}

/// Puts sample events into the stream, each in the partition of its register.
async fn publish(context: &jetstream::Context, events: std::ops::Range<usize>) {
    for place in events {
        let event = support::event(place);
        let register = event["source"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
        let subject = format!("cotmoc.in.{register}");
        context.publish(subject, event.to_string().into()).await.unwrap().await.unwrap();
    }
}

async fn make_stream(context: &jetstream::Context, name: &str, subjects: &str) -> stream::Stream {
    let config = stream::Config {
        name: name.into(),
        subjects: vec![subjects.into()],
        ..stream::Config::default()
    };
    context.get_or_create_stream(config).await.unwrap()
}

/// Listens until `done` says so, or for too long.
async fn listens(site: &Site, nats: &Nats, done: impl AsyncFn() -> bool) -> Heard {
    let stop = CancellationToken::new();
    let inward = nats.inward();
    let listening = inward.listen(&site.state.engine, &stop);
    let watching = async {
        for _ in 0..400 {
            if done().await {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        stop.cancel();
    };
    let (heard, ()) = tokio::join!(listening, watching);
    heard.unwrap()
}

async fn events(site: &Site) -> u64 {
    let mut conn = site.state.engine.store.read().await.unwrap();
    storage::status::counts(&mut conn).await.unwrap().events
}

async fn unacknowledged(stream: &stream::Stream) -> (u64, usize) {
    let consumer = stream.get_consumer::<jetstream::consumer::pull::Config>("cotmoc").await;
    // It is made by the first who listens.
    let Ok(mut consumer) = consumer else { return (u64::MAX, 0) };
    let info = consumer.info().await.unwrap();
    (info.num_pending, info.num_ack_pending)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_the_stream_is_taken_in_once_and_acknowledged() {
    let Some(nats) = Nats::start() else { return };
    let context = nats.context().await;
    let stream = make_stream(&context, "COTMOC_IN", "cotmoc.in.>").await;
    publish(&context, 0..20).await;
    publish(&context, 0..3).await;
    context.publish("cotmoc.in.odd", "{".into()).await.unwrap().await.unwrap();
    let site = Site::demo().await;
    let heard = listens(&site, &nats, async || unacknowledged(&stream).await == (0, 0)).await;
    assert_eq!(heard, Heard { new: 20, repeats: 3, set_aside: 1 });
    assert_eq!(events(&site).await, 20);
    // Another worker of the same installation has nothing left to hear.
    let again = listens(&site, &nats, async || true).await;
    assert_eq!(again, Heard::default());
    // Once more from a place in the stream: known already.
    let replayed = nats.inward().replay(&site.state.engine, 11).await.unwrap();
    assert_eq!(replayed, Heard { new: 0, repeats: 13, set_aside: 1 });
    // A database that was lost gets it all back.
    let fresh = Site::demo().await;
    let replayed = nats.inward().replay(&fresh.state.engine, 1).await.unwrap();
    assert_eq!(replayed, Heard { new: 20, repeats: 3, set_aside: 1 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_not_be_stored_is_not_acknowledged_and_comes_again() {
    let Some(nats) = Nats::start() else { return };
    let context = nats.context().await;
    let stream = make_stream(&context, "COTMOC_IN", "cotmoc.in.>").await;
    publish(&context, 0..5).await;
    // Without tables nothing can be stored.
    let broken = Site::without_tables().await;
    let stop = CancellationToken::new();
    let listened = nats.inward().listen(&broken.state.engine, &stop).await;
    assert!(listened.is_err(), "a database without tables does not pass by waiting");
    let (pending, under_way) = unacknowledged(&stream).await;
    assert_eq!(pending + u64::try_from(under_way).unwrap(), 5);
    broken.state.engine.store.migrate().await.unwrap();
    let heard = listens(&broken, &nats, async || unacknowledged(&stream).await == (0, 0)).await;
    assert_eq!(heard.new, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_leaves_events_in_the_stream_until_there_is_room() {
    let Some(nats) = Nats::start() else { return };
    let context = nats.context().await;
    let stream = make_stream(&context, "COTMOC_IN", "cotmoc.in.>").await;
    let mut site = Site::demo().await;
    let operation = Operation { queue: Queue::up_to(205), ..Operation::default() };
    site.state.engine.operation = operation.into();
    publish(&context, 0..10).await;
    listens(&site, &nats, async || events(&site).await == 10).await;
    // Ten jobs wait and nobody works: two hundred more have no room.
    publish(&context, 10..20).await;
    let waited = std::cell::Cell::new(0);
    let heard = listens(&site, &nats, async || {
        waited.set(waited.get() + 1);
        waited.get() > 80
    })
    .await;
    assert_eq!((heard.new, events(&site).await), (0, 10));
    let worker = engine::Worker::new(site.state.engine.clone(), "w".into());
    worker.work_off().await.unwrap();
    let heard = listens(&site, &nats, async || events(&site).await == 20).await;
    assert_eq!(heard.new, 10);
    assert_eq!(unacknowledged(&stream).await.0, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_is_waited_for_and_nothing_is_lost() {
    let Some(mut nats) = Nats::start() else { return };
    let context = nats.context().await;
    make_stream(&context, "COTMOC_IN", "cotmoc.in.>").await;
    publish(&context, 0..10).await;
    let site = Site::demo().await;
    let stop = CancellationToken::new();
    let inward = nats.inward();
    let listening = inward.listen(&site.state.engine, &stop);
    let disturbing = async {
        while events(&site).await < 10 {
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        nats.restart();
        let context = nats.context().await;
        publish(&context, 10..20).await;
        for _ in 0..1_200 {
            if events(&site).await == 20 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        stop.cancel();
    };
    let (heard, ()) = tokio::join!(listening, disturbing);
    assert_eq!((heard.unwrap().new, events(&site).await), (20, 20));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_told_to_the_stream_once_however_often_it_is_handed_over() {
    let Some(nats) = Nats::start() else { return };
    let context = nats.context().await;
    let parcel = |n: &str| Parcel {
        id: DeliveryId::of(&[n]),
        message: MessageId::of(&[n]),
        recipient: SubjectId::of(&[n]),
        address: None,
        language: Language::VI,
        title: "Hạn làm giấy khai sinh".into(),
        text: "Có tin mới.".into(),
    };
    let outward = Outward::new(nats.server(), "cotmoc.out", 4);
    // Nobody keeps what is published: not taken, and tried again.
    let refused = outward.carry(&parcel("a")).await.unwrap_err();
    assert!(matches!(refused, NotCarried::Later { .. }), "{refused}");
    let mut stream = make_stream(&context, "COTMOC_OUT", "cotmoc.out.>").await;
    for name in ["a", "a", "b", "a", "c"] {
        outward.carry(&parcel(name)).await.unwrap();
    }
    assert_eq!(stream.info().await.unwrap().state.messages, 3);
    let consumer =
        stream.create_consumer(jetstream::consumer::pull::Config::default()).await.unwrap();
    let mut told = consumer.fetch().max_messages(3).messages().await.unwrap();
    let first = told.next().await.unwrap().unwrap();
    let event: serde_json::Value = serde_json::from_slice(&first.payload).unwrap();
    assert_eq!(event["id"], DeliveryId::of(&["a"]).to_string());
    assert!(first.subject.starts_with("cotmoc.out.message-ready."), "{}", first.subject);
    let partition: u32 = first.subject.rsplit('.').next().unwrap().parse().unwrap();
    assert!(partition < 4);
}
