//! How long a search takes, and how that grows.
//!
//! The question is embedded by the real model; what is searched is made from a seed, because no
//! country has a million procedures: vectors as near to each other as those of the real model are,
//! in groups that are nearer. Two things are timed without the model: the nearest of so many
//! vectors, as passages are searched, and the whole answer over so many procedures (words, meaning
//! of title and card, feedback, facets), beside the answer by words alone. How many of the nearest
//! are found is counted against comparing all of them by their floats, and over the vectors that
//! an index keeps, where there is one, too.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::Confidence;
use jiff::civil::{Date, date};
use knowledge::{
    Asked, Bounds, Document, Embed, EmbedError, InForce, Kind, Level, Place, PlaceError, Point,
    Procedure, Procedures, ProceduresBuild, ProceduresError, Scan, Section, StoreError, Ways, sync,
};
use serde::Serialize;

use crate::chance::Chance;
use crate::memory;
use crate::timing::{at, milliseconds};

/// How many numbers a vector has, as those of the embedding model.
const DIMENSIONS: usize = 384;
/// How often each thing is asked.
const ASKED: usize = 300;
/// Of how many of these the answer is held against the exact one, which takes long.
const CHECKED: usize = 100;
/// In how many groups the made vectors lie.
const GROUPS: usize = 1_000;
/// How many of the nearest are wanted.
const WANTED: usize = 10;
/// How many syllables the made texts are written with, and how long these are.
const VOCABULARY: usize = 3_000;
const TITLE: usize = 9;
const TEXT: usize = 60;
/// A day on which all that is made is in force.
const DAY: Date = date(2026, 11, 28);
/// As people ask.
const QUESTIONS: [&str; 6] = [
    "làm giấy khai sinh cho con",
    "mất bằng lái xe thì xin cấp lại ở đâu",
    "muốn mở quán cà phê thì đăng ký kinh doanh thế nào",
    "sang tên sổ đỏ cho con mất bao nhiêu tiền",
    "bố tôi mới mất, gia đình cần làm những thủ tục gì",
    "hộ nghèo có được hỗ trợ tiền điện không",
];

/// How long one thing took.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Took {
    /// The middle.
    pub p50_ms: f64,
    /// 99 of 100 were faster.
    pub p99_ms: f64,
}

impl Took {
    fn of(mut runs: Vec<Duration>) -> Self {
        runs.sort_unstable();
        Self { p50_ms: milliseconds(at(&runs, 50)), p99_ms: milliseconds(at(&runs, 99)) }
    }
}

/// The nearest among so many vectors.
#[derive(Debug, Clone, Serialize)]
pub struct VectorsPoint {
    /// How many were searched.
    pub of: usize,
    /// How long one search took.
    #[serde(flatten)]
    pub took: Took,
    /// Which share of the ten that are nearest by their floats was found.
    pub recall_10: f64,
    /// What holding them takes, with what they are filtered by.
    pub held_mib: f64,
}

/// The best among so many procedures.
#[derive(Debug, Clone, Serialize)]
pub struct ProceduresPoint {
    /// How many were searched.
    pub of: usize,
    /// How long one search took.
    #[serde(flatten)]
    pub took: Took,
    /// How long one by words alone took.
    pub lexical: Took,
    /// How long opening the index took.
    pub opened_ms: f64,
    /// What an open index takes.
    pub held_mib: f64,
}

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct SearchBench {
    /// Embedding a question.
    pub embedding: Took,
    /// The nearest ten of so many vectors.
    pub vectors: Vec<VectorsPoint>,
    /// The nearest ten of those that an index keeps.
    pub kept: Option<VectorsPoint>,
    /// The best ten of so many procedures, without embedding the question.
    pub procedures: Vec<ProceduresPoint>,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum SearchBenchError {
    /// The model failed.
    #[error("a question could not be embedded")]
    Embed(#[from] EmbedError),
    /// The vectors could not be searched.
    #[error("the vectors could not be searched")]
    Store(#[from] StoreError),
    /// The procedures could not be searched.
    #[error("the procedures could not be searched")]
    Procedures(#[from] ProceduresError),
    /// Never: the place is written here.
    #[error(transparent)]
    Place(#[from] PlaceError),
}

/// How much is searched, and where what takes a file is kept for the time being.
pub struct SearchSetting<'a> {
    /// The real model.
    pub embedder: &'a dyn Embed,
    /// How many vectors, once for each.
    pub vectors: &'a [usize],
    /// Vectors that the real model made.
    pub kept: Vec<Vec<f32>>,
    /// How many procedures, once for each.
    pub procedures: &'a [usize],
    /// A folder.
    pub scratch: &'a Path,
}

/// Measures; `progress` is told what comes next.
pub fn search(
    setting: &SearchSetting<'_>,
    progress: &mut dyn FnMut(String),
) -> Result<SearchBench, SearchBenchError> {
    progress("embedding questions".to_owned());
    let embedding = embedding(setting.embedder)?;
    let mut vectors = Vec::new();
    for &of in setting.vectors {
        progress(format!("{of} vectors"));
        let mut made = Made::new();
        let asked: Vec<Vec<f32>> = (0..ASKED).map(|_| made.vector()).collect();
        let again = made.clone();
        let all = || {
            let mut made = again.clone();
            (0..of).map(move |_| made.vector())
        };
        vectors.push(among_vectors(&asked, all)?);
    }
    let mut kept = None;
    if !setting.kept.is_empty() {
        progress(format!("{} vectors of an index", setting.kept.len()));
        let each = setting.kept.len().div_ceil(ASKED);
        let asked: Vec<Vec<f32>> = setting.kept.iter().step_by(each).cloned().collect();
        kept = Some(among_vectors(&asked, || setting.kept.iter().cloned())?);
    }
    let mut procedures = Vec::new();
    for &of in setting.procedures {
        progress(format!("{of} procedures"));
        procedures.push(among_procedures(of, setting.scratch)?);
    }
    Ok(SearchBench { embedding, vectors, kept, procedures })
}

fn embedding(embedder: &dyn Embed) -> Result<Took, SearchBenchError> {
    let mut runs = Vec::new();
    for question in QUESTIONS.iter().cycle().take(ASKED) {
        let began = Instant::now();
        embedder.embed_queries(&[question])?;
        runs.push(began.elapsed());
    }
    // The first loads the model.
    Ok(Took::of(runs.split_off(1)))
}

/// `all` gives the same vectors each time: what is held is the store alone.
fn among_vectors<I: Iterator<Item = Vec<f32>>>(
    asked: &[Vec<f32>],
    all: impl Fn() -> I,
) -> Result<VectorsPoint, SearchBenchError> {
    let place: Place = "vn".parse()?;
    let mut store = Scan::default();
    let before = memory::held_mib();
    let points = all().enumerate().map(|(number, vector)| Point {
        id: id(number),
        hash: format!("{number:064}"),
        vector,
        kind: Kind::Procedure,
        codes: vec![format!("1.{number:06}")],
        place: place.clone(),
        in_force: InForce::default(),
        levels: Vec::new(),
        words: Vec::new(),
    });
    let of = {
        let points: Vec<Point> = points.collect();
        sync(&mut store, "made", &points)?;
        points.len()
    };
    let held_mib = memory::held_mib() - before;
    let bounds = Bounds { place: Some(place), in_force_on: Some(DAY), ..Bounds::default() };
    let mut runs = Vec::new();
    let mut found = Vec::new();
    for asked in asked {
        let began = Instant::now();
        let near = knowledge::VectorStore::query(&store, Asked::Vector(asked), &bounds, WANTED)?;
        runs.push(began.elapsed());
        found.push(near.into_iter().map(|(id, _)| id).collect::<Vec<String>>());
    }
    let checked = asked.len().min(CHECKED);
    let exact = exact(asked.get(..checked).unwrap_or_default(), all());
    let both = exact.iter().zip(&found);
    let met = both.map(|(exact, found)| exact.iter().filter(|it| found.contains(it)).count());
    let wanted = exact.iter().map(Vec::len).sum::<usize>().max(1);
    let recall_10 = share(met.sum(), wanted);
    Ok(VectorsPoint { of, took: Took::of(runs), recall_10, held_mib })
}

fn id(number: usize) -> String {
    format!("document-{number:07}#what")
}

/// The ids of the nearest to each that is asked, by comparing all as they are.
fn exact(asked: &[Vec<f32>], all: impl Iterator<Item = Vec<f32>>) -> Vec<Vec<String>> {
    let mut nearest: Vec<Vec<(f32, usize)>> = vec![Vec::new(); asked.len()];
    for (number, vector) in all.enumerate() {
        for (asked, nearest) in asked.iter().zip(&mut nearest) {
            let score: f32 = asked.iter().zip(&vector).map(|(a, b)| a * b).sum();
            let place = nearest.partition_point(|(other, _)| *other >= score);
            if place < WANTED {
                nearest.insert(place, (score, number));
                nearest.truncate(WANTED);
            }
        }
    }
    nearest.into_iter().map(|of| of.into_iter().map(|(_, number)| id(number)).collect()).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of questions stay far below 2^52")]
fn share(part: usize, of: usize) -> f64 {
    part as f64 / of as f64
}

fn among_procedures(of: usize, scratch: &Path) -> Result<ProceduresPoint, SearchBenchError> {
    let index = scratch.join(format!("{of}.index"));
    let mut draw = Chance(2);
    let mut build = ProceduresBuild::begin(&[], &Seeded, &index, "made")?;
    for number in 0..of {
        build.add(&procedure(number, &mut draw)?)?;
    }
    build.finish(&scratch.join(format!("{of}.vectors")), &mut |_, _| ())?;
    let (before, began) = (memory::held_mib(), Instant::now());
    let procedures = Procedures::open(&index, Arc::new(Seeded))?;
    let (opened, held_mib) = (began.elapsed(), memory::held_mib() - before);
    let bounds = Bounds { place: Some("vn".parse()?), in_force_on: Some(DAY), ..Bounds::default() };
    let (mut hybrid, mut lexical) = (Vec::new(), Vec::new());
    for _ in 0..ASKED {
        let question = procedures.understand(&text(TITLE, &mut draw))?;
        for (ways, runs) in [(Ways::Hybrid, &mut hybrid), (Ways::Lexical, &mut lexical)] {
            let began = Instant::now();
            let answer = procedures.find(&question, ways, &bounds, WANTED)?;
            runs.push(began.elapsed());
            drop(answer);
        }
    }
    Ok(ProceduresPoint {
        of,
        took: Took::of(hybrid),
        lexical: Took::of(lexical),
        opened_ms: milliseconds(opened),
        held_mib,
    })
}

fn procedure(number: usize, draw: &mut Chance) -> Result<Procedure, PlaceError> {
    let (title, words) = (text(TITLE, draw), text(TEXT, draw));
    let section = Section {
        id: "how".to_owned(),
        heading: "Cách làm".to_owned(),
        end: words.len(),
        text: words,
        start: 0,
        line: number + 1,
    };
    let document = Document {
        id: format!("procedure-1.{number:06}"),
        kind: Kind::Procedure,
        code: Some(format!("1.{number:06}")),
        aliases: Vec::new(),
        about: Vec::new(),
        title,
        place: "vn".parse()?,
        in_force: InForce::default(),
        source: vec!["made".to_owned()],
        confidence: Confidence::L,
        retrieved_on: DAY,
        sections: vec![section],
        path: format!("made:{}", number + 1),
        hash: format!("{number:064}"),
    };
    Ok(Procedure {
        document,
        names: Vec::new(),
        sector: format!("Lĩnh vực {}", number % 280),
        results: Vec::new(),
        levels: vec![if number.is_multiple_of(2) { Level::Commune } else { Level::Province }],
        for_citizens: number.is_multiple_of(3),
    })
}

/// A number from 0 to 1.
fn part(draw: &mut Chance) -> f32 {
    f32::from(u16::try_from(draw.next() >> 48).unwrap_or_default()) / f32::from(u16::MAX)
}

/// Syllables of which few are common and most are rare, as in any language.
fn text(words: usize, draw: &mut Chance) -> String {
    let words = (0..words).map(|_| {
        let place = draw.below(VOCABULARY) * draw.below(VOCABULARY) / VOCABULARY;
        syllable(place)
    });
    words.collect::<Vec<_>>().join(" ")
}

fn syllable(place: usize) -> String {
    const BEGINNINGS: [&str; 15] =
        ["b", "c", "d", "g", "h", "k", "l", "m", "n", "p", "q", "r", "s", "t", "v"];
    const VOWELS: [&str; 20] = [
        "a", "à", "á", "ả", "ã", "e", "è", "é", "ê", "i", "ì", "í", "o", "ò", "ô", "ơ", "u", "ù",
        "ư", "y",
    ];
    const ENDS: [&str; 10] = ["", "c", "ch", "m", "n", "ng", "nh", "p", "t", "i"];
    let part = |of: &[&'static str], at: usize| of.get(at % of.len()).copied().unwrap_or_default();
    let (begin, vowel) = (part(&BEGINNINGS, place), part(&VOWELS, place / 15));
    format!("{begin}{vowel}{}", part(&ENDS, place / 300))
}

/// Vectors as the real model makes them: a middle that all of them share (their cosine is 0.8, as it
/// is among titles of procedures), a group that some share, and what is their own.
#[derive(Clone)]
struct Made {
    draw: Chance,
    middle: Vec<f32>,
    groups: Vec<Vec<f32>>,
}

impl Made {
    fn new() -> Self {
        let mut draw = Chance(1);
        let middle = vector(&mut draw, 2.0);
        let groups = (0..GROUPS).map(|_| vector(&mut draw, 0.8)).collect();
        Self { draw, middle, groups }
    }

    fn vector(&mut self) -> Vec<f32> {
        let group = self.draw.below(GROUPS);
        let mut out = vector(&mut self.draw, 0.6);
        for part in [Some(&self.middle), self.groups.get(group)].into_iter().flatten() {
            for (sum, x) in out.iter_mut().zip(part) {
                *sum += x;
            }
        }
        at_length(out, 1.0)
    }
}

fn vector(draw: &mut Chance, length: f32) -> Vec<f32> {
    at_length((0..DIMENSIONS).map(|_| part(draw) - 0.5).collect(), length)
}

fn at_length(mut vector: Vec<f32>, length: f32) -> Vec<f32> {
    let by = length / vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    for x in &mut vector {
        *x *= by;
    }
    vector
}

/// A model that makes of each text the vector that its letters draw.
struct Seeded;

impl Embed for Seeded {
    fn model(&self) -> String {
        "seeded".to_owned()
    }

    fn embed_passages(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        Ok(texts.iter().map(|text| vector(&mut Chance::of(text), 1.0)).collect())
    }

    fn embed_queries(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.embed_passages(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_sizes_are_measured() {
        let scratch = tempfile::tempdir().unwrap();
        let mut made = Made::new();
        let setting = SearchSetting {
            embedder: &Seeded,
            vectors: &[10, 500],
            kept: (0..40).map(|_| made.vector()).collect(),
            procedures: &[30],
            scratch: scratch.path(),
        };
        let mut told = Vec::new();
        let bench = search(&setting, &mut |what| told.push(what)).unwrap();
        let steps = [
            "embedding questions",
            "10 vectors",
            "500 vectors",
            "40 vectors of an index",
            "30 procedures",
        ];
        assert_eq!(told, steps);
        let kept = bench.kept.unwrap();
        assert_eq!((bench.vectors[1].of, kept.of, bench.procedures[0].of), (500, 40, 30));
        for point in bench.vectors.iter().chain([&kept]) {
            assert!(point.took.p50_ms > 0.0 && point.took.p50_ms <= point.took.p99_ms);
            assert!(point.recall_10 > 0.99, "{point:?}");
        }
        let procedures = &bench.procedures[0];
        assert!(procedures.took.p50_ms > 0.0 && procedures.lexical.p50_ms > 0.0);
    }

    #[test]
    fn made_vectors_are_as_near_to_each_other_as_real_ones() {
        let mut made = Made::new();
        let (a, b) = (made.vector(), made.vector());
        let cosine: f32 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
        assert!((0.7..0.9).contains(&cosine), "{cosine}");
    }
}
