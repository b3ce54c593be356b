//! Texts that are generated together and join and leave at any step.

use std::sync::Arc;

use toktrie::SimpleVob;

use super::text::{Text, failed};
use super::{GenerateError, Generated, Guide, Request};
use crate::text::{CHUNK, Run, Shortlist, TextError, TextModel, Work};

/// Texts under way, each with the key that its caller gave it.
///
/// Where memory for keys and values runs out, the text that joined last gives its pages back
/// and computes its tokens again later; what it says does not change.
#[derive(Debug)]
pub struct Batch<'g, K = usize> {
    guide: &'g Guide,
    shortlist: Option<Arc<Shortlist>>,
    texts: Vec<(K, Text)>,
    work: Work,
}

/// Which scores a choice needs.
enum Ask {
    /// Of these tokens alone.
    Few(Vec<u32>),
    /// Of the shortlist, these allowed.
    Listed(Option<SimpleVob>),
    /// Of every token, these allowed.
    All(Option<SimpleVob>),
}

impl<'g, K: Clone> Batch<'g, K> {
    /// An empty batch. Where many tokens are allowed, those of `shortlist` alone are weighed,
    /// if one is given and has any of them.
    #[must_use]
    pub fn new(guide: &'g Guide, shortlist: Option<Arc<Shortlist>>) -> Self {
        Self { guide, shortlist, texts: Vec::new(), work: Work::default() }
    }

    /// Takes up a request under the caller's `key`.
    pub fn join(&mut self, key: K, request: Request) -> Result<(), GenerateError> {
        self.texts.push((key, Text::new(self.guide, request)?));
        Ok(())
    }

    /// Drops the texts whose key `keep` does not keep.
    pub fn retain(&mut self, mut keep: impl FnMut(&K) -> bool) {
        self.texts.retain(|(key, _)| keep(key));
    }

    /// Shares out the large parts of the steps to come among so many threads.
    pub fn on_threads(&mut self, threads: usize) {
        self.work.on_threads(threads);
    }

    /// How many texts are under way.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Computes what waits, up to a few hundred tokens, and makes the choices that can be made.
    /// Returns the texts that have ended by it.
    pub fn step(&mut self) -> Vec<(K, Result<Generated, GenerateError>)> {
        // A grammar that leaves no choice at all needs no model.
        let mut out = self.ended();
        if self.texts.is_empty() {
            return out;
        }
        if let Err(error) = self.compute() {
            // Nothing that is wrong with one text gets this far; what is left concerns all.
            let message = error.to_string();
            for (_, text) in &mut self.texts {
                text.ended = Some(Err(GenerateError::Guide(message.clone())));
            }
        } else {
            self.choose();
        }
        out.extend(self.ended());
        out
    }

    fn ended(&mut self) -> Vec<(K, Result<Generated, GenerateError>)> {
        let ended = self.texts.extract_if(.., |(_, text)| text.ended.is_some());
        ended.map(|(key, text)| (key, text.finish(self.guide))).collect()
    }

    /// Takes waiting tokens through the model.
    fn compute(&mut self) -> Result<(), TextError> {
        let mut counts = self.share();
        self.reserve(&mut counts);
        let mut runs = Vec::with_capacity(counts.len());
        for ((_, text), count) in
            self.texts.iter_mut().zip(&counts).filter(|(_, count)| **count > 0)
        {
            let (cache, tokens) = text.run(*count);
            runs.push(Run { cache, tokens });
        }
        if runs.is_empty() {
            return Ok(());
        }
        let model = self.guide.model();
        model.forward(&mut runs, &mut self.work)?;
        let mut row = 0;
        for ((_, text), count) in
            self.texts.iter_mut().zip(&counts).filter(|(_, count)| **count > 0)
        {
            row += count;
            text.computed(*count);
            text.last = model.last_row(&self.work, row - 1);
        }
        Ok(())
    }

    /// How many tokens of each text go into the next step: one of each before more of any, so
    /// that a long prompt does not hold up the others.
    fn share(&self) -> Vec<usize> {
        let mut room = CHUNK.max(self.texts.len());
        let waiting = |text: &Text| text.waiting().len();
        let mut counts: Vec<usize> =
            self.texts.iter().map(|(_, text)| waiting(text).min(1)).collect();
        room -= counts.iter().sum::<usize>();
        for (count, (_, text)) in counts.iter_mut().zip(&self.texts) {
            let more = waiting(text).saturating_sub(*count).min(room);
            *count += more;
            room -= more;
        }
        counts
    }

    /// Makes room for the next step; texts that joined late make way for earlier ones.
    fn reserve(&mut self, counts: &mut [usize]) {
        let tokens = self.guide.model().cache_tokens();
        for at in 0..self.texts.len() {
            let Some(count) = counts.get(at).copied().filter(|count| *count > 0) else { continue };
            while let Some((_, text)) = self.texts.get_mut(at)
                && text.cache.reserve(count).is_err()
            {
                let later = (at + 1..self.texts.len()).rfind(|later| {
                    self.texts.get_mut(*later).is_some_and(|(_, text)| text.holds())
                });
                let loser = later.unwrap_or(at);
                if let Some(count) = counts.get_mut(loser) {
                    *count = 0;
                }
                if loser == at {
                    self.give_way(at, TextError::CacheFull { tokens });
                    break;
                }
                if let Some((_, text)) = self.texts.get_mut(loser) {
                    text.rewind();
                }
            }
        }
    }

    /// The text waits for earlier ones; if there is none, there will never be room for it.
    fn give_way(&mut self, at: usize, error: TextError) {
        let earlier = self.texts.iter().take(at).any(|(_, text)| text.ended.is_none());
        if let Some((_, text)) = self.texts.get_mut(at) {
            text.rewind();
            if !earlier {
                text.ended = Some(Err(error.into()));
            }
        }
    }

    /// Chooses the next token of every text whose tokens are all computed.
    fn choose(&mut self) {
        let model = self.guide.model();
        let mut asks: Vec<(usize, Ask)> = Vec::new();
        for (at, (_, text)) in self.texts.iter_mut().enumerate() {
            if text.waiting().is_empty() && text.ended.is_none() {
                match text.allowed() {
                    Ok(allowed) => asks.push((at, ask(model, self.shortlist.as_deref(), allowed))),
                    Err(error) => text.ended = Some(Err(error)),
                }
            }
        }
        let (mut listed, mut all) = (Vec::new(), Vec::new());
        for (at, ask) in asks {
            let Some((_, text)) = self.texts.get_mut(at) else { continue };
            match ask {
                Ask::Few(ids) => {
                    let scores = model.logits_at(&ids, &text.last, &mut self.work);
                    finish_choice(model, text, &ids, &scores);
                }
                Ask::Listed(allowed) => listed.push((at, allowed)),
                Ask::All(allowed) => all.push((at, allowed)),
            }
        }
        let list = self.shortlist.clone();
        self.choose_among(list.as_deref(), &listed);
        self.choose_among(None, &all);
    }

    /// Chooses for texts that many tokens are allowed to: all their rows are scored at once.
    fn choose_among(&mut self, list: Option<&Shortlist>, asks: &[(usize, Option<SimpleVob>)]) {
        if asks.is_empty() {
            return;
        }
        let model = self.guide.model();
        let last = asks.iter().filter_map(|(at, _)| self.texts.get(*at));
        let rows: Vec<f32> = last.flat_map(|(_, text)| text.last.iter().copied()).collect();
        for ((at, allowed), scores) in asks.iter().zip(model.logits(list, &rows, &mut self.work)) {
            let Some((_, text)) = self.texts.get_mut(*at) else { continue };
            let (ids, scores) = match list {
                Some(list) => candidates(list.ids.iter().copied(), scores, allowed.as_ref()),
                None => candidates(0.., scores, allowed.as_ref()),
            };
            finish_choice(model, text, &ids, &scores);
        }
    }
}

fn finish_choice(model: &TextModel, text: &mut Text, ids: &[u32], scores: &[f32]) {
    match text.chance.choose(model.tier(), ids, scores) {
        Some(choice) => text.write(choice, model.tokenizer().end()),
        None => text.ended = Some(Err(failed("no token is allowed"))),
    }
}

fn ask(model: &TextModel, list: Option<&Shortlist>, allowed: Option<SimpleVob>) -> Ask {
    let Some(allowed) = allowed else {
        return if list.is_some() { Ask::Listed(None) } else { Ask::All(None) };
    };
    let size = u32::try_from(model.tokenizer().size()).unwrap_or(u32::MAX);
    let mut ids = Vec::new();
    allowed.iter_set_entries(|id| ids.extend(u32::try_from(id).ok().filter(|id| *id < size)));
    if model.are_few(&ids, list) {
        Ask::Few(ids)
    } else if list.is_some_and(|list| list.ids.iter().any(|id| allowed.is_allowed(*id))) {
        Ask::Listed(Some(allowed))
    } else {
        Ask::All(Some(allowed))
    }
}

/// The allowed tokens of a row and their scores.
fn candidates(
    ids: impl Iterator<Item = u32>,
    scores: &[f32],
    allowed: Option<&SimpleVob>,
) -> (Vec<u32>, Vec<f32>) {
    let scored = ids.zip(scores.iter().copied());
    scored.filter(|(id, _)| allowed.is_none_or(|allowed| allowed.is_allowed(*id))).unzip()
}
