//! Conditions with each variable bound to where its value stands.

use std::sync::Arc;

use domain::{AsOf, SubjectKind, Value as FactValue};
use jiff::civil::Date;

use super::columns::{Column, Columns};
use super::decide::Finding;
use super::scene::Scene;
use crate::cel::{self, Activation, Condition, Slot, Value, Variable};
use crate::deadline::Calendar;
use crate::known::{parameter, silence};
use crate::pack::Pack;
use crate::pack::country::Absent;
use crate::pack::life_event::LifeEvent;

/// Where a fact stands: of whoever plays the role, in the column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) role: usize,
    pub(super) column: Column,
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
        Bound { condition, slots, today, calendar }
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
    slots: Vec<At<'p>>,
    today: Date,
    calendar: &'p Calendar,
}

impl<'p> Bound<'p> {
    /// What it answers of the players of `scene`.
    pub(super) fn ask(&self, scene: &Scene<'_>) -> Finding {
        self.condition.answer(&Asked { bound: self, scene }).into()
    }

    fn at(&self, slot: Slot) -> &At<'p> {
        self.slots.get(usize::from(slot.0)).unwrap_or(&At::Nowhere)
    }
}

/// A bound condition that is asked about the players of one life event.
struct Asked<'v, 'r, 'p> {
    bound: &'v Bound<'p>,
    scene: &'v Scene<'r>,
}

impl Activation for Asked<'_, '_, '_> {
    fn variable(&self, slot: Slot) -> Option<cel::Value<'_>> {
        match self.bound.at(slot) {
            At::Today => Some(Value::Date(self.bound.today)),
            At::Role(role) => self.scene.subject(*role).map(Value::Subject),
            At::Law(value) => Some(value.clone()),
            At::Nowhere => None,
            At::Fact { place, absent } => {
                let said: Option<&FactValue> = self.scene.value(*place);
                said.map(Value::of_fact).or_else(|| {
                    // Of somebody whom we do not know, silence says nothing.
                    self.scene.row(place.role)?;
                    absent.map(silence)
                })
            }
        }
    }

    fn spoken(&self, slot: Slot) -> Option<bool> {
        let At::Fact { place, absent } = self.bound.at(slot) else { return None };
        if self.scene.value(*place).is_some() {
            return Some(true);
        }
        self.scene.row(place.role)?;
        absent.map(|_| false)
    }

    fn times(&self, slot: Slot) -> Option<Arc<[Date]>> {
        let At::Fact { place, absent } = self.bound.at(slot) else { return None };
        let days = self.scene.row(place.role)?.times(place.column);
        (!days.is_empty() || absent.is_some()).then_some(days)
    }

    fn calendar(&self) -> Option<&Calendar> {
        Some(self.bound.calendar)
    }
}
