//! What speed has cost: the same texts and prompts, judged and continued by both engines.

use serde::Serialize;

use super::job::{Choices, Job, Scores, Tokens};
use super::{Asked, Engine, EngineError, Model, Side, float};

/// Prose about procedures, in two languages.
pub(super) const VIETNAMESE: &str =
    include_str!("../../../../crates/inference/tests/data/procedure-vi.txt");
const ENGLISH: &str = include_str!("../../../../crates/inference/tests/data/procedure-en.txt");
/// Beginnings of texts, one a line.
const PROMPTS: &str = include_str!("../../../data/inference/prompts.txt");
/// How many tokens each is continued by.
const FIRST: usize = 32;

/// Our engine beside the other.
#[derive(Debug, Clone, Serialize)]
pub struct Quality {
    /// A Vietnamese text.
    pub vietnamese: Reading,
    /// An English one.
    pub english: Reading,
    /// The likeliest continuations of prompts.
    pub greedy: Greedy,
}

/// A text that both engines read.
#[derive(Debug, Clone, Serialize)]
pub struct Reading {
    /// How many tokens it has.
    pub tokens: usize,
    /// Whether both engines cut it into the same ones.
    pub same_tokens: bool,
    /// How perplexed we are: lower is better.
    pub perplexity: f64,
    /// How perplexed they are.
    pub peer_perplexity: f64,
    /// Ours over theirs, less 1.
    pub difference: f64,
    /// What the writer's shortlist does to it.
    pub shortlist: Listed,
}

/// The effect of a shortlist on a text.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// How many of the text's tokens it has.
    pub share_of_tokens: f64,
    /// How many of the tokens that the other engine would have chosen it has.
    pub share_of_peer_choices: f64,
    /// Our perplexity over the tokens that it has, the whole vocabulary weighed.
    pub perplexity_of_all: f64,
    /// The same with the chances of the shortlist's tokens alone, which sum up to 1.
    pub perplexity_of_listed: f64,
}

/// Prompts that both engines continue.
#[derive(Debug, Clone, Serialize)]
pub struct Greedy {
    /// How many.
    pub prompts: usize,
    /// How many tokens each.
    pub tokens: usize,
    /// Of the tokens that the other engine wrote, how many we would choose in its place, after
    /// the same text: the agreement of two engines.
    pub same_choice: f64,
    /// Where each goes on from its own tokens: how many come before the first that differs. One
    /// near-tie that falls the other way makes all later ones differ.
    pub same_text: f64,
    /// How many prompts are continued alike to the end.
    pub whole_texts: usize,
}

/// Compares; there is nothing to compare where there is no other engine.
pub(super) fn quality(model: &Model<'_>) -> Result<Option<Quality>, EngineError> {
    if !model.has_peer {
        return Ok(None);
    }
    let mut both = Both { model, ours: model.start(Side::Ours)?, peer: model.start(Side::Peer)? };
    Ok(Some(Quality {
        vietnamese: both.reading("Vietnamese", VIETNAMESE)?,
        english: both.reading("English", ENGLISH)?,
        greedy: both.greedy()?,
    }))
}

struct Both<'a> {
    model: &'a Model<'a>,
    ours: Engine,
    peer: Engine,
}

impl Both<'_> {
    fn reading(&mut self, language: &str, text: &str) -> Result<Reading, EngineError> {
        let tokens = self.model.job(1, Asked::Tokens { text: text.to_owned() });
        let ids = self.ours.ask::<Tokens>(&tokens)?.ids;
        let same_tokens = self.peer.ask::<Tokens>(&tokens)?.ids == ids;
        let count = ids.len();
        let job = Job { shortlist: true, ..self.model.job(1, Asked::Score { ids }) };
        let (ours, peer): (Scores, Scores) = (self.ours.ask(&job)?, self.peer.ask(&job)?);
        let chosen = Asked::Listed { ids: peer.likeliest.clone() };
        let listed: Tokens = self.ours.ask(&self.model.job(1, chosen))?;
        let reading = Reading {
            tokens: count,
            same_tokens,
            perplexity: perplexity(&ours.log_probabilities),
            peer_perplexity: perplexity(&peer.log_probabilities),
            difference: perplexity(&ours.log_probabilities) / perplexity(&peer.log_probabilities)
                - 1.0,
            shortlist: Listed::new(&ours, share(listed.ids.len(), peer.likeliest.len())),
        };
        self.model.note(&format!(
            "perplexity of the {language} text: ours {:.3}, theirs {:.3}",
            reading.perplexity, reading.peer_perplexity
        ));
        Ok(reading)
    }

    fn greedy(&mut self) -> Result<Greedy, EngineError> {
        let mut prompts = Vec::new();
        for line in PROMPTS.lines() {
            let tokens = self.model.job(1, Asked::Tokens { text: line.to_owned() });
            prompts.push(self.ours.ask::<Tokens>(&tokens)?.ids);
        }
        let choices = |follow: &[Vec<u32>]| {
            let (prompts, follow) = (prompts.clone(), follow.to_vec());
            self.model.job(1, Asked::Choices { prompts, follow, count: FIRST })
        };
        let peer: Choices = self.peer.ask(&choices(&[]))?;
        let own: Choices = self.ours.ask(&choices(&[]))?;
        let same: Choices = self.ours.ask(&choices(&peer.choices))?;
        let greedy = Greedy::new(&peer.choices, &same.choices, &own.choices);
        self.model.note(&format!(
            "greedy, after the same text: {:.1} % of tokens alike",
            greedy.same_choice * 100.0
        ));
        Ok(greedy)
    }
}

impl Listed {
    fn new(ours: &Scores, share_of_peer_choices: f64) -> Self {
        let both = ours.log_probabilities.iter().zip(&ours.listed);
        let within: Vec<(f64, f64)> =
            both.filter_map(|(all, listed)| Some((*all, (*listed)?))).collect();
        let (all, listed): (Vec<f64>, Vec<f64>) = within.into_iter().unzip();
        Self {
            share_of_tokens: share(listed.len(), ours.listed.len()),
            share_of_peer_choices,
            perplexity_of_all: perplexity(&all),
            perplexity_of_listed: perplexity(&listed),
        }
    }
}

impl Greedy {
    /// `peer` is what the other engine wrote, `same` what we choose in its place, `own` what we
    /// write.
    fn new(peer: &[Vec<u32>], same: &[Vec<u32>], own: &[Vec<u32>]) -> Self {
        let alike = |other: &[Vec<u32>], count: &dyn Fn(&[u32], &[u32]) -> usize| -> usize {
            peer.iter().zip(other).map(|(a, b)| count(a, b)).sum()
        };
        let equal = |a: &[u32], b: &[u32]| a.iter().zip(b).filter(|(a, b)| a == b).count();
        let before = |a: &[u32], b: &[u32]| a.iter().zip(b).take_while(|(a, b)| a == b).count();
        let all: usize = peer.iter().map(Vec::len).sum();
        Self {
            prompts: peer.len(),
            tokens: peer.first().map_or(0, Vec::len),
            same_choice: share(alike(same, &equal), all),
            same_text: share(alike(own, &before), all),
            whole_texts: peer.iter().zip(own).filter(|(a, b)| a == b).count(),
        }
    }
}

/// Of the mean log-probability.
fn perplexity(log_probabilities: &[f64]) -> f64 {
    (-log_probabilities.iter().sum::<f64>() / float(log_probabilities.len())).exp()
}

fn share(part: usize, all: usize) -> f64 {
    if all == 0 { 0.0 } else { float(part) / float(all) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_after_the_same_text_and_texts_that_part_are_told_apart() {
        let peer = [vec![1, 2, 3, 4], vec![5, 6, 7, 8]];
        let same = [vec![1, 9, 3, 4], vec![5, 6, 7, 8]];
        let own = [vec![1, 9, 9, 4], vec![5, 6, 7, 8]];
        let greedy = Greedy::new(&peer, &same, &own);
        assert_eq!((greedy.prompts, greedy.tokens, greedy.whole_texts), (2, 4, 1));
        assert!((greedy.same_choice - 7.0 / 8.0).abs() < 1e-12);
        assert!((greedy.same_text - 5.0 / 8.0).abs() < 1e-12);
    }

    #[test]
    fn a_shortlist_is_judged_by_the_tokens_that_it_has() {
        let scores = Scores {
            log_probabilities: vec![0.25f64.ln(), 0.01f64.ln(), 0.25f64.ln()],
            listed: vec![Some(0.5f64.ln()), None, Some(0.5f64.ln())],
            likeliest: vec![1, 2, 3],
        };
        let listed = Listed::new(&scores, 0.9);
        assert!((listed.share_of_tokens - 2.0 / 3.0).abs() < 1e-12);
        assert!((listed.perplexity_of_all - 4.0).abs() < 1e-9);
        assert!((listed.perplexity_of_listed - 2.0).abs() < 1e-9);
    }

    #[test]
    fn there_are_fifty_different_prompts() {
        let prompts: std::collections::BTreeSet<&str> = PROMPTS.lines().collect();
        assert_eq!(prompts.len(), 50);
        assert!(prompts.iter().all(|prompt| prompt.trim() == *prompt && prompt.len() > 10));
    }
}
