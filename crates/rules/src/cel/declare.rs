//! Which functions there are, what they take and what they give.
//!
//! Two libraries: [`standard`], all of CEL's, and [`rules`], what a condition of the law may use.
//! The second has no conversions, no floating point, no patterns and nothing of type `dyn`, so
//! that a checked condition cannot fail for its kinds; it has days instead.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::extensions::EXTENSIONS;
use super::functions::{Made, convert, days, optional, text, time};
use super::types::Type;
use super::undetermined::Problem;
use super::value::Value;
use crate::deadline::Calendar;

/// What a function may look at besides its arguments.
#[derive(Debug)]
pub(crate) struct Context<'c> {
    pub(crate) calendar: Option<&'c Calendar>,
    /// How many steps are left.
    pub(crate) steps: &'c mut u32,
}

/// A function that runs.
pub(crate) type Run = for<'a> fn(&mut Context<'_>, &[Value<'a>]) -> Made<'a>;

/// A function with all that it can take.
#[derive(Debug, Clone)]
pub struct Declared {
    pub(crate) run: Run,
    pub(crate) overloads: Vec<Overload>,
}

/// One list of types that a function takes.
#[derive(Debug, Clone)]
pub(crate) struct Overload {
    pub(crate) member: bool,
    pub(crate) params: Vec<Type>,
    pub(crate) result: Type,
}

/// Functions by name.
pub(crate) type Library = BTreeMap<&'static str, Declared>;

/// What a function that is only declared does when it is called.
fn unbound<'a>(_: &mut Context<'_>, _: &[Value<'a>]) -> Made<'a> {
    Err(Problem::UnknownFunction)
}

impl Declared {
    /// A function that can be checked and not called.
    #[must_use]
    pub fn unbound() -> Self {
        Self { run: unbound, overloads: Vec::new() }
    }

    /// This function, which also takes `params`; the first is the target where `member`.
    #[must_use]
    pub fn with(mut self, member: bool, params: Vec<Type>, result: Type) -> Self {
        self.overloads.push(Overload { member, params, result });
        self
    }
}

/// All functions and operators of CEL and of its extensions.
pub(crate) fn standard() -> &'static Library {
    static LIBRARY: LazyLock<Library> =
        LazyLock::new(|| library(&[OPERATORS, FUNCTIONS, EXTENSIONS]));
    &LIBRARY
}

/// The functions and operators of conditions.
pub(crate) fn rules() -> &'static Library {
    static LIBRARY: LazyLock<Library> = LazyLock::new(|| library(&[RULES]));
    &LIBRARY
}

/// A function in words: what runs, and its signatures. A name before `.` is the target's type.
pub(crate) type Row = (&'static str, Run, &'static [&'static str]);

fn library(tables: &[&[Row]]) -> Library {
    let mut library = Library::new();
    for (name, run, signatures) in tables.iter().copied().flatten() {
        let overloads = signatures.iter().filter_map(|signature| overload(signature)).collect();
        library.insert(name, Declared { run: *run, overloads });
    }
    library
}

/// `string.(int) bool` or `(string, int) bool`
fn overload(signature: &'static str) -> Option<Overload> {
    let (head, result) = signature.rsplit_once(") ")?;
    let (target, params) = match head.split_once(".(") {
        Some(member) => member,
        None => ("", head.strip_prefix('(')?),
    };
    let mut all = Vec::new();
    if !target.is_empty() {
        all.push(kind(target));
    }
    all.extend(parts(params).into_iter().map(kind));
    Some(Overload { member: !target.is_empty(), params: all, result: kind(result) })
}

/// The parts between commas that stand in no bracket.
fn parts(text: &'static str) -> Vec<&'static str> {
    let mut depth = 0_usize;
    let split = text.split(move |letter| {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ',' && depth == 0
    });
    split.map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn kind(text: &'static str) -> Type {
    if let Some((name, inner)) = text.strip_suffix(')').and_then(|t| t.split_once('(')) {
        let mut inner = parts(inner).into_iter().map(kind);
        let first = inner.next().unwrap_or(Type::Dyn);
        return match name {
            "list" => Type::list(first),
            "map" => Type::map(first, inner.next().unwrap_or(Type::Dyn)),
            "type" => Type::Type(Box::new(first)),
            _ => Type::optional(first),
        };
    }
    match text {
        "null" => Type::Null,
        "bool" => Type::Bool,
        "int" => Type::Int,
        "uint" => Type::Uint,
        "double" => Type::Double,
        "string" => Type::String,
        "bytes" => Type::Bytes,
        "timestamp" => Type::Timestamp,
        "duration" => Type::Duration,
        "date" => Type::Date,
        "subject" => Type::Subject,
        "dyn" => Type::Dyn,
        name => Type::Parameter(name),
    }
}

/// Operators run as nodes of their own; here stands what they take.
const NODE: Run = unbound;

const ORDERED: &[&str] = &[
    "(bool, bool) bool",
    "(int, int) bool",
    "(uint, uint) bool",
    "(double, double) bool",
    "(int, uint) bool",
    "(int, double) bool",
    "(uint, int) bool",
    "(uint, double) bool",
    "(double, int) bool",
    "(double, uint) bool",
    "(string, string) bool",
    "(bytes, bytes) bool",
    "(timestamp, timestamp) bool",
    "(duration, duration) bool",
];

const NUMERIC: &[&str] = &["(int, int) int", "(uint, uint) uint", "(double, double) double"];

const OPERATORS: &[Row] = &[
    ("_&&_", NODE, &["(bool, bool) bool"]),
    ("_||_", NODE, &["(bool, bool) bool"]),
    ("!_", NODE, &["(bool) bool"]),
    ("_?_:_", NODE, &["(bool, T, T) T"]),
    ("_==_", NODE, &["(T, T) bool"]),
    ("_!=_", NODE, &["(T, T) bool"]),
    ("_<_", NODE, ORDERED),
    ("_<=_", NODE, ORDERED),
    ("_>_", NODE, ORDERED),
    ("_>=_", NODE, ORDERED),
    (
        "_+_",
        NODE,
        &[
            "(int, int) int",
            "(uint, uint) uint",
            "(double, double) double",
            "(string, string) string",
            "(bytes, bytes) bytes",
            "(list(T), list(T)) list(T)",
            "(timestamp, duration) timestamp",
            "(duration, timestamp) timestamp",
            "(duration, duration) duration",
        ],
    ),
    (
        "_-_",
        NODE,
        &[
            "(int, int) int",
            "(uint, uint) uint",
            "(double, double) double",
            "(timestamp, timestamp) duration",
            "(timestamp, duration) timestamp",
            "(duration, duration) duration",
        ],
    ),
    ("_*_", NODE, NUMERIC),
    ("_/_", NODE, NUMERIC),
    ("_%_", NODE, &["(int, int) int", "(uint, uint) uint"]),
    ("-_", NODE, &["(int) int", "(double) double", "(duration) duration"]),
    ("@in", NODE, &["(T, list(T)) bool", "(K, map(K, V)) bool"]),
    (
        "_[_]",
        NODE,
        &[
            "(list(T), int) T",
            "(map(K, V), K) V",
            "(optional(list(T)), int) optional(T)",
            "(optional(map(K, V)), K) optional(V)",
        ],
    ),
    (
        "_[?_]",
        NODE,
        &[
            "(list(T), int) optional(T)",
            "(map(K, V), K) optional(V)",
            "(optional(list(T)), int) optional(T)",
            "(optional(map(K, V)), K) optional(V)",
        ],
    ),
];

const SIZED: &[&str] = &[
    "(string) int",
    "(bytes) int",
    "(list(T)) int",
    "(map(K, V)) int",
    "string.() int",
    "bytes.() int",
    "list(T).() int",
    "map(K, V).() int",
];

const MOMENT_PART: &[&str] = &["timestamp.() int", "timestamp.(string) int"];
const LENGTH_PART: &[&str] = &["timestamp.() int", "timestamp.(string) int", "duration.() int"];

const FUNCTIONS: &[Row] = &[
    ("size", text::size, SIZED),
    ("contains", text::contains, &["string.(string) bool"]),
    ("startsWith", text::starts_with, &["string.(string) bool"]),
    ("endsWith", text::ends_with, &["string.(string) bool"]),
    ("matches", text::matches, &["string.(string) bool", "(string, string) bool"]),
    (
        "int",
        convert::int,
        &["(int) int", "(uint) int", "(double) int", "(string) int", "(timestamp) int"],
    ),
    ("uint", convert::uint, &["(uint) uint", "(int) uint", "(double) uint", "(string) uint"]),
    (
        "double",
        convert::double,
        &["(double) double", "(int) double", "(uint) double", "(string) double"],
    ),
    (
        "string",
        convert::string,
        &[
            "(string) string",
            "(bool) string",
            "(int) string",
            "(uint) string",
            "(double) string",
            "(bytes) string",
            "(timestamp) string",
            "(duration) string",
        ],
    ),
    ("bytes", convert::bytes, &["(bytes) bytes", "(string) bytes"]),
    ("bool", convert::bool, &["(bool) bool", "(string) bool"]),
    (
        "timestamp",
        convert::timestamp,
        &["(timestamp) timestamp", "(string) timestamp", "(int) timestamp"],
    ),
    (
        "duration",
        convert::duration,
        &["(duration) duration", "(string) duration", "(int) duration"],
    ),
    ("type", convert::type_of, &["(T) type(T)"]),
    ("dyn", convert::same, &["(T) dyn"]),
    ("getFullYear", time::full_year, MOMENT_PART),
    ("getMonth", time::month, MOMENT_PART),
    ("getDate", time::date, MOMENT_PART),
    ("getDayOfMonth", time::day_of_month, MOMENT_PART),
    ("getDayOfWeek", time::day_of_week, MOMENT_PART),
    ("getDayOfYear", time::day_of_year, MOMENT_PART),
    ("getHours", time::hours, LENGTH_PART),
    ("getMinutes", time::minutes, LENGTH_PART),
    ("getSeconds", time::seconds, LENGTH_PART),
    ("getMilliseconds", time::milliseconds, LENGTH_PART),
    ("optional.of", optional::of, &["(T) optional(T)"]),
    ("optional.ofNonZeroValue", optional::of_non_zero, &["(T) optional(T)"]),
    ("optional.none", optional::none, &["() optional(T)"]),
    ("hasValue", optional::has_value, &["optional(T).() bool"]),
    ("value", optional::value, &["optional(T).() T"]),
    ("or", optional::or, &["optional(T).(optional(T)) optional(T)"]),
    ("orValue", optional::or_value, &["optional(T).(T) T"]),
];

const ORDERED_IN_RULES: &[&str] = &[
    "(int, int) bool",
    "(string, string) bool",
    "(date, date) bool",
    "(timestamp, timestamp) bool",
];

const RULES: &[Row] = &[
    ("_&&_", NODE, &["(bool, bool) bool"]),
    ("_||_", NODE, &["(bool, bool) bool"]),
    ("!_", NODE, &["(bool) bool"]),
    ("_?_:_", NODE, &["(bool, T, T) T"]),
    ("_==_", NODE, &["(T, T) bool"]),
    ("_!=_", NODE, &["(T, T) bool"]),
    ("_<_", NODE, ORDERED_IN_RULES),
    ("_<=_", NODE, ORDERED_IN_RULES),
    ("_>_", NODE, ORDERED_IN_RULES),
    ("_>=_", NODE, ORDERED_IN_RULES),
    ("_+_", NODE, &["(int, int) int", "(string, string) string"]),
    ("_-_", NODE, &["(int, int) int"]),
    ("_*_", NODE, &["(int, int) int"]),
    ("_/_", NODE, &["(int, int) int"]),
    ("_%_", NODE, &["(int, int) int"]),
    ("-_", NODE, &["(int) int"]),
    ("@in", NODE, &["(T, list(T)) bool"]),
    ("_[_]", NODE, &["(list(T), int) T"]),
    ("size", text::size, &["(string) int", "(list(T)) int", "string.() int", "list(T).() int"]),
    ("contains", text::contains, &["string.(string) bool"]),
    ("startsWith", text::starts_with, &["string.(string) bool"]),
    ("endsWith", text::ends_with, &["string.(string) bool"]),
    ("date", NODE, &["(string) date"]),
    ("year", days::year, &["(date) int"]),
    ("month", days::month, &["(date) int"]),
    ("day", days::day, &["(date) int"]),
    ("age", days::years_between, &["(date) int"]),
    ("years_between", days::years_between, &["(date, date) int"]),
    ("months_between", days::months_between, &["(date, date) int"]),
    ("days_between", days::days_from, &["(date, date) int"]),
    ("add_days", days::add_days, &["(date, int) date"]),
    ("add_months", days::add_months, &["(date, int, string) date"]),
    ("add_years", days::add_years, &["(date, int, string) date"]),
    ("first_day_of_month", days::first_day_of_month, &["(date) date"]),
    ("last_day_of_month", days::last_day_of_month, &["(date) date"]),
    ("is_working_day", days::is_working_day, &["(date) bool"]),
    ("add_working_days", days::add_working_days, &["(date, int) date"]),
    ("working_days_between", days::working_days_between, &["(date, date) int"]),
];

/// The questions about tellings, with how many facts they take, whether a number of days follows,
/// whether they look at today, and what they give.
pub(crate) const TELLINGS: [(super::node::Telling, usize, bool, bool, Type); 6] = {
    use super::node::Telling;
    [
        // The type of `times` is a list of days; a constant cannot hold a box.
        (Telling::Times, 1, false, false, Type::Dyn),
        (Telling::First, 1, false, false, Type::Date),
        (Telling::Last, 1, false, false, Type::Date),
        (Telling::Within, 1, true, true, Type::Int),
        (Telling::Followed, 2, true, false, Type::Bool),
        (Telling::Unfollowed, 2, true, true, Type::Bool),
    ]
};
