//! `cotmoc words list` and `show`: phrases as the people see them who decide about them.

use anyhow::Context as _;
use server::config::Config;
use server::phrases::{self, Carried, Change, Listed, Shown};
use server::wiring::{self, Tables};
use storage::phrases::{Decision, Phrase, PhraseState};

use super::super::output::Output;

pub(super) async fn list(
    state: Option<PhraseState>,
    config: &Config,
    output: Output,
) -> anyhow::Result<()> {
    let store = wiring::store(config, Tables::Expected).await?.store;
    let country = wiring::country(config)?;
    let all = phrases::list(&mut *store.read().await?, &country, state).await?;
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

pub(super) async fn one(id: &str, config: &Config, output: Output) -> anyhow::Result<()> {
    let store = wiring::store(config, Tables::Expected).await?.store;
    let country = wiring::country(config)?;
    let shown = phrases::one(&mut *store.read().await?, &country, id).await?;
    let shown = shown
        .with_context(|| format!("there is no phrase `{id}`: `cotmoc words list` shows them"))?;
    say(&shown, output);
    output.value(&shown)
}

fn say(shown: &Shown, output: Output) {
    let Shown { phrase, nearest, difference, proof, decisions, approvals_needed, .. } = shown;
    let Phrase { id, life_event, point, variant, text, state, .. } = phrase;
    output.say(format!("{id} is {}: {life_event}, point {point}, variant {variant}", state.name()));
    output.say(format!("  says      {text}"));
    output.say(format!("  approved  {}", nearest.as_deref().unwrap_or("nothing any more")));
    let marked = difference.iter().map(|(change, words)| match change {
        Change::Added => format!("{{+{words}+}}"),
        Change::Removed => format!("[-{words}-]"),
        Change::Same => words.clone(),
    });
    output.say(format!("  differs   {}", marked.collect::<String>()));
    for Carried { sentence, by, moved, likeness } in proof {
        output.say(format!("  proved    {sentence}"));
        output.say(format!("    by      {by}"));
        let order = if *moved { "one part moved to the front" } else { "in the same order" };
        let near = likeness.map(|it| format!(", likeness {it:.3}")).unwrap_or_default();
        output.say(format!("    every word of it, or one that says the same, {order}{near}"));
    }
    if shown.stale {
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
