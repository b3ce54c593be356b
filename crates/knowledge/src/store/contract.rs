//! What every store must do, asked of each: one set of checks, two stores.

use jiff::civil::date;

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
    out
}

fn all() -> Filter {
    Filter { kinds: vec![], codes: None, place: None, in_force_on: date(2026, 11, 22) }
}

fn ids(store: &dyn VectorStore, filter: &Filter, limit: usize) -> Vec<String> {
    let near = store.query(&[1.0, 0.0], filter, limit).unwrap();
    near.into_iter().map(|(id, _)| id).collect()
}

fn holds(store: &mut dyn VectorStore) {
    let points = points();
    assert_eq!(sync(store, &points).unwrap(), Synced { upserted: 4, deleted: 0 });
    assert_eq!(sync(store, &points).unwrap(), Synced::default());
    assert_eq!(store.hashes().unwrap().len(), 4);

    let near = store.query(&[1.0, 0.0], &all(), 9).unwrap();
    assert!((near[1].1 - 0.8).abs() < 1e-5, "{near:?}");
    assert_eq!(ids(store, &all(), 9), ["a", "b", "c"]);
    assert_eq!(ids(store, &all(), 2), ["a", "b"]);
    let law = Filter { kinds: vec![Kind::Law, Kind::Guide], ..all() };
    assert_eq!(ids(store, &law, 9), ["b"]);
    let code = Filter { codes: Some(vec!["2".to_owned(), "3".to_owned()]), ..all() };
    assert_eq!(ids(store, &code, 9), ["c"]);
    let country = Filter { place: Some("vn".parse().unwrap()), ..all() };
    assert_eq!(ids(store, &country, 9), ["a", "b"]);
    let commune = Filter { place: Some("vn-79-26740".parse().unwrap()), ..all() };
    assert_eq!(ids(store, &commune, 9), ["a", "b", "c"]);
    let later = Filter { in_force_on: date(2027, 3, 1), ..all() };
    assert_eq!(ids(store, &later, 9), ["a", "c", "d"]);

    let later = Filter { place: Some("vn-79".parse().unwrap()), ..later };
    assert_eq!(ids(store, &later, 9), ["a", "c"], "vn-7 does not cover vn-79");

    let mut changed = points;
    changed.remove(0);
    changed[0].hash = "b 2".to_owned();
    changed[0].vector = vec![0.0, 1.0];
    assert_eq!(sync(store, &changed).unwrap(), Synced { upserted: 1, deleted: 1 });
    assert_eq!(ids(store, &all(), 9), ["c", "b"]);
    assert_eq!(store.hashes().unwrap()["b"], "b 2");
}

#[test]
fn the_scan_keeps_the_contract() {
    let mut store = Scan::default();
    holds(&mut store);
    let error = store.query(&[1.0], &all(), 1).unwrap_err();
    assert!(matches!(error, StoreError::Vector { found: 1, wanted: 2, .. }), "{error}");
}

/// Needs a server: `QDRANT_URL=http://127.0.0.1:6334`.
#[test]
fn qdrant_keeps_the_contract() {
    let Ok(url) = std::env::var("QDRANT_URL") else {
        eprintln!("SKIPPED qdrant_keeps_the_contract: no server, QDRANT_URL is not set");
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let collection = format!("cotmoc_contract_{}", std::process::id());
    let config = QdrantConfig { url: url.clone(), api_key: None, collection: collection.clone() };
    let mut store = Qdrant::connect(config, runtime.handle().clone()).unwrap();
    holds(&mut store);
    let error = store.ensure(3).unwrap_err();
    assert!(matches!(error, StoreError::Dimensions { found: 2, wanted: 3, .. }), "{error}");
    let client = qdrant_client::Qdrant::from_url(&url).build().unwrap();
    runtime.block_on(client.delete_collection(collection)).unwrap();
}
