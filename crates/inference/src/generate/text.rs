//! One text under way.

use std::sync::Arc;

use llguidance::Matcher;
use toktrie::SimpleVob;

use super::chance::{Chance, Choice};
use super::{GenerateError, Generated, Guide, Request, Stop};
use crate::text::{Cache, Prefix, TextError};

pub(super) struct Text {
    prefix: Option<Arc<Prefix>>,
    pub(super) cache: Cache,
    /// The row of the last token that was computed.
    pub(super) last: Vec<f32>,
    matcher: Option<Matcher>,
    pub(super) chance: Chance,
    /// All tokens after the prefix: first the prompt, then what was written.
    all: Vec<u32>,
    prompt: usize,
    /// How many of `all` the model has computed.
    done: usize,
    limit: usize,
    forced: usize,
    sampled: usize,
    log_probability: f64,
    /// Of each token that was written.
    log_probabilities: Vec<f64>,
    pub(super) ended: Option<Result<Stop, GenerateError>>,
}

impl std::fmt::Debug for Text {
    /// Without what it says: prompts and texts are nobody's business.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Text").field("tokens", &self.all.len()).finish_non_exhaustive()
    }
}

impl Text {
    pub(super) fn new(guide: &Guide, request: Request) -> Result<Self, GenerateError> {
        let Request { prefix, prompt, grammar, options } = request;
        let model = guide.model();
        if prefix.as_ref().is_some_and(|prefix| !model.owns(&prefix.cache)) {
            return Err(TextError::ForeignPrefix.into());
        }
        let shared = prefix.as_ref().map_or(0, |prefix| prefix.len());
        if shared + prompt.len() == 0 {
            return Err(TextError::Empty.into());
        }
        if let Some(id) = prompt.iter().find(|id| **id as usize >= model.tokenizer().size()) {
            return Err(TextError::UnknownToken(*id).into());
        }
        let (tokens, context) = (shared + prompt.len(), model.context());
        if tokens > context {
            return Err(TextError::ContextFull { tokens, context }.into());
        }
        let matcher = grammar.map(|grammar| guide.matcher(&grammar)).transpose()?;
        let mut text = Self {
            cache: model.cache(),
            last: Vec::new(),
            prefix,
            matcher,
            chance: Chance::new(options.sampling),
            prompt: prompt.len(),
            all: prompt,
            done: 0,
            limit: options.max_tokens.min(context - tokens),
            forced: 0,
            sampled: 0,
            log_probability: 0.0,
            log_probabilities: Vec::new(),
            ended: None,
        };
        text.rewind();
        text.force();
        Ok(text)
    }

    /// Gives back its pages; what it has written stays, to be computed again.
    pub(super) fn rewind(&mut self) {
        self.done = 0;
        match &self.prefix {
            Some(prefix) => {
                self.cache = prefix.cache.fork();
                self.last.clone_from(&prefix.last);
            }
            None => self.cache = self.cache.emptied(),
        }
    }

    /// Whether rewinding it would free anything.
    pub(super) fn holds(&mut self) -> bool {
        self.cache.holds()
    }

    /// Tokens that the model has not computed.
    pub(super) fn waiting(&self) -> &[u32] {
        self.all.get(self.done..).unwrap_or_default()
    }

    /// Cache and the first `count` tokens that it has not seen.
    pub(super) fn run(&mut self, count: usize) -> (&mut Cache, &[u32]) {
        (&mut self.cache, self.all.get(self.done..self.done + count).unwrap_or_default())
    }

    pub(super) fn computed(&mut self, count: usize) {
        self.done += count;
    }

    fn written(&self) -> usize {
        self.all.len() - self.prompt
    }

    /// Which tokens may follow; `None` if all may.
    pub(super) fn allowed(&mut self) -> Result<Option<SimpleVob>, GenerateError> {
        self.matcher.as_mut().map(|matcher| matcher.compute_mask().map_err(failed)).transpose()
    }

    /// Writes a chosen token, and what the grammar forces after it.
    pub(super) fn write(&mut self, choice: Choice, end: u32) {
        if let Some(Err(error)) =
            self.matcher.as_mut().map(|matcher| matcher.consume_token(choice.token))
        {
            self.ended = Some(Err(failed(error)));
        } else if choice.token == end {
            self.ended = Some(Ok(Stop::Complete));
        } else {
            self.log_probability += choice.log_probability;
            self.log_probabilities.push(choice.log_probability);
            self.all.push(choice.token);
            self.sampled += 1;
            self.force();
        }
    }

    /// Appends what the grammar leaves no choice about, and ends where nothing can follow.
    fn force(&mut self) {
        let room = self.limit - self.written();
        if let Some(matcher) = &mut self.matcher {
            if !matcher.is_stopped() {
                let forced = matcher.consume_ff_tokens();
                let fitting = forced.get(..forced.len().min(room)).unwrap_or_default();
                self.all.extend(fitting);
                self.log_probabilities.resize(self.all.len() - self.prompt, 0.0);
                self.forced += fitting.len();
                if forced.len() > room {
                    self.ended = Some(Ok(Stop::Limit));
                    return;
                }
            }
            if matcher.is_stopped() {
                self.ended = Some(match matcher.get_error() {
                    Some(error) => Err(GenerateError::Guide(error)),
                    None => Ok(Stop::Complete),
                });
                return;
            }
        }
        if self.written() >= self.limit {
            self.ended = Some(Ok(Stop::Limit));
        }
    }

    /// What became of it, once it has ended.
    pub(super) fn finish(self, guide: &Guide) -> Result<Generated, GenerateError> {
        let stop = self.ended.unwrap_or(Ok(Stop::Limit))?;
        let tokens = self.all.get(self.prompt..).unwrap_or_default().to_vec();
        Ok(Generated {
            text: guide.text(&tokens),
            tokens,
            forced: self.forced,
            sampled: self.sampled,
            log_probability: self.log_probability,
            log_probabilities: self.log_probabilities,
            stop,
        })
    }
}

pub(super) fn failed(error: impl std::fmt::Display) -> GenerateError {
    GenerateError::Guide(error.to_string())
}
