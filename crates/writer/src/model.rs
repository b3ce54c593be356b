//! What the writer asks of a model: to choose words under a grammar, and to rank them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use inference::generate::{
    GenerateError, Generated, Grammar, Guide, Options, Request, Sampling, Stop,
};
use inference::text::{Prefix, Shortlist, TextError, TextModel};

/// Far more than a letter has.
const MOST_TOKENS: usize = 1200;
/// How flat the chance is by which further candidates are drawn.
const TEMPERATURE: f32 = 0.8;
/// Prompts whose shared beginning is kept computed: one for each language and example.
const KEPT_PREFIXES: usize = 4;
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
    /// It could not generate.
    #[error("model could not generate")]
    Generate(#[from] GenerateError),
    /// It could not read the prompt or rank a text.
    #[error("model could not read")]
    Text(#[from] TextError),
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

/// A model that runs in this process.
#[derive(Debug)]
pub struct LocalModel {
    model: Arc<TextModel>,
    guide: Guide,
    shortlist: Arc<Shortlist>,
    hash: String,
    prefixes: Mutex<BTreeMap<String, Arc<Prefix>>>,
}

impl LocalModel {
    /// Makes `model`, whose file has the SHA-256 `hash`, ready to be guided.
    pub fn new(model: Arc<TextModel>, hash: String) -> Result<Self, WordingError> {
        let guide = Guide::new(&model)?;
        let shortlist = Arc::new(model.shortlist(LETTERS, SHORTLIST));
        Ok(Self { model, guide, shortlist, hash, prefixes: Mutex::default() })
    }

    fn prefix(&self, shared: &str) -> Result<Arc<Prefix>, WordingError> {
        let held = || self.prefixes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(prefix) = held().get(shared) {
            return Ok(prefix.clone());
        }
        let tokens = self.model.tokenizer().encode_start(shared).map_err(TextError::from)?;
        let prefix = Arc::new(self.model.prefill(&tokens)?);
        let mut held = held();
        if held.len() >= KEPT_PREFIXES {
            held.clear();
        }
        held.insert(shared.to_owned(), prefix.clone());
        Ok(prefix)
    }
}

impl Wording for LocalModel {
    fn hash(&self) -> &str {
        &self.hash
    }

    fn word(&self, ask: &Ask<'_>) -> Result<Vec<Candidate>, WordingError> {
        let shared = self.prefix(ask.shared)?;
        let own = self.model.tokenizer().encode(ask.own).map_err(TextError::from)?;
        let (prefix, prompt) = if ask.samples == 0 || own.is_empty() {
            (shared, own)
        } else {
            // Several candidates share the whole prompt.
            let mut session = self.model.resume(&shared)?;
            session.extend(&own)?;
            (Arc::new(session.into_prefix()), Vec::new())
        };
        let request = |seed| Request {
            prefix: Some(prefix.clone()),
            prompt: prompt.clone(),
            grammar: Some(Grammar::lark(ask.grammar)),
            options: Options {
                max_tokens: MOST_TOKENS,
                sampling: match seed {
                    0 => Sampling::Greedy,
                    seed => Sampling::Random { temperature: TEMPERATURE, seed },
                },
            },
        };
        let requests = (0..=ask.samples).map(request).collect();
        let mut out: Vec<Candidate> = Vec::new();
        for generated in self.guide.generate_all(requests, Some(&self.shortlist)) {
            let generated = generated?;
            let complete = generated.stop == Stop::Complete;
            if complete && !out.iter().any(|other| other.text == generated.text) {
                let likelihood = mean(&generated);
                out.push(Candidate { text: generated.text, likelihood });
            }
        }
        out.sort_by(|a, b| b.likelihood.total_cmp(&a.likelihood));
        Ok(out)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a letter has few tokens")]
fn mean(generated: &Generated) -> f64 {
    generated.log_probability / generated.sampled.max(1) as f64
}
