//! Embedding models beside the engine of the package that they come from.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;

use serde::Serialize;

use super::job::Embedded;
use super::quality::VIETNAMESE;
use super::speed::Ratios;
use super::{Asked, Engine, EngineError, Job, Setting, Side, float, median, words};

/// What people look for, asked again and again.
const QUERIES: [&str; 6] = [
    "làm giấy khai sinh cho con ở đâu và cần mang theo những giấy tờ gì",
    "con tôi sắp vào lớp một thì nộp hồ sơ tuyển sinh ở trường nào, hạn đến khi nào",
    "thủ tục sang tên sổ đỏ khi mua bán nhà đất mất bao lâu và tốn bao nhiêu tiền",
    "how do I register the birth of a child when the parents live in two provinces",
    "đổi giấy phép lái xe hết hạn có phải thi lại không và nộp trực tuyến được không",
    "hộ kinh doanh chuyển lên doanh nghiệp cần làm những bước nào với cơ quan thuế",
];
/// How many queries and passages are embedded in a turn.
const COUNTS: [usize; 2] = [96, 32];
/// How many texts are given to an engine at once: each is taken at its best.
const BATCHES: [usize; 3] = [1, 8, 32];
/// Tokens of a passage, its prefix and the two marks around it among them.
const PASSAGE: usize = 200;
/// The marks, which engines do not count.
const MARKS: usize = 2;

/// One embedding model.
#[derive(Debug, Clone, Serialize)]
pub struct EmbeddingBench {
    /// By the number of threads.
    pub threads: BTreeMap<usize, EmbeddingSpeed>,
    /// How alike the vectors are; without another engine there is nothing.
    pub quality: Option<Likeness>,
    /// Our engine and the other.
    pub engines: [Option<String>; 2],
    /// Why there is no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

/// With so many threads.
#[derive(Debug, Clone, Serialize)]
pub struct EmbeddingSpeed {
    /// Ours over theirs; of the kinds of texts, the worse counts.
    #[serde(flatten)]
    pub ratios: Ratios,
    /// What people look for.
    pub queries_ratio: Option<f64>,
    /// Texts of two hundred tokens.
    pub passages_ratio: Option<f64>,
    /// Which seconds count.
    pub seconds_of: &'static str,
    /// Ours.
    pub ours: EmbeddingFigures,
    /// Theirs.
    pub peer: Option<EmbeddingFigures>,
}

/// One engine's figures: medians of the rounds, at the best of its batches.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct EmbeddingFigures {
    /// Seconds to load the model.
    pub load_s: f64,
    /// Peak memory, in mebibytes.
    pub peak_mib: f64,
    /// Queries a second.
    pub queries_per_s: f64,
    /// Passages a second.
    pub passages_per_s: f64,
}

/// How alike the vectors of both engines are.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Likeness {
    /// The smallest cosine between the two vectors of a text.
    pub worst_cosine: f64,
    /// Whether both read every text as the same number of tokens.
    pub same_tokens: bool,
}

/// Measures the model in the folder at `path`.
pub(super) fn embeddings(
    setting: &Setting<'_>,
    name: &str,
    path: &Path,
) -> Result<EmbeddingBench, EngineError> {
    let mut ours = Party::new(setting, Side::Ours)?;
    let texts = [queries(), passages(&mut ours, path)?];
    let mut found = EmbeddingBench {
        threads: BTreeMap::new(),
        quality: None,
        engines: [None, None],
        missing: None,
    };
    let mut parties = vec![ours];
    let peer = Party::new(setting, Side::Peer);
    match peer.and_then(|mut peer| peer.vectors(path, &texts).map(|theirs| (peer, theirs))) {
        Ok((peer, theirs)) => {
            let own = parties.iter_mut().map(|ours| ours.vectors(path, &texts)).next();
            found.quality = Some(alike(&own.unwrap_or(Ok(Vec::new()))?, &theirs));
            parties.push(peer);
        }
        Err(error) => found.missing = Some(words(&error)),
    }
    for threads in &setting.threads {
        let Some(threads) = NonZeroUsize::new(*threads) else { continue };
        let turns = Turns { setting, name, path, texts: &texts, threads };
        found.threads.insert(threads.get(), turns.all(&mut parties)?);
    }
    for (slot, party) in found.engines.iter_mut().zip(&parties) {
        slot.clone_from(&party.engine_name);
    }
    Ok(found)
}

/// An engine at work.
struct Party {
    side: Side,
    engine: Engine,
    engine_name: Option<String>,
    /// What loading took, and the most memory so far.
    figures: EmbeddingFigures,
}

impl Party {
    fn new(setting: &Setting<'_>, side: Side) -> Result<Self, EngineError> {
        let engine = (setting.start)(side)?;
        Ok(Self { side, engine, engine_name: None, figures: EmbeddingFigures::default() })
    }

    fn embed(&mut self, path: &Path, threads: usize, work: Asked) -> Result<Embedded, EngineError> {
        let job = Job { model: path.to_owned(), threads, shortlist: false, work };
        let found: Embedded = self.engine.ask(&job)?;
        self.engine_name = Some(found.engine.clone());
        self.figures.load_s = found.load.seconds(1);
        self.figures.peak_mib = self.figures.peak_mib.max(found.peak_mib);
        Ok(found)
    }

    /// Vectors and numbers of tokens of all texts.
    fn vectors(
        &mut self,
        path: &Path,
        texts: &[Vec<String>; 2],
    ) -> Result<Vec<Embedded>, EngineError> {
        let kinds = texts.iter().zip([true, false]);
        kinds.map(|(texts, queries)| self.embed(path, 1, asked(texts, queries, 32, true))).collect()
    }
}

fn asked(texts: &[String], queries: bool, batch: usize, vectors: bool) -> Asked {
    Asked::Embed { texts: texts.to_vec(), queries, batch, vectors }
}

fn queries() -> Vec<String> {
    let [count, _] = COUNTS;
    QUERIES.iter().cycle().take(count).map(ToString::to_string).collect()
}

/// Parts of a text, each of as many tokens as a passage has, or one word less.
fn passages(engine: &mut Party, path: &Path) -> Result<Vec<String>, EngineError> {
    let all: Vec<&str> = VIETNAMESE.split_whitespace().collect();
    let [_, count] = COUNTS;
    let mut out = Vec::with_capacity(count);
    for at in 0..count {
        let from = at * 13 % all.len().max(1);
        // A word has one token at least.
        let words: Vec<&str> = all.iter().copied().cycle().skip(from).take(PASSAGE).collect();
        let text = |count: usize| words.get(..count).unwrap_or_default().join(" ");
        let (mut fits, mut too_many) = (1, words.len());
        while too_many - fits > 1 {
            let middle = usize::midpoint(fits, too_many);
            let found = engine.embed(path, 1, asked(&[text(middle)], false, 1, false))?;
            let tokens = found.tokens.first().map_or(0, |tokens| tokens + MARKS);
            *(if tokens > PASSAGE { &mut too_many } else { &mut fits }) = middle;
        }
        out.push(text(fits));
    }
    Ok(out)
}

fn alike(ours: &[Embedded], theirs: &[Embedded]) -> Likeness {
    let pairs = || ours.iter().zip(theirs);
    let vectors = pairs().flat_map(|(a, b)| a.vectors.iter().zip(&b.vectors));
    Likeness {
        worst_cosine: vectors.map(|(a, b)| cosine(a, b)).fold(1.0, f64::min),
        same_tokens: pairs().all(|(a, b)| a.tokens == b.tokens),
    }
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    product(a, b) / (product(a, a) * product(b, b)).sqrt()
}

/// The rounds with one number of threads.
struct Turns<'a> {
    setting: &'a Setting<'a>,
    name: &'a str,
    path: &'a Path,
    texts: &'a [Vec<String>; 2],
    threads: NonZeroUsize,
}

impl Turns<'_> {
    fn all(&self, parties: &mut [Party]) -> Result<EmbeddingSpeed, EngineError> {
        // Figures of the rounds by engine, kind of text and batch.
        let mut found: BTreeMap<(usize, usize, usize), Vec<f64>> = BTreeMap::new();
        for _ in 0..self.setting.rounds.max(1) {
            for (kind, batch) in [0, 1].into_iter().flat_map(|kind| BATCHES.map(|it| (kind, it))) {
                for (at, party) in parties.iter_mut().enumerate() {
                    let per_s = self.turn(party, kind, batch)?;
                    found.entry((at, kind, batch)).or_default().push(per_s);
                }
            }
        }
        let mut best = |at, kind| {
            let of = |batch| found.get_mut(&(at, kind, batch)).map_or(0.0, |it| median(it));
            BATCHES.map(of).into_iter().fold(0.0, f64::max)
        };
        let mut figures = parties.iter().enumerate().map(|(at, party)| EmbeddingFigures {
            queries_per_s: best(at, 0),
            passages_per_s: best(at, 1),
            ..party.figures
        });
        Ok(speed(figures.next().unwrap_or_default(), figures.next(), self.threads.get()))
    }

    /// Texts a second.
    fn turn(&self, party: &mut Party, kind: usize, batch: usize) -> Result<f64, EngineError> {
        let texts = self.texts.get(kind).map_or(&[] as &[String], Vec::as_slice);
        let threads = self.threads.get();
        let work = asked(texts, kind == 0, batch, false);
        let took = party.embed(self.path, threads, work)?.embeddings;
        let per_s = float(texts.len()) / took.seconds(threads);
        let what = if kind == 0 { "queries" } else { "passages" };
        let who = party.side.name();
        let name = self.name;
        (self.setting.progress)(&format!(
            "{name}: {threads} threads, {who}, {what}, batch {batch}: {per_s:.1}/s"
        ));
        Ok(per_s)
    }
}

fn speed(ours: EmbeddingFigures, peer: Option<EmbeddingFigures>, threads: usize) -> EmbeddingSpeed {
    let ratio = |pick: fn(&EmbeddingFigures) -> f64| {
        peer.as_ref().map(|peer| pick(&ours) / pick(peer)).filter(|ratio| ratio.is_finite())
    };
    let (queries, passages) = (ratio(|it| it.queries_per_s), ratio(|it| it.passages_per_s));
    EmbeddingSpeed {
        ratios: Ratios {
            memory_ratio: ratio(|it| it.peak_mib),
            embeddings_ratio: queries.into_iter().chain(passages).reduce(f64::min),
            ..Ratios::default()
        },
        queries_ratio: queries,
        passages_ratio: passages,
        seconds_of: super::job::seconds_of(threads),
        ours,
        peer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worse_kind_of_text_counts() {
        let figures = |queries_per_s, passages_per_s| EmbeddingFigures {
            peak_mib: 100.0,
            queries_per_s,
            passages_per_s,
            ..EmbeddingFigures::default()
        };
        let found = speed(figures(30.0, 8.0), Some(figures(10.0, 4.0)), 2);
        assert_eq!((found.queries_ratio, found.passages_ratio), (Some(3.0), Some(2.0)));
        assert_eq!(found.ratios.embeddings_ratio, Some(2.0));
        assert_eq!(found.seconds_of, "clock");
        let json = serde_json::to_value(speed(figures(30.0, 8.0), None, 1)).unwrap();
        assert!(json["embeddings_ratio"].is_null() && json["messages_ratio"].is_null(), "{json}");
    }

    #[test]
    fn vectors_are_compared_one_with_one() {
        let found = |vectors: Vec<Vec<f64>>, tokens| Embedded {
            embeddings: super::super::Took(1.0, 1.0),
            load: super::super::Took(1.0, 1.0),
            tokens,
            vectors,
            peak_mib: 1.0,
            engine: String::new(),
        };
        let ours = [found(vec![vec![1.0, 0.0], vec![0.0, 2.0]], vec![3, 4])];
        let same = alike(&ours, &[found(vec![vec![2.0, 0.0], vec![0.0, 1.0]], vec![3, 4])]);
        assert!(same.worst_cosine > 0.999_999 && same.same_tokens);
        let other = alike(&ours, &[found(vec![vec![1.0, 1.0], vec![0.0, 1.0]], vec![3, 5])]);
        assert!((other.worst_cosine - 0.5f64.sqrt()).abs() < 1e-9 && !other.same_tokens);
    }
}
