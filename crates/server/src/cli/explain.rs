//! `cotmoc explain`: why something is as it is, from the stored receipts alone.

use std::sync::Arc;

use anyhow::Context as _;
use domain::{MessageSource, Verdict};
use engine::view::{DecisionView, Explanation, FactRead, Worded};
use server::clock::RealClock;
use server::config::Config;
use server::wiring::{self, Tables};

use super::output::Output;
use super::paper::{Paper, faint, good, odd, plain, strong};

/// What to explain.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// A message (`msg_…`), suggestion (`sug_…`), draft (`drf_…`) or milestone (`mil_…`).
    id: String,
}

const HELP: &str = "\
Shows each decision behind it: the rule, the three dates, the facts with their register and law,
how each part of the condition came out; and of a message, what carries each sentence. Personal
numbers are masked. The reading is logged for everyone whose facts are shown.

Ids stand in the answers of the API, in addresses of pages, and in `cotmoc demo --once --json`.";

/// Looks the id up and tells what is behind it.
pub(crate) async fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    let store = wiring::store(config, Tables::Expected).await?.store;
    let country = wiring::country(config)?;
    let app = wiring::engine_without_models(config, &country, store, Arc::new(RealClock))?;
    let explanation = app.explain(&args.id).await?.with_context(|| {
        format!("there is no message, suggestion, draft or milestone `{}`", args.id)
    })?;
    let paper = Paper::of_stdout(output.is_json());
    tell(&paper, &explanation);
    output.value(&explanation)
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
    if let Some(worded) = &it.worded {
        paper.gap();
        made(paper, worded);
    }
}

fn decided(paper: &Paper, decision: &DecisionView) {
    let (verdict, style) = match &decision.verdict {
        Verdict::Met => ("met".to_owned(), good()),
        Verdict::Unmet => ("unmet".to_owned(), plain()),
        Verdict::Unknown { .. } => {
            let missing: Vec<_> = decision.missing.iter().map(|text| text.vi.as_str()).collect();
            (format!("unknown: {}", missing.join("; ")), odd())
        }
    };
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
