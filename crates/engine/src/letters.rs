//! Which letters follow from a milestone besides the first: reminders of what is not done, and a
//! correction of what was taken back.
//!
//! A reminder is a job that waits for its day. On that day everything is asked again: it is not
//! worded where the thing was done, refused or taken back, or where the deadline has moved and the
//! day is none of its reminders any more. A correction follows a first letter that may have arrived, once
//! its milestone is withdrawn; the claim that sends it asks whether that still holds.

use std::collections::BTreeSet;

use domain::{
    Delivery, DeliveryState, Letter, Message, Milestone, MilestoneState, SubjectId, Suggestion,
    Trace,
};
use jiff::Timestamp;
use jiff::civil::Date;
use rules::Proposal;
use storage::{Conn, deliveries, messages, milestones};

use crate::ledger::Ledger;
use crate::suggest::first_thing_to_do;
use crate::work::Work;
use crate::{App, EngineError};

/// The hour of the day from which a reminder is sent, where its reader lives. A choice: offices
/// open about then, and nobody is woken.
const HOUR: i8 = 8;

impl App {
    /// Notes the letters about `milestone` that `proposals` call for now and later.
    pub(crate) fn call_for_letters(
        &self,
        ledger: &mut Ledger,
        milestone: &Milestone,
        proposals: &[Proposal<'_>],
        held: &[Suggestion],
        (now, trace): (Timestamp, &Trace),
    ) -> Result<(), EngineError> {
        let told: BTreeSet<SubjectId> =
            proposals.iter().map(|it| it.suggestion.recipient).collect();
        for recipient in told {
            let main = first_thing_to_do(proposals, held, recipient);
            let deadline = main.and_then(|main| main.suggestion.deadline.as_ref());
            let by = deadline.map(|deadline| deadline.safe);
            let compose = |letter| compose(milestone, recipient, letter, by);
            ledger.again.push(compose(Letter::First).job(now, trace)?);
            let Some(main) = main else { continue };
            for on in reminders_after(main, self.day(now)) {
                if let Some(at) = self.morning_of(on) {
                    ledger.once.push(compose(Letter::Reminder(on)).job(at, trace)?);
                }
            }
        }
        Ok(())
    }

    /// Notes a correction to everyone who may have got the first letter about `milestone`, unless
    /// the pack has silence follow.
    pub(crate) async fn call_for_corrections(
        &self,
        conn: &mut Conn,
        ledger: &mut Ledger,
        milestone: &Milestone,
        held: &[Suggestion],
        (now, trace): (Timestamp, &Trace),
    ) -> Result<(), EngineError> {
        if self.is_silent(milestone) {
            return Ok(());
        }
        let told: BTreeSet<SubjectId> = held.iter().map(|it| it.recipient).collect();
        for recipient in told {
            if may_have_arrived(conn, milestone, recipient, Letter::First).await? {
                let work = compose(milestone, recipient, Letter::Correction, None);
                ledger.again.push(work.job(now, trace)?);
            }
        }
        Ok(())
    }

    /// Enqueues a correction of a letter that a worker had in hand when it was killed, where its
    /// milestone is withdrawn by now: it may have arrived, and will not be sent again.
    pub(crate) async fn correct_what_may_have_arrived(
        &self,
        conn: &mut Conn,
        delivery: &Delivery,
        (now, trace): (Timestamp, &Trace),
    ) -> Result<(), EngineError> {
        let message = messages::get(conn, delivery.message).await?;
        let Some(message) = message.filter(|it| it.letter == Letter::First) else { return Ok(()) };
        let milestone = milestones::get(conn, message.milestone).await?;
        let withdrawn = milestone.filter(|it| it.state == MilestoneState::Withdrawn);
        let Some(milestone) = withdrawn.filter(|it| !self.is_silent(it)) else { return Ok(()) };
        let work = compose(&milestone, delivery.recipient, Letter::Correction, None);
        work.enqueue(conn, now, trace).await
    }

    /// Whether nothing is corrected in letters about `milestone`.
    fn is_silent(&self, milestone: &Milestone) -> bool {
        self.pack.life_event(&milestone.life_event).is_some_and(|it| it.silent)
    }

    /// Whether `letter` about a thing to do may be worded on `today`.
    pub(crate) async fn is_called_for(
        &self,
        conn: &mut Conn,
        milestone: &Milestone,
        main: &Proposal<'_>,
        letter: Letter,
    ) -> Result<bool, EngineError> {
        let Letter::Reminder(on) = letter else { return Ok(true) };
        let deadline = main.suggestion.deadline.as_ref();
        let planned = deadline.is_some_and(|deadline| deadline.remind_on.contains(&on));
        let recipient = main.suggestion.recipient;
        Ok(planned && was_sent(conn, milestone, recipient, Letter::First).await?)
    }

    fn morning_of(&self, day: Date) -> Option<Timestamp> {
        let moment = day.at(HOUR, 0, 0, 0).to_zoned(self.pack.time_zone().clone()).ok()?;
        Some(moment.timestamp())
    }
}

/// The work of wording `letter`, about what is to be done until `by`.
pub(crate) fn compose(
    milestone: &Milestone,
    recipient: SubjectId,
    letter: Letter,
    by: Option<Date>,
) -> Work {
    let life_event = milestone.life_event.clone();
    Work::Compose { milestone: milestone.id, life_event, recipient, letter, by }
}

/// The days after `today` on which to remind of `main`.
fn reminders_after(main: &Proposal<'_>, today: Date) -> Vec<Date> {
    let deadline = main.suggestion.deadline.iter();
    deadline.flat_map(|it| &it.remind_on).copied().filter(|on| today < *on).collect()
}

/// Whether `letter` about `milestone` has arrived at `recipient`, on any channel.
async fn was_sent(
    conn: &mut Conn,
    milestone: &Milestone,
    recipient: SubjectId,
    letter: Letter,
) -> Result<bool, EngineError> {
    let message = Message::id_of(milestone.id, recipient, letter);
    let deliveries = deliveries::of_message(conn, message).await?;
    Ok(deliveries.iter().any(|it| it.state == DeliveryState::Sent))
}

/// The same, or a worker had it in hand and did not say what became of it: it may be under way,
/// or the worker was killed after it was taken.
async fn may_have_arrived(
    conn: &mut Conn,
    milestone: &Milestone,
    recipient: SubjectId,
    letter: Letter,
) -> Result<bool, EngineError> {
    let message = Message::id_of(milestone.id, recipient, letter);
    let deliveries = deliveries::of_message(conn, message).await?;
    let mut states = deliveries.iter().map(|it| it.state);
    Ok(states.any(|state| matches!(state, DeliveryState::Sent | DeliveryState::Claimed)))
}
