//! `cotmoc ask`: a question about a suggestion or a service, answered from the sources or not.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use domain::{SubjectId, SuggestionId};
use engine::{App, AskedAbout, Purpose};
use jiff::civil::Date;
use knowledge::Place;
use server::clock::RealClock;
use server::config::Config;
use server::questions::{Answer, Questions};
use server::wiring::{self, Tables};
use storage::Store;

use super::output::Output;
use super::paper::{Paper, faint, odd, plain};

/// What is asked.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// The suggestion (`sug_…`) that the question is about; with `--service`, the question.
    #[arg(value_name = "SUGGESTION|QUESTION")]
    first: String,
    /// The question, where it is about a suggestion.
    question: Option<String>,
    /// A service, by its national code, instead of a suggestion.
    #[arg(long, value_name = "CODE")]
    service: Option<String>,
    /// With `--service`: where it is asked about, as in vn-79; the whole country where left out.
    #[arg(long, value_name = "PLACE", requires = "service")]
    place: Option<Place>,
    /// With `--service`: the day whose law counts; today where left out.
    #[arg(long, value_name = "YYYY-MM-DD", requires = "service")]
    on: Option<Date>,
}

const HELP: &str = "\
An answer is made of sentences of procedure and law as they stand there, in force on the day and at the
place, each with where it stands. What the sources do not say is not answered: then the office is named.
The question is neither stored nor logged; a reading about a suggestion is logged.";

/// Asks.
pub(crate) async fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    let country = wiring::country(config)?;
    let questions = Questions::of(&country.files)?;
    let (about, question) = match (&args.service, &args.question) {
        (Some(code), None) => (of_service(args, code, config, &country).await?, &args.first),
        (None, Some(question)) => {
            let store = wiring::store(config, Tables::Expected).await?.store;
            let app =
                wiring::engine_without_models(config, &country, store, Arc::new(RealClock)).await?;
            (of_suggestion(&app, &args.first).await?, question)
        }
        _ => anyhow::bail!("give a suggestion and a question, or `--service CODE` and a question"),
    };
    let answer = questions.answer(&about, question);
    tell(&Paper::of_stdout(output.is_json()), &answer);
    output.value(&answer)
}

/// About a service nothing of a person is read: a database that is gone afterwards will do.
async fn of_service(
    args: &Args,
    code: &str,
    config: &Config,
    country: &wiring::Country,
) -> anyhow::Result<AskedAbout> {
    let known = country.pack.service(code).is_some();
    ensure!(known, "the pack has no service `{code}`: `cotmoc search` finds procedures by words");
    let store = Store::open("sqlite::memory:", &server::secrets::master::throwaway()?).await?;
    let app = wiring::engine_without_models(config, country, store, Arc::new(RealClock)).await?;
    let about = app.of_service(code)?;
    let place = args.place.clone().unwrap_or_else(|| about.place.clone());
    Ok(AskedAbout { place, on: args.on.unwrap_or(about.on), ..about })
}

async fn of_suggestion(app: &App, id: &str) -> anyhow::Result<AskedAbout> {
    let id: SuggestionId = id.parse().with_context(|| format!("`{id}` is no suggestion"))?;
    let recipient: Option<SubjectId> = app.recipient_of(id).await?;
    let missing = || format!("there is no suggestion `{id}`");
    let recipient = recipient.with_context(missing)?;
    let reader = app.reader("operator", Purpose::ProactiveService);
    app.asked_about(recipient, id, &reader).await?.with_context(missing)
}

fn tell(paper: &Paper, answer: &Answer) {
    for it in &answer.sentences {
        paper.write("  ", &it.text, &plain());
        let until = it.in_force_until.map(|day| format!(", until {day}")).unwrap_or_default();
        let line = format!("{} [{}#{}]{until}", it.title, it.document, it.section);
        paper.write("    § ", &line, &faint());
    }
    if let Some(instead) = &answer.instead {
        paper.write("  ", instead, &odd());
    }
    let line = format!("{} at {} on {}", answer.service, answer.place, answer.on);
    paper.write("  ", &line, &faint());
}
