//! Deliveries, and the transaction that claims one: the last place where sending can be stopped.
//!
//! A message is made minutes or days before it is sent, and people die, refuse and are corrected
//! in between. So everything that forbids sending is asked once more here, in SQL, in the
//! transaction that takes the delivery (invariant 7). On PostgreSQL the rows of the subjects, the
//! milestone and the message are held meanwhile: a refusal or a death that commits before us is
//! seen, one that comes after us came after the sending.

use std::collections::BTreeSet;

use domain::{
    Delivery, DeliveryId, DeliveryState, Letter, Lifecycle as _, Message, MessageId,
    MilestoneState, SubjectId, Suppression,
};
use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::any::AnyRow;

use crate::contacts::Contact;
use crate::dialect::Dialect;
use crate::rows::rows_of_each;
use crate::{Conn, Result, Stored, contacts, facts, halts, messages, refusals, sql};

/// What must be asked again before sending, which only the caller knows.
#[derive(Debug, Clone, Copy)]
pub struct Checks<'a> {
    /// This moment.
    pub now: Timestamp,
    /// Today, as people there count days.
    pub today: Date,
    /// Who must be alive besides the recipient: the milestone's subject and roles, or nobody
    /// where the life event is itself a death.
    pub must_live: &'a [SubjectId],
    /// The attribute that says, as a yes or no, that someone has died.
    pub deceased: &'a str,
    /// Whether the milestone is one that hurts and that nobody released, or too early to tell of.
    pub sensitive: bool,
    /// Whether it [has lost its proof](has_lost_proof).
    pub lost_proof: bool,
    /// The keys of all refusals that would cover this message: `all`, `group:…`, `life-event:…`.
    pub refusal_keys: &'a [String],
    /// The scopes of all halts that would stop it: `all`, `life-event:…`, `channel:…`.
    pub halt_scopes: &'a [String],
    /// How often the person may be disturbed; `None` where this message may disturb in any case.
    pub budget: Option<Budget>,
}

/// How often a person may be disturbed by what rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// In seven days.
    pub week: u32,
    /// In thirty days.
    pub month: u32,
}

/// What became of trying to claim a delivery.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// It is ours: commit, send with no connection held, then [`record_sent`].
    Claimed(Box<Claimed>),
    /// It is stopped, and waits until that is lifted.
    Halted,
    /// It will never be sent, for this reason; that is stored.
    Suppressed(Suppression),
    /// It does not wait to be sent: it is in this state.
    NotQueued(DeliveryState),
}

/// A delivery that was claimed.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// The delivery.
    pub delivery: Delivery,
    /// What it brings.
    pub message: Message,
    /// Where to, on a channel that rings.
    pub contact: Option<Contact>,
}

/// Stores a delivery that waits to be sent. One that is there stays as it is.
pub async fn put(conn: &mut Conn, delivery: &Delivery) -> Result<Stored> {
    let inserted = sqlx::query(
        "insert into deliveries
             (id, message_id, recipient_id, channel, state, suppressed, sent_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (id) do nothing",
    )
    .bind(delivery.id.to_string())
    .bind(delivery.message.to_string())
    .bind(delivery.recipient.to_string())
    .bind(delivery.channel.name())
    .bind(delivery.state.name())
    .bind(delivery.suppressed.map(Suppression::name))
    .bind(delivery.sent_at.map(sql::time))
    .execute(conn)
    .await?;
    Ok(if inserted.rows_affected() == 1 { Stored::New } else { Stored::Same })
}

/// One delivery.
pub async fn get(conn: &mut Conn, id: DeliveryId) -> Result<Option<Delivery>> {
    let row = sqlx::query(
        "select id, message_id, recipient_id, channel, state, suppressed, sent_at
         from deliveries where id = $1",
    )
    .bind(id.to_string())
    .fetch_optional(conn)
    .await?;
    row.as_ref().map(read).transpose()
}

/// The deliveries of one message, in the order of their channels.
pub async fn of_message(conn: &mut Conn, message: MessageId) -> Result<Vec<Delivery>> {
    let rows = sqlx::query(
        "select id, message_id, recipient_id, channel, state, suppressed, sent_at
         from deliveries where message_id = $1 order by channel",
    )
    .bind(message.to_string())
    .fetch_all(conn)
    .await?;
    rows.iter().map(read).collect()
}

/// Takes a delivery to send it, or holds it back for good. `None` where there is none of this id.
pub async fn claim_delivery(
    conn: &mut Conn,
    id: DeliveryId,
    checks: &Checks<'_>,
) -> Result<Option<Claim>> {
    let Some(delivery) = get(conn, id).await? else { return Ok(None) };
    if delivery.state != DeliveryState::Queued {
        return Ok(Some(Claim::NotQueued(delivery.state)));
    }
    if halts::covers(conn, checks.halt_scopes).await? {
        return Ok(Some(Claim::Halted));
    }
    hold_subjects(conn, delivery.recipient, checks.must_live).await?;
    let (message, milestone) = hold_message(conn, &delivery).await?;

    let contact = contact(conn, &delivery).await?;
    let against = reason_against(conn, &delivery, &message, milestone, checks).await?;
    let no_consent = delivery.channel.rings() && contact.is_none();
    let against = match against.or(no_consent.then_some(Suppression::NoConsent)) {
        None if is_over_budget(conn, &delivery, checks).await? => Some(Suppression::OverBudget),
        against => against,
    };
    if let Some(reason) = against {
        suppress(conn, &delivery, reason).await?;
        return Ok(Some(Claim::Suppressed(reason)));
    }
    let state = delivery.state.move_to(DeliveryState::Claimed)?;
    let changed = sqlx::query(
        "update deliveries set state = 'claimed', claimed_at = $2
         where id = $1 and state = 'queued'",
    )
    .bind(id.to_string())
    .bind(sql::time(checks.now))
    .execute(conn)
    .await?;
    sql::exactly_one(&changed, "delivery", &id, "queued")?;
    let delivery = Delivery { state, ..delivery };
    Ok(Some(Claim::Claimed(Box::new(Claimed { delivery, message, contact }))))
}

/// Where the person asked to be reached on the delivery's channel.
async fn contact(conn: &mut Conn, delivery: &Delivery) -> Result<Option<Contact>> {
    if !delivery.channel.rings() {
        return Ok(None);
    }
    contacts::of_channel(conn, delivery.recipient, delivery.channel).await
}

/// Whether the person was disturbed as often as they may be. A delivery that is under way counts:
/// two at once must not both be the last one.
async fn is_over_budget(conn: &mut Conn, delivery: &Delivery, checks: &Checks<'_>) -> Result<bool> {
    let Some(budget) = checks.budget.filter(|_| delivery.channel.is_counted()) else {
        return Ok(false);
    };
    for (days, most) in [(7, budget.week), (30, budget.month)] {
        let row = sqlx::query(
            "select count(*) as rows from deliveries
             where recipient_id = $1 and state in ('claimed', 'sent')
                 and channel in ('sms', 'push') and claimed_at > $2",
        )
        .bind(delivery.recipient.to_string())
        .bind(sql::days_before(checks.now, days))
        .fetch_one(&mut *conn)
        .await?;
        if sql::count(&row, "rows")? >= u64::from(most) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whom some deliveries concern: their recipients, and whoever has a role in what they tell of.
pub async fn concerned(conn: &mut Conn, ids: &[DeliveryId]) -> Result<BTreeSet<SubjectId>> {
    let mut concerned = BTreeSet::new();
    let statement = "select d.recipient_id as recipient_id, m.about as about
         from deliveries d join messages m on m.id = d.message_id where d.id in ({})";
    for row in &rows_of_each(conn, statement, &[], ids).await? {
        concerned.insert(sql::parsed(row, "recipient_id")?);
        concerned.extend(sql::parsed_ids(row, "about")?);
    }
    Ok(concerned)
}

/// Keeps everyone concerned as they are. A fact and a refusal refer to their subject's row, so
/// one that is being stored waits for us, or we for it. Ids in order: no deadlock among claimers.
async fn hold_subjects(
    conn: &mut Conn,
    recipient: SubjectId,
    must_live: &[SubjectId],
) -> Result<()> {
    let statement = format!(
        "select id from subjects where id in ({}) order by id {}",
        sql::places(1, must_live.len() + 1),
        Dialect::of(conn).hold()
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(statement)).bind(recipient.to_string());
    for subject in must_live {
        query = query.bind(subject.to_string());
    }
    query.fetch_all(conn).await?;
    Ok(())
}

/// The message as it will be sent, and where its milestone stands; both stay so.
async fn hold_message(conn: &mut Conn, delivery: &Delivery) -> Result<(Message, MilestoneState)> {
    let statement = format!(
        "select m.body as body, m.about as about, m.sealed as sealed, s.state as state
         from messages m join milestones s on s.id = m.milestone_id
         where m.id = $1 {}",
        Dialect::of(conn).hold()
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(delivery.message.to_string())
        .fetch_one(&mut *conn)
        .await?;
    Ok((messages::read(conn, &row).await?, sql::from_word(&row, "state")?))
}

/// The gravest reason not to send, if there is any.
async fn reason_against(
    conn: &mut Conn,
    delivery: &Delivery,
    message: &Message,
    milestone: MilestoneState,
    checks: &Checks<'_>,
) -> Result<Option<Suppression>> {
    let recipient = [delivery.recipient];
    if any_deceased(conn, &recipient, checks).await? {
        return Ok(Some(Suppression::RecipientDeceased));
    }
    if any_deceased(conn, checks.must_live, checks).await? {
        return Ok(Some(Suppression::SubjectDeceased));
    }
    // Of a milestone that is withdrawn, closed or held no more, nothing is left to say but that
    // it was taken back; and that, only while it is.
    let says = match message.letter {
        Letter::First | Letter::Reminder(_) => {
            matches!(milestone, MilestoneState::Reached | MilestoneState::Pending)
        }
        Letter::Correction => milestone == MilestoneState::Withdrawn,
    };
    if !says {
        return Ok(Some(Suppression::Withdrawn));
    }
    // Someone whom it names was erased meanwhile: there is nothing left to send.
    if message.text.is_empty() {
        return Ok(Some(Suppression::Erased));
    }
    if checks.sensitive {
        return Ok(Some(Suppression::Sensitive));
    }
    if refusals::covers(conn, delivery.recipient, checks.refusal_keys).await? {
        return Ok(Some(Suppression::Refused));
    }
    Ok((!message.proved || checks.lost_proof).then_some(Suppression::NotProved))
}

/// Whether the latest word of any register is that any of `subjects` has died. One register is
/// enough: where they disagree, not writing is the lesser harm.
async fn any_deceased(
    conn: &mut Conn,
    subjects: &[SubjectId],
    checks: &Checks<'_>,
) -> Result<bool> {
    if subjects.is_empty() {
        return Ok(false);
    }
    let as_of = domain::AsOf { occurred: checks.today, known: checks.now, law: checks.today };
    let facts = facts::with_attribute(conn, subjects, checks.deceased).await?;
    Ok(subjects.iter().any(|subject| {
        facts
            .lookup(*subject, checks.deceased, &as_of)
            .iter()
            .any(|fact| fact.value == domain::Value::Bool(true))
    }))
}

/// Whether a passage that `message` cites says something else by now, while nobody has read the
/// message: what was read, or may have been, stays.
pub async fn has_lost_proof(conn: &mut Conn, message: MessageId) -> Result<bool> {
    let lost = sqlx::query(
        "select 1 as one from messages m join grounds g on g.template_id = m.template_id
         where m.id = $1 and g.gone_at is not null and not exists (
             select 1 from deliveries d
             where d.message_id = m.id and d.state in ('claimed', 'sent'))
         limit 1",
    )
    .bind(message.to_string())
    .fetch_optional(conn)
    .await?;
    Ok(lost.is_some())
}

async fn suppress(conn: &mut Conn, delivery: &Delivery, reason: Suppression) -> Result<()> {
    delivery.state.move_to(DeliveryState::Suppressed)?;
    let changed = sqlx::query(
        "update deliveries set state = 'suppressed', suppressed = $2
         where id = $1 and state = 'queued'",
    )
    .bind(delivery.id.to_string())
    .bind(reason.name())
    .execute(conn)
    .await?;
    sql::exactly_one(&changed, "delivery", &delivery.id, "queued")
}

/// Notes that a claimed delivery arrived.
pub async fn record_sent(conn: &mut Conn, id: DeliveryId, at: Timestamp) -> Result<()> {
    let changed = sqlx::query(
        "update deliveries set state = 'sent', sent_at = $2 where id = $1 and state = 'claimed'",
    )
    .bind(id.to_string())
    .bind(sql::time(at))
    .execute(conn)
    .await?;
    sql::exactly_one(&changed, "delivery", &id, "claimed")
}

/// Puts a delivery back, to be tried again: the channel failed, the worker that took it died
/// before it could say more, or it was given up and an operator wants it tried anew. Answers
/// whether it was one of these.
pub async fn requeue(conn: &mut Conn, id: DeliveryId) -> Result<bool> {
    let changed = sqlx::query(
        "update deliveries set state = 'queued', claimed_at = null
         where id = $1 and state in ('claimed', 'failed')",
    )
    .bind(id.to_string())
    .execute(conn)
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// Gives a claimed delivery up after all tries.
pub async fn record_failed(conn: &mut Conn, id: DeliveryId) -> Result<()> {
    let changed =
        sqlx::query("update deliveries set state = 'failed' where id = $1 and state = 'claimed'")
            .bind(id.to_string())
            .execute(conn)
            .await?;
    sql::exactly_one(&changed, "delivery", &id, "claimed")
}

fn read(row: &AnyRow) -> Result<Delivery> {
    Ok(Delivery {
        id: sql::parsed(row, "id")?,
        message: sql::parsed(row, "message_id")?,
        recipient: sql::parsed(row, "recipient_id")?,
        channel: sql::from_word(row, "channel")?,
        state: sql::from_word(row, "state")?,
        suppressed: sql::maybe_word(row, "suppressed")?,
        sent_at: sql::maybe_parsed(row, "sent_at")?,
    })
}
