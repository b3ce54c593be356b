//! `cotmoc config`: every setting with its default and what it does, or what counts here.

use std::path::Path;

use server::config::{Config, DEFAULTS};

use super::output::{self, Output};

/// What to show.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// What counts here: the defaults, then the file, then the environment. Passwords in
    /// addresses are not shown.
    #[arg(long)]
    effective: bool,
}

const HELP: &str = "\
Examples:
  cotmoc config                                   every setting, its default, what it does
  cotmoc config > cotmoc.toml                     a file to change; name it with --config
  cotmoc config --effective                       what counts, with COTMOC_CONFIG and COTMOC_… set
  COTMOC_SERVER__LISTEN=0.0.0.0:80 cotmoc serve   one setting, from the environment";

/// Prints the settings.
pub(crate) fn run(args: &Args, file: Option<&Path>, output: Output) -> anyhow::Result<()> {
    if !args.effective && !output.is_json() {
        output.say(DEFAULTS.trim_end());
        return Ok(());
    }
    let settings = if args.effective {
        Config::settings(file, std::env::vars())?
    } else {
        Config::settings(None, [])?
    };
    if output.is_json() {
        return output::print(&settings);
    }
    output.say(toml::to_string_pretty(&settings)?.trim_end());
    Ok(())
}
