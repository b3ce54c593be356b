//! One growing sequence, for callers that go token by token.

use super::cache::Cache;
use super::forward::{Run, Work};
use super::{Shortlist, TextError, TextModel};
use crate::kernels::rows;

/// How many tokens go through the layers at once: enough to fill the processor, few enough
/// that the rows of a long prompt stay in the cache.
pub(crate) const CHUNK: usize = 256;
/// How many rows of output scores are held at once when every position is wanted.
pub(crate) const SCORE_ROWS: usize = 16;

/// Tokens that were computed once, to be continued many times; share it in an `Arc`.
#[derive(Debug)]
pub struct Prefix {
    pub(crate) cache: Cache,
    /// The last token's row as the output table wants it, empty before the first.
    pub(crate) last: Vec<f32>,
}

/// One growing sequence of tokens.
#[derive(Debug)]
pub struct Session<'m> {
    model: &'m TextModel,
    cache: Cache,
    work: Work,
    last: Vec<f32>,
    logits: Vec<f32>,
}

impl TextModel {
    /// An empty sequence.
    #[must_use]
    pub fn session(&self) -> Session<'_> {
        Session {
            model: self,
            cache: self.cache(),
            work: Work::default(),
            last: Vec::new(),
            logits: Vec::new(),
        }
    }

    /// Computes `tokens` once, so that many sequences can begin with them.
    pub fn prefill(&self, tokens: &[u32]) -> Result<Prefix, TextError> {
        self.prefill_on(1, tokens)
    }

    /// As [`TextModel::prefill`], large parts of it shared out among so many threads.
    pub fn prefill_on(&self, threads: usize, tokens: &[u32]) -> Result<Prefix, TextError> {
        let mut session = self.session().on_threads(threads);
        session.extend(tokens)?;
        Ok(session.into_prefix())
    }

    /// A sequence that begins with `prefix`; nothing of it is computed again.
    pub fn resume(&self, prefix: &Prefix) -> Result<Session<'_>, TextError> {
        if !self.owns(&prefix.cache) {
            return Err(TextError::ForeignPrefix);
        }
        let mut session = self.session();
        session.cache = prefix.cache.fork();
        session.last.clone_from(&prefix.last);
        Ok(session)
    }
}

impl Prefix {
    /// How many tokens it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cache.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Session<'_> {
    /// The same sequence, whose steps share out their large parts among so many threads. It is
    /// one unless this is called; what is computed does not depend on it.
    #[must_use]
    pub fn on_threads(mut self, threads: usize) -> Self {
        self.work.on_threads(threads);
        self
    }

    /// Adds `tokens` and returns the scores (logits) of every candidate for the next one.
    pub fn append(&mut self, tokens: &[u32]) -> Result<&[f32], TextError> {
        self.extend(tokens)?;
        Ok(self.logits())
    }

    /// Adds `tokens`; scores are computed when they are asked for.
    pub fn extend(&mut self, tokens: &[u32]) -> Result<(), TextError> {
        if tokens.is_empty() {
            return Err(TextError::Empty);
        }
        for chunk in tokens.chunks(CHUNK) {
            self.step(chunk)?;
            self.last = self.model.last_row(&self.work, chunk.len() - 1);
        }
        Ok(())
    }

    fn step(&mut self, tokens: &[u32]) -> Result<(), TextError> {
        self.logits.clear();
        let run = Run { cache: &mut self.cache, tokens };
        self.model.forward(&mut [run], &mut self.work)
    }

    /// Adds to each session its tokens, all together, which costs far less than one after the
    /// other. The sessions are of one model, and none of the runs is empty.
    pub fn extend_all(sessions: &mut [(&mut Self, &[u32])]) -> Result<(), TextError> {
        let Some((first, _)) = sessions.first_mut() else { return Ok(()) };
        let (model, mut work) = (first.model, std::mem::take(&mut first.work));
        for (session, tokens) in &*sessions {
            if tokens.is_empty() {
                return Err(TextError::Empty);
            }
            if !std::ptr::eq(session.model, model) {
                return Err(TextError::ForeignPrefix);
            }
        }
        let waiting = sessions.iter_mut();
        let mut waiting: Vec<_> =
            waiting.map(|(session, tokens)| (&mut **session, *tokens)).collect();
        while !waiting.is_empty() {
            extend_some(model, &mut waiting, &mut work)?;
            waiting.retain(|(_, tokens)| !tokens.is_empty());
        }
        if let Some((first, _)) = sessions.first_mut() {
            first.work = work;
        }
        Ok(())
    }

    /// The likeliest token after each of the sessions, of those in `shortlist` if one is given.
    pub fn likeliest(
        sessions: &mut [&mut Self],
        shortlist: Option<&Shortlist>,
    ) -> Result<Vec<u32>, TextError> {
        let rows: Vec<f32> = sessions.iter().flat_map(|it| it.last.iter().copied()).collect();
        let Some(first) = sessions.first_mut() else { return Ok(Vec::new()) };
        let model = first.model;
        let best = |scores: &[f32]| {
            let at = rows::likeliest(model.tier(), scores)?;
            shortlist.map_or(u32::try_from(at).ok(), |list| list.ids.get(at).copied())
        };
        let scored = model.logits(shortlist, &rows, &mut first.work);
        scored.map(|scores| best(scores).ok_or(TextError::Empty)).collect()
    }

    /// Adds `tokens` and returns the log-probability that each had at its place.
    ///
    /// The session must not be empty: the first token's chance comes from what stands
    /// before it.
    pub fn append_scored(&mut self, tokens: &[u32]) -> Result<Vec<f64>, TextError> {
        if self.last.is_empty() || tokens.is_empty() {
            return Err(TextError::Empty);
        }
        let mut out = Vec::with_capacity(tokens.len());
        for chunk in tokens.chunks(CHUNK) {
            self.step(chunk)?;
            let mut rows = vec![std::mem::take(&mut self.last)];
            rows.extend((0..chunk.len()).map(|row| self.model.last_row(&self.work, row)));
            self.last = rows.pop().unwrap_or_default();
            for (rows, targets) in rows.chunks(SCORE_ROWS).zip(chunk.chunks(SCORE_ROWS)) {
                let logits = self.model.logits(None, &rows.concat(), &mut self.work);
                let scored = logits.zip(targets);
                out.extend(scored.map(|(row, target)| self.model.chance(row, *target)));
            }
        }
        Ok(out)
    }

    /// The scores after the last token; empty before the first.
    #[must_use]
    pub fn logits(&mut self) -> &[f32] {
        if self.logits.is_empty() && !self.last.is_empty() {
            let mut rows = self.model.logits(None, &self.last, &mut self.work);
            self.logits = rows.next().unwrap_or_default().to_vec();
        }
        &self.logits
    }

    /// How many tokens it holds, its prefix included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cache.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes what was computed so far a prefix for others.
    #[must_use]
    pub fn into_prefix(self) -> Prefix {
        Prefix { cache: self.cache, last: self.last }
    }
}

/// Adds to the first sessions their tokens, [`CHUNK`] at most, and leaves the later ones.
fn extend_some(
    model: &TextModel,
    sessions: &mut [(&mut Session<'_>, &[u32])],
    work: &mut Work,
) -> Result<(), TextError> {
    let mut room = CHUNK;
    let mut runs = Vec::new();
    let mut lasts = Vec::new();
    for (session, waiting) in sessions {
        let (tokens, later) = waiting.split_at(waiting.len().min(room));
        room -= tokens.len();
        *waiting = later;
        let Session { cache, last, logits, .. } = &mut **session;
        runs.push(Run { cache, tokens });
        logits.clear();
        lasts.push((CHUNK - room - 1, last));
        if room == 0 {
            break;
        }
    }
    model.forward(&mut runs, work)?;
    for (row, last) in lasts {
        *last = model.last_row(work, row);
    }
    Ok(())
}

impl TextModel {
    /// The natural logarithm of the softmax of `logits` at `token`.
    pub(crate) fn chance(&self, logits: &[f32], token: u32) -> f64 {
        let own = logits.get(token as usize).copied().unwrap_or(f32::NEG_INFINITY);
        f64::from(own) - rows::peak(self.tier(), logits).1
    }
}
