//! Deliver: one message on one channel, claimed, sent with no connection held, recorded.
//!
//! The claim asks once more, in its own transaction, whether sending is still right
//! (invariant 7): a person may have refused, died, taken their address back or been disturbed
//! often enough, the milestone may have been withdrawn and the channel stopped, since the message
//! was worded. Where what it tells of was taken back and is not decided anew yet, it waits for that:
//! nothing is sent meanwhile, and nothing held back for good. A send that fails is tried again by
//! the job table; its id stays the same.

use std::slice;

use domain::{
    Delivery, DeliveryId, DeliveryState, Letter, Lifecycle as _, Message, RefusalScope, SubjectId,
};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use rules::Hold;
use storage::deliveries::{self, Checks, Claim, Claimed};
use storage::jobs::{self, Fate, Job};
use storage::{Conn, messages, milestones, subjects};
use writer::To;

use crate::carrier::{NotCarried, Parcel};
use crate::contact::{Notice, Told};
use crate::decide::{Standing, stands};
use crate::halt::HaltScope;
use crate::letters::compose;
use crate::work::Work;
use crate::{App, EngineError};

/// The attribute that tells of a death: the one that the rules' guards read too.
const DECEASED: &str = "deceased";
/// Who stops a channel whose other side is gone.
const BY_ITSELF: &str = "delivery";
/// How long a delivery waits for what it tells of to be decided anew.
const DECIDED_SOON: SignedDuration = SignedDuration::from_secs(3);
/// How long it waits for its letter to be worded anew.
const WORDED_SOON: SignedDuration = SignedDuration::from_secs(60);

impl App {
    /// Puts a message into the inbox, holds it back for a stated reason, or puts it off. The inbox
    /// is this database: recording that it arrived is the arrival. `by` is the last day to do what
    /// it tells of.
    pub(crate) async fn deliver_here(
        &self,
        conn: &mut Conn,
        id: DeliveryId,
        by: Option<Date>,
        job: &Job,
    ) -> Result<(), EngineError> {
        let Some((claimed, _)) = self.take(conn, id, by, job).await? else { return Ok(()) };
        self.arrived(conn, &claimed, job).await
    }

    /// Sends one delivery, holds it back for a stated reason, or puts it off.
    pub(crate) async fn deliver(
        &self,
        id: DeliveryId,
        by: Option<Date>,
        job: &Job,
    ) -> Result<(), EngineError> {
        let mut tx = self.store.begin().await?;
        let concerned = deliveries::concerned(&mut tx, &[id]).await?;
        subjects::hold(&mut tx, &concerned).await?;
        let claimed = self.take(&mut tx, id, by, job).await?;
        tx.commit().await?;
        let Some((claimed, stops)) = claimed else { return Ok(()) };

        self.hand_over(&claimed, by, stops.discreet).await?;

        let mut tx = self.store.begin().await?;
        self.arrived(&mut tx, &claimed, job).await?;
        Ok(tx.commit().await?)
    }

    /// Claims a delivery, or ends its job: nothing is to be sent, or not now.
    async fn take(
        &self,
        conn: &mut Conn,
        id: DeliveryId,
        by: Option<Date>,
        job: &Job,
    ) -> Result<Option<(Box<Claimed>, Stops)>, EngineError> {
        let now = self.moment(conn).await?;
        let Some(delivery) = deliveries::get(conn, id).await? else {
            jobs::complete(conn, slice::from_ref(job), now).await?;
            return Ok(None);
        };
        let stops = self.stops(conn, &delivery, now).await?;
        if stops.overtaken {
            // Left as it is: one that was claimed may have arrived, and is corrected then.
            let soon = self.now().checked_add(DECIDED_SOON).unwrap_or(now);
            jobs::postpone(conn, job, soon).await?;
            return Ok(None);
        }
        if delivery.state == DeliveryState::Claimed {
            self.correct_what_may_have_arrived(conn, &delivery, (now, &job.trace)).await?;
        }
        // A worker that died between claiming and recording left it claimed, and an operator may
        // have had a failed one tried again. Only one worker holds this delivery's job. A channel
        // may so be handed the same parcel twice: its id tells.
        deliveries::requeue(conn, id).await?;
        let lost_proof = deliveries::has_lost_proof(conn, delivery.message).await?;
        // Where nothing is left to say, the claim holds it back.
        if lost_proof && let Some(work) = self.rewording(conn, &delivery, by, now).await? {
            work.enqueue(conn, now, &job.trace).await?;
            let soon = self.now().checked_add(WORDED_SOON).unwrap_or(now);
            jobs::postpone(conn, job, soon).await?;
            return Ok(None);
        }
        match self.claim(conn, id, (&stops, lost_proof), by, now).await? {
            Next::Send(claimed) => return Ok(Some((claimed, stops))),
            Next::Nothing => jobs::complete(conn, slice::from_ref(job), now).await?,
            Next::At(at) => jobs::postpone(conn, job, at).await?,
            // Back into its lane, which nobody claims from until the halt is lifted.
            Next::Halted => jobs::release(conn, job).await?,
        }
        Ok(None)
    }

    /// The work of wording anew the letter of `delivery`, where there is still something to say.
    async fn rewording(
        &self,
        conn: &mut Conn,
        delivery: &Delivery,
        by: Option<Date>,
        now: Timestamp,
    ) -> Result<Option<Work>, EngineError> {
        let Some(message) = messages::get(conn, delivery.message).await? else { return Ok(None) };
        let Message { milestone, recipient, letter, .. } = message;
        let Some(about) = milestones::get(conn, milestone).await? else { return Ok(None) };
        let plan = self.plan(conn, To { milestone, recipient, letter }, now).await?;
        Ok(plan.map(|_| compose(&about, recipient, letter, by)))
    }

    async fn arrived(
        &self,
        conn: &mut Conn,
        claimed: &Claimed,
        job: &Job,
    ) -> Result<(), EngineError> {
        let (delivery, now) = (&claimed.delivery, self.now());
        deliveries::record_sent(conn, delivery.id, now).await?;
        jobs::complete(conn, slice::from_ref(job), now).await?;
        self.operation.metrics.letter(delivery.channel, "sent");
        tracing::info!(
            delivery.id = %delivery.id, channel = delivery.channel.name(),
            subject.id = %delivery.recipient, "message delivered"
        );
        Ok(())
    }

    /// Gives a claimed delivery to what takes it out. No connection is held meanwhile.
    async fn hand_over(
        &self,
        claimed: &Claimed,
        by: Option<Date>,
        sensitive: bool,
    ) -> Result<(), EngineError> {
        let channel = claimed.delivery.channel;
        let Some(carrier) = self.operation.carriers.get(&channel) else {
            let why = format!("this program is not set up to send by {}", channel.name());
            return Err(NotCarried::Never { why }.into());
        };
        let Message { id: message, language, subject_line, .. } = &claimed.message;
        // What stands around the message's own line is kept in two languages, as names are.
        let words = &self.writing.words;
        let reads = words.manners(*language).reads;
        let Notice { title, text } = self.operation.contact.notice_of(Told {
            channel,
            chosen: claimed.contact.as_ref().map(|contact| contact.chosen).unwrap_or_default(),
            manners: words.manners(reads),
            sender: words.sender(reads),
            line: subject_line,
            by,
            sensitive,
        });
        let parcel = Parcel {
            id: claimed.delivery.id,
            message: *message,
            recipient: claimed.delivery.recipient,
            address: claimed.contact.as_ref().map(|contact| contact.address.clone()),
            language: *language,
            title,
            text,
        };
        Ok(carrier.carry(&parcel).await?)
    }

    /// What follows for a delivery whose job failed, in the transaction that notes that.
    pub(crate) async fn not_delivered(
        &self,
        conn: &mut Conn,
        id: DeliveryId,
        fate: Fate,
    ) -> Result<(), EngineError> {
        let held = deliveries::get(conn, id).await?;
        let Some(held) = held.filter(|held| held.state == DeliveryState::Claimed) else {
            return Ok(());
        };
        let outcome = match fate {
            Fate::Retry(_) => {
                deliveries::requeue(conn, id).await?;
                "not_taken"
            }
            Fate::Dead => {
                deliveries::record_failed(conn, id).await?;
                "given_up"
            }
        };
        self.operation.metrics.letter(held.channel, outcome);
        Ok(())
    }

    /// Stops a channel whose other side says that it is gone for good.
    pub(crate) async fn stop_channel(
        &self,
        channel: domain::Channel,
        why: &str,
    ) -> Result<(), EngineError> {
        self.halt(&HaltScope::Channel(channel), BY_ITSELF, why).await?;
        Ok(())
    }

    async fn claim(
        &self,
        conn: &mut Conn,
        id: DeliveryId,
        (stops, lost_proof): (&Stops, bool),
        by: Option<Date>,
        now: Timestamp,
    ) -> Result<Next, EngineError> {
        let Some(delivery) = deliveries::get(conn, id).await? else { return Ok(Next::Nothing) };
        let contact = &self.operation.contact;
        if delivery.state == DeliveryState::Queued
            && delivery.channel.rings()
            && let Some(opens) = contact.opens(now, self.pack.time_zone())
        {
            return Ok(Next::At(opens));
        }
        let today = self.day(now);
        let checks = Checks {
            now,
            today,
            must_live: &stops.subjects,
            deceased: DECEASED,
            sensitive: stops.sensitive,
            refusal_keys: &stops.refusal_keys,
            halt_scopes: &stops.halt_scopes,
            lost_proof,
            budget: contact.budget_for(stops.letter, by, today),
        };
        Ok(match deliveries::claim_delivery(conn, id, &checks).await? {
            Some(Claim::Claimed(claimed)) => Next::Send(claimed),
            Some(Claim::Halted) => Next::Halted,
            Some(Claim::Suppressed(reason)) => {
                self.operation.metrics.letter(delivery.channel, reason.name());
                tracing::info!(
                    delivery.id = %id, channel = delivery.channel.name(),
                    reason = reason.name(), "message held back"
                );
                Next::Nothing
            }
            Some(Claim::NotQueued(_)) | None => Next::Nothing,
        })
    }

    /// Whose death, which refusals, halts and hold would stop this delivery, and whether what it
    /// tells of was overtaken.
    async fn stops(
        &self,
        conn: &mut Conn,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<Stops, EngineError> {
        let mut stops = Stops {
            letter: Letter::First,
            subjects: Vec::new(),
            sensitive: false,
            discreet: true,
            overtaken: false,
            refusal_keys: vec![RefusalScope::All.key()],
            halt_scopes: HaltScope::that_stop("", delivery.channel),
        };
        let Some(message) = messages::get(conn, delivery.message).await? else { return Ok(stops) };
        stops.letter = message.letter;
        let milestone = milestones::get(conn, message.milestone).await?;
        let Some(milestone) = milestone else { return Ok(stops) };
        stops.halt_scopes = HaltScope::that_stop(&milestone.life_event, delivery.channel);
        let Some(life_event) = self.pack.life_event(&milestone.life_event) else {
            return Ok(stops);
        };
        stops.discreet = life_event.guards.sensitive.is_some();
        let Standing { hold, overtaken } = self.standing(conn, &milestone, now).await?;
        stops.sensitive = matches!(hold, Some(Hold::Officer { .. } | Hold::Wait { .. }));
        stops.overtaken = overtaken
            && !delivery.state.next().is_empty()
            && stands(milestone.state)
            && message.letter != Letter::Correction;
        let guarded = life_event.guards.deceased.iter();
        stops.subjects =
            guarded.filter_map(|role| milestone.roles.get(role.as_str())).copied().collect();
        let groups = life_event.groups.iter().cloned().map(RefusalScope::Group);
        let own = RefusalScope::LifeEvent(life_event.id.value.clone());
        stops.refusal_keys.extend(groups.chain([own]).map(|scope| scope.key()));
        Ok(stops)
    }
}

/// What to do with a delivery now.
enum Next {
    /// It is ours.
    Send(Box<Claimed>),
    /// It is sent, held back, or not there.
    Nothing,
    /// It is too early.
    At(Timestamp),
    /// It is stopped.
    Halted,
}

/// What stops a delivery.
struct Stops {
    letter: Letter,
    subjects: Vec<SubjectId>,
    sensitive: bool,
    /// What it tells of may be something that others must not read on a screen.
    discreet: bool,
    /// What it tells of was taken back, and is not decided anew yet.
    overtaken: bool,
    refusal_keys: Vec<String>,
    halt_scopes: Vec<String>,
}
