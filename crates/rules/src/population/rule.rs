//! A life event, bound: its roles, what begins it, the law of the day, its services.

use std::collections::BTreeMap;

use domain::{AsOf, SubjectKind};

use super::bind::{Binder, Bound, Place};
use super::columns::{Columns, Mark};
use crate::clock::CountedFrom;
use crate::decide::{CLOCK, ONCE};
use crate::known::DECEASED;
use crate::pack::Pack;
use crate::pack::clock_rule::ClockRule;
use crate::pack::country::Absent;
use crate::pack::deadline_rule::Length;
use crate::pack::guard::Already;
use crate::pack::life_event::{Entry, LifeEvent, Version};
use crate::suggest::entries_at;

/// A life event, bound for three dates.
#[derive(Debug)]
pub struct Rule<'p> {
    pub(super) pack: &'p Pack,
    pub(super) event: &'p LifeEvent,
    pub(super) as_of: AsOf,
    kind: SubjectKind,
    subject: usize,
    roles: Vec<RoleRule>,
    /// By what was told by which events a subject is seen to be the one that it begins for.
    pub(super) marks: Vec<Mark>,
    pub(super) clock: Option<Clock<'p>>,
    pub(super) occurrence: Identity,
    pub(super) occurred_on: Identity,
    /// The place whose overlays count.
    pub(super) place: Option<Place>,
    pub(super) deceased: Vec<Option<Place>>,
    pub(super) sensitive: Option<Hurts<'p>>,
    /// The version in force on the day of law, which comes first, and those that a transition of
    /// it may lead to.
    pub(super) versions: Vec<Law<'p>>,
    /// Which cases follow the law of an earlier day: its place in `versions`, where there is one.
    pub(super) transitions: Vec<(Bound<'p>, Option<usize>)>,
}

/// Who plays a role.
#[derive(Debug)]
pub(super) struct RoleRule {
    pub(super) kind: SubjectKind,
    pub(super) from: Vec<Place>,
}

/// The days that time brings.
#[derive(Debug)]
pub(super) struct Clock<'p> {
    pub(super) rule: &'p ClockRule,
    pub(super) after: Option<Place>,
    /// Whether a table sets an age.
    pub(super) has_table: bool,
    /// What chooses the age of the table.
    pub(super) by: Option<Place>,
    /// The days from which it counts to a day that counts today, where they are known beforehand.
    pub(super) counted_from: Option<CountedFrom>,
}

/// What tells occurrences apart, or the day on which it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Identity {
    Once,
    Clock,
    /// A fact, if the pack knows it.
    Fact(Option<Place>),
}

/// What makes a life event one that hurts, and who may be told.
#[derive(Debug)]
pub(super) struct Hurts<'p> {
    pub(super) when: Bound<'p>,
    pub(super) told: Vec<usize>,
    pub(super) officer: bool,
    pub(super) wait: Option<Length>,
}

/// One version.
#[derive(Debug)]
pub(super) struct Law<'p> {
    pub(super) version: &'p Version,
    pub(super) when: Bound<'p>,
    /// The services, and those of each place whose overlays count.
    pub(super) services: Vec<ServiceRule<'p>>,
    pub(super) at: BTreeMap<&'p str, Vec<ServiceRule<'p>>>,
}

/// One service.
#[derive(Debug)]
pub(super) struct ServiceRule<'p> {
    pub(super) entry: &'p Entry,
    /// Who is told, and where it stands whether they have died.
    pub(super) told: Vec<(usize, Option<Place>)>,
    pub(super) when: Bound<'p>,
    /// What says that the person has it already.
    pub(super) already: Vec<Has<'p>>,
}

/// A fact which says that a person has a service already.
#[derive(Debug)]
pub(super) struct Has<'p> {
    pub(super) place: Option<Place>,
    pub(super) absent: Option<&'p Absent>,
}

impl<'p> Rule<'p> {
    /// Binds `event`; `None` where nobody could be its subject.
    pub(super) fn new(
        pack: &'p Pack,
        event: &'p LifeEvent,
        as_of: &AsOf,
        columns: &mut Columns<'p>,
    ) -> Option<Self> {
        let mut to = Binder { pack, event, as_of, columns };
        let subject = to.role(&event.subject)?;
        let kind = to.kind(&event.subject)?;
        let marks = to.marks(kind);
        let (versions, transitions) = to.versions();
        Some(Self {
            pack,
            event,
            as_of: *as_of,
            kind,
            subject,
            roles: to.roles(),
            marks,
            clock: event.begins.clock.as_ref().map(|clock| to.clock(clock)),
            occurrence: to.identity(&event.occurrence),
            occurred_on: to.identity(event.occurred_on.as_ref().unwrap_or(&event.occurrence)),
            place: event.place.as_ref().and_then(|path| to.path(path)),
            deceased: event.guards.deceased.iter().map(|role| to.fact(role, DECEASED)).collect(),
            sensitive: to.sensitive(),
            versions,
            transitions,
        })
    }

    /// The life event.
    #[must_use]
    pub fn life_event(&self) -> &'p LifeEvent {
        self.event
    }

    /// To what kind of subject it happens.
    #[must_use]
    pub fn kind(&self) -> SubjectKind {
        self.kind
    }

    pub(super) fn subject(&self) -> usize {
        self.subject
    }

    pub(super) fn roles(&self) -> &[RoleRule] {
        &self.roles
    }
}

impl<'p> Binder<'_, 'p> {
    fn roles(&mut self) -> Vec<RoleRule> {
        let roles = self.event.roles.values();
        roles
            .map(|role| RoleRule {
                kind: role.kind,
                from: role.from.iter().filter_map(|path| self.path(path)).collect(),
            })
            .collect()
    }

    fn marks(&mut self, kind: SubjectKind) -> Vec<Mark> {
        let events = self.event.begins.events.iter();
        let events: Vec<_> =
            events.filter_map(|event| self.columns.event(kind, &event.value)).collect();
        let mut marks = Vec::new();
        for attribute in &self.event.marks {
            let Some(column) = self.columns.column(kind, attribute) else { continue };
            if let Some(about) = self.columns.about(kind, column) {
                about.marks = true;
            }
            marks.extend(events.iter().map(|event| (column, *event)));
        }
        marks
    }

    fn clock(&mut self, rule: &'p ClockRule) -> Clock<'p> {
        let after = self.path(&rule.after);
        let table = rule.ages.as_ref();
        let by = table.and_then(|table| self.path(&table.by));
        let counted_from = CountedFrom::new(self.pack, rule, self.as_of.occurred);
        Clock { rule, after, has_table: table.is_some(), by, counted_from }
    }

    fn identity(&mut self, path: &'p str) -> Identity {
        match path {
            ONCE => Identity::Once,
            CLOCK => Identity::Clock,
            path => Identity::Fact(self.path(path)),
        }
    }

    fn sensitive(&mut self) -> Option<Hurts<'p>> {
        let sensitive = self.event.guards.sensitive.as_ref()?;
        Some(Hurts {
            when: self.condition(&sensitive.condition),
            told: sensitive.told.iter().filter_map(|role| self.role(role)).collect(),
            officer: sensitive.officer,
            wait: sensitive.wait,
        })
    }

    fn versions(&mut self) -> (Vec<Law<'p>>, Vec<(Bound<'p>, Option<usize>)>) {
        let Some(version) = self.event.version_on(self.as_of.law) else {
            return (Vec::new(), Vec::new());
        };
        let mut laws = vec![self.law(version)];
        let mut transitions = Vec::new();
        for transition in &version.transition {
            let earlier = self.event.version_on(transition.law_of.value);
            let place = earlier.map(|earlier| {
                laws.push(self.law(earlier));
                laws.len() - 1
            });
            transitions.push((self.condition(&transition.condition), place));
        }
        (laws, transitions)
    }

    fn law(&mut self, version: &'p Version) -> Law<'p> {
        let when = self.condition(&version.condition);
        let (event, law) = (self.event, self.as_of.law);
        let places = event.overlays.iter().filter(|it| it.in_force.contains(law));
        let at = places.map(|it| it.place.as_str()).collect::<Vec<_>>();
        let services = self.services(version, None);
        let at = at.into_iter().map(|place| (place, self.services(version, Some(place)))).collect();
        Law { version, when, services, at }
    }

    fn services(&mut self, version: &'p Version, place: Option<&str>) -> Vec<ServiceRule<'p>> {
        let entries = entries_at(self.event, version, place, self.as_of.law);
        // A service that the pack does not know is proposed to nobody.
        let known = entries.into_iter().filter(|it| self.pack.service(&it.service).is_some());
        known.collect::<Vec<_>>().into_iter().map(|entry| self.service(entry)).collect()
    }

    fn service(&mut self, entry: &'p Entry) -> ServiceRule<'p> {
        let roles: Vec<_> = entry.told.iter().collect();
        let told = roles
            .into_iter()
            .filter_map(|role| Some((self.role(role)?, self.fact(role, DECEASED))));
        ServiceRule {
            entry,
            told: told.collect(),
            when: self.condition(&entry.condition),
            already: self.already(&entry.already),
        }
    }

    fn already(&mut self, already: &'p Already) -> Vec<Has<'p>> {
        let paths = already.paths().map(|path| path.value.as_str());
        paths
            .map(|path| {
                let (role, attribute) = path.split_once('.').unwrap_or((path, ""));
                Has { place: self.path(path), absent: self.absent(role, attribute) }
            })
            .collect()
    }
}
