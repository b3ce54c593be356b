//! Plays the pack's sample families with a clock that moves as the events tell.
//!
//! What the demo, the tests and the evaluation see is what the engine would have done day by
//! day: each event arrives at its own time, and the daily run of every day in between is run.
//! Played again on the same database it changes nothing.

use domain::{Clock as _, FixedClock, Refusal, RefusalScope, SubjectId, SubjectKind};
use jiff::civil::{Date, time};
use jiff::{SignedDuration, Timestamp};
use rules::SamplePerson;
use serde_json::Value;
use storage::{Stored, jobs, refusals, subjects};

use crate::intake::Intake;
use crate::{App, EngineError, Timetable, Worker};

/// How long after the last day's morning work may still wait to be tried again.
const PATIENCE: SignedDuration = SignedDuration::from_hours(2);

/// How far the play is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The event just taken in, from 1.
    pub event: usize,
    /// How many there are.
    pub of: usize,
    /// The day that it arrived.
    pub on: Date,
}

/// What a play did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Played {
    /// Events that were new.
    pub new: u64,
    /// Events that were known already.
    pub repeats: u64,
    /// Events that were set aside.
    pub set_aside: u64,
}

/// Plays the sample timeline on `app`, whose clock is `clock`, up to the samples' today.
pub async fn play(
    app: &App,
    clock: &FixedClock,
    timetable: &Timetable,
    mut told: impl FnMut(Step),
) -> Result<Played, EngineError> {
    let samples = app.pack.samples();
    let worker = Worker::new(app.clone(), "sandbox".to_owned());
    let mut played = Played::default();
    for (place, line) in samples.timeline.iter().enumerate() {
        let json: Value = serde_json::from_str(line).map_err(|e| EngineError::Input(e.into()))?;
        let at = json.get("time").and_then(Value::as_str).and_then(|time| time.parse().ok());
        if let Some(at) = at {
            if place == 0 {
                clock.set(at);
                introduce(app).await?;
            }
            advance(app, clock, timetable, &worker, at).await?;
        }
        match app.accept(&json, &format!("line {} of the samples", place + 1)).await? {
            Intake::New { .. } => {
                played.new += 1;
                worker.work_off().await?;
            }
            Intake::Repeat { .. } => played.repeats += 1,
            Intake::SetAside { .. } => played.set_aside += 1,
        }
        told(Step { event: place + 1, of: samples.timeline.len(), on: app.today() });
    }
    if let Some(families) = &samples.families {
        advance(app, clock, timetable, &worker, morning(app, families.today)).await?;
    }
    settle(app, clock, &worker).await?;
    Ok(played)
}

/// Nine in the morning of `day`.
fn morning(app: &App, day: Date) -> Timestamp {
    let zoned = day.to_datetime(time(9, 0, 0, 0)).to_zoned(app.pack.time_zone().clone());
    zoned.map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

/// Moves the clock to `to`, running the daily run of each day on the way.
async fn advance(
    app: &App,
    clock: &FixedClock,
    timetable: &Timetable,
    worker: &Worker,
    to: Timestamp,
) -> Result<(), EngineError> {
    let mut at = if let Some(last) = app.last_tick().await? {
        last
    } else {
        app.tick(timetable).await?;
        clock.now()
    };
    while let Some(next) = timetable.next(at, app.pack.time_zone()).filter(|next| *next <= to) {
        clock.set(next);
        app.tick(timetable).await?;
        worker.work_off().await?;
        at = next;
    }
    clock.set(to);
    Ok(())
}

/// Works off what a worker that was killed had in hand and what waits to be tried again, by
/// moving the clock to when it is due.
async fn settle(app: &App, clock: &FixedClock, worker: &Worker) -> Result<(), EngineError> {
    let end = clock.now().checked_add(PATIENCE).unwrap_or(Timestamp::MAX);
    loop {
        worker.work_off().await?;
        let next = jobs::next_at(&mut *app.store.read().await?).await?;
        match next.filter(|next| *next <= end) {
            Some(next) => clock.set(next.max(clock.now())),
            None => return Ok(()),
        }
    }
}

/// Makes the sample people known, with the language that they chose and what they refuse.
async fn introduce(app: &App) -> Result<(), EngineError> {
    let mut tx = app.store.begin().await?;
    for person in people(app) {
        let id = pseudonym(app, person);
        let identifier = Some(person.pin.value.clone());
        let (kind, language) = (SubjectKind::Person, person.language);
        let subject = subjects::Subject { id, kind, identifier, language };
        // Whoever is known already may have changed their mind since.
        if subjects::put(&mut tx, &[subject]).await? != [Stored::New] {
            continue;
        }
        for scope in person.refuses.iter().filter_map(|key| RefusalScope::from_key(key)) {
            let refusal = Refusal { subject: id, scope, since: app.now() };
            refusals::refuse(&mut tx, &refusal).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

/// The people of the pack's sample families.
pub(crate) fn people(app: &App) -> impl Iterator<Item = &SamplePerson> {
    let families = app.pack.samples().families.iter();
    families.flat_map(|families| &families.families).flat_map(|family| &family.people)
}

/// The pseudonym of a sample person.
pub(crate) fn pseudonym(app: &App, person: &SamplePerson) -> SubjectId {
    app.key.subject(SubjectKind::Person, &person.pin)
}
