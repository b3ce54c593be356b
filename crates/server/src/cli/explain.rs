//! `cotmoc explain`: why something is as it is, from the stored receipts alone.

use std::sync::Arc;

use anyhow::Context as _;
use domain::{MessageSource, Text, Verdict};
use engine::view::{AskedRule, DecisionView, Explanation, FactRead, Worded};
use engine::{AskAt, Rested};
use jiff::Timestamp;
use jiff::civil::Date;
use server::clock::RealClock;
use server::config::Config;
use server::wiring::{self, Tables};

use super::output::Output;
use super::paper::{Paper, faint, good, odd, plain, strong};

/// What to explain.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// A message (`msg_…`), suggestion (`sug_…`), draft (`drf_…`) or milestone (`mil_…`); or a
    /// passage (`document#section`), for the texts that rest on it.
    id: String,
    /// Ask the rules anew about this day instead of today.
    #[arg(long, value_name = "DATE")]
    on: Option<Date>,
    /// Ask them with what was known at this moment instead of now, as `2026-11-05T08:00:00+07:00`.
    #[arg(long, value_name = "MOMENT")]
    known: Option<Timestamp>,
    /// Ask them under the law of this day instead of that of the day asked about.
    #[arg(long, value_name = "DATE")]
    law: Option<Date>,
}

const HELP: &str = "\
Shows each decision behind it: the rule, the three dates, the facts with their register and law,
how each part of the condition came out; and of a message, what carries each sentence. Then the
rules are asked anew, at any three dates: what would have been decided about this day, knowing what
was known then, under the law of that day? Each part of a condition comes with its facts; what is
unknown, with the fact to ask for first; what does not hold, with what it hangs on and the day from
which it will. Personal numbers are masked. The reading is logged for everyone whose facts are shown.

Ids stand in the answers of the API, in addresses of pages, and in `cotmoc demo --once --json`.";

/// Looks the id up and tells what is behind it.
pub(crate) async fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    let store = wiring::store(config, Tables::Expected).await?.store;
    let country = wiring::country(config)?;
    let app = wiring::engine_without_models(config, &country, store, Arc::new(RealClock)).await?;
    if args.id.contains('#') {
        return tell_rested(&app.rested_on(&args.id).await?, output);
    }
    let at = AskAt { occurred: args.on, known: args.known, law: args.law };
    let explanation = app.explain(&args.id, at).await?.with_context(|| {
        format!("there is no message, suggestion, draft or milestone `{}`", args.id)
    })?;
    let paper = Paper::of_stdout(output.is_json());
    tell(&paper, &explanation);
    output.value(&explanation)
}

fn tell_rested(rested: &[Rested], output: Output) -> anyhow::Result<()> {
    for Rested { passage, hash, gone_at, templates } in rested {
        let state = gone_at.map_or("as it is now".to_owned(), |at| format!("gone since {at}"));
        output.say(format!("{passage} {hash}, {state}"));
        for template in templates {
            output.say(format!("  {template}"));
        }
    }
    if rested.is_empty() {
        output.say("no text rests on this passage");
    }
    output.value(&rested)
}

fn tell(paper: &Paper, it: &Explanation) {
    paper.rule(&format!("{} {}", it.kind, it.id));
    paper.write("  ", &it.name.vi, &strong());
    let state = it.state.map(|state| format!(" · {state}")).unwrap_or_default();
    let recipient = it.recipient.map(|to| format!(" · for {to}")).unwrap_or_default();
    paper.write("  ", &format!("{}{recipient}{state}", it.life_event_name.vi), &plain());
    let line =
        format!("{} on {} · {} of {}", it.cause.vi, it.occurred_on, it.milestone, it.subject);
    paper.write("  ", &line, &faint());
    for decision in &it.decisions {
        paper.gap();
        decided(paper, decision);
    }
    if let Some(asked) = &it.asked {
        paper.gap();
        let as_of = &asked.as_of;
        let line = format!(
            "asked anew about {}, with what was known at {}, under the law of {}",
            as_of.occurred, as_of.known, as_of.law
        );
        paper.write("  ", &line, &strong());
        for rule in &asked.rules {
            asked_rule(paper, rule);
        }
    }
    if let Some(worded) = &it.worded {
        paper.gap();
        made(paper, worded);
    }
}

fn asked_rule(paper: &Paper, rule: &AskedRule) {
    let (verdict, style) = said(&rule.verdict, &rule.missing);
    paper.write("  ● ", &format!("{} → {verdict}", rule.rule), &style);
    if let Some(service) = &rule.service {
        paper.write("  │ ", &service.vi, &faint());
    }
    paper.write("  │ ", &rule.law.join("; "), &faint());
    for part in &rule.parts {
        let outcome = match part.outcome {
            Some(true) => "yes",
            Some(false) => "no",
            None => "unknown",
        };
        paper.write("  │ · ", &format!("{}: {outcome}", part.text), &plain());
        for fact in &part.facts {
            read(paper, fact);
        }
        for label in &part.not_told {
            paper.write("  │   ", &format!("{}: no register told", label.vi), &faint());
        }
    }
    if let Some(first) = &rule.ask_first {
        paper.write("  │ ? ", &format!("ask first: {}", first.vi), &odd());
    }
    if !rule.nearest_miss.is_empty() {
        let line = format!("it would turn with: {}", rule.nearest_miss.join("; "));
        paper.write("  │ ≈ ", &line, &plain());
    }
    if let Some(day) = rule.holds_from {
        paper.write("  │ → ", &format!("it will hold from {day} on"), &plain());
    }
}

/// A verdict in words and how it is drawn.
fn said(verdict: &Verdict, missing: &[Text]) -> (String, console::Style) {
    match verdict {
        Verdict::Met => ("met".to_owned(), good()),
        Verdict::Unmet => ("unmet".to_owned(), plain()),
        Verdict::Unknown { .. } => {
            let missing: Vec<_> = missing.iter().map(|text| text.vi.as_str()).collect();
            (format!("unknown: {}", missing.join("; ")), odd())
        }
    }
}

fn decided(paper: &Paper, decision: &DecisionView) {
    let (verdict, style) = said(&decision.verdict, &decision.missing);
    paper.write("  ● ", &format!("{} → {verdict}", decision.rule), &style);
    let as_of = &decision.as_of;
    let line = format!(
        "about {} · the day {}, known at {}, law of {} · pack {} · {}",
        decision.about, as_of.occurred, as_of.known, as_of.law, decision.pack, decision.receipt
    );
    paper.write("  │ ", &line, &faint());
    for step in &decision.trace {
        paper.write("  │ · ", step, &plain());
    }
    for fact in &decision.facts {
        read(paper, fact);
    }
}

fn read(paper: &Paper, fact: &FactRead) {
    let line = format!("{} = {} ({})", fact.path, fact.value, fact.label.vi);
    paper.write("  │   ", &line, &plain());
    let record = fact.record.as_deref().map(|record| format!(" {record}")).unwrap_or_default();
    let line = format!(
        "{}{record}, known from {} · {}",
        fact.register.vi, fact.known_from, fact.legal_basis
    );
    paper.write("  │     ", &line, &faint());
}

fn made(paper: &Paper, worded: &Worded) {
    let by = match worded.source {
        MessageSource::Model => "worded by the model",
        MessageSource::Template => "approved wording",
    };
    let proved = if worded.proved { "every sentence proved" } else { "not proved" };
    paper.write("  ✉ ", &format!("{by}, {proved} · {}", worded.template), &strong());
    if let Some(why) = &worded.refused_because {
        paper.write("  │ the model's text was not taken: ", why, &odd());
    }
    let line =
        format!("prompt {} · model {} · index {}", worded.prompt, worded.model, worded.index);
    paper.write("  │ ", &line, &faint());
    for evidence in &worded.evidence {
        paper.write("  │ “ ", &evidence.sentence, &plain());
        let carriers = [&*evidence.facts, &*evidence.passages].concat().join(", ");
        paper.write("  │   ← ", &carriers, &faint());
    }
    for passage in &worded.passages {
        paper.write("  │ § ", &format!("{} ({})", passage.title, passage.id), &plain());
        paper.write("  │   ", &passage.text, &faint());
    }
    for delivery in &worded.deliveries {
        use domain::Lifecycle as _;
        let why = delivery.suppressed.map(|why| format!(": {}", why.name())).unwrap_or_default();
        let line = format!("{} {}{why}", delivery.channel.name(), delivery.state.name());
        paper.write("  └ ", &line, &plain());
    }
}
