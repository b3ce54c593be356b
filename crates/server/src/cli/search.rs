//! `cotmoc search`: the procedures that a question in everyday words is about, and why.

use std::path::PathBuf;

use domain::{Clock as _, VN};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use knowledge::{
    Answer, Bounds, Document, Expansion, Facets, Found, FoundSection, Kind, LeftOut, Level, Place,
    Procedures, Reasons, Ways,
};
use serde::Serialize;
use server::clock::RealClock;
use server::config::Config;
use server::finder::{self, Wanted};
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

#[derive(Serialize)]
struct Told<'a> {
    read_as: Option<&'a str>,
    expansions: &'a [Expansion],
    index: &'a str,
    documents: Vec<ToldDocument<'a>>,
    facets: &'a Facets,
    left_out: LeftOut,
}

#[derive(Serialize)]
struct ToldDocument<'a> {
    id: &'a str,
    kind: &'static str,
    code: Option<&'a str>,
    title: &'a str,
    place: &'a str,
    in_force_from: Option<Date>,
    in_force_until: Option<Date>,
    levels: &'a [Level],
    sector: &'a str,
    source: &'a [String],
    retrieved_on: Date,
    hash: &'a str,
    score: f32,
    sections: Vec<ToldSection<'a>>,
    why: Option<Reasons>,
}

#[derive(Serialize)]
struct ToldSection<'a> {
    id: &'a str,
    heading: &'a str,
    text: &'a str,
    start: usize,
    end: usize,
    hash: &'a str,
}

impl<'a> ToldDocument<'a> {
    fn new(found: &Found<'a>, document: &'a Document, sections: &'a [FoundSection]) -> Self {
        Self {
            id: &document.id,
            kind: document.kind.as_str(),
            code: document.code.as_deref(),
            title: &document.title,
            place: document.place.as_str(),
            in_force_from: document.in_force.from,
            in_force_until: document.in_force.until,
            levels: &found.entry.levels,
            sector: &found.entry.sector,
            source: &document.source,
            retrieved_on: document.retrieved_on,
            hash: &document.hash,
            score: found.score,
            sections: sections.iter().map(ToldSection::from).collect(),
            why: found.reasons,
        }
    }
}

impl<'a> From<&'a FoundSection> for ToldSection<'a> {
    fn from(from: &'a FoundSection) -> Self {
        let (start, end) = (from.span.start, from.span.end);
        Self {
            id: &from.id,
            heading: &from.heading,
            text: &from.text,
            start,
            end,
            hash: &from.hash,
        }
    }
}

/// Searches, after bringing the index up to date where the corpus, the sources or the model
/// changed.
pub(crate) fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    let files = pack::files(config.pack.path.as_deref())?;
    let wanted = Wanted::new(&files, &index::sources(config, &args.source))?;
    let place = finder::place(&config.knowledge.index);
    let embedder = index::current_procedures(&wanted, &place, config, output)?;
    let procedures = Procedures::open(&place, embedder)?;
    let today = RealClock.today(&TimeZone::get(VN)?);
    let bounds = Bounds {
        kinds: args.kind.into_iter().collect(),
        place: args.place.clone(),
        in_force_on: Some(args.on.unwrap_or(today)),
        level: args.level,
        codes: (!args.codes.is_empty()).then(|| args.codes.clone()),
    };
    let question = procedures.understand(&args.query)?;
    let answer = procedures.find(&question, Ways::Hybrid, &bounds, args.limit);
    let mut documents = Vec::new();
    for found in &answer.found {
        let document = procedures.document(found)?;
        let sections = procedures.sections(&document, &question, usize::from(args.sections));
        documents.push((*found, document, sections));
    }
    let read_as = question.changed.then_some(question.read_as.as_str());
    if let Some(read_as) = read_as {
        output.say(format!("read as: {read_as}\n"));
    }
    for (number, (found, document, sections)) in documents.iter().enumerate() {
        say(number + 1, document, sections, found.reasons.filter(|_| args.explain), output);
    }
    if documents.is_empty() {
        output.say("nothing found that is in force on that day in that place");
    }
    if args.explain {
        say_bounds(&answer, output);
    }
    let told = documents.iter();
    output.value(&Told {
        read_as,
        expansions: &question.expansions,
        index: procedures.hash(),
        documents: told
            .map(|(found, it, sections)| ToldDocument::new(found, it, sections))
            .collect(),
        facets: &answer.facets,
        left_out: answer.left_out,
    })
}

fn say(
    number: usize,
    document: &Document,
    sections: &[FoundSection],
    why: Option<Reasons>,
    output: Output,
) {
    let code = document.code.as_deref().unwrap_or("no code");
    let sources = document.source.join(", ");
    output.say(format!("{number}. {}", document.title));
    output.say(format!("   {code}, {}, from {sources} [{}]", document.place, document.id));
    for section in sections {
        let text = section.text.replace('\n', "\n     ");
        output.say(format!("   › {}\n     {text}", section.heading));
    }
    if let Some(why) = why {
        output.say(format!(
            "   words {:.1}, title {:.1}, meaning {:.1} (cosine {:.3}), ahead {:.1}, alike the best {:.1}, named \
             {:.1}",
            why.lexical, why.covered, why.meaning, why.dense, why.ahead, why.feedback, why.named
        ));
    }
    output.say("");
}

fn say_bounds(answer: &Answer<'_>, output: Output) {
    let LeftOut { kind, place, in_force, level, code } = answer.left_out;
    output.say(format!(
        "left out before ranking: {kind} of another kind, {place} of other places, {in_force} not in \
         force, {level} handled by others, {code} with other codes"
    ));
}
