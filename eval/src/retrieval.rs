//! How well a citizen's question finds its procedure, on questions with known answers.
//!
//! Procedures with the same full title count alike and take one place of an answer. An interval
//! is that of 95 of 100 resamplings of the questions, drawn from a fixed seed, so the same run
//! gives the same figures.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use knowledge::{Bounds, Level, Procedures, ProceduresError, Question, Ways, Weights, same_title};
use serde::{Deserialize, Serialize};

mod cross;
mod measure;
mod typos;

pub use cross::{Cross, Turn, cross_validate};
use measure::Outcome;
pub use measure::{Figure, Figures};
pub use typos::mistyped;

/// The manifest of the procedures that the questions are asked over.
pub const MANIFEST: &str = include_str!("../data/retrieval/procedures.yaml");

/// How many places of an answer are looked at.
const PLACES: usize = 10;
/// So many are asked for, since several may have one title.
const DEPTH: usize = 80;

/// A question with the procedures that answer it.
#[derive(Debug, Clone, Deserialize)]
pub struct Asked {
    /// Its name in the set.
    pub id: String,
    /// Where it is from.
    #[serde(default)]
    pub source: String,
    /// As somebody asks it.
    pub query: String,
    /// The same without marks; made where the set does not give it.
    #[serde(default)]
    pub no_diacritics: Option<String>,
    /// Codes of procedures.
    pub relevant: Vec<String>,
    /// Whether the wording follows a fixed pattern.
    #[serde(default)]
    pub templated: bool,
    /// Whether the run fails where the answer is not on the first screen.
    #[serde(default)]
    pub must: bool,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum RetrievalError {
    /// The set cannot be read.
    #[error("cannot read the questions `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A line of the set is no question.
    #[error("`{path}` line {line} is no question with its answers")]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// No question of the set has an answer among the procedures.
    #[error("no question has an answer among the procedures")]
    NoQuestions,
    /// The search failed.
    #[error("the question `{id}` could not be asked")]
    Ask {
        /// The question.
        id: String,
        /// Why.
        #[source]
        source: ProceduresError,
    },
}

/// Reads `queries.jsonl` in `folder`.
pub fn questions(folder: &Path) -> Result<Vec<Asked>, RetrievalError> {
    let path = folder.join("queries.jsonl");
    let text = std::fs::read_to_string(&path)
        .map_err(|source| RetrievalError::Read { path: path.clone(), source })?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = lines.map(|(line, text)| {
        let failed = |source| RetrievalError::Line { path: path.clone(), line: line + 1, source };
        serde_json::from_str(text).map_err(failed)
    });
    read.collect()
}

/// Figures by configuration (`bm25`, `hybrid`, …), then by variant (`clean`, `no_diacritics`,
/// `typos`).
pub type Table = BTreeMap<&'static str, BTreeMap<&'static str, Figures>>;

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct RetrievalReport {
    /// Procedures that were searched.
    pub documents: usize,
    /// Questions that were asked.
    pub questions: usize,
    /// Questions without an answer among the procedures, which were not asked.
    pub unanswerable: usize,
    /// Ids of questions that must be answered on the first screen, as they are typed, and are not.
    pub missed: Vec<String>,
    /// Over all questions.
    pub configurations: Table,
    /// By where the questions are from; where some follow a fixed pattern, the others once
    /// more by themselves.
    pub sources: BTreeMap<String, SourceReport>,
}

/// The questions of one source.
#[derive(Debug, Clone, Serialize)]
pub struct SourceReport {
    /// How many there are.
    pub questions: usize,
    /// Their figures.
    pub configurations: Table,
}

/// What is measured. `hybrid_commune` has the filter that a citizen's place gives in the
/// product, and so can only find what a commune handles.
const CONFIGURATIONS: [(&str, Ways, Option<Level>); 6] = [
    ("bm25", Ways::Bm25, None),
    ("lexical", Ways::Lexical, None),
    ("dense", Ways::Dense, None),
    ("rrf", Ways::Rrf, None),
    ("hybrid", Ways::Hybrid, None),
    ("hybrid_commune", Ways::Hybrid, Some(Level::Commune)),
];

/// What people meet who type well.
const SHIPPED: (&str, &str) = ("hybrid", "clean");

const VARIANTS: [&str; 3] = ["clean", "no_diacritics", "typos"];

/// Asks every question in every way. `progress` is told how many were asked, of how many.
pub fn retrieval(
    search: &Procedures,
    asked: &[Asked],
    progress: &mut dyn FnMut(usize, usize),
) -> Result<RetrievalReport, RetrievalError> {
    let with_answer = with_answer(search, asked)?;
    let mut missed = Vec::new();
    let mut outcomes: BTreeMap<(&'static str, &'static str), Vec<Outcome>> = BTreeMap::new();
    let total = with_answer.len() * VARIANTS.len();
    for (done, (question, relevant)) in with_answer.iter().enumerate() {
        for (place, (variant, text)) in variants(question).into_iter().enumerate() {
            progress(done * VARIANTS.len() + place, total);
            let failed = |source| RetrievalError::Ask { id: question.id.clone(), source };
            let understood = search.understand(&text).map_err(failed)?;
            for (name, ways, level) in CONFIGURATIONS {
                let by = (ways, &Weights::default());
                let hits = hits(search, &understood, by, level, relevant).map_err(failed)?;
                if (name, variant) == SHIPPED && question.must && !hits.contains(&true) {
                    missed.push(question.id.clone());
                }
                let outcome = Outcome::of(&hits, relevant.len());
                outcomes.entry((name, variant)).or_default().push(outcome);
            }
        }
    }
    progress(total, total);
    let table = |chosen: &dyn Fn(&Asked) -> bool| {
        let mut table = Table::new();
        for ((name, variant), outcomes) in &outcomes {
            let ours = outcomes.iter().zip(&with_answer).filter(|(_, (it, _))| chosen(it));
            let ours: Vec<Outcome> = ours.map(|(outcome, _)| *outcome).collect();
            table.entry(*name).or_default().insert(*variant, Figures::of(&ours));
        }
        let questions = with_answer.iter().filter(|(it, _)| chosen(it)).count();
        SourceReport { questions, configurations: table }
    };
    let sources = parts(&with_answer).into_iter().map(|part| {
        let of = table(&|it: &Asked| part.holds(it));
        (part.name(), of)
    });
    let sources = sources.collect();
    Ok(RetrievalReport {
        documents: search.len(),
        questions: with_answer.len(),
        unanswerable: asked.len() - with_answer.len(),
        missed,
        configurations: table(&|_: &Asked| true).configurations,
        sources,
    })
}

/// A question and the titles that answer it.
type WithAnswer<'a> = (&'a Asked, BTreeSet<String>);

/// The questions that have an answer among the procedures, and which.
fn with_answer<'a>(
    search: &Procedures,
    asked: &'a [Asked],
) -> Result<Vec<WithAnswer<'a>>, RetrievalError> {
    let answers = Answers::of(search);
    let with_answer = asked.iter().filter_map(|it| Some((it, answers.relevant(it)?)));
    let with_answer: Vec<WithAnswer<'_>> = with_answer.collect();
    if with_answer.is_empty() { Err(RetrievalError::NoQuestions) } else { Ok(with_answer) }
}

/// The questions of a source, or those of them that follow no pattern.
struct Part<'a> {
    source: &'a str,
    free: bool,
}

impl Part<'_> {
    fn holds(&self, question: &Asked) -> bool {
        question.source == self.source && !(self.free && question.templated)
    }

    fn name(&self) -> String {
        let source = self.source;
        if self.free { format!("{source}, not templated") } else { source.to_owned() }
    }
}

/// The parts that figures are told of.
fn parts<'a>(questions: &[WithAnswer<'a>]) -> Vec<Part<'a>> {
    let sources: BTreeSet<&str> = questions.iter().map(|(it, _)| it.source.as_str()).collect();
    let some_templated =
        |source: &str| questions.iter().any(|(it, _)| it.source == source && it.templated);
    let each = sources.into_iter().flat_map(|source| {
        let free = some_templated(source).then_some(Part { source, free: true });
        [Some(Part { source, free: false }), free].into_iter().flatten()
    });
    each.collect()
}

fn variants(question: &Asked) -> [(&'static str, String); 3] {
    let given = question.no_diacritics.clone();
    let bare = given.unwrap_or_else(|| knowledge::fold(&question.query));
    let [clean, without, slips] = VARIANTS;
    let typed = mistyped(&question.query, &question.id);
    [(clean, question.query.clone()), (without, bare), (slips, typed)]
}

/// For each place of the answer whether it is right.
fn hits(
    search: &Procedures,
    question: &Question,
    by: (Ways, &Weights),
    level: Option<Level>,
    relevant: &BTreeSet<String>,
) -> Result<Vec<bool>, ProceduresError> {
    let bounds = Bounds { level, ..Bounds::default() };
    let mut seen: Vec<String> = Vec::new();
    for found in search.find_weighted(question, by, &bounds, DEPTH)?.found {
        let title = same_title(&found.entry.title);
        if !seen.contains(&title) {
            seen.push(title);
        }
    }
    Ok(seen.iter().take(PLACES).map(|title| relevant.contains(title)).collect())
}

/// Titles by code.
struct Answers(BTreeMap<String, String>);

impl Answers {
    fn of(search: &Procedures) -> Self {
        let entries = search.entries().iter();
        let coded = entries.filter_map(|it| Some((it.code.clone()?, same_title(&it.title))));
        Self(coded.collect())
    }

    fn relevant(&self, question: &Asked) -> Option<BTreeSet<String>> {
        let titles = question.relevant.iter().filter_map(|code| self.0.get(code).cloned());
        let titles: BTreeSet<String> = titles.collect();
        (!titles.is_empty()).then_some(titles)
    }
}
