//! The jobs that figures of speed are made of, given to both engines in turn.

use super::job::{Loaded, Memory, Messages, Single};
use super::speed::{Best, Figures, Growth, Point};
use super::{Asked, Engine, EngineError, Job, LARGE, LARGE_BATCH, Model, Side, float};

/// The beginning that all messages share, what each has of its own, and what is written of it.
const SHARED: usize = 400;
const OWN: usize = 60;
const OUT: usize = 60;
/// How many tokens come at once where a grammar forces all but the first.
const FORCED: usize = 10;
/// How many tokens one sequence goes on for.
const DECODE: usize = 32;
/// The batch at which llama.cpp's ways to keep keys and values are tried.
const TRIED_AT: usize = 4;
/// No larger batch is tried after one with less than this share of the best's speed.
const TOO_SLOW: f64 = 0.9;
/// As few messages are never timed: one alone is over too soon.
const FEWEST: usize = 2;

/// What is written, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    run: usize,
    shortlist: bool,
}

/// The whole vocabulary is weighed for every token.
pub(super) const FREE: Kind = Kind { name: "messages", run: 1, shortlist: false };
/// Forced tokens come in runs, and only the shortlist is weighed for the others.
pub(super) const GRAMMAR: Kind = Kind { name: "messages, grammar", run: FORCED, shortlist: true };
const SHORTLIST: Kind = Kind { name: "messages, shortlist", run: 1, shortlist: true };
const FORCED_ALONE: Kind = Kind { name: "messages, forced", run: FORCED, shortlist: false };

/// One model with so many threads.
#[derive(Clone, Copy)]
pub(super) struct Measure<'a> {
    pub(super) model: &'a Model<'a>,
    pub(super) threads: usize,
}

/// An engine's turns, and what came of them.
pub(super) struct Turns {
    pub(super) side: Side,
    pub(super) growth: Growth,
    pub(super) bests: [Best; 2],
    pub(super) rounds: Vec<Figures>,
    /// What our engine says of its weights.
    pub(super) loaded: Option<Loaded>,
}

/// Part of a round.
#[derive(Debug, Clone, Copy)]
enum Turn {
    Load,
    Prompt(usize),
    Free,
    Grammar,
    Shortlist,
    Forced,
}

/// Peak memory is that of the first prompt: nothing larger has been done by then.
const ROUND: [Turn; 7] = [
    Turn::Load,
    Turn::Prompt(0),
    Turn::Prompt(1),
    Turn::Free,
    Turn::Grammar,
    Turn::Shortlist,
    Turn::Forced,
];

impl Measure<'_> {
    /// Finds out what each engine is best at.
    pub(super) fn grow(&self, side: Side) -> Result<Turns, EngineError> {
        let mut engine = self.model.start(side)?;
        let mut growth = Growth::default();
        let mut bests = [Best::default(); 2];
        let kinds = [(FREE, &mut growth.messages), (GRAMMAR, &mut growth.messages_grammar)];
        for ((kind, points), best) in kinds.into_iter().zip(&mut bests) {
            let memory = match side {
                Side::Ours => None,
                Side::Peer => Some(self.way(&mut engine, kind)?),
            };
            for batch in self.batches() {
                let per_s = self.messages(
                    &mut engine,
                    side,
                    kind,
                    Best { batch, memory, ..Best::default() },
                )?;
                points.push(Point {
                    batch,
                    per_s,
                    share_of_bandwidth: None,
                    share_of_prefill: None,
                });
                if per_s > best.per_s {
                    *best = Best { per_s, batch, memory };
                } else if per_s < best.per_s * TOO_SLOW {
                    break;
                }
            }
        }
        Ok(Turns { side, growth, bests, rounds: Vec::new(), loaded: None })
    }

    /// One round, each part by one engine after the other.
    pub(super) fn round(&self, sides: &mut [Turns]) -> Result<(), EngineError> {
        let mut engines = Vec::new();
        for turns in &mut *sides {
            turns.rounds.push(Figures::default());
            engines.push(self.model.start(turns.side)?);
        }
        for turn in ROUND {
            for (turns, engine) in sides.iter_mut().zip(&mut engines) {
                self.turn(turn, turns, engine)?;
            }
        }
        Ok(())
    }

    fn turn(&self, turn: Turn, turns: &mut Turns, engine: &mut Engine) -> Result<(), EngineError> {
        let (side, [free, grammar]) = (turns.side, turns.bests);
        let first = turns.rounds.len() == 1;
        let Some(figures) = turns.rounds.last_mut() else { return Ok(()) };
        match turn {
            Turn::Load => {
                let loaded: Loaded = engine.ask(&self.job(Asked::Load, false))?;
                figures.load_s = loaded.load.seconds(self.threads);
                turns.loaded = Some(loaded);
            }
            Turn::Prompt(at) => self.prompt(at, side, figures, engine)?,
            Turn::Free => figures.messages.per_s = self.messages(engine, side, FREE, free)?,
            Turn::Grammar => {
                figures.messages_grammar.per_s = self.messages(engine, side, GRAMMAR, grammar)?;
            }
            // llama.cpp has no shortlist, and what is forced was measured already. Of ours it is
            // the sum that is compared: its parts are measured once.
            Turn::Shortlist | Turn::Forced if side == Side::Peer || !first => {}
            Turn::Shortlist => {
                let per_s = self.messages(engine, side, SHORTLIST, free)?;
                figures.messages_shortlist_per_s = Some(per_s);
            }
            Turn::Forced => {
                let per_s = self.messages(engine, side, FORCED_ALONE, grammar)?;
                figures.messages_forced_per_s = Some(per_s);
            }
        }
        Ok(())
    }

    fn prompt(
        &self,
        at: usize,
        side: Side,
        figures: &mut Figures,
        engine: &mut Engine,
    ) -> Result<(), EngineError> {
        let Some(length) = self.model.setting.prompts.get(at).copied() else { return Ok(()) };
        let ids = self.model.prompt(0, length);
        let single: Single = engine.ask(&self.job(Asked::Single { ids, decode: DECODE }, false))?;
        let per_s = float(length) / single.prefill.seconds(self.threads);
        if let Some(slot) = figures.prefill_per_s.get_mut(at) {
            *slot = per_s;
        }
        self.note(side, &format!("prompt of {length}"), per_s);
        if at == 0 {
            figures.decode_per_s = float(DECODE) / single.decode.seconds(self.threads);
            figures.peak_mib = single.peak_mib;
            self.note(side, "one sequence", figures.decode_per_s);
        }
        Ok(())
    }

    /// The way to keep keys and values with which llama.cpp is fastest.
    fn way(&self, engine: &mut Engine, kind: Kind) -> Result<Memory, EngineError> {
        let mut best = (Memory::default(), 0.0);
        for (unified, flash) in [(true, false), (false, false), (true, true), (false, true)] {
            let memory = Memory { unified, flash };
            let at = Best { batch: TRIED_AT, memory: Some(memory), per_s: 0.0 };
            let per_s = self.messages(engine, Side::Peer, kind, at)?;
            if per_s > best.1 {
                best = (memory, per_s);
            }
        }
        Ok(best.0)
    }

    /// Messages a second.
    fn messages(
        &self,
        engine: &mut Engine,
        side: Side,
        kind: Kind,
        at: Best,
    ) -> Result<f64, EngineError> {
        let count = (at.batch * self.threads).max(FEWEST);
        let work = Asked::Messages {
            prefix: self.model.prompt(0, SHARED),
            owns: (0..count).map(|own| self.model.prompt(own * 7, OWN)).collect(),
            out: OUT,
            run: kind.run,
            batch: at.batch,
            memory: at.memory.unwrap_or_default(),
        };
        let took: Messages = engine.ask(&self.job(work, kind.shortlist))?;
        let per_s = float(count) / took.messages.seconds(self.threads);
        let way = at.memory.map(|it| format!(", unified {}, flash {}", it.unified, it.flash));
        let what = format!("{}, batch {}{}", kind.name, at.batch, way.unwrap_or_default());
        self.note(side, &what, per_s);
        Ok(per_s)
    }

    fn batches(&self) -> Vec<usize> {
        let large = std::fs::metadata(self.model.path).is_ok_and(|file| file.len() > LARGE);
        let most = if large { LARGE_BATCH } else { usize::MAX };
        let batches = self.model.setting.batches.iter();
        let mut batches: Vec<usize> = batches.map(|batch| (*batch).clamp(1, most)).collect();
        batches.dedup();
        batches
    }

    fn job(&self, work: Asked, shortlist: bool) -> Job {
        Job { shortlist, ..self.model.job(self.threads, work) }
    }

    fn note(&self, side: Side, what: &str, per_s: f64) {
        let who = side.name();
        self.model.note(&format!("{} threads, {who}, {what}: {per_s:.2}/s", self.threads));
    }

    /// How near our figures come to what the machine can do.
    pub(super) fn bounds(&self, figures: &mut Figures, loaded: &Loaded) {
        let speeds = &self.model.setting.read_gib_per_s;
        let share = |bytes: f64, per_s: f64, threads| {
            let limit = speeds.get(&threads).map(|gib| gib * float(1 << 30));
            limit.map(|limit| bytes * per_s / limit)
        };
        let (step, token) = (float(loaded.step_bytes), float(loaded.token_bytes));
        let read = token * float(self.model.setting.prompts[0] + DECODE / 2);
        figures.decode_share_of_bandwidth = share(step + read, figures.decode_per_s, self.threads);
        let prefill = figures.prefill_per_s[0];
        for point in &mut figures.growth.messages {
            let batch = float(point.batch);
            // In the middle of the writing; the shared beginning is read once for all.
            let seen = float(SHARED) + batch * float(OWN + OUT / 2);
            let message = float(OUT) * (step + token * seen) / batch;
            point.share_of_bandwidth = share(message, point.per_s, self.threads);
            point.share_of_prefill = Some(point.per_s * float(OWN + OUT) / prefill);
        }
    }
}
