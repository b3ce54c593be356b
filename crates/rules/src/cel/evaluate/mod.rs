//! Walks a checked tree: three answers, no panics, a bounded number of steps.
//!
//! # Invariants
//!
//! - **Three-valued.** What is not known stays unknown through every operator, unless the
//!   operator is settled without it: `unknown && false` is `false`.
//! - **Bounded.** Every node, item and letter that is made costs a step, and steps are limited.
//! - **Blind.** No clock, no network, no database.

mod fold;
mod operators;
mod pattern;

use super::activation::Activation;
use super::declare::Context;
use super::node::{Call, Choose, Field, Junction, Names, Node};
use super::undetermined::{Problem, Slots, Undetermined};
use super::value::{List, Text, Value};

/// What an evaluation comes to.
pub(crate) type Outcome<'a> = Result<Value<'a>, Undetermined>;

/// How many steps one part of a condition may take: more than any that a person wrote.
pub(crate) const STEPS: u32 = 50_000;

/// How many steps a whole general expression may take.
pub(crate) const STEPS_OF_ALL: u32 = 1_000_000;

/// Who looks on while parts are evaluated.
pub(crate) trait Watch {
    /// Whether every part is looked at, also those that cannot change the answer.
    const FULL: bool;
    /// Takes one line about a part.
    fn line(&mut self, text: impl FnOnce() -> String);
}

/// Nobody.
pub(crate) struct Silent;

impl Watch for Silent {
    const FULL: bool = false;
    fn line(&mut self, _text: impl FnOnce() -> String) {}
}

/// The trace of a receipt.
#[derive(Default)]
pub(crate) struct Traced(pub(crate) Vec<String>);

impl Watch for Traced {
    const FULL: bool = true;
    fn line(&mut self, text: impl FnOnce() -> String) {
        self.0.push(text());
    }
}

/// One evaluation.
pub(crate) struct Evaluator<'a, A: ?Sized, W> {
    activation: &'a A,
    names: &'a dyn Names,
    locals: Vec<Value<'a>>,
    /// How many macros are being walked: their items leave no trace.
    folds: usize,
    steps: u32,
    /// What steps begin with again at each part; `None` where the whole shares them.
    each: Option<u32>,
    pub(crate) watch: W,
}

impl<'a, A: Activation + ?Sized, W: Watch> Evaluator<'a, A, W> {
    /// For a condition of a rule: each part has its own steps, so that what one part costs never
    /// changes what another answers.
    pub(crate) fn of_parts(activation: &'a A, names: &'a dyn Names, watch: W) -> Self {
        Self {
            activation,
            names,
            locals: Vec::new(),
            folds: 0,
            steps: STEPS,
            each: Some(STEPS),
            watch,
        }
    }

    /// For an expression as a whole.
    pub(crate) fn of_whole(activation: &'a A, names: &'a dyn Names, watch: W) -> Self {
        let steps = STEPS_OF_ALL;
        Self { activation, names, locals: Vec::new(), folds: 0, steps, each: None, watch }
    }

    /// The value of `node`, and a line for the watcher if it answers yes or no.
    pub(crate) fn value(&mut self, node: &'a Node) -> Outcome<'a> {
        let outcome = match self.step(1) {
            Ok(()) => self.bare(node),
            Err(error) => Err(error),
        };
        if W::FULL && self.folds == 0 {
            self.tell(node, &outcome);
        }
        outcome
    }

    fn tell(&mut self, node: &'a Node, outcome: &Outcome<'a>) {
        let names = self.names;
        match outcome {
            Ok(Value::Bool(yes)) if !matches!(node, Node::Constant(_)) => {
                self.watch.line(|| format!("{}: {yes}", node.shown(names)));
            }
            Err(undetermined) if self.answers(node) => {
                let missing = match undetermined {
                    Undetermined::Unknown(missing) => *missing,
                    Undetermined::Error(_) => Slots::default(),
                };
                self.watch.line(|| {
                    let mut all: Vec<&str> = missing.iter().map(|s| names.name(s)).collect();
                    all.sort_unstable();
                    format!("{}: unknown ({})", node.shown(names), all.join(", "))
                });
            }
            _ => {}
        }
    }

    /// Whether `node` is a part that a reader of the trace wants to know about.
    fn answers(&self, node: &Node) -> bool {
        use super::syntax::ast::How;
        match node {
            Node::Spoken(_)
            | Node::Not(_)
            | Node::Both(..)
            | Node::Compare(..)
            | Node::In(_)
            | Node::Choose(_) => true,
            // Facts and parameters have a dot in their names, roles and `today` have none.
            Node::Variable(slot) => self.names.name(*slot).contains('.'),
            Node::Call(call) => call.logical,
            Node::Pattern(pattern) => pattern.what.answers(),
            Node::Fold(fold) => matches!(fold.how, How::All | How::Exists | How::ExistsOne),
            _ => false,
        }
    }

    fn step(&mut self, steps: u32) -> Result<(), Undetermined> {
        match self.steps.checked_sub(steps) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => Err(Undetermined::Error(Problem::TooLong)),
        }
    }

    /// Something went wrong at `node` itself.
    fn fail(&mut self, node: &'a Node, problem: Problem) -> Undetermined {
        let names = self.names;
        if W::FULL && self.folds == 0 {
            self.watch.line(|| format!("{}: {problem}", node.shown(names)));
        }
        Undetermined::Error(problem)
    }

    fn or_fail(&mut self, node: &'a Node, result: Result<Value<'a>, Problem>) -> Outcome<'a> {
        result.map_err(|problem| self.fail(node, problem))
    }

    fn bare(&mut self, node: &'a Node) -> Outcome<'a> {
        match node {
            Node::Constant(value) => Ok(borrowed(value)),
            Node::Variable(slot) => self.activation.variable(*slot).ok_or_else(|| unknown(*slot)),
            Node::Local(at, _) => self.local(node, *at),
            Node::Spoken(slot) => {
                let spoken = self.activation.spoken(*slot);
                spoken.map(Value::Bool).ok_or_else(|| unknown(*slot))
            }
            Node::Compare(how, pair) => self.compare(node, *how, pair),
            Node::Both(how, pair) => self.both(*how, pair),
            Node::Not(a) => self.part(a).map(|yes| Value::Bool(!yes)),
            Node::In(pair) => self.member(node, pair),
            Node::Choose(choose) => self.choose(choose),
            Node::Compute(how, pair) => self.compute(node, *how, pair),
            Node::Negate(a) => self.negate(node, a),
            Node::Call(call) => self.call(node, call),
            Node::Fold(fold) => self.fold(node, fold),
            Node::Pattern(pattern) => self.pattern(node, pattern),
            Node::Index(pair, optional) => self.index(node, pair, *optional),
            Node::Field(field) => self.field(node, field),
            Node::List(items) => self.list(node, items),
            Node::Map(entries) => self.map(node, entries),
            Node::Fail(problem, _) => Err(self.fail(node, *problem)),
        }
    }

    fn local(&mut self, node: &'a Node, at: usize) -> Outcome<'a> {
        let found = self.locals.get(at).cloned();
        found.ok_or_else(|| self.fail(node, Problem::Undeclared))
    }

    /// Gives the next part of the condition its own steps.
    pub(crate) fn begin_part(&mut self) {
        if let Some(each) = self.each.filter(|_| self.folds == 0) {
            self.steps = each;
        }
    }

    /// The yes or no of a part of the condition's logic.
    fn part(&mut self, node: &'a Node) -> Result<bool, Undetermined> {
        self.begin_part();
        match self.value(node)? {
            Value::Bool(yes) => Ok(yes),
            _ => Err(self.fail(node, Problem::NoOverload)),
        }
    }

    /// Kleene: one side that decides is enough, whatever is unknown about the other.
    fn both(&mut self, how: Junction, pair: &'a [Node; 2]) -> Outcome<'a> {
        let decides = how == Junction::Or;
        let [a, b] = pair;
        let a = self.part(a);
        if a == Ok(decides) && !W::FULL {
            return Ok(Value::Bool(decides));
        }
        let b = self.part(b);
        junction(decides, a, b).map(Value::Bool)
    }

    /// An unknown question does not matter where both answers are the same.
    fn choose(&mut self, choose: &'a Choose) -> Outcome<'a> {
        match self.part(&choose.when) {
            Ok(true) => self.value(&choose.yes),
            Ok(false) => self.value(&choose.no),
            Err(missing) => match (self.value(&choose.yes), self.value(&choose.no)) {
                (Ok(a), Ok(b)) if a.same(&b, &mut self.steps) == Some(true) => Ok(a),
                (a, b) => {
                    Err([a.err(), b.err()].into_iter().flatten().fold(missing, Undetermined::and))
                }
            },
        }
    }

    fn call(&mut self, node: &'a Node, call: &'a Call) -> Outcome<'a> {
        let mut args = [Value::Null, Value::Null, Value::Null, Value::Null];
        let mut missing: Option<Undetermined> = None;
        for (at, arg) in call.args.iter().enumerate() {
            match (self.value(arg), args.get_mut(at)) {
                (Ok(value), Some(place)) => *place = value,
                (Ok(_), None) => return Err(self.fail(node, Problem::NoOverload)),
                (Err(more), _) => {
                    missing = Some(missing.map_or(more, |missing| missing.and(more)));
                }
            }
        }
        if let Some(missing) = missing {
            return Err(missing);
        }
        let given = args.get(..call.args.len()).unwrap_or_default();
        let activation = self.activation;
        let mut context = Context { calendar: activation.calendar(), steps: &mut self.steps };
        let result = (call.run)(&mut context, given);
        self.or_fail(node, result)
    }

    fn field(&mut self, node: &'a Node, field: &'a Field) -> Outcome<'a> {
        let of = self.value(&field.of)?;
        let result = select(&of, field);
        self.or_fail(node, result)
    }

    fn list(&mut self, node: &'a Node, items: &'a [(Node, bool)]) -> Outcome<'a> {
        let mut values = Vec::with_capacity(items.len());
        let mut missing: Option<Undetermined> = None;
        for (item, optional) in items {
            match self.value(item) {
                Ok(Value::Optional(inner)) if *optional => {
                    values.extend(inner.map(|inner| (*inner).clone()));
                }
                Ok(_) if *optional => return Err(self.fail(node, Problem::NoOverload)),
                Ok(value) => values.push(value),
                Err(more) => missing = Some(missing.map_or(more, |m| m.and(more))),
            }
        }
        missing.map_or_else(|| Ok(Value::list(values)), Err)
    }

    fn map(&mut self, node: &'a Node, entries: &'a [(Node, Node, bool)]) -> Outcome<'a> {
        let mut map = super::value::Map::default();
        for (key, value, optional) in entries {
            // Each new key is compared with those before it.
            self.step(u32::try_from(map.0.len() / 8).unwrap_or(u32::MAX))?;
            let (key, value) = both_known(self.value(key), self.value(value))?;
            let value = match value {
                Value::Optional(None) if *optional => continue,
                Value::Optional(Some(inner)) if *optional => (*inner).clone(),
                _ if *optional => return Err(self.fail(node, Problem::NoOverload)),
                value => value,
            };
            if !key.is_key() || map.get(&key).is_some() {
                return Err(self.fail(node, Problem::BadKey));
            }
            map.0.push((key, value));
        }
        Ok(Value::Map(std::sync::Arc::new(map)))
    }
}

/// `a && b` or `a || b`, where `decides` is the answer that one side can give alone.
pub(crate) fn junction(
    decides: bool,
    a: Result<bool, Undetermined>,
    b: Result<bool, Undetermined>,
) -> Result<bool, Undetermined> {
    match (a, b) {
        (Ok(yes), _) | (_, Ok(yes)) if yes == decides => Ok(decides),
        (Ok(_), Ok(_)) => Ok(!decides),
        (Err(missing), Ok(_)) | (Ok(_), Err(missing)) => Err(missing),
        (Err(a), Err(b)) => Err(a.and(b)),
    }
}

fn unknown(slot: super::node::Slot) -> Undetermined {
    Undetermined::Unknown(Slots::one(slot))
}

/// Both values, or everything that is missing for either.
fn both_known<'a>(a: Outcome<'a>, b: Outcome<'a>) -> Result<(Value<'a>, Value<'a>), Undetermined> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(a), Err(b)) => Err(a.and(b)),
        (Err(missing), _) | (_, Err(missing)) => Err(missing),
    }
}

/// A constant of the expression, without a copy of its letters or items.
fn borrowed<'a>(value: &'a Value<'static>) -> Value<'a> {
    match value {
        Value::String(Text::Made(text)) => Value::String(Text::Borrowed(text)),
        Value::List(List::Made(items)) => Value::List(List::Borrowed(items)),
        other => other.clone(),
    }
}

/// `of.name` and its kin.
fn select<'a>(of: &Value<'a>, field: &Field) -> Result<Value<'a>, Problem> {
    match of {
        Value::Map(map) => {
            let found = map.get_text(&field.name).cloned();
            match (field.test, field.optional) {
                (true, _) => Ok(Value::Bool(found.is_some())),
                (false, true) => Ok(Value::Optional(found.map(std::sync::Arc::new))),
                (false, false) => found.ok_or(Problem::NoSuchKey),
            }
        }
        Value::Optional(None) if field.test => Ok(Value::Bool(false)),
        Value::Optional(None) => Ok(Value::Optional(None)),
        Value::Optional(Some(inner)) if field.test => select(inner, field),
        Value::Optional(Some(inner)) => match &**inner {
            Value::Map(map) => {
                Ok(Value::Optional(map.get_text(&field.name).cloned().map(std::sync::Arc::new)))
            }
            _ => Err(Problem::NoOverload),
        },
        _ => Err(Problem::NoOverload),
    }
}
