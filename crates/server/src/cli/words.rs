//! `cotmoc words`: phrases that a model wrote for letters, and what people decide about them.

use domain::Clock as _;
use server::clock::RealClock;
use server::config::Config;
use server::phrases::{self, Outcome};
use server::wiring::{self, Tables};
use storage::phrases::{Decision, PhraseAction, PhraseState};

use super::output::Output;

mod propose;
mod show;

/// What to do about phrases.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

const HELP: &str = "\
Letters are made of phrases that people approved. Here a model writes other ways to say one, between
the same slots and without any value; each is held against the approved phrases of that very point,
and what does not say the same is refused and counted. What stands is `proved`, and in no letter.

People decide. One name is enough where a life event goes no further than level 2; two different
names are needed from level 3 on, and for what all letters say. What was `approved` joins the bank at
the next start of each program, behind the approved wording, and letters are worded anew. `refused`
and `retired` are for good: the same words are not proposed again. Where the pack's own wording of a
point changes, what joined it is `stale` and in no letter.

Examples:
  cotmoc words propose --life-event LE-BIRTH --language vi --limit 20
  cotmoc words list --state proved
  cotmoc words show phr_…                         what differs, and what carries it
  cotmoc words approve phr_… --by \"Nguyễn Thị Mẫu\" --because \"reads well, says the same\"
  cotmoc words retire phr_… --by \"Nguyễn Thị Mẫu\" --because \"people asked what it means\"";

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Have a model write phrases, and keep those that are proved.
    Propose(propose::Args),
    /// List phrases by where they stand.
    List {
        /// Only those in this state.
        #[arg(long, value_parser = state, value_name = "STATE")]
        state: Option<PhraseState>,
    },
    /// Show one: what differs from the nearest approved phrase, what carries it, who decided what.
    Show {
        /// Its id, as `list` shows it.
        id: String,
    },
    /// Approve one that is proved.
    Approve(Deciding),
    /// Refuse one that is proved, for good.
    Refuse(Deciding),
    /// Take an approved one out, for good.
    Retire(Deciding),
}

#[derive(Debug, clap::Args)]
struct Deciding {
    /// Its id, as `list` shows it.
    id: String,
    /// Who answers for it, by name.
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Why, for those who ask later.
    #[arg(long, value_name = "TEXT")]
    because: String,
}

fn state(text: &str) -> Result<PhraseState, String> {
    let names = || PhraseState::ALL.map(PhraseState::name).join("`, `");
    PhraseState::named(text).ok_or_else(|| format!("it must be one of `{}`", names()))
}

/// Runs one of the six.
pub(crate) async fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    super::log_quietly(config)?;
    match &args.action {
        Action::Propose(args) => propose::run(args, config, output).await,
        Action::List { state } => show::list(*state, config, output).await,
        Action::Show { id } => show::one(id, config, output).await,
        Action::Approve(it) => decide(it, PhraseAction::Approve, config, output).await,
        Action::Refuse(it) => decide(it, PhraseAction::Refuse, config, output).await,
        Action::Retire(it) => decide(it, PhraseAction::Retire, config, output).await,
    }
}

async fn decide(
    args: &Deciding,
    action: PhraseAction,
    config: &Config,
    output: Output,
) -> anyhow::Result<()> {
    let store = wiring::store(config, Tables::Expected).await?.store;
    let country = wiring::country(config)?;
    let decision = Decision {
        at: RealClock.now(),
        by_whom: args.by.clone(),
        action,
        because: args.because.clone(),
    };
    let outcome = phrases::decide(&store, &country, &args.id, &decision).await?;
    let Outcome { state, approvals_missing, left_out, .. } = &outcome;
    output.say(match (state, left_out) {
        (PhraseState::Proved, _) => {
            format!(
                "noted; {approvals_missing} more must approve it, by another name, before it joins"
            )
        }
        (PhraseState::Approved, None) => "approved: it joins at the next start".to_owned(),
        (PhraseState::Approved, Some(why)) => format!("approved, and in no letter: {why}"),
        (PhraseState::Refused, _) => "refused: it is not proposed again".to_owned(),
        (PhraseState::Retired, _) => {
            "retired: no letter is worded with it from the next start on".to_owned()
        }
    });
    output.value(&outcome)
}
