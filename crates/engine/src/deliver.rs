//! Deliver: one message on one channel, claimed, sent with no connection held, recorded.
//!
//! The claim asks once more, in its own transaction, whether sending is still right
//! (invariant 7): a person may have refused, died, or seen the milestone withdrawn since the
//! message was worded.

use domain::{Channel, Delivery, DeliveryId, DeliveryState, RefusalScope, SubjectId};
use jiff::Timestamp;
use rules::Hold;
use storage::deliveries::{self, Checks, Claim};
use storage::jobs::{self, Job};
use storage::{Conn, messages, milestones};

use crate::{App, EngineError};

/// The attribute that tells of a death: the one that the rules' guards read too.
const DECEASED: &str = "deceased";

impl App {
    /// Sends one delivery, or holds it back for a stated reason.
    pub(crate) async fn deliver(&self, id: DeliveryId, job: &Job) -> Result<(), EngineError> {
        let now = self.now();
        let mut tx = self.store.begin().await?;
        requeue_abandoned(&mut tx, id).await?;
        let Some(claimed) = self.claim(&mut tx, id, now).await? else {
            jobs::complete(&mut tx, job, now).await?;
            tx.commit().await?;
            return Ok(());
        };
        tx.commit().await?;

        match claimed.channel {
            // The inbox is this database: recording that it arrived is the arrival.
            Channel::Inbox => {}
        }

        let now = self.now();
        let mut tx = self.store.begin().await?;
        deliveries::record_sent(&mut tx, id, now).await?;
        jobs::complete(&mut tx, job, now).await?;
        tx.commit().await?;
        tracing::info!(delivery.id = %id, subject.id = %claimed.recipient, "message delivered");
        Ok(())
    }

    async fn claim(
        &self,
        conn: &mut Conn,
        id: DeliveryId,
        now: Timestamp,
    ) -> Result<Option<Delivery>, EngineError> {
        let stops = self.stops(conn, id, now).await?;
        let checks = Checks {
            now,
            today: self.day(now),
            must_live: &stops.subjects,
            deceased: DECEASED,
            sensitive: stops.sensitive,
            refusal_keys: &stops.refusal_keys,
        };
        match deliveries::claim_delivery(conn, id, &checks).await? {
            Some(Claim::Claimed(claimed)) => Ok(Some(claimed.0)),
            Some(Claim::Suppressed(reason)) => {
                tracing::info!(delivery.id = %id, reason = reason.name(), "message held back");
                Ok(None)
            }
            Some(Claim::NotQueued(_)) | None => Ok(None),
        }
    }

    /// Whose death, which refusals and which hold would stop this delivery.
    async fn stops(
        &self,
        conn: &mut Conn,
        id: DeliveryId,
        now: Timestamp,
    ) -> Result<Stops, EngineError> {
        let refusal_keys = vec![RefusalScope::All.key()];
        let mut stops = Stops { subjects: Vec::new(), sensitive: false, refusal_keys };
        let Some(delivery) = deliveries::get(conn, id).await? else { return Ok(stops) };
        let Some(message) = messages::get(conn, delivery.message).await? else { return Ok(stops) };
        let milestone = milestones::get(conn, message.milestone).await?;
        let Some(milestone) = milestone else { return Ok(stops) };
        let Some(life_event) = self.pack.life_event(&milestone.life_event) else {
            return Ok(stops);
        };
        let hold = self.hold(conn, &milestone, now).await?;
        stops.sensitive = matches!(hold, Some(Hold::Officer { .. } | Hold::Wait { .. }));
        let guarded = life_event.guards.deceased.iter();
        stops.subjects =
            guarded.filter_map(|role| milestone.roles.get(role.as_str())).copied().collect();
        let groups = life_event.groups.iter().cloned().map(RefusalScope::Group);
        let own = RefusalScope::LifeEvent(life_event.id.value.clone());
        stops.refusal_keys.extend(groups.chain([own]).map(|scope| scope.key()));
        Ok(stops)
    }
}

/// What stops a delivery.
struct Stops {
    subjects: Vec<SubjectId>,
    sensitive: bool,
    refusal_keys: Vec<String>,
}

/// A worker that died between claiming and recording left the delivery claimed. Only one worker
/// holds this delivery's job, so whoever runs it now may take the delivery up again.
///
/// For a channel that sends outside of this database this may send a second time; its adapter
/// must make the repeat recognisable by the delivery's id.
async fn requeue_abandoned(conn: &mut Conn, id: DeliveryId) -> Result<(), EngineError> {
    let held = deliveries::get(conn, id).await?;
    if held.is_some_and(|held| held.state == DeliveryState::Claimed) {
        deliveries::requeue(conn, id).await?;
    }
    Ok(())
}
