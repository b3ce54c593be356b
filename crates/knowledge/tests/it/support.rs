//! What the tests share: the pack's corpus and a model of ten lines.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::civil::{Date, date};
use knowledge::{Corpus, Embed, EmbedError, Hit, Index, Query, Search, terms};

pub(crate) const DAY: Date = date(2026, 11, 22);

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn files() -> BTreeMap<String, String> {
    let folder = root().join("life-events/vn/corpus");
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            (format!("corpus/{name}"), std::fs::read_to_string(&path).unwrap())
        })
        .collect()
}

pub(crate) fn corpus() -> Corpus {
    Corpus::parse(&files()).unwrap_or_else(|error| panic!("{error}"))
}

/// Sums of term hashes: the same everywhere, and near for texts that share terms.
#[derive(Default)]
pub(crate) struct HashModel {
    pub(crate) name: &'static str,
    pub(crate) embedded: AtomicUsize,
}

impl Embed for HashModel {
    fn model(&self) -> String {
        format!("hash {}", self.name)
    }

    fn embed_passages(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.embedded.fetch_add(texts.len(), Ordering::Relaxed);
        Ok(texts.iter().map(|text| hashed(text)).collect())
    }

    fn embed_queries(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        Ok(texts.iter().map(|text| hashed(text)).collect())
    }
}

fn hashed(text: &str) -> Vec<f32> {
    let mut out = vec![0.0; 256];
    for term in terms(text) {
        // FNV-1a.
        let hash = term.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        out[usize::try_from(hash % 256).unwrap()] += if hash & 256 == 0 { 1.0 } else { -1.0 };
    }
    out
}

pub(crate) fn search_with(embedder: Arc<dyn Embed>) -> Search {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("knowledge.index");
    let (index, _) = Index::build(&corpus(), embedder.as_ref(), &path, &mut |_| {}).unwrap();
    Search::open(index, embedder).unwrap()
}

pub(crate) fn search() -> Search {
    search_with(Arc::new(HashModel::default()))
}

pub(crate) fn find(search: &Search, text: &str) -> Vec<Hit> {
    search.find(&Query::new(text, DAY)).unwrap()
}

pub(crate) fn documents(hits: &[Hit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.passage.document.as_str()).collect()
}
