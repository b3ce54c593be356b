//! Text under a grammar: the model chooses only where the grammar leaves a choice.
//!
//! What the grammar forces is appended without being sampled. llguidance's adapter for the
//! `tokenizers` crate is pinned to an older version of it, so ours stands here; it also lets
//! a SentencePiece model be guided.

use std::collections::HashSet;
use std::sync::Arc;

use llguidance::api::TopLevelGrammar;
use llguidance::{Matcher, ParserFactory};
use toktrie::{InferenceCapabilities, SimpleVob, TokEnv, TokRxInfo, TokTrie, TokenizerEnv};

use crate::text::{Session, TextError, TextModel, log_probability};
use crate::tokenizer::Tokenizer;

/// Why no text was generated.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The grammar does not compile.
    #[error("grammar does not compile: {0}")]
    Grammar(String),
    /// The vocabulary cannot be guided.
    #[error("the model's vocabulary cannot be guided: {0}")]
    Vocabulary(String),
    /// The grammar engine failed on the way.
    #[error("grammar engine failed: {0}")]
    Guide(String),
    /// The model failed.
    #[error(transparent)]
    Text(#[from] TextError),
}

/// What a text may look like.
#[derive(Debug, Clone)]
pub struct Grammar(Source);

#[derive(Debug, Clone)]
enum Source {
    Lark(String),
    Regex(String),
}

impl Grammar {
    /// A grammar in the Lark notation of llguidance, beginning at `start`.
    #[must_use]
    pub fn lark(source: &str) -> Self {
        Self(Source::Lark(source.to_owned()))
    }

    /// A regular expression that the whole text must match.
    #[must_use]
    pub fn regex(source: &str) -> Self {
        Self(Source::Regex(source.to_owned()))
    }
}

/// How a token is chosen among those that the grammar allows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sampling {
    /// The likeliest.
    Greedy,
    /// By chance, in proportion to `exp(logit / temperature)`.
    Random {
        /// Above zero; below 1 sharper, above 1 flatter.
        temperature: f32,
        /// The same seed gives the same text.
        seed: u64,
    },
}

/// How to generate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Stop after so many tokens, forced ones included.
    pub max_tokens: usize,
    /// How to choose.
    pub sampling: Sampling,
}

/// Why a text ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The grammar is fulfilled.
    Complete,
    /// The limit on tokens was reached: the text is cut off and need not match the grammar.
    Limit,
}

/// A generated text.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// The text itself.
    pub text: String,
    /// Its tokens.
    pub tokens: Vec<u32>,
    /// How many of them the grammar forced.
    pub forced: usize,
    /// How many of them the model chose.
    pub sampled: usize,
    /// The sum of the log-probabilities of the chosen tokens, as the model gave them before
    /// the grammar cut any off. Texts whose forced parts differ are compared with
    /// [`crate::score`] instead.
    pub log_probability: f64,
    /// Why it ended.
    pub stop: Stop,
}

/// The grammar engine for one model's vocabulary. It takes a second to make and is shared.
pub struct Guide {
    factory: ParserFactory,
    ends: HashSet<u32>,
}

impl std::fmt::Debug for Guide {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guide").finish_non_exhaustive()
    }
}

impl Guide {
    /// Prepares the vocabulary of `model`.
    pub fn new(model: &Arc<TextModel>) -> Result<Self, GenerateError> {
        let environment: TokEnv = Arc::new(Environment::new(model.clone())?);
        let capabilities =
            InferenceCapabilities { ff_tokens: true, ..InferenceCapabilities::default() };
        let mut factory = ParserFactory::new(&environment, capabilities, &[])
            .map_err(|e| GenerateError::Vocabulary(e.to_string()))?;
        // The engine prints to stderr at higher levels.
        factory.quiet();
        Ok(Self { factory, ends: HashSet::from([model.tokenizer().end()]) })
    }

    /// Says whether `grammar` compiles, without generating.
    pub fn check(&self, grammar: &Grammar) -> Result<(), GenerateError> {
        self.matcher(grammar).map(|_| ())
    }

    /// Continues `session` with a text that matches `grammar`.
    ///
    /// The session is used up: tokens are computed only once a choice depends on them, so what
    /// the grammar forces after the last choice never is.
    pub fn generate(
        &self,
        session: Session<'_>,
        grammar: &Grammar,
        options: &Options,
    ) -> Result<Generated, GenerateError> {
        let mut run = Run {
            matcher: self.matcher(grammar)?,
            session,
            chance: Chance::new(options.sampling),
            tokens: Vec::new(),
            waiting: Vec::new(),
            forced: 0,
            sampled: 0,
            log_probability: 0.0,
        };
        let stop = run.go(options.max_tokens, &self.ends)?;
        Ok(Generated {
            text: self.text(&run.tokens),
            forced: run.forced,
            sampled: run.sampled,
            log_probability: run.log_probability,
            tokens: run.tokens,
            stop,
        })
    }

    fn matcher(&self, grammar: &Grammar) -> Result<Matcher, GenerateError> {
        let grammar = match &grammar.0 {
            Source::Lark(source) => TopLevelGrammar::from_lark(source.clone()),
            Source::Regex(source) => TopLevelGrammar::from_regex(source),
        };
        let matcher = Matcher::new(self.factory.create_parser(grammar));
        match matcher.get_error() {
            Some(error) => Err(GenerateError::Grammar(error)),
            None => Ok(matcher),
        }
    }

    fn text(&self, tokens: &[u32]) -> String {
        let bytes = self.factory.tok_env().tok_trie().decode(tokens);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// One generation under way.
struct Run<'m> {
    matcher: Matcher,
    session: Session<'m>,
    chance: Chance,
    tokens: Vec<u32>,
    /// Tokens of the text that the session has not seen: a chosen one goes in together with
    /// those that the grammar forces after it.
    waiting: Vec<u32>,
    forced: usize,
    sampled: usize,
    log_probability: f64,
}

impl Run<'_> {
    fn go(&mut self, limit: usize, ends: &HashSet<u32>) -> Result<Stop, GenerateError> {
        loop {
            if self.matcher.is_stopped() {
                return self.complete();
            }
            let forced = self.matcher.consume_ff_tokens();
            let room = limit.saturating_sub(self.tokens.len());
            let fitting = forced.get(..forced.len().min(room)).unwrap_or_default();
            self.tokens.extend(fitting);
            self.waiting.extend(fitting);
            self.forced += fitting.len();
            if forced.len() > room {
                return Ok(Stop::Limit);
            }
            if self.matcher.is_stopped() {
                return self.complete();
            }
            if self.tokens.len() >= limit {
                return Ok(Stop::Limit);
            }
            let token = self.choose()?;
            self.matcher.consume_token(token).map_err(guide)?;
            if ends.contains(&token) {
                return Ok(Stop::Complete);
            }
            self.log_probability += log_probability(self.session.logits(), token);
            self.tokens.push(token);
            self.waiting.push(token);
            self.sampled += 1;
        }
    }

    fn complete(&self) -> Result<Stop, GenerateError> {
        match self.matcher.get_error() {
            Some(error) => Err(GenerateError::Guide(error)),
            None => Ok(Stop::Complete),
        }
    }

    fn choose(&mut self) -> Result<u32, GenerateError> {
        if !self.waiting.is_empty() {
            self.session.append(&self.waiting)?;
            self.waiting.clear();
        }
        let mask = self.matcher.compute_mask().map_err(guide)?;
        let logits = self.session.logits();
        if logits.is_empty() {
            return Err(TextError::Empty.into());
        }
        self.chance
            .choose(logits, &mask)
            .ok_or_else(|| GenerateError::Guide("no token is allowed".to_owned()))
    }
}

fn guide(error: impl std::fmt::Display) -> GenerateError {
    GenerateError::Guide(error.to_string())
}

/// Draws tokens; the state of a small generator (`SplitMix64`) is all it remembers.
struct Chance {
    sampling: Sampling,
    state: u64,
}

impl Chance {
    fn new(sampling: Sampling) -> Self {
        let state = match sampling {
            Sampling::Greedy => 0,
            Sampling::Random { seed, .. } => seed,
        };
        Self { sampling, state }
    }

    fn choose(&mut self, logits: &[f32], allowed: &SimpleVob) -> Option<u32> {
        let candidates = || (0u32..).zip(logits).filter(|(id, _)| allowed.is_allowed(*id));
        // The first of equals, so that the choice does not depend on the order of the search.
        let best = candidates().reduce(|best, next| if next.1 > best.1 { next } else { best })?;
        let temperature = match self.sampling {
            Sampling::Random { temperature, .. } if temperature > 0.0 => f64::from(temperature),
            _ => return Some(best.0),
        };
        let weight = |logit: f32| (f64::from(logit - best.1) / temperature).exp();
        let total: f64 = candidates().map(|(_, logit)| weight(*logit)).sum();
        let mut left = self.next() * total;
        for (id, logit) in candidates() {
            left -= weight(*logit);
            if left < 0.0 {
                return Some(id);
            }
        }
        Some(best.0)
    }

    /// A number from 0 up to, but not including, 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exactly what an f64 holds")]
    fn next(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A model's vocabulary as the grammar engine wants it.
struct Environment {
    trie: TokTrie,
    model: Arc<TextModel>,
}

impl Environment {
    fn new(model: Arc<TextModel>) -> Result<Self, GenerateError> {
        let tokenizer = model.tokenizer();
        let size = u32::try_from(tokenizer.size())
            .map_err(|_| GenerateError::Vocabulary("it is too large".to_owned()))?;
        let words: Vec<Vec<u8>> = (0..size).map(|id| word(tokenizer, id)).collect();
        let mut info = TokRxInfo::new(size, tokenizer.end());
        info.tok_bos = tokenizer.start();
        let trie = TokTrie::from(&info, &words);
        Ok(Self { trie, model })
    }
}

impl TokenizerEnv for Environment {
    fn tok_trie(&self) -> &TokTrie {
        &self.trie
    }

    fn tokenize_bytes(&self, bytes: &[u8]) -> Vec<u32> {
        self.trie.tokenize_with_greedy_fallback(bytes, |text| {
            self.model
                .tokenizer()
                .encode(text)
                .unwrap_or_else(|_| self.trie.greedy_tokenize(text.as_bytes()))
        })
    }
}

/// The bytes of a token. Control tokens are marked, so that no text can match them.
fn word(tokenizer: &Tokenizer, id: u32) -> Vec<u8> {
    match tokenizer.control_name(id) {
        Some(name) => [&[TokTrie::SPECIAL_TOKEN_MARKER], name.as_bytes()].concat(),
        None => tokenizer.bytes(id),
    }
}
