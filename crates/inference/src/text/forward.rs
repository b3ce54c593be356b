//! One step of many sequences: their new tokens stand below each other as rows of one matrix,
//! without padding, and only attention tells them apart.

use std::sync::Mutex;

use super::cache::{Cache, Full};
use super::config::Config;
use super::rope::Angles;
use super::{TextError, TextModel};
use crate::kernels::attention::{PAGE, Room, Sight, Visit};
use crate::kernels::{Activations, Tier, rows};

/// Rows whose attention is computed together: their scores stay in the nearer caches.
pub(super) const BLOCK_ROWS: usize = 32;

/// The tokens that follow what is in `cache`.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub(crate) cache: &'a mut Cache,
    pub(crate) tokens: &'a [u32],
}

/// What a step is computed in; kept from step to step, one for each thread.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// The rows between the layers; after a step, what comes out of the last.
    pub(super) hidden: Vec<f32>,
    pub(super) normed: Vec<f32>,
    pub(super) queries: Vec<f32>,
    pub(super) keys: Vec<f32>,
    pub(super) values: Vec<f32>,
    pub(super) mixed: Vec<f32>,
    pub(super) gates: Vec<f32>,
    pub(super) ups: Vec<f32>,
    pub(super) acts: Activations,
    /// How many threads large parts of a step are shared out among; none counts as one.
    pub(super) threads: usize,
    /// One for each thread.
    pub(super) rooms: Mutex<Vec<Room>>,
    /// Scores of the last tokens that were scored: a vocabulary's are worth keeping room for.
    pub(super) logits: Vec<f32>,
}

/// What a layer needs to know of the step.
pub(super) struct Step<'a, 'r> {
    pub(super) config: &'a Config,
    pub(super) tier: Tier,
    pub(super) threads: usize,
    pub(super) angles: &'a Angles,
    pub(super) plan: &'a Plan,
    pub(super) runs: &'a mut [Run<'r>],
    pub(super) layer: usize,
}

impl TextModel {
    /// Takes the tokens of all runs through the layers. Their rows are in `work` then, one
    /// below the other. Nothing has changed for the caches if this fails.
    pub(crate) fn forward(&self, runs: &mut [Run<'_>], work: &mut Work) -> Result<(), TextError> {
        for run in &mut *runs {
            self.check(run)?;
        }
        for run in &mut *runs {
            run.cache
                .reserve(run.tokens.len())
                .map_err(|Full| TextError::CacheFull { tokens: self.pool.tokens() })?;
        }
        let width = self.config.width;
        let count: usize = runs.iter().map(|run| run.tokens.len()).sum();
        work.hidden.resize(count * width, 0.0);
        let tokens = runs.iter().flat_map(|run| run.tokens);
        for (token, row) in tokens.zip(work.hidden.chunks_exact_mut(width)) {
            self.words.row(*token as usize, row);
            for x in row {
                *x *= self.config.word_scale;
            }
        }
        let plan = Plan::new(&self.config, runs);
        for (at, layer) in self.layers.iter().enumerate() {
            let mut step = Step {
                config: &self.config,
                tier: self.tier,
                threads: work.threads,
                angles: &self.angles,
                plan: &plan,
                runs,
                layer: at,
            };
            layer.forward(&mut step, work);
        }
        for run in runs {
            run.cache.advance(run.tokens.len());
        }
        Ok(())
    }

    fn check(&self, run: &Run<'_>) -> Result<(), TextError> {
        let size = self.tokenizer.size();
        if let Some(id) = run.tokens.iter().find(|id| **id as usize >= size) {
            return Err(TextError::UnknownToken(*id));
        }
        let tokens = run.cache.len() + run.tokens.len();
        if tokens > self.config.context {
            return Err(TextError::ContextFull { tokens, context: self.config.context });
        }
        Ok(())
    }

    /// The `row`th row of the last step, as the output table wants it.
    pub(crate) fn last_row(&self, work: &Work, row: usize) -> Vec<f32> {
        let width = self.config.width;
        let mut out = vec![0.0; width];
        if let Some(hidden) = work.hidden.get(row * width..(row + 1) * width) {
            rows::norm(self.tier, hidden, &self.norm, self.config.norm_eps, &mut out);
        }
        out
    }
}

impl Work {
    pub(crate) fn on_threads(&mut self, threads: usize) {
        self.threads = threads;
    }

    /// Norms the hidden rows and quantises them for the products to come.
    pub(super) fn read(&mut self, step: &Step<'_, '_>, norm: &[f32]) {
        self.normed.resize(self.hidden.len(), 0.0);
        let eps = step.config.norm_eps;
        rows::norm(step.tier, &self.hidden, norm, eps, &mut self.normed);
        self.acts.set(step.tier, &self.normed, step.config.width);
    }

    /// Adds what a part gave to the hidden rows.
    pub(super) fn keep(&mut self, step: &Step<'_, '_>, norm: Option<&[f32]>) {
        if let Some(norm) = norm {
            rows::norm_in_place(step.tier, &mut self.normed, norm, step.config.norm_eps);
        }
        rows::add(&self.normed, &mut self.hidden);
    }
}

/// Which pages the tokens of a step look at.
#[derive(Debug)]
pub(super) struct Plan {
    global: Vec<Block>,
    /// Empty where no layer is local.
    local: Vec<Block>,
}

/// Some neighbouring rows of a step.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) first: usize,
    pub(super) sights: Vec<Sight>,
    pub(super) visits: Vec<Visit>,
    /// A run that has the page, and the page's place in it.
    pub(super) sources: Vec<(usize, usize)>,
}

impl Plan {
    fn new(config: &Config, runs: &[Run<'_>]) -> Self {
        let mut places = Vec::new();
        for (at, run) in runs.iter().enumerate() {
            let start = run.cache.len();
            places.extend((start..start + run.tokens.len()).map(|place| (at, place)));
        }
        let blocks = |window: Option<usize>| {
            let first = (0..).step_by(BLOCK_ROWS);
            let blocks = first.zip(places.chunks(BLOCK_ROWS));
            blocks.map(|(first, rows)| Block::new(first, rows, window, runs)).collect()
        };
        Self {
            global: blocks(None),
            local: config.window.map(|window| blocks(Some(window))).unwrap_or_default(),
        }
    }

    pub(super) fn blocks(&self, local: bool) -> &[Block] {
        if local { &self.local } else { &self.global }
    }
}

impl Block {
    fn new(first: usize, rows: &[(usize, usize)], window: Option<usize>, runs: &[Run<'_>]) -> Self {
        let sight = |place: usize| Sight {
            from: window.map_or(0, |window| (place + 1).saturating_sub(window)),
            to: place + 1,
        };
        let sights: Vec<Sight> = rows.iter().map(|(_, place)| sight(*place)).collect();
        let mut block = Self { first, sights, visits: Vec::new(), sources: Vec::new() };
        let pages = block.sights.iter().map(|sight| sight.to.div_ceil(PAGE)).max().unwrap_or(0);
        for at in 0..pages {
            // Pages of this place, each with whom it belongs to.
            let start = block.visits.len();
            let mut identities: Vec<Option<usize>> = Vec::new();
            for (token, ((run, _), sight)) in rows.iter().zip(&block.sights).enumerate() {
                if sight.to <= at * PAGE || sight.from >= (at + 1) * PAGE {
                    continue;
                }
                let identity = runs.get(*run).and_then(|run| run.cache.identity(at));
                let known = identities.iter().rposition(|other| *other == identity);
                if let Some(visit) = known.and_then(|known| block.visits.get_mut(start + known)) {
                    visit.tokens.push(token);
                } else {
                    identities.push(identity);
                    let page = block.sources.len();
                    block.sources.push((*run, at));
                    block.visits.push(Visit { at, page, tokens: vec![token] });
                }
            }
        }
        block
    }
}
