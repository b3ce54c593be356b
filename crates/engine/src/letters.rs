//! Which letters follow from a milestone besides the first: reminders of what is not done, and a
//! correction of what was taken back.
//!
//! A reminder is a job that waits for its day. On that day everything is asked again: it is not
//! worded where the thing was done, refused or taken back, or where the deadline has moved and the
//! day is none of its reminders any more. A correction follows a first letter that was sent, once
//! its milestone is withdrawn; the claim that sends it asks whether that still holds.

use std::collections::BTreeSet;

use domain::{
    Channel, Delivery, DeliveryState, Letter, Message, Milestone, SubjectId, Suggestion, Trace,
};
use jiff::Timestamp;
use jiff::civil::Date;
use rules::Proposal;
use storage::{Conn, deliveries};

use crate::suggest::first_thing_to_do;
use crate::work::Work;
use crate::{App, EngineError};

/// The hour of the day from which a reminder is sent, where its reader lives. A choice: offices
/// open about then, and nobody is woken.
const HOUR: i8 = 8;

impl App {
    /// Enqueues the letters about `milestone` that `proposals` call for now and later.
    pub(crate) async fn call_for_letters(
        &self,
        conn: &mut Conn,
        milestone: &Milestone,
        proposals: &[Proposal<'_>],
        held: &[Suggestion],
        (now, trace): (Timestamp, &Trace),
    ) -> Result<(), EngineError> {
        let told: BTreeSet<SubjectId> =
            proposals.iter().map(|it| it.suggestion.recipient).collect();
        for recipient in told {
            let compose = |letter| Work::Compose { milestone: milestone.id, recipient, letter };
            compose(Letter::First).enqueue(conn, now, trace).await?;
            let Some(main) = first_thing_to_do(proposals, held, recipient) else { continue };
            for on in reminders_after(main, self.day(now)) {
                if let Some(at) = self.morning_of(on) {
                    compose(Letter::Reminder(on)).enqueue_for(conn, at, trace).await?;
                }
            }
        }
        Ok(())
    }

    /// Enqueues a correction to everyone who was sent the first letter about `milestone`, unless
    /// the pack has silence follow.
    pub(crate) async fn call_for_corrections(
        &self,
        conn: &mut Conn,
        milestone: &Milestone,
        held: &[Suggestion],
        (now, trace): (Timestamp, &Trace),
    ) -> Result<(), EngineError> {
        let silent = self.pack.life_event(&milestone.life_event).is_some_and(|it| it.silent);
        if silent {
            return Ok(());
        }
        let told: BTreeSet<SubjectId> = held.iter().map(|it| it.recipient).collect();
        for recipient in told {
            if was_sent(conn, milestone, recipient, Letter::First).await? {
                let letter = Letter::Correction;
                let work = Work::Compose { milestone: milestone.id, recipient, letter };
                work.enqueue(conn, now, trace).await?;
            }
        }
        Ok(())
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

/// The days after `today` on which to remind of `main`.
fn reminders_after(main: &Proposal<'_>, today: Date) -> Vec<Date> {
    let deadline = main.suggestion.deadline.iter();
    deadline.flat_map(|it| &it.remind_on).copied().filter(|on| today < *on).collect()
}

/// Whether `letter` about `milestone` has arrived at `recipient`.
async fn was_sent(
    conn: &mut Conn,
    milestone: &Milestone,
    recipient: SubjectId,
    letter: Letter,
) -> Result<bool, EngineError> {
    let message = Message::id_of(milestone.id, recipient, letter);
    let delivery = deliveries::get(conn, Delivery::id_of(message, Channel::Inbox)).await?;
    Ok(delivery.is_some_and(|it| it.state == DeliveryState::Sent))
}
