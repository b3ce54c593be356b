//! How fast, and in how much memory: one model, one number of threads.

use serde::Serialize;

use super::job::Memory;
use super::measure::Measure;
use super::{EngineError, Model, Side, median};

/// How many times as much as the other engine; not known without one, or with a model that is
/// not for this.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Ratios {
    /// Messages a second with the whole vocabulary, best batch of each, ours over theirs.
    pub messages_ratio: Option<f64>,
    /// The same with forced tokens in runs of ten; ours with the writer's shortlist.
    pub messages_grammar_ratio: Option<f64>,
    /// Reading a prompt: the smaller of the two.
    pub prefill_ratio: Option<f64>,
    /// Going on with one sequence.
    pub decode_ratio: Option<f64>,
    /// Peak memory with the model loaded and used once: below 1 ours is less.
    pub memory_ratio: Option<f64>,
    /// Texts embedded a second.
    pub embeddings_ratio: Option<f64>,
}

/// What was found, and what follows from it.
#[derive(Debug, Clone, Serialize)]
pub struct Speed {
    /// Ours over theirs.
    #[serde(flatten)]
    pub ratios: Ratios,
    /// Reading each prompt, by its length.
    pub prefill_ratios: [Option<f64>; 2],
    /// Which seconds count: the processor's for one thread, the clock's for more.
    pub seconds_of: &'static str,
    /// Ours.
    pub ours: Figures,
    /// Theirs.
    pub peer: Option<Figures>,
}

/// One engine's figures: medians of the rounds.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Figures {
    /// Seconds to load the model.
    pub load_s: f64,
    /// Peak memory, in mebibytes.
    pub peak_mib: f64,
    /// Tokens a second while reading each prompt.
    pub prefill_per_s: [f64; 2],
    /// Tokens a second while going on with one sequence.
    pub decode_per_s: f64,
    /// What of the memory's speed that takes; ours only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decode_share_of_bandwidth: Option<f64>,
    /// Messages with the whole vocabulary.
    pub messages: Best,
    /// Messages with forced tokens, and with the shortlist.
    pub messages_grammar: Best,
    /// Messages with the shortlist and nothing forced; ours only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages_shortlist_per_s: Option<f64>,
    /// Messages with forced tokens and the whole vocabulary; ours only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages_forced_per_s: Option<f64>,
    /// How messages grow with the batch, each measured once.
    pub growth: Growth,
}

/// Messages at an engine's best.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Best {
    /// Messages a second.
    pub per_s: f64,
    /// How many of them went through the model together, in each thread that computes alone.
    pub batch: usize,
    /// How keys and values were kept; llama.cpp only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Memory>,
}

/// Messages by batch.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Growth {
    /// With the whole vocabulary.
    pub messages: Vec<Point>,
    /// With forced tokens, and with the shortlist.
    pub messages_grammar: Vec<Point>,
}

/// A batch.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Point {
    /// How many messages went through the model together.
    pub batch: usize,
    /// Messages a second.
    pub per_s: f64,
    /// What of the memory's speed it takes to read weights, keys and values once for each step:
    /// where this is high, memory is the limit. Ours, and the whole vocabulary only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_of_bandwidth: Option<f64>,
    /// Tokens a second over those of a prompt that is read, where rows are many and arithmetic
    /// is the limit. Ours, and the whole vocabulary only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_of_prefill: Option<f64>,
}

/// Measures the model with so many threads.
pub(super) fn speed(model: &Model<'_>, threads: usize) -> Result<Speed, EngineError> {
    let measure = Measure { model, threads };
    let mut sides = vec![measure.grow(Side::Ours)?];
    if model.has_peer {
        sides.push(measure.grow(Side::Peer)?);
    }
    for _ in 0..model.setting.rounds.max(1) {
        measure.round(&mut sides)?;
    }
    let mut found = sides.into_iter().map(|turns| {
        let mut figures = middle(&turns.rounds);
        figures.growth = turns.growth;
        let [free, grammar] = turns.bests;
        figures.messages = Best { per_s: figures.messages.per_s, ..free };
        figures.messages_grammar = Best { per_s: figures.messages_grammar.per_s, ..grammar };
        if let (Side::Ours, Some(loaded)) = (turns.side, &turns.loaded) {
            measure.bounds(&mut figures, loaded);
        }
        figures
    });
    Ok(ratios(found.next().unwrap_or_default(), found.next(), threads))
}

/// The medians of the rounds.
fn middle(rounds: &[Figures]) -> Figures {
    let of =
        |pick: &dyn Fn(&Figures) -> f64| median(&mut rounds.iter().map(pick).collect::<Vec<_>>());
    let some = |pick: &dyn Fn(&Figures) -> Option<f64>| {
        let mut found: Vec<f64> = rounds.iter().filter_map(pick).collect();
        (!found.is_empty()).then(|| median(&mut found))
    };
    let best = |per_s: f64| Best { per_s, ..Best::default() };
    Figures {
        load_s: of(&|it| it.load_s),
        peak_mib: of(&|it| it.peak_mib),
        prefill_per_s: [of(&|it| it.prefill_per_s[0]), of(&|it| it.prefill_per_s[1])],
        decode_per_s: of(&|it| it.decode_per_s),
        messages: best(of(&|it| it.messages.per_s)),
        messages_grammar: best(of(&|it| it.messages_grammar.per_s)),
        messages_shortlist_per_s: some(&|it| it.messages_shortlist_per_s),
        messages_forced_per_s: some(&|it| it.messages_forced_per_s),
        ..Figures::default()
    }
}

fn ratios(ours: Figures, peer: Option<Figures>, threads: usize) -> Speed {
    let ratio = |pick: &dyn Fn(&Figures) -> f64| {
        peer.as_ref().map(|peer| pick(&ours) / pick(peer)).filter(|ratio| ratio.is_finite())
    };
    let prefill_ratios = [ratio(&|it| it.prefill_per_s[0]), ratio(&|it| it.prefill_per_s[1])];
    Speed {
        ratios: Ratios {
            messages_ratio: ratio(&|it| it.messages.per_s),
            messages_grammar_ratio: ratio(&|it| it.messages_grammar.per_s),
            prefill_ratio: prefill_ratios.into_iter().flatten().reduce(f64::min),
            decode_ratio: ratio(&|it| it.decode_per_s),
            memory_ratio: ratio(&|it| it.peak_mib),
            embeddings_ratio: None,
        },
        prefill_ratios,
        seconds_of: super::job::seconds_of(threads),
        ours,
        peer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(factor: f64) -> Figures {
        let best = |per_s| Best { per_s, batch: 8, memory: None };
        Figures {
            peak_mib: 100.0 * factor,
            prefill_per_s: [300.0 * factor, 200.0 * factor * factor],
            decode_per_s: 10.0 * factor,
            messages: best(2.0 * factor),
            messages_grammar: best(3.0 * factor),
            messages_forced_per_s: Some(factor),
            ..Figures::default()
        }
    }

    #[test]
    fn a_ratio_is_ours_over_theirs_and_the_worse_prompt_counts() {
        let speed = ratios(figures(2.0), Some(figures(1.0)), 1);
        assert_eq!(speed.prefill_ratios, [Some(2.0), Some(4.0)]);
        let ratios = speed.ratios;
        assert_eq!(ratios.prefill_ratio, Some(2.0));
        let rest = [ratios.messages_ratio, ratios.messages_grammar_ratio, ratios.decode_ratio];
        assert_eq!(rest, [Some(2.0); 3]);
        assert_eq!((ratios.memory_ratio, speed.seconds_of), (Some(2.0), "processor"));
    }

    #[test]
    fn without_another_engine_there_are_figures_and_no_ratios() {
        let speed = ratios(figures(1.0), None, 2);
        let json = serde_json::to_value(&speed).unwrap();
        for ratio in ["messages", "messages_grammar", "prefill", "decode", "memory"] {
            assert!(json[format!("{ratio}_ratio")].is_null(), "{json}");
        }
        assert_eq!(json["ours"]["messages"]["per_s"], 2.0);
        assert_eq!(json["seconds_of"], "clock");
    }

    #[test]
    fn nothing_over_nothing_is_no_ratio() {
        assert_eq!(ratios(figures(1.0), Some(Figures::default()), 1).ratios.decode_ratio, None);
    }

    #[test]
    fn rounds_give_their_middle() {
        let middle = middle(&[figures(1.0), figures(5.0), figures(2.0)]);
        assert_eq!((middle.decode_per_s, middle.messages.per_s), (20.0, 4.0));
        assert_eq!(middle.messages_forced_per_s, Some(2.0));
        assert_eq!(middle.messages_shortlist_per_s, None);
    }
}
