//! Which names mean something inside one life event.

use std::collections::BTreeMap;

use domain::SubjectKind;

use super::at::At;
use super::country::{Attribute, Attributes, ValueKind};
use super::error::did_you_mean;
use super::life_event::Role;
use super::limits;
use super::service::{Parameter, ParameterValue};
use crate::cel::{Declarations, Declared, Type, rule_functions};

/// The facts that the pack knows, by kind of subject.
pub(crate) type FactSchema = BTreeMap<SubjectKind, Attributes>;

/// The variable of conditions that holds the day that is asked about.
pub(crate) const TODAY: &str = "today";

/// What the paths of dated values of the law begin with: `param.benefit.amount`.
pub(crate) const PARAMETERS: &str = "param";

/// The roles of one life event and the facts that can be known about each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) roles: &'a BTreeMap<At<String>, Role>,
    pub(crate) facts: &'a FactSchema,
    pub(crate) parameters: &'a BTreeMap<String, Vec<Parameter>>,
}

/// Why a name means nothing, in an author's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameFault {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// `role.attribute`, found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found<'a> {
    pub(crate) role: &'a str,
    pub(crate) attribute: &'a str,
    pub(crate) definition: &'a Attribute,
}

impl<'a> Scope<'a> {
    /// The kind of subject that plays `role`.
    pub(crate) fn role(&self, role: &str) -> Option<(&'a str, SubjectKind)> {
        self.roles.get_key_value(role).map(|(name, role)| (name.as_str(), role.kind))
    }

    /// The fact that `path` names.
    pub(crate) fn fact(&self, path: &str) -> Result<Found<'a>, NameFault> {
        let (head, rest) = path.split_once('.').unwrap_or((path, ""));
        let Some((role, kind)) = self.role(head) else {
            return Err(self.no_such_role(path, head, rest));
        };
        if rest.is_empty() {
            return Err(NameFault {
                message: format!("`{path}` is a role, and a fact of it is wanted here"),
                help: Some(format!("write `{path}.` and the name of a fact")),
            });
        }
        let attributes = self.facts.get(&kind);
        match attributes.and_then(|all| all.get_key_value(rest)) {
            Some((name, definition)) => Ok(Found { role, attribute: name, definition }),
            None => Err(NameFault {
                message: format!("`{role}` has no fact `{rest}`"),
                help: self.near_facts(path),
            }),
        }
    }

    fn no_such_role(&self, path: &str, head: &str, rest: &str) -> NameFault {
        let help = if rest.is_empty() { None } else { self.near_facts(path) }
            .or_else(|| did_you_mean(head, self.roles.keys().map(|role| role.as_str())));
        NameFault { message: format!("there is no role `{head}` in this life event"), help }
    }

    /// The nearest whole path, whichever part of it was mistyped.
    fn near_facts(&self, path: &str) -> Option<String> {
        let all: Vec<String> = self
            .roles
            .iter()
            .flat_map(|(name, role)| {
                let attributes = self.facts.get(&role.kind).into_iter().flatten();
                attributes.map(move |(attribute, _)| format!("{}.{}", **name, **attribute))
            })
            .take(limits::NEAR_NAMES)
            .collect();
        super::error::nearest(path, all.iter().map(String::as_str))
            .map(|near| format!("did you mean `{near}`?"))
    }

    /// The type of the national value called `name.field`, in whatever period.
    fn parameter(&self, name: &str, field: &str) -> Result<Type, NameFault> {
        let Some(entries) = self.parameters.get(name) else {
            return Err(NameFault {
                message: format!("there is no parameter `{name}`"),
                help: did_you_mean(name, self.parameters.keys().map(String::as_str)),
            });
        };
        let national = || entries.iter().filter(|entry| entry.place.is_none());
        let mut kinds = national().filter_map(|entry| entry.values.get(field)).map(kind_of);
        let path = format!("{PARAMETERS}.{name}.{field}");
        let Some(first) = kinds.next() else {
            let fields = national().flat_map(|entry| entry.values.keys().map(String::as_str));
            let message = format!("`{path}` has no value for the whole country in any period");
            return Err(NameFault { message, help: did_you_mean(field, fields) });
        };
        match first {
            Some(kind) if kinds.all(|other| other.as_ref() == Some(&kind)) => Ok(kind),
            Some(_) => Err(NameFault {
                message: format!("`{path}` is not of one kind in all periods"),
                help: None,
            }),
            None => Err(NameFault {
                message: format!("`{path}` is words for people, and no value to compare"),
                help: None,
            }),
        }
    }

    /// The name and the field of a parameter's path. A role may be called `param` too; then it
    /// is the role.
    fn parameter_path<'p>(&self, path: &'p str) -> Option<(&'p str, &'p str)> {
        let rest = path.strip_prefix(PARAMETERS)?.strip_prefix('.')?;
        self.role(PARAMETERS).is_none().then(|| rest.split_once('.').unwrap_or((rest, "")))
    }
}

/// The type of a dated value; `None` for words in two languages.
fn kind_of(value: &ParameterValue) -> Option<Type> {
    Some(match value {
        ParameterValue::Date(_) => Type::Date,
        ParameterValue::Int(_) => Type::Int,
        ParameterValue::Bool(_) => Type::Bool,
        ParameterValue::Text(_) => Type::String,
        ParameterValue::Words(_) => return None,
    })
}

/// What conditions may name: roles, their facts, `today`, parameters.
impl Declarations for Scope<'_> {
    fn variable(&self, name: &str) -> Option<Type> {
        if name == TODAY {
            return Some(Type::Date);
        }
        if let Some((name, field)) = self.parameter_path(name) {
            return self.parameter(name, field).ok();
        }
        if self.role(name).is_some() {
            return Some(Type::Subject);
        }
        Some(match self.fact(name).ok()?.definition.kind {
            ValueKind::Text => Type::String,
            ValueKind::Int => Type::Int,
            ValueKind::Bool => Type::Bool,
            ValueKind::Date => Type::Date,
            ValueKind::Time => Type::Timestamp,
            ValueKind::Subject => Type::Subject,
            ValueKind::List => Type::list(Type::String),
        })
    }

    fn function(&self, name: &str) -> Option<&Declared> {
        rule_functions().get(name)
    }

    fn function_names(&self) -> Vec<&str> {
        rule_functions().keys().copied().chain(OTHER_FUNCTIONS).collect()
    }

    fn undeclared(&self, path: &str) -> (String, Option<String>) {
        let fault = if let Some((name, field)) = self.parameter_path(path) {
            self.parameter(name, field).err()
        } else if path.contains('.') {
            self.fact(path).err()
        } else {
            None
        };
        let fault = fault.unwrap_or_else(|| NameFault {
            message: format!("there is no role `{path}` in this life event"),
            help: did_you_mean(path, self.roles.keys().map(|role| role.as_str()).chain([TODAY])),
        });
        (fault.message, fault.help)
    }

    fn is_fact(&self, name: &str) -> bool {
        self.parameter_path(name).is_none() && self.fact(name).is_ok()
    }
}

/// What conditions may call that is no function: it takes a name and not a value.
const OTHER_FUNCTIONS: [&str; 7] =
    ["has", "times", "first_told", "last_told", "told_within", "followed_within", "unfollowed"];
