//! Conditions with each variable bound to where its value stands.

use std::sync::Arc;

use domain::{AsOf, SubjectKind, Value as FactValue};
use jiff::civil::Date;

use super::columns::{Column, Columns};
use super::decide::Finding;
use super::mask::Findings;
use super::scene::Players;
use super::table::{Known, Line, Needs, Table};
use crate::cel::{self, Activation, Atom, Condition, Leaf, Slot, Value, Variable};
use crate::deadline::Calendar;
use crate::known::{parameter, silence};
use crate::pack::Pack;
use crate::pack::country::Absent;
use crate::pack::life_event::LifeEvent;

/// Where a fact stands: of whoever plays the role, in the column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) role: usize,
    pub(super) column: Column,
}

/// What a question may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Source {
    /// Who plays a role.
    Player(usize),
    /// A fact.
    Fact(Place),
}

/// Binds what one life event names.
pub(super) struct Binder<'b, 'p> {
    pub(super) pack: &'p Pack,
    pub(super) event: &'p LifeEvent,
    pub(super) as_of: &'b AsOf,
    pub(super) columns: &'b mut Columns<'p>,
}

impl<'p> Binder<'_, 'p> {
    /// The place of a role, in order of the roles' names.
    pub(super) fn role(&self, role: &str) -> Option<usize> {
        self.event.roles.keys().position(|name| name.as_str() == role)
    }

    pub(super) fn kind(&self, role: &str) -> Option<SubjectKind> {
        self.event.roles.get(role).map(|role| role.kind)
    }

    /// The fact that a path names, as in `mother.name`.
    pub(super) fn path(&mut self, path: &'p str) -> Option<Place> {
        let (role, attribute) = path.split_once('.')?;
        self.fact(role, attribute)
    }

    pub(super) fn fact(&mut self, role: &str, attribute: &'p str) -> Option<Place> {
        let column = self.columns.column(self.kind(role)?, attribute)?;
        Some(Place { role: self.role(role)?, column })
    }

    /// What silence about a fact means.
    pub(super) fn absent(&self, role: &str, attribute: &str) -> Option<&'p Absent> {
        let definition = self.pack.attribute(self.kind(role)?, attribute)?;
        definition.absent.as_ref().map(|absent| &absent.value)
    }

    /// A condition.
    pub(super) fn condition(&mut self, condition: &'p Condition) -> Bound<'p> {
        let slots = condition.variables().iter().map(|variable| self.variable(variable)).collect();
        let (today, calendar) = (self.as_of.occurred, self.pack.calendar());
        let atoms = condition.atoms();
        Bound { condition, atoms, slots, today, calendar }
    }

    fn variable(&mut self, variable: &'p Variable) -> At<'p> {
        let bound = match variable {
            Variable::Today => Some(At::Today),
            Variable::Role(role) => self.role(role).map(At::Role),
            Variable::Parameter { name, field } => {
                parameter(self.pack, name, field, self.as_of.law).map(At::Law)
            }
            Variable::Fact { role, attribute } => self.fact(role, attribute).map(|place| {
                if let Some(kind) = self.kind(role)
                    && let Some(about) = self.columns.about(kind, place.column)
                {
                    about.timed = true;
                }
                At::Fact { place, absent: self.absent(role, attribute) }
            }),
        };
        bound.unwrap_or(At::Nowhere)
    }
}

/// Where the value of a variable is.
#[derive(Debug)]
enum At<'p> {
    Today,
    Role(usize),
    Law(Value<'p>),
    Fact { place: Place, absent: Option<&'p Absent> },
    Nowhere,
}

/// A condition, bound.
#[derive(Debug)]
pub(super) struct Bound<'p> {
    condition: &'p Condition,
    atoms: Vec<Atom<'p>>,
    slots: Vec<At<'p>>,
    today: Date,
    calendar: &'p Calendar,
}

impl<'p> Bound<'p> {
    /// What it answers of these players.
    pub(super) fn ask(&self, players: &impl Players) -> Finding {
        self.condition.answer(&Asked { bound: self, players }).into()
    }

    /// What it answers of everybody in `table`. `known` keeps how its parts come out, for other
    /// conditions of the same life event that ask the same.
    pub(super) fn ask_all(&self, table: &Table<'_, 'p>, known: &mut Known) -> Findings {
        let mut findings = self.condition.over(&mut |leaf| match leaf {
            Leaf::Constant(yes) => Findings::all(table.lines(), Some(yes).into()),
            Leaf::Atom(atom) => match self.atoms.get(atom) {
                Some(atom) => self.ask_atom(atom, table, known).clone(),
                None => Findings::all(table.lines(), Finding::Unknown),
            },
        });
        if !self.condition.is_read_once() {
            findings.settle(|line| self.ask(&table.line(line)));
        }
        findings
    }

    fn ask_atom<'k>(
        &self,
        atom: &Atom<'p>,
        table: &Table<'_, 'p>,
        known: &'k mut Known,
    ) -> &'k Findings {
        known.entry(atom.text.clone()).or_insert_with(|| {
            let equal = atom.equality().and_then(|(a, b)| Some((self.source(a)?, self.source(b)?)));
            if let Some((a, b)) = equal {
                return table.equal(a, b);
            }
            let ask = |line: &Line<'_>| {
                self.condition.outcome(atom, &Asked { bound: self, players: line }).into()
            };
            let sources: Vec<Source> = self.sources(atom).map(|(source, _)| source).collect();
            let along = |source: &Source| {
                let mut slots =
                    atom.slots.iter().filter(|slot| self.source(*slot) == Some(*source));
                slots.next().is_some_and(|slot| atom.is_passing(slot))
            };
            match sources.as_slice() {
                [source] if along(source) => table.ask_along(*source, ask, |line| {
                    self.condition.order(atom, &Asked { bound: self, players: line })
                }),
                sources => table.ask(sources, ask),
            }
        })
    }

    /// All that it may look at, and what is needed of it.
    pub(super) fn needs(&self) -> impl Iterator<Item = (Source, Needs)> + '_ {
        self.atoms.iter().flat_map(|atom| {
            let compared = atom.equality().is_some();
            let times = atom.is_timed();
            self.sources(atom).map(move |(source, absent)| {
                (source, Needs { times, compared, silence: absent.filter(|_| compared).map(value) })
            })
        })
    }

    /// What an atom looks at, and what silence about it means.
    fn sources<'s>(
        &'s self,
        atom: &Atom<'_>,
    ) -> impl Iterator<Item = (Source, Option<&'p Absent>)> + use<'s, 'p> {
        atom.slots.iter().filter_map(|slot| {
            let absent = match self.at(slot) {
                At::Fact { absent, .. } => *absent,
                _ => None,
            };
            Some((self.source(slot)?, absent))
        })
    }

    fn source(&self, slot: Slot) -> Option<Source> {
        match self.at(slot) {
            At::Role(role) => Some(Source::Player(*role)),
            At::Fact { place, .. } => Some(Source::Fact(*place)),
            At::Today | At::Law(_) | At::Nowhere => None,
        }
    }

    fn at(&self, slot: Slot) -> &At<'p> {
        self.slots.get(usize::from(slot.0)).unwrap_or(&At::Nowhere)
    }
}

/// A bound condition that is asked about the players of one life event.
struct Asked<'v, 'p, P> {
    bound: &'v Bound<'p>,
    players: &'v P,
}

impl<P: Players> Activation for Asked<'_, '_, P> {
    fn variable(&self, slot: Slot) -> Option<cel::Value<'_>> {
        match self.bound.at(slot) {
            At::Today => Some(Value::Date(self.bound.today)),
            At::Role(role) => self.players.subject(*role).map(Value::Subject),
            At::Law(value) => Some(value.clone()),
            At::Nowhere => None,
            At::Fact { place, absent } => {
                let said: Option<&FactValue> = self.players.value(*place);
                said.map(Value::of_fact).or_else(|| {
                    // Of somebody whom we do not know, silence says nothing.
                    absent.filter(|_| self.players.knows(*place)).map(silence)
                })
            }
        }
    }

    fn spoken(&self, slot: Slot) -> Option<bool> {
        let At::Fact { place, absent } = self.bound.at(slot) else { return None };
        if self.players.value(*place).is_some() {
            return Some(true);
        }
        absent.filter(|_| self.players.knows(*place)).map(|_| false)
    }

    fn times(&self, slot: Slot) -> Option<Arc<[Date]>> {
        let At::Fact { place, absent } = self.bound.at(slot) else { return None };
        if !self.players.knows(*place) {
            return None;
        }
        let days = self.players.times(*place);
        (!days.is_empty() || absent.is_some()).then_some(days)
    }

    fn calendar(&self) -> Option<&Calendar> {
        Some(self.bound.calendar)
    }
}

/// What silence means, as a fact would say it.
fn value(absent: &Absent) -> FactValue {
    match absent {
        Absent::Bool(yes) => FactValue::Bool(*yes),
        Absent::Int(number) => FactValue::Int(*number),
        Absent::Text(text) => FactValue::Text(text.clone()),
    }
}
