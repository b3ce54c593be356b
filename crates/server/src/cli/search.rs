//! `cotmoc search`: the procedures that a question in everyday words is about, and why.

use std::path::PathBuf;

use domain::{Clock as _, VN};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use knowledge::{Bounds, Kind, Level, Place, Ways};
use server::answer::{FoundOut, LeftOutOut, SearchOut};
use server::clock::RealClock;
use server::config::Config;
use server::finder::{self, OnServer, Wanted};
use server::pack;

use super::index;
use super::output::Output;

/// What to look for.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The question, with or without Vietnamese marks.
    query: String,
    /// Only what is in force on this day; today where left out.
    #[arg(long, value_name = "YYYY-MM-DD")]
    on: Option<Date>,
    /// Only what holds in this place, as in vn-79; the whole country's rules hold there too.
    #[arg(long, value_name = "PLACE")]
    place: Option<Place>,
    /// Only `procedure`, `law` or `guide`.
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Option<Kind>,
    /// Only what this level handles: `commune`, `province`, `ministry`, `branch` or `other`.
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    level: Option<Level>,
    /// Only what serves one of these procedures or life events.
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    codes: Vec<String>,
    /// How many documents.
    #[arg(long, default_value_t = 5)]
    limit: usize,
    /// How many sections of each.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=3))]
    sections: u8,
    /// Say why each stands where it stands, and how many each filter left out.
    #[arg(long)]
    explain: bool,
    /// A manifest of procedures that others describe, beside those of `knowledge.sources`.
    #[arg(long, value_name = "MANIFEST")]
    source: Vec<PathBuf>,
}

fn kind(text: &str) -> Result<Kind, String> {
    let all = [Kind::Procedure, Kind::Law, Kind::Guide];
    let found = all.into_iter().find(|kind| kind.as_str() == text);
    found.ok_or_else(|| "one of procedure, law, guide".to_owned())
}

fn level(text: &str) -> Result<Level, String> {
    let found = Level::ALL.into_iter().find(|level| level.as_str() == text);
    found.ok_or_else(|| format!("one of {}", Level::ALL.map(Level::as_str).join(", ")))
}

/// Searches, after bringing the index up to date where the corpus, the sources or the model
/// changed.
pub(crate) fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    let files = pack::files(config.pack.path.as_deref())?;
    let wanted = Wanted::new(&files, &index::sources(config, &args.source))?;
    let place = finder::place(&config.knowledge.index);
    let embedder = index::current_procedures(&wanted, &place, config, output)?;
    let server = OnServer::of(config, tokio::runtime::Handle::current());
    let procedures = finder::open(&place, embedder, server.as_ref())?;
    let today = RealClock.today(&TimeZone::get(VN)?);
    let bounds = Bounds {
        kinds: args.kind.into_iter().collect(),
        place: args.place.clone(),
        in_force_on: Some(args.on.unwrap_or(today)),
        level: args.level,
        codes: (!args.codes.is_empty()).then(|| args.codes.clone()),
    };
    let question = procedures.understand(&args.query)?;
    let answer = procedures.find(&question, Ways::Hybrid, &bounds, args.limit)?;
    let sections = usize::from(args.sections);
    let told = SearchOut::told(&procedures, &question, &answer, sections, true)?;
    if let Some(read_as) = &told.read_as {
        output.say(format!("read as: {read_as}\n"));
    }
    for (number, document) in told.documents.iter().enumerate() {
        say(number + 1, document, args.explain, output);
    }
    if told.documents.is_empty() {
        output.say("nothing found that is in force on that day in that place");
    }
    if let Some(left_out) = told.left_out.as_ref().filter(|_| args.explain) {
        say_bounds(left_out, output);
    }
    output.value(&told)
}

fn say(number: usize, found: &FoundOut, explain: bool, output: Output) {
    let code = found.code.as_deref().unwrap_or("no code");
    let sources = found.source.join(", ");
    output.say(format!("{number}. {}", found.title));
    output.say(format!("   {code}, {}, from {sources} [{}]", found.place, found.id));
    for section in &found.sections {
        let text = section.text.replace('\n', "\n     ");
        output.say(format!("   › {}\n     {text}", section.heading));
    }
    if let Some(why) = found.why.as_ref().filter(|_| explain) {
        output.say(format!(
            "   words {:.1}, title {:.1}, meaning {:.1} (cosine {:.3}), ahead {:.1}, alike the best {:.1}, named \
             {:.1}",
            why.lexical, why.covered, why.meaning, why.dense, why.ahead, why.feedback, why.named
        ));
    }
    output.say("");
}

fn say_bounds(left_out: &LeftOutOut, output: Output) {
    let LeftOutOut { kind, place, in_force, level, code } = left_out;
    output.say(format!(
        "left out before ranking: {kind} of another kind, {place} of other places, {in_force} not in \
         force, {level} handled by others, {code} with other codes"
    ));
}
