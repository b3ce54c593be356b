//! CEL, ours: a parser, a checker and an evaluator for the Common Expression Language, and the
//! conditions of the law, which are a strict part of it with days added.
//!
//! One evaluator for both. It has three answers where CEL has two, since shared data arrives late
//! and in pieces, and a fact that has not arrived is not a *no*. It cannot fail on a checked
//! condition: what leaves its range is unknown with a note in the trace, so it can neither grant
//! nor deny.
//!
//! | part | does |
//! |---|---|
//! | [`syntax`] | text to tree, macros expanded |
//! | [`check`] | names to slots, types, functions; strict for conditions |
//! | [`evaluate`] | tree to answer, with a bounded number of steps |
//! | [`skeleton`] | the logic of a condition, over one answer or many at once |
//! | [`settle`] | which facts can still change an answer, which to ask for first |
//! | [`conformance`](mod@conformance) | how much of the CEL specification holds |

mod activation;
mod atom;
mod check;
mod condition;
mod conformance;
mod declare;
mod evaluate;
mod extensions;
mod functions;
mod moment;
mod monotone;
mod node;
mod program;
mod settle;
mod skeleton;
mod syntax;
#[cfg(test)]
mod tests;
mod types;
mod undetermined;
mod value;

pub use activation::Activation;
pub(crate) use atom::Atom;
pub use check::Declarations;
pub(crate) use condition::{Answer, check, evaluate};
pub use condition::{Condition, Variable};
pub use conformance::{ConformanceError, Score, Tally, conformance};
pub use declare::Declared;
pub(crate) use declare::rules as rule_functions;
pub use moment::Moment;
pub use node::Slot;
pub(crate) use node::{Call, Choose, Comparison, Junction, Node, Operation, Pattern, Telling};
pub use program::{Program, StandardLibrary};
pub use settle::Flip;
pub(crate) use skeleton::{Answers, Leaf};
pub use syntax::Fault;
pub use types::Type;
pub use undetermined::{Problem, Slots, Undetermined};
pub use value::{List, Map, Text, Value};
