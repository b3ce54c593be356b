//! The store for a corpus too large, or an operation too grown, for one process: Qdrant.
//!
//! The same bounds as in the process are written as conditions on payload fields, so that the
//! server too leaves out before it ranks. Days become numbers (`20260901`), places the list of
//! their containing units. Vectors lie beside sparse vectors of words; the two rankings are fused
//! on our side: one code for both stores.
//!
//! What is searched is an alias. A new generation is filled into a collection of its own, then the
//! alias is switched to it, then the old one is dropped: whoever asks meanwhile is answered from
//! the old one.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::mpsc;

use jiff::civil::Date;
use qdrant_client::qdrant::{
    Condition, CreateAliasBuilder, CreateCollectionBuilder, CreateFieldIndexCollectionBuilder,
    DeletePointsBuilder, Distance, FieldType, Filter as Conditions, NamedVectors, PointStruct,
    PointsIdsList, Query, QueryPoints, QueryPointsBuilder, Range, ScrollPoints,
    ScrollPointsBuilder, SparseVectorParamsBuilder, SparseVectorsConfigBuilder,
    UpsertPointsBuilder, Value, Vector, VectorInput, VectorParamsBuilder, VectorsConfigBuilder,
    value,
};
use qdrant_client::{Payload, QdrantError};

use super::{Asked, Point, StoreError, VectorStore};
use crate::corpus::{Kind, sha256_hex};
use crate::procedures::Bounds;

/// Points per request; at 384 numbers about half a megabyte.
const BATCH: usize = 256;
/// What an open end of the days in force is written as.
const LONG_PAST: i64 = 0;
const FAR_OFF: i64 = 99_991_231;
/// What vectors of meaning, and those of words, are called.
const MEANING: &str = "meaning";
const WORDS: &str = "words";

/// Where the server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QdrantConfig {
    /// The gRPC address: `http://127.0.0.1:6334`.
    pub url: String,
    /// The key, where the server asks for one.
    pub api_key: Option<String>,
    /// The alias that is searched, one per corpus. Collections of this name with a hash behind it
    /// are ours.
    pub collection: String,
}

/// Points on a Qdrant server.
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

    /// The collection of a generation.
    fn collection_of(&self, generation: &str) -> String {
        let hash = sha256_hex(generation.as_bytes());
        format!("{}-{}", self.config.collection, hash.get(..12).unwrap_or(&hash))
    }

    /// The collection that is searched now, where there is one.
    fn searched(&self) -> Result<Option<String>, StoreError> {
        let client = self.client.clone();
        let answer = self.wait("list its aliases", async move { client.list_aliases().await })?;
        let ours = answer.aliases.into_iter().find(|it| it.alias_name == self.config.collection);
        Ok(ours.map(|it| it.collection_name))
    }

    /// Makes the collection, unless a replacing that was broken off has made it.
    fn create(&self, name: &str, dimensions: usize) -> Result<(), StoreError> {
        let (name, client) = (name.to_owned(), self.client.clone());
        self.wait("create the collection", async move {
            if client.collection_exists(&name).await? {
                return Ok(());
            }
            let mut vectors = VectorsConfigBuilder::default();
            let meaning = VectorParamsBuilder::new(dimensions as u64, Distance::Cosine);
            vectors.add_named_vector_params(MEANING, meaning);
            let mut sparse = SparseVectorsConfigBuilder::default();
            sparse.add_named_vector_params(WORDS, SparseVectorParamsBuilder::default());
            let request = CreateCollectionBuilder::new(&name).vectors_config(vectors);
            client.create_collection(request.sparse_vectors_config(sparse)).await?;
            for (field, kind) in [
                ("id", FieldType::Keyword),
                ("kind", FieldType::Keyword),
                ("codes", FieldType::Keyword),
                ("place", FieldType::Keyword),
                ("levels", FieldType::Keyword),
                ("from", FieldType::Integer),
                ("until", FieldType::Integer),
            ] {
                let request = CreateFieldIndexCollectionBuilder::new(&name, field, kind).wait(true);
                client.create_field_index(request).await?;
            }
            Ok(())
        })
    }

    fn fill(&self, name: &str, points: &[Point]) -> Result<(), StoreError> {
        let (name, client) = (name.to_owned(), self.client.clone());
        let batches: Vec<Vec<PointStruct>> =
            points.chunks(BATCH).map(|batch| batch.iter().map(written).collect()).collect();
        self.wait("store points", async move {
            for batch in batches {
                client.upsert_points(UpsertPointsBuilder::new(&name, batch).wait(true)).await?;
            }
            Ok(())
        })
    }
}

impl VectorStore for Qdrant {
    fn holds(&self, generation: &str) -> Result<bool, StoreError> {
        Ok(self.searched()? == Some(self.collection_of(generation)))
    }

    fn replace(&mut self, generation: &str, points: &[Point]) -> Result<(), StoreError> {
        let (old, new) = (self.searched()?, self.collection_of(generation));
        self.create(&new, points.first().map_or(0, |point| point.vector.len()))?;
        self.fill(&new, points)?;
        let (alias, client) = (self.config.collection.clone(), self.client.clone());
        let to = new.clone();
        self.wait("switch the alias", async move {
            client.create_alias(CreateAliasBuilder::new(to, alias)).await
        })?;
        let Some(old) = old.filter(|old| *old != new) else { return Ok(()) };
        let client = self.client.clone();
        self.wait("drop the old collection", async move { client.delete_collection(old).await })?;
        Ok(())
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
        self.fill(&self.config.collection, points)
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
        asked: Asked<'_>,
        bounds: &Bounds,
        limit: usize,
    ) -> Result<Vec<(String, f32)>, StoreError> {
        let client = self.client.clone();
        let request = query(&self.config.collection, asked, bounds, limit);
        let found = self.wait("search", async move { client.query(request).await })?;
        let near = found.result.iter();
        Ok(near.filter_map(|point| Some((text(&point.payload, "id")?, point.score))).collect())
    }
}

fn scroll(collection: &str) -> ScrollPoints {
    ScrollPointsBuilder::new(collection).limit(1_000).with_payload(true).with_vectors(false).build()
}

fn query(collection: &str, asked: Asked<'_>, bounds: &Bounds, limit: usize) -> QueryPoints {
    let (name, input) = match asked {
        Asked::Vector(vector) => (MEANING, VectorInput::new_dense(vector.to_vec())),
        Asked::Words(words) => {
            let (numbers, worths): (Vec<u32>, Vec<f32>) = words.iter().copied().unzip();
            (WORDS, VectorInput::new_sparse(numbers, worths))
        }
    };
    QueryPointsBuilder::new(collection)
        .query(Query::new_nearest(input))
        .using(name)
        .filter(conditions(bounds))
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
    payload.insert("levels", point.levels.iter().map(|it| it.as_str()).collect::<Vec<_>>());
    let mut vectors = NamedVectors::default().add_vector(MEANING, point.vector.clone());
    if !point.words.is_empty() {
        let (numbers, worths): (Vec<u32>, Vec<f32>) = point.words.iter().copied().unzip();
        vectors = vectors.add_vector(WORDS, Vector::new_sparse(numbers, worths));
    }
    PointStruct::new(point_id(&point.id), vectors, payload)
}

fn conditions(bounds: &Bounds) -> Conditions {
    let mut all = Vec::new();
    if let Some(day) = bounds.in_force_on {
        let day = exact(day_number(day));
        all.push(Condition::range("from", Range { lte: Some(day), ..Range::default() }));
        all.push(Condition::range("until", Range { gt: Some(day), ..Range::default() }));
    }
    if !bounds.kinds.is_empty() {
        let kinds: Vec<String> = bounds.kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
        all.push(Condition::matches("kind", kinds));
    }
    if let Some(codes) = &bounds.codes {
        all.push(Condition::matches("codes", codes.clone()));
    }
    if let Some(place) = &bounds.place {
        let lineage: Vec<String> = place.lineage().map(str::to_owned).collect();
        all.push(Condition::matches("place", lineage));
    }
    if let Some(level) = bounds.level {
        all.push(Condition::matches("kind", Kind::Procedure.as_str().to_owned()));
        // Where nobody told who handles it, it stays in.
        let known = Condition::matches("levels", level.as_str().to_owned());
        all.push(Conditions::should([Condition::is_empty("levels"), known]).into());
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
    use crate::corpus::InForce;
    use crate::source::Level;
    use jiff::civil::date;
    use qdrant_client::qdrant::{condition::ConditionOneOf, r#match::MatchValue};

    fn bounds() -> Bounds {
        Bounds {
            kinds: vec![Kind::Law],
            codes: Some(vec!["3.000722".to_owned()]),
            place: Some("vn-79".parse().unwrap()),
            in_force_on: Some(date(2026, 9, 1)),
            level: None,
        }
    }

    #[test]
    fn a_query_carries_every_part_of_the_filter() {
        let request = query("passages", Asked::Vector(&[0.5, 0.5]), &bounds(), 7);
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
    fn what_is_not_bounded_is_not_asked_for_and_a_level_leaves_in_what_nobody_told() {
        assert_eq!(conditions(&Bounds::default()).must.len(), 0);
        let day = Bounds { kinds: vec![], codes: None, place: None, ..bounds() };
        assert_eq!(conditions(&day).must.len(), 2);
        let level = Bounds { level: Some(Level::Commune), ..Bounds::default() };
        let must = conditions(&level).must;
        let Some(ConditionOneOf::Filter(either)) = &must[1].condition_one_of else { panic!() };
        assert_eq!((must.len(), either.should.len()), (2, 2));
    }

    #[test]
    fn words_are_asked_for_by_their_numbers() {
        let request = query("procedures", Asked::Words(&[(3, 1.0), (9, 0.5)]), &bounds(), 7);
        assert_eq!(request.using.as_deref(), Some(WORDS));
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
            levels: vec![Level::Commune],
            words: vec![(3, 0.5)],
        };
        let written = written(&point);
        assert_eq!(text(&written.payload, "id").as_deref(), Some("birth#fee"));
        assert_eq!(written.payload["from"], 20_260_901.into());
        assert_eq!(written.payload["until"], FAR_OFF.into());
        assert_eq!(written.payload["codes"].as_list().unwrap().len(), 2);
        assert_eq!(written.payload["levels"].as_list().unwrap().len(), 1);
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
        let error = store.replace("1", &[]).unwrap_err().to_string();
        assert!(error.contains("http://127.0.0.1:1"), "{error}");
        // The same from inside the runtime: an error, and no panic.
        let from_async = runtime.block_on(async { store.hashes().unwrap_err() });
        assert!(matches!(from_async, StoreError::Qdrant { .. }));
    }
}
