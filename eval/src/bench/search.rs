//! How long a search takes, and how that grows.
//!
//! The question is embedded by the real model; what is searched is made from a seed, because no
//! country has a million procedures. Two things are timed without the model: the nearest of so
//! many vectors, as passages are searched, and the whole answer over so many procedures (words,
//! meaning of title and card, feedback, facets).

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::Confidence;
use jiff::civil::{Date, date};
use knowledge::{
    Bounds, Document, Embed, EmbedError, Filter, InForce, Kind, Level, Place, PlaceError, Point,
    Procedure, Procedures, ProceduresBuild, ProceduresError, Scan, Section, StoreError, Ways, sync,
};
use serde::Serialize;

use crate::chance::Chance;
use crate::timing::{at, milliseconds};

/// How many numbers a vector has, as those of the embedding model.
const DIMENSIONS: usize = 384;
/// How often each thing is asked.
const ASKED: usize = 300;
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

/// A search among so many.
#[derive(Debug, Clone, Serialize)]
pub struct SearchPoint {
    /// How many were searched.
    pub of: usize,
    /// How long one search took.
    #[serde(flatten)]
    pub took: Took,
}

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct SearchBench {
    /// Embedding a question.
    pub embedding: Took,
    /// The nearest ten of so many vectors.
    pub vectors: Vec<SearchPoint>,
    /// The best ten of so many procedures, without embedding the question.
    pub procedures: Vec<SearchPoint>,
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
        vectors.push(among_vectors(of)?);
    }
    let mut procedures = Vec::new();
    for &of in setting.procedures {
        progress(format!("{of} procedures"));
        procedures.push(among_procedures(of, setting)?);
    }
    Ok(SearchBench { embedding, vectors, procedures })
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

fn among_vectors(of: usize) -> Result<SearchPoint, SearchBenchError> {
    let mut draw = Chance(1);
    let place: Place = "vn".parse()?;
    let mut store = Scan::default();
    {
        let point = |number: usize| Point {
            id: format!("document-{number}#what"),
            hash: format!("{number:064}"),
            vector: vector(&mut draw),
            kind: Kind::Procedure,
            codes: vec![format!("1.{number:06}")],
            place: place.clone(),
            in_force: InForce::default(),
        };
        let points: Vec<Point> = (0..of).map(point).collect();
        sync(&mut store, &points)?;
    }
    let filter = Filter { kinds: vec![], codes: None, place: Some(place), in_force_on: DAY };
    let mut runs = Vec::new();
    for _ in 0..ASKED {
        let asked = vector(&mut draw);
        let began = Instant::now();
        knowledge::VectorStore::query(&store, &asked, &filter, WANTED)?;
        runs.push(began.elapsed());
    }
    Ok(SearchPoint { of, took: Took::of(runs) })
}

fn among_procedures(
    of: usize,
    setting: &SearchSetting<'_>,
) -> Result<SearchPoint, SearchBenchError> {
    let index = setting.scratch.join(format!("{of}.index"));
    let mut draw = Chance(2);
    let mut build = ProceduresBuild::begin(&[], &Seeded, &index, "made")?;
    for number in 0..of {
        build.add(&procedure(number, &mut draw)?)?;
    }
    build.finish(&setting.scratch.join(format!("{of}.vectors")), &mut |_, _| ())?;
    let procedures = Procedures::open(&index, Arc::new(Seeded))?;
    let bounds = Bounds { place: Some("vn".parse()?), in_force_on: Some(DAY), ..Bounds::default() };
    let mut runs = Vec::new();
    for _ in 0..ASKED {
        let question = procedures.understand(&text(TITLE, &mut draw))?;
        let began = Instant::now();
        let answer = procedures.find(&question, Ways::Hybrid, &bounds, WANTED);
        runs.push(began.elapsed());
        drop(answer);
    }
    Ok(SearchPoint { of, took: Took::of(runs) })
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

fn vector(draw: &mut Chance) -> Vec<f32> {
    let mut out: Vec<f32> = (0..DIMENSIONS).map(|_| part(draw) - 0.5).collect();
    let length = out.iter().map(|x| x * x).sum::<f32>().sqrt();
    for x in &mut out {
        *x /= length;
    }
    out
}

/// A model that makes of each text the vector that its letters draw.
struct Seeded;

impl Embed for Seeded {
    fn model(&self) -> String {
        "seeded".to_owned()
    }

    fn embed_passages(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        Ok(texts.iter().map(|text| vector(&mut Chance::of(text))).collect())
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
        let setting = SearchSetting {
            embedder: &Seeded,
            vectors: &[10, 200],
            procedures: &[30],
            scratch: scratch.path(),
        };
        let mut told = Vec::new();
        let bench = search(&setting, &mut |what| told.push(what)).unwrap();
        assert_eq!(told, ["embedding questions", "10 vectors", "200 vectors", "30 procedures"]);
        assert_eq!((bench.vectors[1].of, bench.procedures[0].of), (200, 30));
        for point in bench.vectors.iter().chain(&bench.procedures) {
            assert!(point.took.p50_ms > 0.0 && point.took.p50_ms <= point.took.p99_ms);
        }
    }
}
