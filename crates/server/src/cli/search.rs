//! `cotmoc search`: passages of procedure and law, best first, and why.

use domain::{Clock as _, VN};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use knowledge::{Hit, Query};
use serde::Serialize;
use server::clock::RealClock;
use server::config::Config;
use server::search;

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
    place: Option<String>,
    /// How many passages.
    #[arg(long, default_value_t = 5)]
    limit: usize,
}

#[derive(Serialize)]
struct Found<'a> {
    id: &'a str,
    title: &'a str,
    heading: &'a str,
    text: &'a str,
    place: &'a str,
    source: &'a [String],
    score: f32,
    dense: Option<f32>,
    lexical: Option<f32>,
    named: &'a [String],
    called: &'a Option<String>,
    terms: &'a [String],
}

impl<'a> From<&'a Hit> for Found<'a> {
    fn from(hit: &'a Hit) -> Self {
        let passage = &hit.passage;
        Self {
            id: &passage.id,
            title: &passage.title,
            heading: &passage.heading,
            text: &passage.text,
            place: passage.place.as_str(),
            source: &passage.source,
            score: hit.score,
            dense: hit.dense,
            lexical: hit.lexical,
            named: &hit.why.named,
            called: &hit.why.called,
            terms: &hit.why.terms,
        }
    }
}

/// Searches, after bringing the index up to date where the corpus or the model changed.
pub(crate) async fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    let (index, embedder) = index::current(config, output)?;
    let today = RealClock.today(&TimeZone::get(VN)?);
    let place = args.place.as_deref().map(str::parse).transpose()?;
    let query =
        Query { place, limit: args.limit, ..Query::new(&args.query, args.on.unwrap_or(today)) };
    let (config, runtime) = (config.clone(), tokio::runtime::Handle::current());
    // The model and a Qdrant server are waited for on a thread that may wait.
    let find = move || -> anyhow::Result<_> {
        Ok(search::open(&config, index, embedder, &runtime)?.find(&query)?)
    };
    let hits = tokio::task::spawn_blocking(find).await??;

    if let Some(read_as) = hits.first().and_then(|hit| hit.why.read_as.as_deref()) {
        output.say(format!("read as: {read_as}\n"));
    }
    for (place, hit) in hits.iter().enumerate() {
        say(place + 1, hit, output);
    }
    if hits.is_empty() {
        output.say("nothing found that is in force on that day in that place");
    }
    output.value(&hits.iter().map(Found::from).collect::<Vec<_>>())
}

fn say(number: usize, hit: &Hit, output: Output) {
    let passage = &hit.passage;
    output.say(format!("{number}. {} › {}", passage.title, passage.heading));
    output.say(format!("   {}", passage.text.replace('\n', "\n   ")));
    let words = hit.lexical.map_or_else(|| "–".to_owned(), |score| format!("{score:.2}"));
    let meaning = hit.dense.map_or_else(|| "–".to_owned(), |score| format!("{score:.3}"));
    let sources = passage.source.join(", ");
    output
        .say(format!("   [{}] words {words}, meaning {meaning}, sources {sources}\n", passage.id));
}
