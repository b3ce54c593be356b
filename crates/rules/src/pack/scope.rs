//! Which names mean something inside one life event.

use std::collections::BTreeMap;

use domain::SubjectKind;

use super::at::At;
use super::country::{Attribute, Attributes};
use super::error::did_you_mean;
use super::life_event::Role;

/// The facts that the pack knows, by kind of subject.
pub(crate) type FactSchema = BTreeMap<SubjectKind, Attributes>;

/// The roles of one life event and the facts that can be known about each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) roles: &'a BTreeMap<At<String>, Role>,
    pub(crate) facts: &'a FactSchema,
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
            .collect();
        super::error::nearest(path, all.iter().map(String::as_str))
            .map(|near| format!("did you mean `{near}`?"))
    }
}
