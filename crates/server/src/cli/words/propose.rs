//! `cotmoc words propose`: a model writes phrases, and what is proved of them is kept.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::ValueEnum;
use domain::{Clock as _, Language};
use serde::Serialize;
use server::clock::RealClock;
use server::config::Config;
use server::wiring::{self, Tables};
use server::{models, pack, prompts};
use storage::phrases::{self, Phrase, PhraseState};
use storage::{Store, Stored};
use writer::{Proposals, Range, Saying, Support, Tally, ask_id, phrase_id, propose};

use super::super::output::Output;

/// What to ask for.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only phrases of this life event, as in LE-BIRTH, or `common` for what all letters say.
    #[arg(long, value_name = "ID")]
    life_event: Option<String>,
    /// Only phrases of this point, as in birth.offer.
    #[arg(long, value_name = "ID")]
    point: Option<String>,
    /// In which language.
    #[arg(long, default_value = "vi", value_name = "LANGUAGE")]
    language: Language,
    /// Which model writes, by name or alias; the one that words letters where left out.
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// How many texts are asked for, for each phrase.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=256))]
    candidates: u64,
    /// The first seed: with another one the model writes other texts.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Which words a model may write.
    #[arg(long, value_enum, default_value_t = Reach::Near)]
    range: Reach,
    /// No more phrases than these, spread evenly over all.
    #[arg(long)]
    limit: Option<usize>,
    /// Print what was refused, too, each with the reason.
    #[arg(long)]
    refusals: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Reach {
    /// The approved phrase, place by place, with words that the vocabulary holds to say the same.
    Near,
    /// Any words in the letters of the language; few are proved.
    Any,
}

impl From<Reach> for Range {
    fn from(reach: Reach) -> Self {
        match reach {
            Reach::Near => Self::Near,
            Reach::Any => Self::Any,
        }
    }
}

/// What machines read.
#[derive(Debug, Default, Serialize)]
struct Told {
    #[serde(flatten)]
    tally: Tally,
    /// The share of phrases for which something was proved.
    accepted_share: f64,
    /// Texts for one that was proved; nothing where none was.
    candidates_per_accepted: Option<f64>,
    /// Phrases that were asked about before, in the same way.
    kept: usize,
    /// Proved texts that were not known before.
    new: usize,
    seconds: f64,
    seconds_per_phrase: f64,
    /// Proved texts with the phrase that they say otherwise.
    texts: Vec<Line>,
    /// Refused texts, where asked for.
    refused_texts: Vec<Line>,
}

#[derive(Debug, Clone, Serialize)]
struct Line {
    id: String,
    approved: String,
    text: String,
    /// Why it was refused.
    because: Option<String>,
    /// What became of it earlier, where it was known.
    known_as: Option<PhraseState>,
}

pub(super) async fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    let store = wiring::store(config, Tables::MadeInFile).await?.store;
    let country = wiring::country(config)?;
    let words = pack::words(&country.files)?;
    let vocabularies = wiring::vocabularies(&country.files)?;
    let vocabulary = vocabularies.iter().find(|it| it.language() == args.language);
    let vocabulary = vocabulary.context("the pack has no vocabulary for this language")?;
    let rephrasings = prompts::rephrasings()?;
    let prompt = rephrasings.get(args.language).context("no prompt for this language")?;
    let dir = &config.models.dir;
    let wording = models::wording_by(dir, args.model.as_deref())?;
    let embedder = models::embedder(dir)?;
    let support =
        Support { vocabulary, manners: words.manners(args.language), model: Some(&*embedder) };
    let sayings = chosen(words.sayings(args.language), args);
    ensure!(!sayings.is_empty(), "the pack has no such phrase: `cotmoc check` lists life events");
    let (range, how_often) = (Range::from(args.range), (args.candidates, args.seed));
    let mut told = Told::default();
    let bar = output.bar(sayings.len() as u64, false, "writing phrases");
    let started = Instant::now();
    for saying in &sayings {
        let asked_with = (wording.hash(), prompt.hash(), vocabulary.hash());
        let ask = ask_id(saying, asked_with, range, how_often);
        if phrases::was_asked(&mut *store.read().await?, &ask).await? {
            told.kept += 1;
            bar.inc(1);
            continue;
        }
        let model = (&*wording, args.candidates, args.seed);
        let found = tokio::task::block_in_place(|| {
            propose((&words, saying), (prompt, range), model, &support)
        })?;
        let made = Made { model: wording.hash(), prompt: prompt.hash(), seed: args.seed };
        keep(&store, saying, &ask, &found, made, &mut told).await?;
        if args.refusals {
            told.refused_texts.extend(found.refused.iter().map(|(text, why)| Line {
                id: phrase_id(&saying.home, text),
                approved: approved(saying),
                text: text.clone(),
                because: Some(why.to_string()),
                known_as: None,
            }));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    store.close().await;
    told.finish(started.elapsed());
    say(&told, output);
    output.value(&told)
}

/// Those that are asked for, at most `limit` of them, spread evenly.
fn chosen<'w>(mut sayings: Vec<Saying<'w>>, args: &Args) -> Vec<Saying<'w>> {
    let fits = |wanted: Option<&String>, is: &str| wanted.is_none_or(|wanted| wanted == is);
    sayings.retain(|it| {
        fits(args.life_event.as_ref(), &it.home.of) && fits(args.point.as_ref(), &it.home.point)
    });
    let limit = args.limit.unwrap_or(sayings.len());
    eval::writer::spread(sayings, limit)
}

/// Where texts come from.
#[derive(Clone, Copy)]
struct Made<'m> {
    model: &'m str,
    prompt: &'m str,
    seed: u64,
}

/// Stores what came of one ask, all of it or nothing.
async fn keep(
    store: &Store,
    saying: &Saying<'_>,
    ask: &str,
    found: &Proposals,
    made: Made<'_>,
    told: &mut Told,
) -> anyhow::Result<()> {
    told.tally.add(found);
    let now = RealClock.now();
    let mut tx = store.begin().await?;
    for proposed in &found.taken {
        let phrase = Phrase {
            id: phrase_id(&saying.home, &proposed.text),
            life_event: saying.home.of.clone(),
            point: saying.home.point.clone(),
            variant: saying.home.variant as u64,
            language: saying.home.language,
            text: proposed.text.clone(),
            approved: saying.hash(),
            state: PhraseState::Proved,
            evidence: serde_json::to_value(&proposed.proved)?,
            measures: serde_json::json!({ "likelihood": proposed.likelihood }),
            model: made.model.to_owned(),
            prompt: made.prompt.to_owned(),
            seed: made.seed,
            created_at: now,
        };
        let known_as = match phrases::put(&mut tx, &phrase).await? {
            Stored::New => None,
            _ => phrases::get(&mut tx, &phrase.id).await?.map(|known| known.state),
        };
        told.new += usize::from(known_as.is_none());
        let (id, text) = (phrase.id, phrase.text);
        told.texts.push(Line { id, approved: approved(saying), text, because: None, known_as });
    }
    let body = serde_json::json!({
        "home": saying.home,
        "given": found.given(),
        "proved": found.taken.len(),
        "refused": found.reasons(),
    });
    phrases::asked(&mut tx, ask, &body, now).await?;
    Ok(tx.commit().await?)
}

fn approved(saying: &Saying<'_>) -> String {
    saying.alternatives.first().map(writer::Phrase::approved).unwrap_or_default()
}

impl Told {
    fn finish(&mut self, took: Duration) {
        let many = u32::try_from(self.tally.phrases.max(1)).unwrap_or(u32::MAX);
        self.seconds = took.as_secs_f64();
        self.seconds_per_phrase = (took / many).as_secs_f64();
        self.accepted_share = self.tally.accepted_share();
        self.candidates_per_accepted = self.tally.candidates_per_accepted();
    }
}

fn say(told: &Told, output: Output) {
    for text in &told.texts {
        let known = text.known_as.map(|state| format!("  ({} already)", state.name()));
        output.say(format!("{}  {}", text.id, text.approved));
        output.say(format!("{:>32}{}{}", "→ ", text.text, known.unwrap_or_default()));
    }
    for text in &told.refused_texts {
        output.say(format!("✗ {}", text.approved));
        output.say(format!("  {} ({})", text.text, text.because.as_deref().unwrap_or_default()));
    }
    output.say(format!(
        "{} phrases asked about, {} asked about before; something was proved for {}",
        told.tally.phrases, told.kept, told.tally.with_accepted
    ));
    output.say(format!(
        "{} texts, {} proved, {} of them new; {:.2} s a phrase",
        told.tally.candidates, told.tally.accepted, told.new, told.seconds_per_phrase
    ));
    for (because, count) in &told.tally.refused {
        output.say(format!("{count:>6} × {because}"));
    }
    if told.new > 0 {
        output.say("`cotmoc words show ID` shows one, `cotmoc words approve ID` lets it be said");
    }
}
