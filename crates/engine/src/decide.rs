//! Decides one life event of one subject with everything that is known now, and stores it.
//!
//! A milestone is stored once its life event has begun and its rule does not say no. From then
//! on its row follows what is known: it is withdrawn when what began it is taken back, and
//! closed when its rule holds no more. What came out is stored with its receipt.

use domain::{AsOf, Cause, Lifecycle as _, Milestone, MilestoneState, SubjectId, Trace, Verdict};
use jiff::Timestamp;
use rules::{Case, Decision, Hold, LifeEvent};
use storage::{Conn, milestones};

use crate::known::{Loaded, load_case, readings};
use crate::ledger::Decided;
use crate::memory::Memory;
use crate::work::Work;
use crate::{App, EngineError};

/// When, and on which trace, something is decided.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Occasion<'a> {
    /// The trace of what led here.
    pub(crate) trace: &'a Trace,
    /// This moment.
    pub(crate) now: Timestamp,
    /// Whether it is decided again, to see whether the same comes out: then nothing follows from
    /// it, because all that did has followed already.
    pub(crate) again: bool,
}

impl<'a> Occasion<'a> {
    /// For the first time, now.
    pub(crate) fn new(trace: &'a Trace, now: Timestamp) -> Self {
        Self { trace, now, again: false }
    }
}

impl App {
    /// The three dates of a decision that is taken at `now`: about today, with what is known
    /// now, under the law of today.
    pub(crate) fn as_of(&self, now: Timestamp) -> AsOf {
        let today = self.day(now);
        AsOf { occurred: today, known: now, law: today }
    }

    /// Decides `life_event` of `subject`, and notes what came out and what follows.
    #[tracing::instrument(
        name = "engine.decide_milestone", skip_all,
        fields(trace = occasion.trace.as_str(), life_event, subject.id = %subject)
    )]
    pub(crate) async fn decide(
        &self,
        conn: &mut Conn,
        memory: &mut Memory,
        (life_event, subject): (&str, SubjectId),
        occasion: Occasion<'_>,
    ) -> Result<(), EngineError> {
        let Some(life_event) = self.pack.life_event(life_event) else { return Ok(()) };
        let now = occasion.now;
        let as_of = self.as_of(now);
        let of = (life_event, subject);
        let loaded = load_case(conn, memory, &self.pack, of, as_of).await?;
        let case = loaded.case(&self.pack, life_event);
        let decision = case.decide(&|event| loaded.began(event));
        if looks_ahead(life_event) {
            memory.plan(conn, subject, &life_event.id, case.next_look()).await?;
        }

        let id =
            decision.occurrence.as_deref().map(|it| Milestone::id_of(&life_event.id, subject, it));
        let held = memory.milestones(conn, subject, &life_event.id).await?;
        let (this, others): (Vec<Milestone>, Vec<Milestone>) =
            held.into_iter().partition(|held| Some(held.id) == id);
        for other in others {
            self.end_other(conn, memory, &other, (&loaded, &decision), occasion).await?;
        }
        for version in life_event.shadows_on(as_of.law) {
            // Versions that are only tried out: nothing follows from what they would have answered.
            memory.ledger.receipts.push((case.try_out(version), subject));
        }
        let next = next(this.first(), &case, &loaded, &decision, occasion.trace);
        let Some(milestone) = next else { return Ok(()) };
        if !occasion.again {
            memory.ledger.readings.extend(readings(&loaded, &self.own_reader()));
        }
        // Facts that a draft shows may have changed although the answer did not.
        follow(memory, &milestone, occasion)?;
        if this.first().is_some_and(|held| milestones::say_the_same(held, &milestone)) {
            return Ok(());
        }
        memory.note_milestone(&milestone);
        let was_reached = this.first().is_some_and(|it| it.state == MilestoneState::Reached);
        let is_reached = milestone.state == MilestoneState::Reached;
        let counts = is_reached && !was_reached && !occasion.again;
        memory.ledger.milestones.push(Decided { milestone, receipt: decision.receipt, counts });
        Ok(())
    }

    /// Ends another occurrence of the same life event: it is withdrawn once nothing that began it
    /// is believed any more (a contract that was cancelled, while an earlier one stands), and
    /// closed once its day is past or was put off (a card that was renewed).
    async fn end_other(
        &self,
        conn: &mut Conn,
        memory: &mut Memory,
        held: &Milestone,
        (loaded, decision): (&Loaded, &Decision<'_>),
        occasion: Occasion<'_>,
    ) -> Result<(), EngineError> {
        let Some(to) = other_ends(held, loaded, decision) else { return Ok(()) };
        if !held.state.next().contains(&to) {
            return Ok(());
        }
        memory.end_milestone(conn, held, to, occasion.now).await?;
        follow(memory, held, occasion)
    }

    /// What holds `milestone` back, as far as is known now, and whether it was overtaken.
    pub(crate) async fn standing(
        &self,
        conn: &mut Conn,
        milestone: &Milestone,
        now: Timestamp,
    ) -> Result<Standing, EngineError> {
        let Some(life_event) = self.pack.life_event(&milestone.life_event) else {
            return Ok(Standing::default());
        };
        let as_of = self.as_of(now);
        let (of, memory) = ((life_event, milestone.subject), &mut Memory::default());
        memory.learn_facts(conn, &milestone.named()).await?;
        let loaded = load_case(conn, memory, &self.pack, of, as_of).await?;
        let case = loaded.case(&self.pack, life_event);
        let decision = case.decide(&|event| loaded.began(event));
        let overtaken = loaded.lost_since(milestone.as_of.known)
            && !stands(next_held(milestone, &loaded, &decision));
        Ok(Standing { hold: decision.hold, overtaken })
    }
}

/// What keeps a letter about a milestone from going out now.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// What holds the milestone back.
    pub(crate) hold: Option<Hold>,
    /// Whether something that was believed when it was decided was taken back since, so that it
    /// stands no more once it is decided anew. That is certain to come: its job was stored with
    /// the withdrawal.
    pub(crate) overtaken: bool,
}

/// Whether something follows from a milestone that stands so.
pub(crate) fn stands(state: MilestoneState) -> bool {
    matches!(state, MilestoneState::Reached | MilestoneState::Pending)
}

/// Where `held` will stand once `decision` is stored.
fn next_held(held: &Milestone, loaded: &Loaded, decision: &Decision<'_>) -> MilestoneState {
    let is_this = decision.occurrence.as_deref().is_some_and(|occurrence| {
        Milestone::id_of(&held.life_event, held.subject, occurrence) == held.id
    });
    if is_this {
        return next_state(Some(held.state), decision).unwrap_or(held.state);
    }
    let Some(to) = other_ends(held, loaded, decision) else { return held.state };
    if held.state.next().contains(&to) { to } else { held.state }
}

/// How another occurrence of the life event that was decided ends; `None` where it goes on.
fn other_ends(
    held: &Milestone,
    loaded: &Loaded,
    decision: &Decision<'_>,
) -> Option<MilestoneState> {
    match held.cause {
        Cause::Event(event) if loaded.believes(event) => None,
        Cause::Event(_) => Some(MilestoneState::Withdrawn),
        Cause::Clock(_) if decision.occurrence.is_none() => Some(MilestoneState::Withdrawn),
        Cause::Clock(_) => Some(ended(held.state)),
    }
}

/// Whether time alone may change something about `life_event`.
fn looks_ahead(life_event: &LifeEvent) -> bool {
    let waits = life_event.guards.sensitive.as_ref().is_some_and(|it| it.wait.is_some());
    life_event.begins.clock.is_some() || waits
}

/// Notes the work that follows from a milestone that was decided.
fn follow(
    memory: &mut Memory,
    milestone: &Milestone,
    occasion: Occasion<'_>,
) -> Result<(), EngineError> {
    if !occasion.again {
        let life_event = milestone.life_event.clone();
        let work = Work::Suggest { milestone: milestone.id, life_event };
        memory.ledger.again.push(work.job(occasion.now, occasion.trace)?);
    }
    Ok(())
}

/// The milestone as it stands after `decision`; `None` where there is none to store.
fn next(
    held: Option<&Milestone>,
    case: &Case<'_>,
    loaded: &Loaded,
    decision: &Decision<'_>,
    trace: &Trace,
) -> Option<Milestone> {
    let life_event = case.life_event;
    let subject = *case.roles.get(life_event.subject.as_str())?;
    let occurrence = decision.occurrence.clone()?;
    let state = next_state(held.map(|held| held.state), decision)?;
    // A withdrawn certificate takes its day and its people with it; the milestone keeps those
    // that it had, so that one can still see whom it was about.
    let occurred_on = decision.occurred_on.or(held.map(|held| held.occurred_on))?;
    let roles = match held {
        Some(held) if state == MilestoneState::Withdrawn => held.roles.clone(),
        _ => loaded.roles.clone(),
    };
    let began = loaded.beginning(subject).map(Cause::Event);
    let cause = began.or(held.map(|held| held.cause)).unwrap_or(Cause::Clock(occurred_on));
    Some(Milestone {
        id: Milestone::id_of(&life_event.id, subject, &occurrence),
        life_event: life_event.id.value.clone(),
        subject,
        occurrence,
        occurred_on,
        state,
        roles,
        verdict: decision.verdict.clone(),
        as_of: case.as_of,
        pack: case.pack.version().to_owned(),
        cause,
        trace: trace.clone(),
    })
}

/// Where a milestone stands after `decision`; `None` where none is to be stored.
///
/// What was reached does not become pending again because a fact was superseded by silence: the
/// person was told, and each service asks for what it needs.
fn next_state(held: Option<MilestoneState>, decision: &Decision<'_>) -> Option<MilestoneState> {
    use MilestoneState::{Closed, NotMet, Pending, Reached, Withdrawn};
    if decision.over {
        return held.map(ended);
    }
    let wanted = match (&decision.verdict, decision.begun) {
        (_, false) => Withdrawn,
        (Verdict::Met, true) => Reached,
        (Verdict::Unknown { .. }, true) => Pending,
        (Verdict::Unmet, true) => NotMet,
    };
    let Some(held) = held else {
        return matches!(wanted, Reached | Pending).then_some(wanted);
    };
    let wanted = if (held, wanted) == (Reached, NotMet) { Closed } else { wanted };
    Some(if held.next().contains(&wanted) { wanted } else { held })
}

/// Where a milestone stands whose time has passed: what was reached is closed, and what was never
/// settled holds no more.
fn ended(held: MilestoneState) -> MilestoneState {
    match held {
        MilestoneState::Reached => MilestoneState::Closed,
        MilestoneState::Pending => MilestoneState::NotMet,
        other => other,
    }
}
