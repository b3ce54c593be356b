//! Conditions of the law: checked when the pack is loaded, so that deciding cannot fail.
//!
//! # Invariants
//!
//! - **Total.** Names, types and arity are settled; what leaves its range counts as unknown with
//!   a note in the trace.
//! - **Blind.** No clock, no network, no database. `today` is an argument, which is what makes a
//!   decision replayable years later.
//! - **Monotone.** A fact about which nobody had spoken may settle an unknown; it never reverses
//!   a settled answer. `learning_a_fact_never_reverses_a_verdict` holds us to it. A fact whose
//!   silence the pack reads as a value (`absent`) is the exception on purpose, and so are
//!   questions about how often something was told.
//! - **Bounded.** A condition longer than [`LONGEST`] bytes is refused before it is parsed.
//!
//! # Why not stop at the first unknown?
//!
//! `unknown && false` is `false`. Stopping at the unknown would be faster and would ask people
//! for facts that cannot change the answer.

use std::collections::BTreeSet;

use domain::Verdict;

use super::activation::Activation;
use super::check::{self, Mode, Variables};
use super::evaluate::{Evaluator, Silent, Traced};
use super::node::{Node, Slot};
use super::settle::Logic;
use super::syntax::{Fault, parse};
use super::undetermined::{Slots, Undetermined};
use super::value::Value;
use crate::pack::scope::{PARAMETERS, Scope, TODAY};

/// The longest condition, in bytes. Far beyond what a person can read.
const LONGEST: usize = 2000;

/// A checked condition. The default one always holds.
#[derive(Debug, Clone)]
pub struct Condition {
    pub(crate) node: Node,
    pub(crate) logic: Logic,
    names: Variables,
    variables: Vec<Variable>,
}

/// What a slot of a condition holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    /// The day that is asked about.
    Today,
    /// Who plays a role.
    Role(String),
    /// A fact of a role.
    Fact {
        /// The role.
        role: String,
        /// What is known of who plays it.
        attribute: String,
    },
    /// A dated value of the law.
    Parameter {
        /// The name of its file.
        name: String,
        /// Which of its values.
        field: String,
    },
}

impl Variable {
    fn of(path: &str) -> Self {
        match path.split_once('.') {
            None if path == TODAY => Self::Today,
            None => Self::Role(path.to_owned()),
            Some((PARAMETERS, rest)) => {
                let (name, field) = rest.split_once('.').unwrap_or((rest, ""));
                Self::Parameter { name: name.to_owned(), field: field.to_owned() }
            }
            Some((role, attribute)) => {
                Self::Fact { role: role.to_owned(), attribute: attribute.to_owned() }
            }
        }
    }

    /// Whether somebody can tell it: people and registers know facts and who plays a role.
    fn is_told(&self) -> bool {
        matches!(self, Self::Role(_) | Self::Fact { .. })
    }
}

impl Default for Condition {
    fn default() -> Self {
        Self::new(Node::Constant(Value::Bool(true)), Variables::default())
    }
}

/// A condition's answer and how each part of it came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) verdict: Verdict,
    /// One line for each part that answers yes or no, in reading order. Holds no value of
    /// any fact, since receipts outlive the data that they are about.
    pub(crate) trace: Vec<String>,
}

/// Checks the text of a condition, which must answer yes or no.
pub(crate) fn check(source: &str, scope: Scope<'_>) -> Result<Condition, Vec<Fault>> {
    if source.len() > LONGEST {
        let size = source.len();
        let message = format!("a condition may have {LONGEST} letters, and this has {size}");
        return Err(vec![Fault { start: 0, length: 1, message, help: None }]);
    }
    let expr = parse(source).map_err(|fault| vec![fault])?;
    let checked = check::check(&expr, &scope, Mode::Strict)?;
    Ok(Condition::new(checked.node, checked.variables))
}

/// Evaluates a checked condition, with the trace of every part.
pub(crate) fn evaluate<A: Activation + ?Sized>(condition: &Condition, known: &A) -> Answer {
    let mut walk = Evaluator::of_parts(known, &condition.names, Traced::default());
    let outcome = walk.value(&condition.node);
    let verdict = condition.verdict_of(yes(outcome), known);
    Answer { verdict, trace: walk.watch.0 }
}

fn yes(outcome: Result<Value<'_>, Undetermined>) -> Result<bool, Slots> {
    match outcome {
        Ok(value) => Ok(matches!(value, Value::Bool(true))),
        Err(Undetermined::Unknown(missing)) => Err(missing),
        Err(Undetermined::Error(_)) => Err(Slots::default()),
    }
}

impl Condition {
    fn new(node: Node, names: Variables) -> Self {
        let variables = names.0.iter().map(|path| Variable::of(path)).collect();
        let logic = Logic::of(&node, &names);
        Self { node, logic, names, variables }
    }

    /// What it may read, by slot.
    #[must_use]
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// The variable in `slot`.
    #[must_use]
    pub fn variable(&self, slot: Slot) -> Option<&Variable> {
        self.variables.get(usize::from(slot.0))
    }

    /// The paths of all facts that it may read, in order of their names.
    #[must_use]
    pub fn reads(&self) -> BTreeSet<String> {
        let facts = self.names.0.iter().zip(&self.variables);
        let facts = facts.filter(|(_, variable)| matches!(variable, Variable::Fact { .. }));
        facts.map(|(path, _)| path.clone()).collect()
    }

    /// The answer alone, without a trace: the fast way.
    #[must_use]
    pub fn verdict<A: Activation + ?Sized>(&self, known: &A) -> Verdict {
        let outcome = Evaluator::of_parts(known, &self.names, Silent).value(&self.node);
        self.verdict_of(yes(outcome), known)
    }

    /// Yes, no, or not known: the answer alone, without the names of what is missing.
    pub(crate) fn answer<A: Activation + ?Sized>(&self, known: &A) -> Option<bool> {
        let outcome = Evaluator::of_parts(known, &self.names, Silent).value(&self.node);
        yes(outcome).or_else(|missing| self.settled(missing, known).answer.ok_or(())).ok()
    }

    /// What three-valued logic alone leaves unknown may still be settled by the parts together.
    fn verdict_of<A: Activation + ?Sized>(
        &self,
        answer: Result<bool, Slots>,
        known: &A,
    ) -> Verdict {
        let answer = answer.or_else(|missing| {
            let settled = self.settled(missing, known);
            settled.answer.ok_or(settled.missing)
        });
        match answer {
            Ok(true) => Verdict::Met,
            Ok(false) => Verdict::Unmet,
            Err(missing) => Verdict::Unknown { missing: self.told(missing).collect() },
        }
    }

    /// Whether somebody can tell what is in `slot`.
    pub(crate) fn is_told(&self, slot: Slot) -> bool {
        self.variable(slot).is_some_and(Variable::is_told)
    }

    /// The paths of those slots that somebody can tell.
    pub(crate) fn told(&self, slots: Slots) -> impl Iterator<Item = String> {
        slots
            .iter()
            .filter(|slot| self.is_told(*slot))
            .filter_map(|slot| self.names.0.get(usize::from(slot.0)).cloned())
    }

    /// How each atom comes out.
    pub(crate) fn states<A: Activation + ?Sized>(&self, known: &A) -> Vec<Result<bool, Slots>> {
        let mut walk = Evaluator::of_parts(known, &self.names, Silent);
        self.logic.evaluate(&self.node, &mut |node| {
            walk.begin_part();
            yes(walk.value(node))
        })
    }

    /// The names of its slots.
    pub(super) fn names(&self) -> &Variables {
        &self.names
    }

    /// `node`, a part of this condition, as its author could have written it.
    pub(crate) fn shown(&self, node: &Node) -> String {
        node.shown(&self.names).to_string()
    }
}

/// As an author could have written it, with every grouping shown.
impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.node.shown(&self.names), f)
    }
}
