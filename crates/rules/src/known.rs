//! What is known for one decision: facts seen through roles, registers in order of whose word
//! counts, silence read as the pack says.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::{AsOf, Fact, FactId, FactSet, SubjectId, Value};
use jiff::civil::Date;

use crate::cel::{self, Activation, Answer, Condition, Slot, Text, Variable};
use crate::deadline::Calendar;
use crate::pack::Pack;
use crate::pack::country::{Absent, Attribute, ValueKind};
use crate::pack::life_event::LifeEvent;
use crate::pack::service::ParameterValue;
use crate::suggest::in_force;

/// One life event of one subject, with all that a decision about it may look at.
///
/// The same case always gives the same answers: nothing else goes in.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The pack.
    pub pack: &'a Pack,
    /// The life event.
    pub life_event: &'a LifeEvent,
    /// Who plays which role, as [`Pack::resolve_roles`] found.
    pub roles: &'a BTreeMap<String, SubjectId>,
    /// What is known about them.
    pub facts: &'a FactSet,
    /// The three dates.
    pub as_of: AsOf,
}

impl<'a> Case<'a> {
    /// What each register says of `attribute`, those whose word counts most first.
    ///
    /// A stored fact whose kind is not the one that the pack gives the attribute today is left
    /// out: it settles nothing.
    pub(crate) fn said(&self, role: &str, attribute: &str) -> Vec<&'a Fact> {
        let definition = self.definition(role, attribute);
        let (Some(subject), Some(definition)) = (self.roles.get(role), definition) else {
            return Vec::new();
        };
        said(self.facts, *subject, attribute, definition, &self.as_of)
    }

    /// The first word on `attribute`.
    pub(crate) fn first(&self, role: &str, attribute: &str) -> Option<&'a Fact> {
        self.said(role, attribute).into_iter().next()
    }

    /// The first word on the fact that `path` names.
    pub(crate) fn at(&self, path: &str) -> Option<&'a Fact> {
        let (role, attribute) = path.split_once('.')?;
        self.first(role, attribute)
    }

    /// What the fact that `path` names says, as in `mother.name`: the first owner's word. Silence
    /// says nothing here, whatever it means in conditions.
    #[must_use]
    pub fn value(&self, path: &str) -> Option<&'a Value> {
        self.at(path).map(|fact| &fact.value)
    }

    /// What the pack says of an attribute of whoever plays `role`.
    fn definition(&self, role: &str, attribute: &str) -> Option<&'a Attribute> {
        let kind = self.life_event.roles.get(role)?.kind;
        self.pack.attribute(kind, attribute)
    }
}

/// The latest word of each register, in order of whose word counts.
fn said<'a>(
    facts: &'a FactSet,
    subject: SubjectId,
    attribute: &str,
    definition: &Attribute,
    as_of: &AsOf,
) -> Vec<&'a Fact> {
    let mut said = facts.lookup(subject, attribute, as_of);
    said.retain(|fact| is_of(&fact.value, definition.kind));
    // A register that the pack does not list speaks after those that it lists.
    let place = |fact: &Fact| {
        let owner = definition.owner.iter().position(|o| o.value == fact.source.register);
        owner.unwrap_or(usize::MAX)
    };
    said.sort_by_key(|fact| place(fact));
    said
}

/// Whether a stored value is of the kind that the pack gives its attribute today.
pub(crate) fn is_of(value: &Value, kind: ValueKind) -> bool {
    matches!(
        (value, kind),
        (Value::Text(_), ValueKind::Text)
            | (Value::Int(_), ValueKind::Int)
            | (Value::Bool(_), ValueKind::Bool)
            | (Value::Date(_), ValueKind::Date)
            | (Value::Time(_), ValueKind::Time)
            | (Value::Subject(_), ValueKind::Subject)
            | (Value::List(_), ValueKind::List)
    )
}

impl Pack {
    /// Who plays which role in `life_event` of `subject`, as far as `facts` tell.
    ///
    /// The caller loads the facts of those found and asks again until nobody new is found.
    #[must_use]
    pub fn resolve_roles(
        &self,
        life_event: &LifeEvent,
        subject: SubjectId,
        facts: &FactSet,
        as_of: &AsOf,
    ) -> BTreeMap<String, SubjectId> {
        let mut roles = BTreeMap::from([(life_event.subject.value.clone(), subject)]);
        // Each round finds a role or ends: a role is never taken back.
        while let Some((role, found)) = self.next_role(life_event, &roles, facts, as_of) {
            roles.insert(role, found);
        }
        roles
    }

    /// One more role that the facts name, in order of the roles' names, so that the order in which
    /// facts were loaded cannot matter.
    fn next_role(
        &self,
        life_event: &LifeEvent,
        roles: &BTreeMap<String, SubjectId>,
        facts: &FactSet,
        as_of: &AsOf,
    ) -> Option<(String, SubjectId)> {
        let case = Case { pack: self, life_event, roles, facts, as_of: *as_of };
        life_event.roles.iter().filter(|(name, _)| !roles.contains_key(name.as_str())).find_map(
            |(name, role)| {
                let found = role.from.iter().find_map(|path| case.at(path)?.value.as_subject());
                Some((name.value.clone(), found?))
            },
        )
    }
}

/// A case that remembers which facts were looked at, for the receipt.
pub(crate) struct Reader<'a> {
    case: Case<'a>,
    read: RefCell<BTreeSet<FactId>>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(case: Case<'a>) -> Self {
        Self { case, read: RefCell::default() }
    }

    /// The facts looked at so far, in order of their ids.
    pub(crate) fn read(&self) -> Vec<FactId> {
        self.read.borrow().iter().copied().collect()
    }

    /// The first word on the fact that `path` names.
    pub(crate) fn at(&self, path: &str) -> Option<&'a Value> {
        let fact = self.case.at(path)?;
        self.read.borrow_mut().insert(fact.id);
        Some(&fact.value)
    }

    /// Whether somebody said that who plays `role` has died.
    pub(crate) fn is_deceased(&self, role: &str) -> bool {
        self.at(&format!("{role}.{DECEASED}")) == Some(&Value::Bool(true))
    }
}

/// The attribute that tells of a death. The one name of the fact schema that the engine knows,
/// because nothing may be sent past it.
pub(crate) const DECEASED: &str = "deceased";

impl<'a> Reader<'a> {
    /// Asks a condition about the case.
    pub(crate) fn answer(&self, condition: &Condition) -> Answer {
        cel::evaluate(condition, &Asked { reader: self, condition })
    }

    /// The fact that is most likely to settle a condition.
    pub(crate) fn ask_first(&self, condition: &Condition) -> Option<String> {
        condition.ask_first(&Asked { reader: self, condition })
    }

    /// The fewest parts that would turn a condition's answer.
    pub(crate) fn nearest_miss(&self, condition: &Condition) -> Option<Vec<cel::Flip>> {
        condition.nearest_miss(&Asked { reader: self, condition })
    }

    /// How each part of a condition comes out.
    pub(crate) fn outcomes(&self, condition: &Condition) -> Vec<Option<bool>> {
        condition.outcomes(&Asked { reader: self, condition })
    }

    /// What is known of `attribute`. Silence that means something is answered with its value.
    pub(crate) fn fact(&self, role: &str, attribute: &str) -> Option<cel::Value<'a>> {
        if let Some(fact) = self.case.first(role, attribute) {
            self.read.borrow_mut().insert(fact.id);
            return Some(cel::Value::of_fact(&fact.value));
        }
        self.absent(role, attribute).map(silence)
    }

    /// What silence about `attribute` means. Of somebody whom we do not know it says nothing.
    fn absent(&self, role: &str, attribute: &str) -> Option<&'a Absent> {
        self.case.roles.get(role)?;
        self.case.definition(role, attribute)?.absent.as_ref().map(|absent| &absent.value)
    }

    /// The days on which somebody told `attribute` up to the day that is asked about, as known
    /// then: whoever said it and whatever it said.
    fn times(&self, role: &str, attribute: &str) -> Option<Arc<[Date]>> {
        let subject = self.case.roles.get(role)?;
        let definition = self.case.definition(role, attribute)?;
        let as_of = &self.case.as_of;
        let told = self.case.facts.iter().filter(|fact| {
            fact.subject == *subject
                && fact.attribute == attribute
                && is_of(&fact.value, definition.kind)
                && fact.known_from <= as_of.known
                && fact.known_until.is_none_or(|until| as_of.known < until)
                && fact.valid.from <= as_of.occurred
        });
        let mut days = BTreeSet::new();
        for fact in told {
            self.read.borrow_mut().insert(fact.id);
            days.insert(fact.valid.from);
        }
        if days.is_empty() && definition.absent.is_none() {
            return None;
        }
        Some(days.into_iter().collect())
    }
}

/// What silence means, as a value.
pub(crate) fn silence(absent: &Absent) -> cel::Value<'_> {
    match absent {
        Absent::Bool(yes) => cel::Value::Bool(*yes),
        Absent::Int(number) => cel::Value::Int(*number),
        Absent::Text(text) => cel::Value::String(Text::Borrowed(text)),
    }
}

/// The national value in force under the law of a day.
pub(crate) fn parameter<'a>(
    pack: &'a Pack,
    name: &str,
    field: &str,
    law: Date,
) -> Option<cel::Value<'a>> {
    let entry = in_force(pack.parameter(name), law, None)?;
    Some(match entry.values.get(field)? {
        ParameterValue::Date(day) => cel::Value::Date(*day),
        ParameterValue::Int(number) => cel::Value::Int(*number),
        ParameterValue::Bool(yes) => cel::Value::Bool(*yes),
        ParameterValue::Text(text) => cel::Value::String(Text::Borrowed(text)),
        ParameterValue::Words(_) => return None,
    })
}

/// A condition that is asked about a case.
struct Asked<'r, 'a> {
    reader: &'r Reader<'a>,
    condition: &'r Condition,
}

impl Activation for Asked<'_, '_> {
    fn variable(&self, slot: Slot) -> Option<cel::Value<'_>> {
        let case = &self.reader.case;
        match self.condition.variable(slot)? {
            Variable::Today => Some(cel::Value::Date(case.as_of.occurred)),
            Variable::Role(role) => case.roles.get(role).copied().map(cel::Value::Subject),
            Variable::Fact { role, attribute } => self.reader.fact(role, attribute),
            Variable::Parameter { name, field } => {
                parameter(case.pack, name, field, case.as_of.law)
            }
        }
    }

    fn spoken(&self, slot: Slot) -> Option<bool> {
        let Variable::Fact { role, attribute } = self.condition.variable(slot)? else {
            return None;
        };
        if let Some(fact) = self.reader.case.first(role, attribute) {
            self.reader.read.borrow_mut().insert(fact.id);
            return Some(true);
        }
        self.reader.absent(role, attribute).map(|_| false)
    }

    fn times(&self, slot: Slot) -> Option<Arc<[Date]>> {
        match self.condition.variable(slot)? {
            Variable::Fact { role, attribute } => self.reader.times(role, attribute),
            _ => None,
        }
    }

    fn calendar(&self) -> Option<&Calendar> {
        Some(self.reader.case.pack.calendar())
    }
}
