//! Storing what was checked: journal, subjects, facts and the work that follows, or quarantine,
//! all in one transaction.

use domain::{EventId, Language, PersonalNumberWarning, SubjectId};
use jiff::{SignedDuration, Timestamp};
use rules::{ReadSubject, Warning};
use storage::journal::{Entry, Recorded};
use storage::subjects::Subject;
use storage::{Conn, facts, jobs, journal, quarantine, subjects};

use super::check::Checked;
use super::{Body, Input, Intake, IntakeWarning, Reason, Refused};
use crate::work::Work;
use crate::{App, EngineError};

impl App {
    /// Stores what came of checking `inputs`, one for each of them and in their order.
    pub(super) async fn store_checked(
        &self,
        inputs: &[Input],
        mut checked: Vec<Result<Checked<'_>, Refused>>,
    ) -> Result<Vec<Intake>, EngineError> {
        let mut tx = self.store.begin().await?;
        // Known from the moment that it can be read by others, not from when it began to wait for
        // them: a decision taken meanwhile did not know it, and its replay must not either.
        let now = self.next_moment(&mut tx).await?;
        known_from(&mut checked, now);
        let mut found = record(&mut tx, &checked).await?.into_iter();
        let mut taken = Vec::with_capacity(inputs.len());
        let mut new = Vec::new();
        for (input, one) in inputs.iter().zip(checked) {
            let intake = match one {
                Err(refused) => Err(refused),
                Ok(one) => match found.next() {
                    Some(Recorded::New(id)) => {
                        let warnings = one.reading.warnings.iter().map(odd).collect();
                        new.push(one);
                        Ok(Intake::New { id, warnings })
                    }
                    Some(Recorded::Repeat(id)) => Ok(Intake::Repeat { id }),
                    Some(Recorded::Differs(_)) | None => {
                        let detail = "this id was used before for something else";
                        Err(Refused::new(Reason::IdReused, Some("/id"), detail))
                    }
                },
            };
            taken.push(match intake {
                Ok(intake) => intake,
                Err(refused) => {
                    set_aside(&mut tx, input, &refused, now).await?;
                    refused.into()
                }
            });
        }
        let events = new.len();
        self.store_new(&mut tx, new, now).await?;
        tx.commit().await?;
        tracing::info!(events, inputs = inputs.len(), "events accepted");
        Ok(taken)
    }

    /// Stores what new events tell, and enqueues the work that follows.
    async fn store_new(
        &self,
        conn: &mut Conn,
        new: Vec<Checked<'_>>,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let (mut about, mut told, mut work) = (Vec::new(), Vec::new(), Vec::new());
        let mut withdrawn: Vec<(EventId, Timestamp)> = Vec::new();
        for Checked { event, event_type, reading } in new {
            tracing::debug!(event.id = %event.id, event.kind = %event.kind.0, "event accepted");
            about.extend(reading.subjects.values().map(|it| self.subject_row(it)));
            told.extend(reading.facts);
            withdrawn
                .extend(event_type.withdraws(&event).map(|it| (it.event(), event.received_at)));
            let detect = Work::Detect { event: event.id, register: event.source };
            work.push(detect.job(now, &event.trace)?);
        }
        subjects::put(conn, &about).await?;
        facts::record(conn, &told).await?;
        for (event, at) in withdrawn {
            facts::withdraw_facts_of(conn, event, at).await?;
        }
        Ok(jobs::enqueue_again(conn, &work, now).await?)
    }

    /// The row that leads back from a pseudonym. Messages are in the country's first language
    /// until the person chooses another.
    fn subject_row(&self, subject: &ReadSubject) -> Subject {
        Subject {
            id: subject.id,
            kind: subject.kind,
            identifier: Some(subject.identifier.reveal().to_owned()),
            language: self.pack.head().languages.first().copied().unwrap_or(Language::VI),
        }
    }
}

/// Dates what is known from `now` on. A microsecond between each and the next keeps the order in
/// which they came: of two words of one register about one thing, the later one counts.
fn known_from(checked: &mut [Result<Checked<'_>, Refused>], now: Timestamp) {
    let mut at = now;
    for one in checked.iter_mut().flatten() {
        one.event.received_at = at;
        one.reading.facts.iter_mut().for_each(|fact| fact.known_from = at);
        at = at.checked_add(SignedDuration::from_micros(1)).unwrap_or(at);
    }
}

/// Puts into the journal what can be stored, and answers in its order what was found.
async fn record(
    conn: &mut Conn,
    checked: &[Result<Checked<'_>, Refused>],
) -> Result<Vec<Recorded>, EngineError> {
    let about = |one: &Checked<'_>| -> Vec<SubjectId> {
        one.reading.subjects.values().map(|it| it.id).collect()
    };
    let named: Vec<(&Checked<'_>, Vec<SubjectId>)> =
        checked.iter().flatten().map(|one| (one, about(one))).collect();
    let entries: Vec<Entry<'_>> =
        named.iter().map(|(one, about)| Entry { event: &one.event, about }).collect();
    Ok(journal::record(conn, &entries).await?)
}

async fn set_aside(
    conn: &mut Conn,
    input: &Input,
    refused: &Refused,
    now: Timestamp,
) -> Result<(), EngineError> {
    let (source, raw) = match &input.body {
        Body::Text { raw, .. } => ("", raw.clone()),
        Body::Json(json) => {
            let source = json.get("source").and_then(serde_json::Value::as_str);
            (source.unwrap_or_default(), json.to_string())
        }
    };
    let rejected = quarantine::Rejected {
        source,
        place: &input.place,
        code: refused.reason.name(),
        reason: &refused.detail,
        raw: &raw,
        received_at: now,
    };
    quarantine::set_aside(conn, &rejected).await?;
    tracing::warn!(reason = refused.reason.name(), place = input.place, "input set aside");
    Ok(())
}

/// What a personal number disagrees with, in words.
fn odd(warning: &Warning) -> IntakeWarning {
    let message = match warning.what {
        PersonalNumberWarning::BirthYear => "the personal number tells another year of birth",
        PersonalNumberWarning::Sex => "the personal number tells the other sex",
    };
    IntakeWarning { pointer: format!("/data{}", warning.pointer), message: message.to_owned() }
}
