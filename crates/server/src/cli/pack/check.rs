//! `cotmoc check`: what is wrong in a pack, and what in it a day has overtaken.

use std::path::PathBuf;

use anyhow::{anyhow, bail, ensure};
use clap::builder::PossibleValuesParser;
use domain::{Clock as _, Language};
use engine::Unsayable;
use jiff::civil::Date;
use knowledge::EverydayError;
use rules::{FileKind, Pack, PackCounts, PackError, PackErrors, PackFiles};
use serde::Serialize;
use server::clock::RealClock;
use server::pack;
use writer::{WordsError, WordsFault};

use super::test::no_such;
use crate::cli::diff;
use crate::cli::output::{self, Output};

/// Which pack, and how to look at it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The pack's folder; the built-in pack where left out.
    path: Option<PathBuf>,
    /// The day on which values must hold, as in 2027-03-01; today where left out.
    #[arg(long, value_name = "DATE")]
    on: Option<Date>,
    /// Print the JSON Schema (2020-12) of a kind of file, for editors, and check nothing.
    #[arg(long, value_name = "KIND", value_parser = kinds())]
    schema: Option<String>,
    /// Tell a life event in sentences, for lawyers, as in LE-BIRTH, and check nothing else.
    #[arg(long, value_name = "ID", conflicts_with_all = ["schema", "on"])]
    read: Option<String>,
    /// The language of the sentences.
    #[arg(long, value_parser = ["vi", "en"], default_value = "vi", requires = "read")]
    language: String,
    /// What a change does to people.
    #[command(flatten)]
    diff: diff::Args,
}

impl Args {
    /// Two packs to compare, and the day.
    pub(crate) fn diff(&self) -> Option<(&diff::Args, Option<Date>)> {
        self.diff.folders().map(|_| (&self.diff, self.on))
    }
}

/// The names of the kinds of files that have a schema.
fn kinds() -> PossibleValuesParser {
    FileKind::ALL.map(FileKind::name).into()
}

const EXAMPLES: &str = "\
Examples:
  cotmoc check life-events/vn                     what is wrong, with file, line and caret
  cotmoc check life-events/vn --on 2027-03-01     what will have expired on that day
  cotmoc check --read LE-BIRTH --language en      a life event in sentences, for lawyers
  cotmoc check --schema life-event                what an editor checks while you write
  cotmoc check --diff old/vn life-events/vn       who gets or loses what, over everybody";

/// What machines read.
#[derive(Serialize)]
struct Checked {
    #[serde(flatten)]
    counts: PackCounts,
    on: Option<Date>,
    errors: Vec<Fault>,
}

#[derive(Serialize)]
struct Fault {
    file: String,
    line: usize,
    column: usize,
    message: String,
    help: Option<String>,
}

impl From<&PackError> for Fault {
    fn from(error: &PackError) -> Self {
        Self {
            file: error.file.clone(),
            line: error.span.line,
            column: error.span.column,
            message: error.message.clone(),
            help: error.help.clone(),
        }
    }
}

impl From<&WordsFault> for Fault {
    fn from(fault: &WordsFault) -> Self {
        let place = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            file: format!("words/{}", fault.file),
            line: place(fault.line),
            column: place(fault.column),
            message: fault.broken.to_string(),
            help: None,
        }
    }
}

impl From<EverydayError> for Fault {
    fn from(EverydayError { line, said }: EverydayError) -> Self {
        Self { file: "everyday.yaml".to_owned(), line, column: 1, message: said, help: None }
    }
}

impl From<&Unsayable> for Fault {
    fn from(letter: &Unsayable) -> Self {
        let help = "give the life event's file of words a point or a variant that fits";
        Self {
            file: "words".to_owned(),
            line: 0,
            column: 0,
            message: letter.to_string(),
            help: Some(help.to_owned()),
        }
    }
}

impl Fault {
    fn line(&self) -> String {
        let Self { file, line, column, message, .. } = self;
        format!("{file}:{line}:{column}: {message}")
    }
}

/// Loads the pack, which checks everything that can be checked without a case, and looks for what
/// does not hold on the day.
pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<()> {
    let schema = FileKind::ALL.into_iter().find(|kind| args.schema.as_deref() == Some(kind.name()));
    if let Some(kind) = schema {
        return output::print(&kind.schema());
    }
    let files = pack::files(args.path.as_deref())?;
    match &args.read {
        Some(id) => read(&Pack::load(&files)?, id, &args.language, output),
        None => check(args, &files, output),
    }
}

/// Tells a life event in sentences.
fn read(pack: &Pack, id: &str, language: &str, output: Output) -> anyhow::Result<()> {
    let language = if language == "en" { Language::EN } else { Language::VI };
    let text = pack.read_out(id, language).ok_or_else(|| anyhow!(no_such(pack, id)))?;
    output.say(text.trim_end());
    output.value(&serde_json::json!({ "life_event": id, "text": text }))
}

fn check(args: &Args, files: &PackFiles, output: Output) -> anyhow::Result<()> {
    let (on, errors, mut beside) = match Pack::load(files) {
        Ok(pack) => {
            let on = args.on.unwrap_or_else(|| today(&pack));
            (Some(on), PackErrors(pack.expired_on(on)), words(&pack, files)?)
        }
        Err(errors) => (args.on, errors, Vec::new()),
    };
    beside.extend(pack::everyday(files).err().map(Fault::from));
    let counts = PackCounts::of(files);
    let faults: Vec<Fault> = errors.0.iter().map(Fault::from).chain(beside).collect();
    let count = faults.len();
    let said = faults.iter().skip(errors.0.len()).map(Fault::line).collect::<Vec<_>>().join("\n");
    output.value(&Checked { counts, on, errors: faults })?;
    if count == 0 {
        output.say(say(&counts, on));
        return Ok(());
    }
    if output.is_json() {
        // All of them stand in the value already.
        bail!("the pack has {count} errors");
    }
    ensure!(errors.0.is_empty(), errors);
    bail!(said)
}

/// What is wrong with the words of letters. A pack without any writes none, and may.
fn words(pack: &Pack, files: &PackFiles) -> anyhow::Result<Vec<Fault>> {
    if files.iter().all(|(path, _)| !path.starts_with("words/")) {
        return Ok(Vec::new());
    }
    match pack::words(files) {
        Ok(words) => Ok(pack::unsayable(pack, &words).iter().map(Fault::from).collect()),
        Err(WordsError::Faults(faults)) => Ok(faults.iter().map(Fault::from).collect()),
        Err(error) => Err(error.into()),
    }
}

/// Today where the pack's people live.
fn today(pack: &Pack) -> Date {
    RealClock.now().to_zoned(pack.time_zone().clone()).date()
}

fn say(counts: &PackCounts, on: Option<Date>) -> String {
    let PackCounts { life_events, services, forms, examples } = counts;
    let on = on.map(|on| format!(", and nothing expired on {on}")).unwrap_or_default();
    format!(
        "life events: {} of citizens, {} of businesses; services: {services}; forms: {forms}; \
         examples: {examples}\nno error{on}",
        life_events.citizen, life_events.business
    )
}
