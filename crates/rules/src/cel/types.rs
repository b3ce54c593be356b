//! The kinds of values, and which may stand where another is wanted.
//!
//! The rules are those of the CEL specification's gradual typing: `dyn` fits everything, a type
//! variable is bound to the first type that it meets and widened to a more general one later.

use std::collections::BTreeMap;
use std::fmt;

/// A type of CEL, or one of the two that the law needs: a civil day and a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Known only when it is evaluated.
    Dyn,
    /// `null_type`
    Null,
    /// `bool`
    Bool,
    /// `int`, 64 bits.
    Int,
    /// `uint`, 64 bits.
    Uint,
    /// `double`
    Double,
    /// `string`
    String,
    /// `bytes`
    Bytes,
    /// `google.protobuf.Timestamp`
    Timestamp,
    /// `google.protobuf.Duration`
    Duration,
    /// A day of the calendar, without a time zone.
    Date,
    /// A person, household, parcel, vehicle or business.
    Subject,
    /// `list(T)`
    List(Box<Type>),
    /// `map(K, V)`
    Map(Box<Type>, Box<Type>),
    /// `type(T)`, the type of types.
    Type(Box<Type>),
    /// A type known by name, with parameters, as `optional_type(T)`.
    Named(String, Vec<Type>),
    /// A primitive type that may also be null.
    Nullable(Box<Type>),
    /// A parameter of a declared function; stands for a fresh variable at each call.
    Parameter(&'static str),
    /// A type that is not known yet.
    Variable(u32),
}

impl Type {
    /// `list(item)`
    #[must_use]
    pub fn list(item: Self) -> Self {
        Self::List(Box::new(item))
    }

    /// `map(key, value)`
    #[must_use]
    pub fn map(key: Self, value: Self) -> Self {
        Self::Map(Box::new(key), Box::new(value))
    }

    /// `optional_type(value)`
    #[must_use]
    pub fn optional(value: Self) -> Self {
        Self::Named("optional_type".to_owned(), vec![value])
    }

    /// As in `a day`: how authors call it.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::Bool => "yes or no".to_owned(),
            Self::Int => "a number".to_owned(),
            Self::String => "a text".to_owned(),
            Self::Date => "a day".to_owned(),
            Self::Timestamp => "a moment".to_owned(),
            Self::Subject => "a person or thing".to_owned(),
            Self::List(_) => "a list".to_owned(),
            other => format!("of type `{other}`"),
        }
    }

    /// The types inside.
    fn parts(&self) -> Vec<&Self> {
        match self {
            Self::List(a) | Self::Type(a) | Self::Nullable(a) => vec![a],
            Self::Map(a, b) => vec![a, b],
            Self::Named(_, parts) => parts.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// How many types it is made of, counted up to `most`.
    pub(crate) fn weight(&self, most: usize) -> usize {
        let parts = self.parts();
        parts.into_iter().fold(1, |weight, part| {
            if weight >= most { weight } else { weight + part.weight(most - weight) }
        })
    }

    /// This type with each of its parts replaced.
    fn with_parts(&self, replace: &mut dyn FnMut(&Self) -> Self) -> Self {
        match self {
            Self::List(a) => Self::list(replace(a)),
            Self::Type(a) => Self::Type(Box::new(replace(a))),
            Self::Nullable(a) => Self::Nullable(Box::new(replace(a))),
            Self::Map(a, b) => {
                let a = replace(a);
                Self::map(a, replace(b))
            }
            Self::Named(name, parts) => {
                Self::Named(name.clone(), parts.iter().map(replace).collect())
            }
            other => other.clone(),
        }
    }

    /// Whether null may stand for it.
    fn is_nullable(&self) -> bool {
        matches!(
            self,
            Self::Null | Self::Timestamp | Self::Duration | Self::Named(..) | Self::Nullable(_)
        )
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dyn => f.write_str("dyn"),
            Self::Null => f.write_str("null_type"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Uint => f.write_str("uint"),
            Self::Double => f.write_str("double"),
            Self::String => f.write_str("string"),
            Self::Bytes => f.write_str("bytes"),
            Self::Timestamp => f.write_str("google.protobuf.Timestamp"),
            Self::Duration => f.write_str("google.protobuf.Duration"),
            Self::Date => f.write_str("date"),
            Self::Subject => f.write_str("subject"),
            Self::List(item) => write!(f, "list({item})"),
            Self::Map(key, value) => write!(f, "map({key}, {value})"),
            Self::Type(of) => write!(f, "type({of})"),
            Self::Named(name, parts) if parts.is_empty() => f.write_str(name),
            Self::Named(name, parts) => {
                let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
                write!(f, "{name}({})", parts.join(", "))
            }
            Self::Nullable(of) => write!(f, "wrapper({of})"),
            Self::Parameter(name) => f.write_str(name),
            Self::Variable(number) => write!(f, "_{number}"),
        }
    }
}

/// What the type variables of one expression stand for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bindings {
    bound: BTreeMap<u32, Type>,
    next: u32,
    /// What was bound since the question began, with what it stood for before: taken back where
    /// the answer is no.
    since: Vec<(u32, Option<Type>)>,
}

impl Bindings {
    /// A variable that stands for nothing yet.
    pub(crate) fn fresh(&mut self) -> Type {
        self.next += 1;
        Type::Variable(self.next)
    }

    /// `of` with fresh variables for its parameters; `fresh` remembers which for which.
    pub(crate) fn instance(&mut self, of: &Type, fresh: &mut Vec<(&'static str, Type)>) -> Type {
        if let Type::Parameter(name) = of {
            if let Some((_, known)) = fresh.iter().find(|(known, _)| known == name) {
                return known.clone();
            }
            let variable = self.fresh();
            fresh.push((name, variable.clone()));
            return variable;
        }
        of.with_parts(&mut |part| self.instance(part, fresh))
    }

    /// `of` with all that is known about its variables; the rest as `dyn` if `rest` says so.
    pub(crate) fn resolve(&self, of: &Type, rest: bool) -> Type {
        match of {
            Type::Variable(number) => match self.bound.get(number) {
                Some(known) => self.resolve(known, rest),
                None if rest => Type::Dyn,
                None => of.clone(),
            },
            other => other.with_parts(&mut |part| self.resolve(part, rest)),
        }
    }

    /// What stands for `of` at its outermost, variables followed.
    pub(crate) fn outer(&self, of: &Type) -> Type {
        match of {
            Type::Variable(number) => {
                self.bound.get(number).map_or_else(|| of.clone(), |known| self.outer(known))
            }
            other => other.clone(),
        }
    }

    /// Whether a value of `given` may stand where `wanted` is. What that says about variables is
    /// kept only where the answer is yes.
    pub(crate) fn fits(&mut self, given: &Type, wanted: &Type) -> bool {
        self.all_fit(&[(given, wanted)])
    }

    /// Whether all pairs fit at once.
    pub(crate) fn all_fit(&mut self, pairs: &[(&Type, &Type)]) -> bool {
        let fit = pairs.iter().all(|(given, wanted)| self.assign(given, wanted));
        let since = std::mem::take(&mut self.since);
        if !fit {
            for (number, before) in since.into_iter().rev() {
                match before {
                    Some(before) => self.bound.insert(number, before),
                    None => self.bound.remove(&number),
                };
            }
        }
        fit
    }

    fn bind(&mut self, number: u32, to: Type) {
        let before = self.bound.insert(number, to);
        self.since.push((number, before));
    }

    fn assign(&mut self, given: &Type, wanted: &Type) -> bool {
        if let Type::Variable(number) = wanted {
            let (valid, bound) = self.substitute(given, *number);
            if valid || bound {
                return valid;
            }
        }
        if let Type::Variable(number) = given {
            return self.substitute(wanted, *number).0;
        }
        if matches!(given, Type::Dyn) || matches!(wanted, Type::Dyn) {
            return true;
        }
        match (given, wanted) {
            (Type::Null, other) | (other, Type::Null) => other.is_nullable(),
            (Type::Nullable(a), Type::Nullable(b)) => a == b,
            (Type::Nullable(inner), other) | (other, Type::Nullable(inner)) => **inner == *other,
            (Type::Type(_), Type::Type(_)) => true,
            (Type::Named(a, p), Type::Named(b, q)) => {
                a == b && p.len() == q.len() && p.iter().zip(q).all(|(a, b)| self.assign(a, b))
            }
            (Type::List(a), Type::List(b)) => self.assign(a, b),
            (Type::Map(k, v), Type::Map(l, w)) => self.assign(k, l) && self.assign(v, w),
            (a, b) => a == b,
        }
    }

    /// Whether `number` may stand for `of`, and whether it stood for something before.
    fn substitute(&mut self, of: &Type, number: u32) -> (bool, bool) {
        if *of == Type::Variable(number) {
            return (true, true);
        }
        if let Some(known) = self.bound.get(&number).cloned() {
            if *of == known {
                return (true, true);
            }
            if self.assign(of, &known) {
                let general = most_general(of, &known);
                if !self.occurs(number, &general) {
                    self.bind(number, general);
                }
                return (true, true);
            }
            return (false, true);
        }
        if self.occurs(number, of) {
            return (false, false);
        }
        self.bind(number, of.clone());
        (true, false)
    }

    /// Whether `number` is part of `of`: then it cannot stand for it.
    fn occurs(&self, number: u32, of: &Type) -> bool {
        match of {
            Type::Variable(other) => {
                *other == number
                    || self.bound.get(other).is_some_and(|known| self.occurs(number, known))
            }
            other => other.parts().into_iter().any(|part| self.occurs(number, part)),
        }
    }

    /// The type of a list that holds values of both types, where there is one besides `dyn`.
    pub(crate) fn join(&mut self, a: &Type, b: &Type) -> Option<Type> {
        if !self.fits(a, b) {
            return None;
        }
        Some(match (a, b) {
            (Type::Null, other) | (other, Type::Null) => other.clone(),
            _ => most_general(a, b),
        })
    }
}

fn most_general(a: &Type, b: &Type) -> Type {
    if is_less_specific(a, b) { a.clone() } else { b.clone() }
}

/// Whether `a` says as much as `b` or less.
fn is_less_specific(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Dyn | Type::Variable(_), _) | (Type::Type(_), Type::Type(_)) => true,
        (_, Type::Dyn | Type::Variable(_)) => false,
        (Type::Nullable(inner), other) if **inner == *other => true,
        (Type::Named(name, _), Type::Named(other, _)) if name != other => false,
        (Type::Named(..) | Type::List(_) | Type::Map(..), _)
            if std::mem::discriminant(a) == std::mem::discriminant(b) =>
        {
            let (parts, others) = (a.parts(), b.parts());
            let pairs = parts.iter().zip(&others);
            parts.len() == others.len() && pairs.into_iter().all(|(a, b)| is_less_specific(a, b))
        }
        _ => a == b,
    }
}
