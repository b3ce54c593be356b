//! The chain, end to end: the samples are played through the real engine, and what it stored is
//! compared with what a person expected.

use std::time::Instant;

use domain::FixedClock;
use engine::sandbox::{self, Played};
use engine::{App, Timetable};
use rules::ExampleResult;
use tracing::instrument::WithSubscriber as _;

use crate::EvalError;
use crate::compare::Comparison;
use crate::expect::{Expectations, People};
use crate::report::{ChainReport, Difference, Events, Examples, Timings};
use crate::timing::StageClock;
use crate::{stored, threshold};

/// Runs the chain on `app`, whose clock is `clock` and whose database is fresh: what an earlier
/// run left there would be counted too.
///
/// While it runs the engine's spans go to the stage clock and its events nowhere: what went wrong
/// stands in the report.
pub async fn chain(
    app: &App,
    clock: &FixedClock,
    timetable: &Timetable,
) -> Result<ChainReport, EvalError> {
    chain_told(app, clock, timetable, |_| ()).await
}

/// As [`chain`], and tells of each step of the play, for a progress bar.
pub async fn chain_told(
    app: &App,
    clock: &FixedClock,
    timetable: &Timetable,
    told: impl FnMut(sandbox::Step),
) -> Result<ChainReport, EvalError> {
    let expected = Expectations::embedded()?;
    let today = app.pack.samples().families.as_ref().map(|families| families.today);
    if today != Some(expected.today) {
        let said = format!("it expects the samples of {}, the pack's are others", expected.today);
        return Err(EvalError::Data { file: "chain.yaml", said });
    }
    let started = Instant::now();
    let examples = examples(rules::run_examples(&app.pack));
    let examples_seconds = started.elapsed().as_secs_f64();

    let stages = StageClock::default();
    let started = Instant::now();
    let play = sandbox::play(app, clock, timetable, told);
    let played = play.with_subscriber(stages.clone()).await?;
    let play_seconds = started.elapsed().as_secs_f64();

    let people = People::new(&app.pack, &app.key);
    let stored = stored::read(&app.store).await?;
    let compared = Comparison::of(&expected, &stored, &people)?;
    let mut report = ChainReport {
        pack: format!("{} {}", app.pack.head().id, app.pack.version()),
        pack_hash: app.pack.hash().to_owned(),
        model: app.writing.model.as_ref().map(|it| it.hash().to_owned()).unwrap_or_default(),
        today: expected.today,
        events: events(app, played).await?,
        milestones: compared.milestones,
        suggestions: compared.suggestions,
        deadlines: compared.deadlines,
        prefill: compared.prefill,
        messages: compared.messages,
        examples,
        timings: Timings { play_seconds, examples_seconds, stages: stages.stages() },
        cases: compared.cases,
        differences: compared.differences,
        thresholds: Vec::new(),
    };
    report.thresholds = threshold::of_chain(&report)?;
    Ok(report)
}

async fn events(app: &App, played: Played) -> Result<Events, EvalError> {
    let mut conn = app.store.read().await?;
    let jobs = storage::jobs::counts(&mut conn).await?;
    Ok(Events {
        new: played.new,
        repeats: played.repeats,
        set_aside: played.set_aside,
        dead_jobs: jobs.dead,
    })
}

fn examples(results: Vec<ExampleResult>) -> Examples {
    let all = results.len();
    let failed = results.into_iter().filter(|it| !it.passed);
    let failures: Vec<Difference> = failed
        .map(|it| Difference {
            family: it.life_event,
            about: it.situation,
            expected: it.expected.join("; "),
            got: it.got.join("; "),
        })
        .collect();
    Examples { all, passed: all - failures.len(), failed: failures.len(), failures }
}
