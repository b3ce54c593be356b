//! What every store must do, asked of each: one set of checks, two stores.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use jiff::civil::date;
use tempfile::TempDir;

use super::*;

fn point(id: &str, vector: [f32; 2], kind: Kind, code: &str, place: &str) -> Point {
    Point {
        id: id.to_owned(),
        hash: format!("{id} 1"),
        vector: vector.to_vec(),
        kind,
        codes: vec![code.to_owned()],
        place: place.parse().unwrap(),
        in_force: InForce::default(),
        levels: Vec::new(),
        words: Vec::new(),
    }
}

fn points() -> Vec<Point> {
    let mut out = vec![
        point("a", [1.0, 0.0], Kind::Procedure, "1", "vn"),
        point("b", [0.8, 0.6], Kind::Law, "1", "vn"),
        point("c", [0.6, 0.8], Kind::Procedure, "2", "vn-79"),
        point("d", [0.0, 1.0], Kind::Guide, "3", "vn-7"),
    ];
    out[1].in_force.until = Some(date(2027, 3, 1));
    out[3].in_force.from = Some(date(2027, 3, 1));
    out[0].words = vec![(3, 1.0), (70_000, 2.0)];
    out[1].words = vec![(3, 1.5)];
    out[2].words = vec![(9, 4.0), (70_000, 0.5)];
    out[2].levels = vec![Level::Province];
    out
}

fn all() -> Bounds {
    Bounds { in_force_on: Some(date(2026, 11, 22)), ..Bounds::default() }
}

fn ids(store: &dyn VectorStore, bounds: &Bounds, limit: usize) -> Vec<String> {
    let near = store.query(Asked::Vector(&[1.0, 0.0]), bounds, limit).unwrap();
    near.into_iter().map(|(id, _)| id).collect()
}

fn holds(store: &mut dyn VectorStore) {
    let points = points();
    let sync = |store: &mut dyn VectorStore, points: &[Point]| sync(store, "one", points).unwrap();
    assert!(!store.holds("one").unwrap());
    assert_eq!(sync(store, &points), Synced { upserted: 4, deleted: 0 });
    assert!(store.holds("one").unwrap());
    assert_eq!(sync(store, &points), Synced::default());
    assert_eq!(store.hashes().unwrap().len(), 4);

    let near = store.query(Asked::Vector(&[1.0, 0.0]), &all(), 9).unwrap();
    assert!((near[1].1 - 0.8).abs() < 1e-5, "{near:?}");
    assert_eq!(ids(store, &all(), 9), ["a", "b", "c"]);
    assert_eq!(ids(store, &all(), 2), ["a", "b"]);
    bounds_leave_out(store);
    words_rank(store);

    let mut changed = points;
    changed.remove(0);
    changed[0].hash = "b 2".to_owned();
    changed[0].vector = vec![0.0, 1.0];
    assert_eq!(sync(store, &changed), Synced { upserted: 1, deleted: 1 });
    assert_eq!(ids(store, &all(), 9), ["c", "b"]);
    assert_eq!(store.hashes().unwrap()["b"], "b 2");
    a_generation_takes_the_place_of_another(store);
}

fn bounds_leave_out(store: &dyn VectorStore) {
    let law = Bounds { kinds: vec![Kind::Law, Kind::Guide], ..all() };
    assert_eq!(ids(store, &law, 9), ["b"]);
    let code = Bounds { codes: Some(vec!["2".to_owned(), "3".to_owned()]), ..all() };
    assert_eq!(ids(store, &code, 9), ["c"]);
    let nothing = Bounds { codes: Some(vec![]), ..all() };
    assert_eq!(ids(store, &nothing, 9), [""; 0], "rules that allow nothing admit nothing");
    let country = Bounds { place: Some("vn".parse().unwrap()), ..all() };
    assert_eq!(ids(store, &country, 9), ["a", "b"]);
    let commune = Bounds { place: Some("vn-79-26740".parse().unwrap()), ..all() };
    assert_eq!(ids(store, &commune, 9), ["a", "b", "c"]);
    let later = Bounds { in_force_on: Some(date(2027, 3, 1)), ..all() };
    assert_eq!(ids(store, &later, 9), ["a", "c", "d"]);
    let later = Bounds { place: Some("vn-79".parse().unwrap()), ..later };
    assert_eq!(ids(store, &later, 9), ["a", "c"], "vn-7 does not cover vn-79");
    assert_eq!(ids(store, &Bounds::default(), 9), ["a", "b", "c", "d"]);
    let by_commune = Bounds { level: Some(Level::Commune), ..all() };
    assert_eq!(ids(store, &by_commune, 9), ["a"], "nobody told who handles it");
    let by_province = Bounds { level: Some(Level::Province), ..all() };
    assert_eq!(ids(store, &by_province, 9), ["a", "c"]);
}

fn words_rank(store: &dyn VectorStore) {
    let asked = |words: &[(u32, f32)], bounds: &Bounds| {
        let found = store.query(Asked::Words(words), bounds, 9).unwrap();
        found.into_iter().map(|(id, score)| (id, (score * 100.0).round())).collect::<Vec<_>>()
    };
    let found = asked(&[(3, 1.0), (70_000, 1.0)], &all());
    let expected = [("a", 300.0), ("b", 150.0), ("c", 50.0)];
    assert_eq!(found, expected.map(|(id, score)| (id.to_owned(), score)));
    let law = Bounds { kinds: vec![Kind::Law], ..all() };
    assert_eq!(asked(&[(3, 0.5)], &law), [("b".to_owned(), 75.0)]);
    assert_eq!(asked(&[(5, 1.0)], &all()), [], "nothing shares a word");
}

/// Vectors of another model have another size.
fn a_generation_takes_the_place_of_another(store: &mut dyn VectorStore) {
    let mut other = point("e", [1.0, 0.0], Kind::Procedure, "1", "vn");
    other.vector = vec![0.0, 0.6, 0.8];
    let others = [other];
    assert_eq!(sync(store, "two", &others).unwrap(), Synced { upserted: 1, deleted: 0 });
    assert!(store.holds("two").unwrap() && !store.holds("one").unwrap());
    assert_eq!(store.hashes().unwrap().len(), 1);
    let near = store.query(Asked::Vector(&[0.0, 0.6, 0.8]), &all(), 9).unwrap();
    assert_eq!((near.len(), near[0].0.as_str()), (1, "e"));
}

#[test]
fn the_scan_keeps_the_contract() {
    let mut store = Scan::default();
    holds(&mut store);
    let error = store.query(Asked::Vector(&[1.0]), &all(), 1).unwrap_err();
    assert!(matches!(error, StoreError::Vector { found: 1, wanted: 3, .. }), "{error}");
    let mut torn = points();
    torn[3].vector.pop();
    assert!(store.replace("three", &torn).is_err());
    assert!(store.holds("two").unwrap(), "what breaks off changes nothing");
}

/// A server of `QDRANT_URL`, or one that is started here and ended.
struct Server {
    url: String,
    own: Option<(Child, TempDir)>,
}

impl Server {
    /// Nothing, said aloud, where there is none.
    fn found() -> Option<Self> {
        if let Ok(url) = std::env::var("QDRANT_URL") {
            return Some(Self { url, own: None });
        }
        let folder = tempfile::tempdir().unwrap();
        let port = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (http, grpc) = (port(), port());
        let started = Command::new("qdrant")
            .current_dir(folder.path())
            .env("QDRANT__SERVICE__HOST", "127.0.0.1")
            .env("QDRANT__SERVICE__HTTP_PORT", http.to_string())
            .env("QDRANT__SERVICE__GRPC_PORT", grpc.to_string())
            .env("QDRANT__TELEMETRY_DISABLED", "true")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(child) = started else {
            eprintln!(
                "SKIPPED qdrant_keeps_the_contract: QDRANT_URL is not set, no `qdrant` found"
            );
            return None;
        };
        let server = Self { url: format!("http://127.0.0.1:{grpc}"), own: Some((child, folder)) };
        let is_up = || TcpStream::connect(("127.0.0.1", grpc)).is_ok();
        let up = (0..300).any(|_| {
            std::thread::sleep(Duration::from_millis(100));
            is_up()
        });
        assert!(up, "the server that was started does not answer");
        Some(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some((child, _)) = &mut self.own {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

/// Needs a server: `QDRANT_URL=http://127.0.0.1:6334`, or a program called `qdrant`.
#[test]
fn qdrant_keeps_the_contract() {
    let Some(server) = Server::found() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let alias = format!("cotmoc_contract_{}", std::process::id());
    let config = QdrantConfig { url: server.url.clone(), api_key: None, collection: alias.clone() };
    let mut store = Qdrant::connect(config, runtime.handle().clone()).unwrap();
    holds(&mut store);
    let client = qdrant_client::Qdrant::from_url(&server.url).build().unwrap();
    let ours = || {
        let listed = runtime.block_on(client.list_collections()).unwrap();
        let names = listed.collections.into_iter().map(|it| it.name);
        names.filter(|name| name.starts_with(&alias)).collect::<Vec<String>>()
    };
    assert_eq!(ours().len(), 1, "the old generation is dropped");
    // A server that lost everything is given it again.
    for name in ours() {
        runtime.block_on(client.delete_collection(name)).unwrap();
    }
    assert_eq!(sync(&mut store, "one", &points()).unwrap().upserted, 4);
    assert_eq!(ids(&store, &all(), 9), ["a", "b", "c"]);
    for name in ours() {
        runtime.block_on(client.delete_collection(name)).unwrap();
    }
}
