//! What the writer asks of a model: to choose words under a grammar, and to rank them.

use std::sync::Arc;

use inference::generate::{GenerateError, Grammar, Guide, Options, Sampling, Stop};
use inference::serve::{
    Answer, Handle, Lane, Prompt, Question, Refused, ServeError, Served, Written,
};
use inference::text::TextModel;

/// Far more than a letter has.
const MOST_TOKENS: usize = 1200;
/// How flat the chance is by which further candidates are drawn.
const TEMPERATURE: f32 = 0.8;
/// What the languages of letters are written with beside ASCII.
pub const LETTERS: &str = "àáâãèéêìíòóôõùúýăđĩũơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ";
/// How many tokens are weighed where a grammar leaves wording free.
pub const SHORTLIST: usize = 16_384;

/// What a model is asked.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The beginning of the prompt that many plans share.
    pub shared: &'a str,
    /// The rest of the prompt.
    pub own: &'a str,
    /// What the answer may look like, as a Lark grammar.
    pub grammar: &'a str,
    /// How many further candidates to draw after the likeliest words.
    pub samples: u64,
    /// The seed of the first: 0 takes the likeliest words, any other draws.
    pub seed: u64,
}

/// A text that a model worded.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The text, slots and all.
    pub text: String,
    /// The mean log-probability of the tokens that were chosen, not of those that the grammar
    /// forced. Ranking whole texts would ask for the odds of every word of the vocabulary at
    /// every token, which costs more than wording them.
    pub likelihood: f64,
}

/// Why a model worded nothing.
#[derive(Debug, thiserror::Error)]
pub enum WordingError {
    /// It has too much to do, or is not there any more.
    #[error("model took no question")]
    Refused(#[from] Refused),
    /// It gave no text.
    #[error("model gave no answer")]
    Unanswered(#[from] ServeError),
    /// Another model, which says why itself.
    #[error("model failed: {0}")]
    Other(String),
}

/// Something that words a message under a grammar.
pub trait Wording: Send + Sync {
    /// SHA-256 of the model's file: part of the key of every template that it worded.
    fn hash(&self) -> &str;

    /// Candidates, the likeliest first. What they say is proved afterwards, whatever it is.
    fn word(&self, ask: &Ask<'_>) -> Result<Vec<Candidate>, WordingError>;
}

/// `model`, made ready to be guided and to word letters: among the tokens that their languages
/// are written with.
pub fn served(name: &str, model: &Arc<TextModel>) -> Result<Served, GenerateError> {
    let guide = Arc::new(Guide::new(model)?);
    let shortlist = Some(Arc::new(model.shortlist(LETTERS, SHORTLIST)));
    Ok(Served { name: name.into(), guide, shortlist })
}

/// A model at work, here or on another server.
#[derive(Debug, Clone)]
pub struct ServedModel {
    handle: Handle,
    hash: String,
}

impl ServedModel {
    /// Asks `handle`, whose model's file has the SHA-256 `hash`.
    #[must_use]
    pub fn new(handle: Handle, hash: String) -> Self {
        Self { handle, hash }
    }
}

impl Wording for ServedModel {
    fn hash(&self) -> &str {
        &self.hash
    }

    fn word(&self, ask: &Ask<'_>) -> Result<Vec<Candidate>, WordingError> {
        // All are asked before any is waited for, so that they are worded together.
        let answers: Vec<Answer> = (ask.seed..=ask.seed.saturating_add(ask.samples))
            .map(|seed| self.handle.ask(question(ask, seed)))
            .collect::<Result<_, _>>()?;
        let mut out: Vec<Candidate> = Vec::new();
        for answer in answers {
            let Written { text, likelihood, stop, .. } = answer.wait()?;
            if stop == Stop::Complete && !out.iter().any(|other| other.text == text) {
                // Where a server tells no likelihood, the first stays the first.
                out.push(Candidate { text, likelihood: likelihood.unwrap_or_default() });
            }
        }
        out.sort_by(|a, b| b.likelihood.total_cmp(&a.likelihood));
        Ok(out)
    }
}

/// Letters are prepared ahead: nobody waits for one.
fn question(ask: &Ask<'_>, seed: u64) -> Question {
    let prompt = Prompt::Text { shared: ask.shared.to_owned(), own: ask.own.to_owned() };
    let sampling = match seed {
        0 => Sampling::Greedy,
        seed => Sampling::Random { temperature: TEMPERATURE, seed },
    };
    Question {
        prompt,
        grammar: Some(Grammar::lark(ask.grammar)),
        options: Options { max_tokens: MOST_TOKENS, sampling },
        lane: Lane::Bulk,
        deadline: None,
    }
}
