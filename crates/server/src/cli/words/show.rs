//! `cotmoc words list` and `show`: phrases as the people see them who decide about them.

use anyhow::Context as _;
use serde::Serialize;
use server::config::Config;
use server::pack;
use server::wiring::{self, Tables};
use similar::{ChangeTag, TextDiff};
use storage::phrases::{self, Decision, Phrase, PhraseState};
use writer::{Phrase as Approved, Saying};

use super::super::output::Output;

#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    phrase: Phrase,
    /// Why an approved one is in no letter.
    left_out: Option<String>,
}

pub(super) async fn list(
    state: Option<PhraseState>,
    config: &Config,
    output: Output,
) -> anyhow::Result<()> {
    let store = wiring::store(config, Tables::Expected).await?.store;
    let country = wiring::country(config)?;
    let mut conn = store.read().await?;
    let bank = wiring::bank(&mut conn, &country).await?;
    let why = |id: &str| {
        let found = bank.left_out.iter().find(|(left, _)| left == id);
        found.map(|(_, why)| why.to_string())
    };
    let all = phrases::list(&mut conn, state).await?;
    let all: Vec<Listed> =
        all.into_iter().map(|phrase| Listed { left_out: why(&phrase.id), phrase }).collect();
    for Listed { phrase, left_out } in &all {
        let Phrase { id, life_event, point, language, text, state, .. } = phrase;
        output.say(format!("{id}  {}  {life_event}  {point}  {}", state.name(), language.tag()));
        output.say(format!("    {text}"));
        if let Some(why) = left_out {
            output.say(format!("    in no letter: {why}"));
        }
    }
    if all.is_empty() {
        output.say("no such phrase; `cotmoc words propose` has a model write some");
    }
    output.value(&all)
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    phrase: Phrase,
    /// The approved phrase that is nearest.
    nearest: Option<String>,
    /// Word by word: `same`, `added` or `removed`, and the words.
    difference: Vec<(&'static str, String)>,
    decisions: Vec<Decision>,
    approvals_needed: usize,
    /// Whether the approved wording has changed since.
    stale: bool,
}

pub(super) async fn one(id: &str, config: &Config, output: Output) -> anyhow::Result<()> {
    let store = wiring::store(config, Tables::Expected).await?.store;
    let country = wiring::country(config)?;
    let words = pack::words(&country.files)?;
    let mut conn = store.read().await?;
    let phrase = phrases::get(&mut conn, id).await?;
    let phrase = phrase
        .with_context(|| format!("there is no phrase `{id}`: `cotmoc words list` shows them"))?;
    let saying = words.saying(&engine::home_of(&phrase));
    let nearest = saying.as_ref().and_then(|saying| nearest(saying, &phrase.text));
    let difference =
        nearest.as_ref().map(|near| difference(near, &phrase.text)).unwrap_or_default();
    let shown = Shown {
        stale: saying.is_none_or(|saying| saying.hash() != phrase.approved),
        decisions: phrases::decisions(&mut conn, id).await?,
        approvals_needed: engine::approvals_needed(&country.pack, &phrase.life_event),
        nearest,
        difference,
        phrase,
    };
    say(&shown, output);
    output.value(&shown)
}

/// The approved reading that shares most words with `text`.
fn nearest(saying: &Saying<'_>, text: &str) -> Option<String> {
    let readings = saying.alternatives.iter().flat_map(Approved::readings);
    let texts = readings.map(|reading| reading.join(" "));
    texts.max_by(|a, b| likeness(a, text).total_cmp(&likeness(b, text)))
}

fn likeness(a: &str, b: &str) -> f32 {
    TextDiff::from_words(a, b).ratio()
}

fn difference(from: &str, to: &str) -> Vec<(&'static str, String)> {
    let mut out: Vec<(&'static str, String)> = Vec::new();
    for change in TextDiff::from_words(from, to).iter_all_changes() {
        let tag = match change.tag() {
            ChangeTag::Equal => "same",
            ChangeTag::Insert => "added",
            ChangeTag::Delete => "removed",
        };
        match out.last_mut() {
            Some((last, words)) if *last == tag => words.push_str(change.value()),
            _ => out.push((tag, change.value().to_owned())),
        }
    }
    out
}

fn say(shown: &Shown, output: Output) {
    let Shown { phrase, nearest, difference, decisions, approvals_needed, stale } = shown;
    let Phrase { id, life_event, point, variant, text, state, .. } = phrase;
    output.say(format!("{id} is {}: {life_event}, point {point}, variant {variant}", state.name()));
    output.say(format!("  says      {text}"));
    output.say(format!("  approved  {}", nearest.as_deref().unwrap_or("nothing any more")));
    let marked = difference.iter().map(|(tag, words)| match *tag {
        "added" => format!("{{+{words}+}}"),
        "removed" => format!("[-{words}-]"),
        _ => words.clone(),
    });
    output.say(format!("  differs   {}", marked.collect::<String>()));
    for sentence in phrase.evidence.as_array().into_iter().flatten() {
        let of = |pointer: &str| sentence.pointer(pointer).cloned().unwrap_or_default();
        output.say(format!("  proved    {}", of("/sentence").as_str().unwrap_or_default()));
        output.say(format!("    by      {}", of("/by/quote").as_str().unwrap_or_default()));
        let moved = of("/measures/moved").as_bool().unwrap_or_default();
        let order = if moved { "one part moved to the front" } else { "in the same order" };
        let likeness = of("/measures/likeness").as_f64();
        let near = likeness.map(|it| format!(", likeness {it:.3}")).unwrap_or_default();
        output.say(format!("    every word of it, or one that says the same, {order}{near}"));
    }
    if *stale {
        output.say("  stale: the approved wording has changed since; it is in no letter");
    }
    for decision in decisions {
        let Decision { at, by_whom, action, because } = decision;
        output.say(format!("  {at}  {by_whom}: {}, {because}", action.name()));
    }
    if *state == PhraseState::Proved {
        output.say(format!("  {approvals_needed} must approve it, each by a name of their own"));
    }
}
