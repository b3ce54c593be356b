//! Decides whether a checked condition holds for what we know.
//!
//! There are three answers. Shared data arrives late and in pieces, and a fact that has not
//! arrived is not a *no*: a mother whose residence is unknown must not be told that she has
//! no claim. So an unknown answer names the facts that would settle it.
//!
//! # Invariants
//!
//! - **Total.** Names, types and arity were settled by [`check`](super::check); arithmetic
//!   that leaves its range, and a division by zero, count as unknown with a note in the
//!   trace, so an overflow can neither grant nor deny.
//! - **Blind.** No clock, no network, no database. `today` is an argument, which is what
//!   makes a decision replayable years later.
//! - **Monotone.** A fact about which nobody had spoken may settle an unknown; it never
//!   reverses a settled answer. `learning_a_fact_never_reverses_a_verdict` holds us to it.
//!   A fact whose silence the pack reads as a value (`absent`) is the exception on purpose.
//!
//! # Why not stop at the first unknown?
//!
//! `unknown && false` is `false`. Stopping at the unknown would be faster and would ask
//! people for facts that cannot change the answer.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use domain::{SubjectId, Value, Verdict};
use jiff::civil::Date;

use super::term::{Comparison, Junction, Operation, Term};

/// What a condition may ask.
pub(crate) trait Knowledge {
    /// The day that is asked about.
    fn today(&self) -> Date;
    /// Who plays `role`, if anybody is known to.
    fn role(&mut self, role: &str) -> Option<SubjectId>;
    /// What is known of `attribute`. Silence that means something is answered with its value.
    fn fact(&mut self, role: &str, attribute: &str) -> Option<Value>;
    /// Whether a register spoke: yes, no (where silence means something), or unknown.
    fn spoken(&mut self, role: &str, attribute: &str) -> Option<bool>;
}

/// A condition's answer and how each part of it came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) verdict: Verdict,
    /// One line for each part that answers yes or no, in reading order. Holds no value of
    /// any fact, since receipts outlive the data that they are about.
    pub(crate) trace: Vec<String>,
}

/// Evaluates a checked condition.
pub(crate) fn evaluate(term: &Term, known: &mut dyn Knowledge) -> Answer {
    let mut walk = Walk { known, trace: Vec::new() };
    let verdict = match walk.value(term) {
        Ok(Value::Bool(true)) => Verdict::Met,
        Ok(_) => Verdict::Unmet,
        Err(missing) => Verdict::Unknown { missing },
    };
    Answer { verdict, trace: walk.trace }
}

/// The facts that would settle a value.
type Missing = BTreeSet<String>;

struct Walk<'a> {
    known: &'a mut dyn Knowledge,
    trace: Vec<String>,
}

impl Walk<'_> {
    /// The value of `term`, and a line in the trace if it answers yes or no.
    fn value(&mut self, term: &Term) -> Result<Value, Missing> {
        let answer = self.bare(term);
        let is_part = !matches!(term, Term::Value(_));
        match &answer {
            Ok(Value::Bool(yes)) if is_part => self.trace.push(format!("{term}: {yes}")),
            Err(missing) if is_part && answers_yes_or_no(term) => {
                let names: Vec<&str> = missing.iter().map(String::as_str).collect();
                self.trace.push(format!("{term}: unknown ({})", names.join(", ")));
            }
            _ => {}
        }
        answer
    }

    fn bare(&mut self, term: &Term) -> Result<Value, Missing> {
        match term {
            Term::Value(value) => Ok(value.clone()),
            Term::Today => Ok(Value::Date(self.known.today())),
            Term::Role(role) => {
                self.known.role(role).map(Value::Subject).ok_or_else(|| one(role.clone()))
            }
            Term::Fact { role, attribute } => {
                self.known.fact(role, attribute).ok_or_else(|| one(format!("{role}.{attribute}")))
            }
            Term::Has(inner) => self.has(inner),
            Term::Not(a) => self.yes(a).map(|yes| Value::Bool(!yes)),
            Term::Negate(a) => {
                let number = self.int(a)?;
                self.checked(number.checked_neg(), term)
            }
            Term::Both(how, a, b) => self.both(*how, a, b).map(Value::Bool),
            Term::Compare(how, a, b) => {
                let (a, b) = self.pair(a, b)?;
                Ok(Value::Bool(holds(*how, a.cmp(&b))))
            }
            Term::Compute(how, a, b) => self.compute(*how, a, b, term),
            Term::Member(a, b) => self.member(a, b).map(Value::Bool),
            Term::List(items) => {
                items.iter().map(|item| self.value(item)).collect::<Result<_, _>>().map(Value::List)
            }
            Term::Choose(a, b, c) => self.choose(a, b, c),
            Term::Year(a) => self.day(a).map(|day| Value::Int(i64::from(day.year()))),
            Term::YearsBetween(a, b) => {
                let (a, b) = self.days(a, b)?;
                Ok(Value::Int(years_between(a, b)))
            }
            Term::DaysBetween(a, b) => {
                let (a, b) = self.days(a, b)?;
                Ok(Value::Int(days_between(a, b)))
            }
        }
    }

    /// Known is yes. Silence is no only where the pack says what silence means.
    fn has(&mut self, inner: &Term) -> Result<Value, Missing> {
        let Term::Fact { role, attribute } = inner else {
            return Ok(Value::Bool(true));
        };
        self.known
            .spoken(role, attribute)
            .map(Value::Bool)
            .ok_or_else(|| one(format!("{role}.{attribute}")))
    }

    /// Kleene: one side that decides is enough, whatever is unknown about the other.
    fn both(&mut self, how: Junction, a: &Term, b: &Term) -> Result<bool, Missing> {
        let decides = how == Junction::Or;
        let (a, b) = (self.yes(a), self.yes(b));
        match (a, b) {
            (Ok(yes), _) | (_, Ok(yes)) if yes == decides => Ok(decides),
            (Ok(_), Ok(_)) => Ok(!decides),
            (Err(missing), Ok(_)) | (Ok(_), Err(missing)) => Err(missing),
            (Err(a), Err(b)) => Err(a.into_iter().chain(b).collect()),
        }
    }

    /// An unknown question does not matter where both answers are the same.
    fn choose(&mut self, a: &Term, b: &Term, c: &Term) -> Result<Value, Missing> {
        match self.yes(a) {
            Ok(true) => self.value(b),
            Ok(false) => self.value(c),
            Err(missing) => match (self.value(b), self.value(c)) {
                (Ok(b), Ok(c)) if b == c => Ok(b),
                (b, c) => {
                    let rest = b.err().into_iter().chain(c.err()).flatten();
                    Err(missing.into_iter().chain(rest).collect())
                }
            },
        }
    }

    /// Found is found, whatever is unknown about the other items.
    fn member(&mut self, a: &Term, b: &Term) -> Result<bool, Missing> {
        let item = self.value(a);
        let Term::List(terms) = b else {
            let (item, list) = both_known(item, self.value(b))?;
            return Ok(matches!(list, Value::List(items) if items.contains(&item)));
        };
        let mut missing = Missing::new();
        let mut found = false;
        for term in terms {
            match (&item, self.value(term)) {
                (Ok(item), Ok(one)) => found |= *item == one,
                (_, Err(more)) => missing.extend(more),
                (Err(_), Ok(_)) => {}
            }
        }
        match item {
            _ if found => Ok(true),
            // Nothing is in an empty list, not even what we do not know.
            Err(_) if terms.is_empty() => Ok(false),
            Err(more) => Err(missing.into_iter().chain(more).collect()),
            Ok(_) if missing.is_empty() => Ok(false),
            Ok(_) => Err(missing),
        }
    }

    /// Whole numbers, or texts joined.
    fn compute(
        &mut self,
        how: Operation,
        a: &Term,
        b: &Term,
        whole: &Term,
    ) -> Result<Value, Missing> {
        match self.pair(a, b)? {
            (Value::Int(a), Value::Int(b)) => {
                let result = match how {
                    Operation::Add => a.checked_add(b),
                    Operation::Subtract => a.checked_sub(b),
                    Operation::Multiply => a.checked_mul(b),
                    Operation::Divide => a.checked_div(b),
                    Operation::Remainder => a.checked_rem(b),
                };
                self.checked(result, whole)
            }
            (Value::Text(a), Value::Text(b)) => Ok(Value::Text(a + &b)),
            _ => self.checked(None, whole),
        }
    }

    /// A number that left its range settles nothing and says so in the trace.
    fn checked(&mut self, result: Option<i64>, term: &Term) -> Result<Value, Missing> {
        result.map(Value::Int).ok_or_else(|| {
            self.trace.push(format!("{term}: the number is out of range or divided by zero"));
            Missing::new()
        })
    }

    fn yes(&mut self, term: &Term) -> Result<bool, Missing> {
        self.value(term).map(|value| value == Value::Bool(true))
    }

    fn int(&mut self, term: &Term) -> Result<i64, Missing> {
        match self.value(term)? {
            Value::Int(number) => Ok(number),
            _ => Err(self.wrong_kind(term)),
        }
    }

    fn day(&mut self, term: &Term) -> Result<Date, Missing> {
        match self.value(term)? {
            Value::Date(day) => Ok(day),
            _ => Err(self.wrong_kind(term)),
        }
    }

    fn days(&mut self, a: &Term, b: &Term) -> Result<(Date, Date), Missing> {
        let (a, b) = (self.day(a), self.day(b));
        both_known(a, b)
    }

    fn pair(&mut self, a: &Term, b: &Term) -> Result<(Value, Value), Missing> {
        let (a, b) = (self.value(a), self.value(b));
        both_known(a, b)
    }

    /// A stored fact of another kind than its schema says (from before the schema changed)
    /// settles nothing.
    fn wrong_kind(&mut self, term: &Term) -> Missing {
        self.trace.push(format!("{term}: the stored fact is of another kind than the pack says"));
        one(term.to_string())
    }
}

fn one(path: String) -> Missing {
    Missing::from([path])
}

/// Both values, or everything that is missing for either.
fn both_known<A, B>(a: Result<A, Missing>, b: Result<B, Missing>) -> Result<(A, B), Missing> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (a, b) => Err(a.err().into_iter().chain(b.err()).flatten().collect()),
    }
}

fn answers_yes_or_no(term: &Term) -> bool {
    matches!(
        term,
        Term::Has(_)
            | Term::Not(_)
            | Term::Both(..)
            | Term::Compare(..)
            | Term::Member(..)
            | Term::Choose(..)
            | Term::Fact { .. }
    )
}

fn holds(how: Comparison, order: Ordering) -> bool {
    match how {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}

/// Full years from `a` to `b`, as a person's age is counted: a year is full on the same day
/// of the same month. Someone born on 29 February is a year older on 1 March.
fn years_between(a: Date, b: Date) -> i64 {
    let years = i64::from(b.year()) - i64::from(a.year());
    let (start, end) = ((a.month(), a.day()), (b.month(), b.day()));
    match years {
        1.. if end < start => years - 1,
        ..=-1 if end > start => years + 1,
        _ => years,
    }
}

fn days_between(a: Date, b: Date) -> i64 {
    // A span of civil days cannot leave the range of `i64`; jiff's own error is for units
    // that are not asked for here.
    a.until(b).map_or(0, |span| i64::from(span.get_days()))
}
