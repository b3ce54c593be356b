//! The store for a corpus too large, or an operation too grown, for one process: Qdrant.
//!
//! The same filters as in the process are written as conditions on payload fields, so that
//! the server too leaves out before it ranks. Days become numbers (`20260901`), places the
//! list of their containing units. The lexical score and the fusion stay on our side: one
//! code for both stores.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::mpsc;

use jiff::civil::Date;
use qdrant_client::qdrant::{
    Condition, CreateCollectionBuilder, CreateFieldIndexCollectionBuilder, DeletePointsBuilder,
    Distance, FieldType, Filter as Conditions, PointStruct, PointsIdsList, QueryPoints,
    QueryPointsBuilder, Range, ScrollPoints, ScrollPointsBuilder, UpsertPointsBuilder, Value,
    VectorParamsBuilder, value, vectors_config,
};
use qdrant_client::{Payload, QdrantError};

use super::{Filter, Point, StoreError, VectorStore};
use crate::corpus::sha256_hex;

/// Points per request; at 384 numbers about half a megabyte.
const BATCH: usize = 256;
/// What an open end of the days in force is written as.
const LONG_PAST: i64 = 0;
const FAR_OFF: i64 = 99_991_231;

/// Where the server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QdrantConfig {
    /// The gRPC address: `http://127.0.0.1:6334`.
    pub url: String,
    /// The key, where the server asks for one.
    pub api_key: Option<String>,
    /// One collection per corpus and embedding model.
    pub collection: String,
}

/// A collection on a Qdrant server.
///
/// Calls block until the server has answered. In async code call from a blocking thread, and
/// give the handle of a runtime with more than one thread.
pub struct Qdrant {
    client: qdrant_client::Qdrant,
    config: QdrantConfig,
    runtime: tokio::runtime::Handle,
}

impl Qdrant {
    /// A store on that server. Nothing is sent yet.
    pub fn connect(
        config: QdrantConfig,
        runtime: tokio::runtime::Handle,
    ) -> Result<Self, StoreError> {
        let builder = qdrant_client::Qdrant::from_url(&config.url)
            .api_key(config.api_key.clone())
            // It would print to standard error from a thread of its own.
            .skip_compatibility_check();
        // The channel is made inside the runtime that will drive it.
        let entered = runtime.enter();
        let client = builder.build().map_err(|source| StoreError::Qdrant {
            url: config.url.clone(),
            what: "take the address",
            source: Box::new(source),
        })?;
        drop(entered);
        Ok(Self { client, config, runtime })
    }

    /// Runs a call on the runtime and waits for it here. A wait on a plain channel, and not
    /// `block_on`, because that one panics when the caller is async after all.
    fn wait<T, F>(&self, what: &'static str, call: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, QdrantError>> + Send + 'static,
    {
        let (answer, answered) = mpsc::sync_channel(1);
        self.runtime.spawn(async move {
            // Nobody waits any more when the receiver is gone.
            let _ = answer.send(call.await);
        });
        answered.recv().map_err(|_| StoreError::Stopped)?.map_err(|source| StoreError::Qdrant {
            url: self.config.url.clone(),
            what,
            source: Box::new(source),
        })
    }

    fn create(&self, dimensions: usize) -> Result<(), StoreError> {
        let name = self.config.collection.clone();
        let client = self.client.clone();
        self.wait("create the collection", async move {
            let vectors = VectorParamsBuilder::new(dimensions as u64, Distance::Cosine);
            let request = CreateCollectionBuilder::new(&name).vectors_config(vectors);
            client.create_collection(request).await?;
            for (field, kind) in [
                ("id", FieldType::Keyword),
                ("kind", FieldType::Keyword),
                ("codes", FieldType::Keyword),
                ("place", FieldType::Keyword),
                ("from", FieldType::Integer),
                ("until", FieldType::Integer),
            ] {
                let request = CreateFieldIndexCollectionBuilder::new(&name, field, kind).wait(true);
                client.create_field_index(request).await?;
            }
            Ok(())
        })
    }

    fn size_of_vectors(&self) -> Result<Option<u64>, StoreError> {
        let name = self.config.collection.clone();
        let client = self.client.clone();
        let answer = self.wait("describe the collection", async move {
            if client.collection_exists(&name).await? {
                client.collection_info(&name).await.map(Some)
            } else {
                Ok(None)
            }
        })?;
        let info = answer.and_then(|answer| answer.result);
        let params = info.and_then(|info| info.config).and_then(|config| config.params);
        let vectors = params.and_then(|params| params.vectors_config);
        Ok(vectors.and_then(|vectors| match vectors.config {
            Some(vectors_config::Config::Params(params)) => Some(params.size),
            _ => None,
        }))
    }
}

impl VectorStore for Qdrant {
    fn ensure(&mut self, dimensions: usize) -> Result<(), StoreError> {
        match self.size_of_vectors()? {
            None => self.create(dimensions),
            Some(found) if found == dimensions as u64 => Ok(()),
            Some(found) => Err(StoreError::Dimensions {
                collection: self.config.collection.clone(),
                found,
                wanted: dimensions,
            }),
        }
    }

    fn hashes(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let client = self.client.clone();
        let mut request = scroll(&self.config.collection);
        self.wait("list its points", async move {
            let mut out = BTreeMap::new();
            loop {
                let page = client.scroll(request.clone()).await?;
                out.extend(page.result.iter().filter_map(|point| {
                    Some((text(&point.payload, "id")?, text(&point.payload, "hash")?))
                }));
                request.offset = page.next_page_offset;
                if request.offset.is_none() {
                    return Ok(out);
                }
            }
        })
    }

    fn upsert(&mut self, points: &[Point]) -> Result<(), StoreError> {
        let name = self.config.collection.clone();
        let client = self.client.clone();
        let batches: Vec<Vec<PointStruct>> =
            points.chunks(BATCH).map(|batch| batch.iter().map(written).collect()).collect();
        self.wait("store points", async move {
            for batch in batches {
                client.upsert_points(UpsertPointsBuilder::new(&name, batch).wait(true)).await?;
            }
            Ok(())
        })
    }

    fn delete(&mut self, ids: &[String]) -> Result<(), StoreError> {
        let name = self.config.collection.clone();
        let client = self.client.clone();
        let ids: Vec<String> = ids.iter().map(|id| point_id(id)).collect();
        self.wait("delete points", async move {
            let request = DeletePointsBuilder::new(&name).points(PointsIdsList::from(ids));
            client.delete_points(request.wait(true)).await.map(|_| ())
        })
    }

    fn query(
        &self,
        vector: &[f32],
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<(String, f32)>, StoreError> {
        let client = self.client.clone();
        let request = query(&self.config.collection, vector, filter, limit);
        let found = self.wait("search", async move { client.query(request).await })?;
        let near = found.result.iter();
        Ok(near.filter_map(|point| Some((text(&point.payload, "id")?, point.score))).collect())
    }
}

fn scroll(collection: &str) -> ScrollPoints {
    ScrollPointsBuilder::new(collection).limit(1_000).with_payload(true).with_vectors(false).build()
}

fn query(collection: &str, vector: &[f32], filter: &Filter, limit: usize) -> QueryPoints {
    QueryPointsBuilder::new(collection)
        .query(vector.to_vec())
        .filter(conditions(filter))
        .limit(limit as u64)
        .with_payload(true)
        .build()
}

/// The server takes numbers or UUIDs as ids: the first 128 bits of the hash of ours.
fn point_id(id: &str) -> String {
    let hex = sha256_hex(id.as_bytes());
    let borders = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    borders.map(|(from, to)| hex.get(from..to).unwrap_or_default()).join("-")
}

fn written(point: &Point) -> PointStruct {
    let mut payload = Payload::new();
    payload.insert("id", point.id.clone());
    payload.insert("hash", point.hash.clone());
    payload.insert("kind", point.kind.as_str());
    payload.insert("codes", point.codes.clone());
    payload.insert("place", point.place.as_str());
    payload.insert("from", point.in_force.from.map_or(LONG_PAST, day_number));
    payload.insert("until", point.in_force.until.map_or(FAR_OFF, day_number));
    PointStruct::new(point_id(&point.id), point.vector.clone(), payload)
}

fn conditions(filter: &Filter) -> Conditions {
    let day = exact(day_number(filter.in_force_on));
    let mut all = vec![
        Condition::range("from", Range { lte: Some(day), ..Range::default() }),
        Condition::range("until", Range { gt: Some(day), ..Range::default() }),
    ];
    if !filter.kinds.is_empty() {
        let kinds: Vec<String> = filter.kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
        all.push(Condition::matches("kind", kinds));
    }
    if let Some(codes) = &filter.codes {
        all.push(Condition::matches("codes", codes.clone()));
    }
    if let Some(place) = &filter.place {
        let lineage: Vec<String> = place.lineage().map(str::to_owned).collect();
        all.push(Condition::matches("place", lineage));
    }
    Conditions::must(all)
}

fn day_number(day: Date) -> i64 {
    i64::from(day.year()) * 10_000 + i64::from(day.month()) * 100 + i64::from(day.day())
}

#[expect(clippy::cast_precision_loss, reason = "eight digits are exact in a double")]
fn exact(number: i64) -> f64 {
    number as f64
}

fn text(payload: &std::collections::HashMap<String, Value>, field: &str) -> Option<String> {
    match payload.get(field)?.kind.as_ref()? {
        value::Kind::StringValue(text) => Some(text.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::{InForce, Kind};
    use jiff::civil::date;
    use qdrant_client::qdrant::{condition::ConditionOneOf, r#match::MatchValue};

    fn filter() -> Filter {
        Filter {
            kinds: vec![Kind::Law],
            codes: Some(vec!["3.000722".to_owned()]),
            place: Some("vn-79".parse().unwrap()),
            in_force_on: date(2026, 9, 1),
        }
    }

    #[test]
    fn a_query_carries_every_part_of_the_filter() {
        let request = query("passages", &[0.5, 0.5], &filter(), 7);
        assert_eq!((request.collection_name.as_str(), request.limit), ("passages", Some(7)));
        let mut seen = BTreeMap::new();
        for condition in request.filter.unwrap().must {
            let Some(ConditionOneOf::Field(field)) = condition.condition_one_of else { panic!() };
            let keywords = match field.r#match.and_then(|m| m.match_value) {
                Some(MatchValue::Keywords(words)) => words.strings,
                _ => Vec::new(),
            };
            seen.insert(field.key, (keywords, field.range));
        }
        assert_eq!(seen["kind"].0, ["law"]);
        assert_eq!(seen["codes"].0, ["3.000722"]);
        assert_eq!(seen["place"].0, ["vn", "vn-79"]);
        assert_eq!(seen["from"].1.unwrap().lte, Some(20_260_901.0));
        assert_eq!(seen["until"].1.unwrap().gt, Some(20_260_901.0));
    }

    #[test]
    fn an_open_filter_asks_for_the_day_alone() {
        let filter = Filter { kinds: vec![], codes: None, place: None, ..filter() };
        assert_eq!(conditions(&filter).must.len(), 2);
    }

    #[test]
    fn a_point_is_written_with_all_that_it_is_filtered_by() {
        let point = Point {
            id: "birth#fee".to_owned(),
            hash: "h m".to_owned(),
            vector: vec![0.6, 0.8],
            kind: Kind::Procedure,
            codes: vec!["3.000722".to_owned(), "LE-BIRTH".to_owned()],
            place: "vn".parse().unwrap(),
            in_force: InForce { from: Some(date(2026, 9, 1)), until: None },
        };
        let written = written(&point);
        assert_eq!(text(&written.payload, "id").as_deref(), Some("birth#fee"));
        assert_eq!(written.payload["from"], 20_260_901.into());
        assert_eq!(written.payload["until"], FAR_OFF.into());
        assert_eq!(written.payload["codes"].as_list().unwrap().len(), 2);
        let id = point_id("birth#fee");
        assert_eq!(written.id, Some(id.clone().into()));
        let parts: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
    }

    #[test]
    fn a_server_out_of_reach_is_told_with_its_address() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let config = QdrantConfig {
            url: "http://127.0.0.1:1".to_owned(),
            api_key: None,
            collection: "passages".to_owned(),
        };
        let mut store = Qdrant::connect(config, runtime.handle().clone()).unwrap();
        let error = store.ensure(2).unwrap_err().to_string();
        assert!(error.contains("http://127.0.0.1:1"), "{error}");
        // The same from inside the runtime: an error, and no panic.
        let from_async = runtime.block_on(async { store.hashes().unwrap_err() });
        assert!(matches!(from_async, StoreError::Qdrant { .. }));
    }
}
