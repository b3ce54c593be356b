//! What is told of an answer, to whoever asks through the API or from the command line.

use jiff::civil::Date;
use knowledge::{
    Answer, Document, Facets, Found, FoundSection, LeftOut, Procedures, ProceduresError, Question,
    Reasons,
};
use serde::Serialize;
use utoipa::ToSchema;

/// What answers a question.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchOut {
    /// The question as it was read, where that is not as it was typed.
    pub read_as: Option<String>,
    /// Abbreviations that were written out.
    expansions: Vec<ExpansionOut>,
    /// SHA-256 of the index that was searched.
    index: String,
    /// The best first.
    pub documents: Vec<FoundOut>,
    /// Counts over the best hundred.
    facets: FacetsOut,
    /// How many documents each filter left out before anything was ranked; with `explain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOutOut>,
}

/// An abbreviation in the question, and what it was read as.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExpansionOut {
    #[schema(example = "GPLX")]
    short: String,
    #[schema(example = "giấy phép lái xe")]
    long: String,
}

/// A document that answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundOut {
    /// Its id.
    #[schema(example = "birth-registration")]
    pub id: String,
    /// `procedure`, `law` or `guide`.
    kind: &'static str,
    /// Its national code, where it has one.
    pub code: Option<String>,
    /// Its title.
    pub title: String,
    /// Where it holds.
    #[schema(example = "vn")]
    pub place: String,
    /// The first day it holds, where known.
    #[schema(format = Date)]
    in_force_from: Option<String>,
    /// The first day it holds no more, where one is set.
    #[schema(format = Date)]
    in_force_until: Option<String>,
    /// Who handles it; empty where nobody says.
    levels: Vec<&'static str>,
    /// What it is about, in the source's words.
    sector: String,
    /// Where it was read.
    pub source: Vec<String>,
    /// The day it was last compared with its source.
    #[schema(format = Date)]
    retrieved_on: String,
    /// SHA-256 of the document: once it differs, what was cited of it is no more.
    hash: String,
    /// Comparable within one answer only.
    score: f32,
    /// What of it answers, the best first.
    pub sections: Vec<FoundSectionOut>,
    /// Why it stands here; with `explain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<WhyOut>,
}

/// A section that answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundSectionOut {
    /// Its id within the document.
    #[schema(example = "fee")]
    pub id: String,
    /// As people read it.
    pub heading: String,
    /// The words.
    pub text: String,
    /// The first byte of the words in the document.
    start: usize,
    /// The byte after the last.
    end: usize,
    /// SHA-256 of the words.
    hash: String,
}

/// What speaks for a document. All but `dense` are parts of the score.
#[derive(Debug, Serialize, ToSchema)]
pub struct WhyOut {
    /// Words of the question that it shares.
    pub lexical: f32,
    /// How much of its title the question says.
    pub covered: f32,
    /// How near in meaning, as a cosine.
    pub dense: f32,
    /// What that adds: how far it stands out among all.
    pub meaning: f32,
    /// Who may ask for it, who handles it, where it holds.
    pub ahead: f32,
    /// How near it is to what the best have in common.
    pub feedback: f32,
    /// The question holds its code or one of its names.
    pub named: f32,
}

/// Counts over the best hundred.
#[derive(Debug, Serialize, ToSchema)]
pub struct FacetsOut {
    /// By who handles them.
    level: Vec<CountOut>,
    /// By what they are about.
    sector: Vec<CountOut>,
    /// By where they hold.
    place: Vec<CountOut>,
}

/// How many there are of one.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountOut {
    value: String,
    count: usize,
}

/// How many documents each filter left out, counted at the first that did.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeftOutOut {
    /// Of another kind.
    pub kind: usize,
    /// Holding elsewhere.
    pub place: usize,
    /// Not in force on the day.
    pub in_force: usize,
    /// Handled by others.
    pub level: usize,
    /// Serving none of the codes.
    pub code: usize,
}

impl SearchOut {
    /// What is told of `answer`: of each document at most so many sections, and with `explain` why
    /// it stands where it stands.
    ///
    /// # Errors
    /// When the index cannot be read again.
    pub fn told(
        procedures: &Procedures,
        question: &Question,
        answer: &Answer<'_>,
        sections: usize,
        explain: bool,
    ) -> Result<Self, ProceduresError> {
        let mut documents = Vec::with_capacity(answer.found.len());
        for found in &answer.found {
            let document = procedures.document(found)?;
            let sections = procedures.sections(&document, question, sections);
            documents.push(FoundOut::new(found, &document, sections, explain));
        }
        Ok(Self {
            read_as: question.changed.then(|| question.read_as.clone()),
            expansions: question
                .expansions
                .iter()
                .map(|it| ExpansionOut { short: it.short.clone(), long: it.long.clone() })
                .collect(),
            index: procedures.hash().to_owned(),
            documents,
            facets: FacetsOut::from(&answer.facets),
            left_out: explain.then(|| answer.left_out.into()),
        })
    }
}

impl FoundOut {
    fn new(
        found: &Found<'_>,
        document: &Document,
        sections: Vec<FoundSection>,
        explain: bool,
    ) -> Self {
        let day = |day: Option<Date>| day.map(|day| day.to_string());
        Self {
            id: document.id.clone(),
            kind: document.kind.as_str(),
            code: document.code.clone(),
            title: document.title.clone(),
            place: document.place.to_string(),
            in_force_from: day(document.in_force.from),
            in_force_until: day(document.in_force.until),
            levels: found.entry.levels.iter().map(|level| level.as_str()).collect(),
            sector: found.entry.sector.clone(),
            source: document.source.clone(),
            retrieved_on: document.retrieved_on.to_string(),
            hash: document.hash.clone(),
            score: found.score,
            sections: sections.into_iter().map(FoundSectionOut::from).collect(),
            why: found.reasons.filter(|_| explain).map(WhyOut::from),
        }
    }
}

impl From<FoundSection> for FoundSectionOut {
    fn from(from: FoundSection) -> Self {
        Self {
            id: from.id,
            heading: from.heading,
            text: from.text,
            start: from.span.start,
            end: from.span.end,
            hash: from.hash,
        }
    }
}

impl From<Reasons> for WhyOut {
    fn from(from: Reasons) -> Self {
        let Reasons { lexical, covered, dense, meaning, ahead, feedback, named } = from;
        Self { lexical, covered, dense, meaning, ahead, feedback, named }
    }
}

impl From<LeftOut> for LeftOutOut {
    fn from(from: LeftOut) -> Self {
        let LeftOut { kind, place, in_force, level, code } = from;
        Self { kind, place, in_force, level, code }
    }
}

impl From<&Facets> for FacetsOut {
    fn from(from: &Facets) -> Self {
        /// The most first.
        fn counts<'a>(of: impl Iterator<Item = (&'a str, usize)>) -> Vec<CountOut> {
            let counts = of.map(|(value, count)| CountOut { value: value.to_owned(), count });
            let mut counts: Vec<CountOut> = counts.collect();
            counts.sort_by_key(|it| std::cmp::Reverse(it.count));
            counts
        }
        Self {
            level: counts(from.level.iter().map(|(value, count)| (*value, *count))),
            sector: counts(from.sector.iter().map(|(value, count)| (value.as_str(), *count))),
            place: counts(from.place.iter().map(|(value, count)| (value.as_str(), *count))),
        }
    }
}
