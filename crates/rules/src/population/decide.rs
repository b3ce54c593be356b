//! Decides one life event of one subject: whether it began, what its rule says, what it opens.

use domain::{SubjectId, Value};
use jiff::civil::Date;

use super::bind::Place;
use super::row::Row;
use super::rule::{Clock, Has, Hurts, Identity, Law, Rule, ServiceRule};
use super::scene::{Players, Scene};
use crate::cel;
use crate::clock::{Strike, strikes};
use crate::known::silence;
use crate::pack::life_event::{Entry, Version};

/// One of three answers, without what is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Finding {
    /// Yes.
    Met,
    /// No.
    Unmet,
    /// Facts are missing.
    Unknown,
}

impl From<Option<bool>> for Finding {
    fn from(answer: Option<bool>) -> Self {
        match answer {
            Some(true) => Self::Met,
            Some(false) => Self::Unmet,
            None => Self::Unknown,
        }
    }
}

impl Finding {
    /// The finding that also needs something that is not known. What is unmet stays unmet.
    fn unless(self, missing: bool) -> Self {
        if missing && self == Self::Met { Self::Unknown } else { self }
    }
}

/// What was decided.
#[derive(Debug, Clone)]
pub struct Decided<'p> {
    /// The version whose law was applied; `None` where none is or it is not settled which.
    pub version: Option<&'p Version>,
    /// What its rule says.
    pub finding: Finding,
    /// Whether something holds it back, whatever its rule says.
    pub held: bool,
    /// What it opens, in the order of the pack. Nothing where its rule says no.
    pub opened: Vec<Opened<'p>>,
}

/// A service that is opened to somebody.
#[derive(Debug, Clone, Copy)]
pub struct Opened<'p> {
    /// How the life event uses the service.
    pub entry: &'p Entry,
    /// To whom.
    pub recipient: SubjectId,
    /// The role that they play.
    pub role: &'p str,
    /// Met or unknown.
    pub finding: Finding,
}

impl<'p> Rule<'p> {
    /// Whether it can have begun for the subject of `row`: a day of the clock counts, or an event
    /// that begins it told something of the subject. Quick, and right about *no*; right about
    /// *yes* too, unless another's facts choose the day.
    #[must_use]
    pub fn may_begin(&self, row: &Row) -> bool {
        self.is_marked(row) || self.may_strike(row)
    }

    /// Whether an event that begins it told something of the subject of `row`.
    fn is_marked(&self, row: &Row) -> bool {
        row.marks().iter().any(|mark| self.marks.contains(mark))
    }

    fn may_strike(&self, row: &Row) -> bool {
        let Some(clock) = &self.clock else { return false };
        let own = |place: Option<Place>| {
            let place = place.filter(|place| place.role == self.subject())?;
            row.value(place.column)
        };
        let Some(after) = own(clock.after).and_then(Value::as_date) else { return false };
        self.may_strike_by_others() || self.counts(clock, after, own(clock.by))
    }

    /// Whether what chooses an age is somebody else's to tell, so that the subject's own row does
    /// not say whether a day counts.
    fn may_strike_by_others(&self) -> bool {
        let by = self.clock.as_ref().and_then(|clock| clock.by);
        by.is_some_and(|place| place.role != self.subject())
    }

    /// Whether a day of the clock counts today.
    fn counts(&self, clock: &Clock<'p>, after: Date, by: Option<&Value>) -> bool {
        let slow = || {
            let days = strikes(self.pack, clock.rule, after, by.and_then(Value::as_text));
            days.iter().any(|strike| strike.counts_on(self.as_of.occurred))
        };
        let quick = clock.counted_from.as_ref().and_then(|it| it.counts(after));
        quick.unwrap_or_else(slow)
    }

    /// Whether it has begun for the subject of `scene`.
    #[must_use]
    pub fn has_begun(&self, scene: &Scene<'_>) -> bool {
        let strikes = || {
            let clock = self.clock.as_ref()?;
            let after = scene.value(clock.after?)?.as_date()?;
            Some(self.counts(clock, after, clock.by.and_then(|by| scene.value(by))))
        };
        let marked = scene.row(self.subject()).is_some_and(|row| self.is_marked(row));
        marked || strikes().unwrap_or_default()
    }

    /// All days that the clock brings.
    fn days(&self, players: &impl Players) -> Vec<Strike> {
        let Some(clock) = &self.clock else { return Vec::new() };
        let value = |place: Option<Place>| players.value(place?);
        let Some(after) = value(clock.after).and_then(Value::as_date) else { return Vec::new() };
        let by = value(clock.by).and_then(Value::as_text);
        strikes(self.pack, clock.rule, after, by)
    }

    /// Decides, whether or not it has begun.
    #[must_use]
    pub fn decide(&self, scene: &Scene<'_>) -> Decided<'p> {
        let (law, finding) = self.settled(scene);
        let lacks = self.identities().any(|identity| self.lacks(identity, scene));
        let finding = finding.unless(lacks);
        let version = law.map(|law| law.version);
        if finding == Finding::Unmet {
            return Decided { version, finding, held: false, opened: Vec::new() };
        }
        let hurts = self.sensitive.as_ref().filter(|it| it.when.ask(scene) != Finding::Unmet);
        let held = self.is_held(hurts, scene);
        let services = law.map_or(&[][..], |law| {
            let own = self.place.and_then(|place| scene.value(place)?.as_text());
            let own = own.filter(|_| !law.at.is_empty());
            let own = own.and_then(|code| law.at.get(self.pack.province_today(code)));
            own.unwrap_or(&law.services)
        });
        let opened = services.iter().filter_map(|it| self.open(it, hurts, scene)).collect();
        Decided { version, finding, held, opened }
    }

    /// The law that applies and what its condition says.
    fn settled(&self, scene: &Scene<'_>) -> (Option<&Law<'p>>, Finding) {
        let (law, unsettled) = self.applied(scene);
        let law = law.and_then(|law| self.versions.get(law));
        let finding = match (law, unsettled) {
            (_, Some(unsettled)) => unsettled,
            (Some(law), None) if !self.is_early_or_over(scene) => law.when.ask(scene),
            (_, None) => Finding::Unmet,
        };
        (law, finding)
    }

    /// Whether nothing but time brings it.
    pub(super) fn is_by_time_alone(&self) -> bool {
        self.clock.is_some() && self.event.begins.events.is_empty()
    }

    /// Whether time alone brings it, and not today.
    pub(super) fn is_early_or_over(&self, players: &impl Players) -> bool {
        let quick = || {
            let clock = self.clock.as_ref()?;
            let after = players.value(clock.after?)?.as_date()?;
            clock.counted_from.as_ref()?.counts(after)
        };
        let slow = || {
            let days = self.days(players);
            days.is_empty() || days.iter().any(|day| day.counts_on(self.as_of.occurred))
        };
        self.is_by_time_alone() && !quick().unwrap_or_else(slow)
    }

    /// Whether its rule says no whatever is still to be learnt of those whose rows are not at
    /// hand: what is not known can settle an answer and never turns a settled one.
    #[must_use]
    pub fn is_out(&self, scene: &Scene<'_>) -> bool {
        let certain = scene.is_sure() && !self.may_strike_by_others();
        certain && self.settled(scene).1 == Finding::Unmet
    }

    /// The version that applies, by its place, or an answer where that is not settled.
    fn applied(&self, scene: &Scene<'_>) -> (Option<usize>, Option<Finding>) {
        for (when, earlier) in &self.transitions {
            match when.ask(scene) {
                Finding::Met => return (*earlier, None),
                Finding::Unmet => {}
                Finding::Unknown => return (None, Some(Finding::Unknown)),
            }
        }
        ((!self.versions.is_empty()).then_some(0), None)
    }

    /// The day that the clock is about now: the one that counts, else the next, else the last.
    fn clock_day(&self, players: &impl Players) -> Option<Date> {
        let clock = self.clock.as_ref()?;
        if clock.has_table {
            players.value(clock.by?)?;
        }
        let days = self.days(players);
        let today = self.as_of.occurred;
        let now = days.iter().rfind(|it| it.counts_on(today));
        let next = || days.iter().find(|it| today < it.from);
        now.or_else(next).or_else(|| days.last()).map(|strike| strike.day)
    }

    /// What tells a milestone from others of its kind, and its day.
    pub(super) fn identities(&self) -> impl Iterator<Item = Identity> + use<> {
        let own = Some(self.occurrence).filter(|it| *it != Identity::Once);
        own.into_iter().chain([self.occurred_on])
    }

    /// Whether the fact is missing that `identity` is. A clock that brings no day although all that
    /// it counts from is known lacks nothing.
    pub(super) fn lacks(&self, identity: Identity, players: &impl Players) -> bool {
        let unknown = |place: Option<Place>| place.and_then(|it| players.value(it)).is_none();
        let clock = self.clock.as_ref();
        match identity {
            Identity::Once | Identity::Clock => {
                clock.is_some_and(|it| unknown(it.after) || (it.has_table && unknown(it.by)))
            }
            Identity::Fact(place) => unknown(place),
        }
    }

    /// Whether something holds it back on the day that is asked about.
    fn is_held(&self, hurts: Option<&Hurts<'p>>, scene: &Scene<'_>) -> bool {
        let dead = self.deceased.iter().any(|place| is_dead(*place, scene));
        dead || hurts.is_some_and(|hurts| hurts.officer || self.is_to_wait(hurts, scene))
    }

    /// Whether too little time has passed since what hurts.
    pub(super) fn is_to_wait(&self, hurts: &Hurts<'p>, players: &impl Players) -> bool {
        let Some(wait) = hurts.wait else { return false };
        let occurred_on = match self.occurred_on {
            Identity::Once | Identity::Clock => self.clock_day(players),
            Identity::Fact(place) => place.and_then(|it| players.value(it)?.as_date()),
        };
        let end = occurred_on
            .and_then(|on| self.pack.calendar().end_of(on, wait.count, wait.unit)?.tomorrow().ok());
        end.is_none_or(|end| self.as_of.occurred < end)
    }

    /// One service, or `None` where there is nothing to propose or nobody to propose it to.
    fn open(
        &self,
        service: &ServiceRule<'p>,
        hurts: Option<&Hurts<'p>>,
        scene: &Scene<'_>,
    ) -> Option<Opened<'p>> {
        let may = |role| hurts.is_none_or(|hurts| hurts.told.contains(&role));
        let mut told = service.told.iter().filter(|(role, _)| may(*role));
        let (role, recipient) = told.find_map(|(role, dead)| {
            let subject = scene.subject(*role)?;
            (!is_dead(*dead, scene)).then_some((*role, subject))
        })?;
        let finding = service.when.ask(scene);
        let finding = unless_already(finding, &service.already, scene);
        let (role, _) = self.event.roles.iter().nth(role)?;
        (finding != Finding::Unmet).then_some(Opened {
            entry: service.entry,
            recipient,
            role,
            finding,
        })
    }
}

pub(super) fn is_dead(place: Option<Place>, players: &impl Players) -> bool {
    place.and_then(|place| players.value(place)) == Some(&Value::Bool(true))
}

/// A finding on a service that the person may have already: then it is unmet, and unknown while
/// nobody knows.
fn unless_already(finding: Finding, already: &[Has<'_>], scene: &Scene<'_>) -> Finding {
    let mut unknown = false;
    for has in already {
        match has.ask(scene) {
            Finding::Met => return Finding::Unmet,
            Finding::Unknown => unknown = true,
            Finding::Unmet => {}
        }
    }
    finding.unless(unknown)
}

impl Has<'_> {
    /// Whether the person has it.
    pub(super) fn ask(&self, players: &impl Players) -> Finding {
        let answer = self.place.and_then(|place| {
            let said = players.value(place).map(cel::Value::of_fact);
            let said =
                said.or_else(|| self.absent.filter(|_| players.knows(place)).map(silence))?;
            Some(matches!(said, cel::Value::Bool(true)))
        });
        answer.into()
    }
}
