//! Runs the conformance tests of the CEL specification over this CEL and keeps the score.
//!
//! The tests are those of google/cel-spec, `tests/simple/testdata`, as one JSON object a line with
//! the fields of `cel.expr.conformance.test.SimpleTest`, plus `file`, `section` and
//! `needs_protobuf`. Those that need protocol buffers are not ours and are left out.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value as Json;

use super::activation::Activation;
use super::declare::Declared;
use super::functions::base64;
use super::node::Slot;
use super::program::{Program, StandardLibrary};
use super::types::Type;
use super::value::{Map, Value};

/// The files of the core; all others are extensions.
const CORE: [&str; 17] = [
    "basic",
    "comparisons",
    "parse",
    "conversions",
    "timestamps",
    "integer_math",
    "fp_math",
    "fields",
    "string",
    "macros",
    "macros2",
    "lists",
    "logic",
    "type_deduction",
    "namespace",
    "plumbing",
    "dynamic",
];

/// How many tests passed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Those that did.
    pub passed: usize,
    /// All.
    pub total: usize,
}

/// What a run of the conformance tests came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Score {
    /// The core of the language.
    pub core: Tally,
    /// Its extensions, by file.
    pub extensions: BTreeMap<String, Tally>,
    /// The tests that failed, as `file/section/name`, in order.
    pub failures: Vec<String>,
    /// Why each of them failed, in the same order.
    pub reasons: Vec<String>,
}

/// The tests cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of the conformance tests: {reason}")]
pub struct ConformanceError {
    line: usize,
    reason: String,
}

/// Runs the tests in `jsonl`, one a line, and counts.
pub fn conformance(jsonl: &str) -> Result<Score, ConformanceError> {
    let mut score = Score::default();
    for (number, line) in jsonl.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let test: Json = serde_json::from_str(line)
            .map_err(|error| ConformanceError { line: number + 1, reason: error.to_string() })?;
        if test.get("needs_protobuf").and_then(Json::as_bool) == Some(true) {
            continue;
        }
        let result = run(&test);
        let file = text(&test, "file");
        let core = CORE.contains(&file.as_str());
        let tally =
            if core { &mut score.core } else { score.extensions.entry(file.clone()).or_default() };
        tally.total += 1;
        match result {
            Ok(()) => tally.passed += 1,
            Err(reason) => {
                let (section, name) = (text(&test, "section"), text(&test, "name"));
                score.failures.push(format!("{file}/{section}/{name}"));
                score.reasons.push(format!("{}: {reason}", text(&test, "expr")));
            }
        }
    }
    Ok(score)
}

fn text(test: &Json, key: &str) -> String {
    test.get(key).and_then(Json::as_str).unwrap_or_default().to_owned()
}

fn flag(test: &Json, key: &str) -> bool {
    test.get(key).and_then(Json::as_bool).unwrap_or_default()
}

/// The values that a test gives to variables.
struct Bindings(Vec<Option<Value<'static>>>);

impl Activation for Bindings {
    fn variable(&self, slot: Slot) -> Option<Value<'_>> {
        self.0.get(usize::from(slot.0)).cloned().flatten()
    }
}

fn run(test: &Json) -> Result<(), String> {
    let mut library = StandardLibrary { container: text(test, "container"), ..Default::default() };
    declare(test, &mut library)?;
    let bound = test.get("bindings").and_then(Json::as_object);
    for name in bound.into_iter().flat_map(serde_json::Map::keys) {
        library.variables.entry(name.clone()).or_insert(Type::Dyn);
    }
    let source = text(test, "expr");
    let fails = test.get("eval_error").is_some() || test.get("any_eval_errors").is_some();
    let program = if flag(test, "disable_check") {
        Program::unchecked(&source, &library)
    } else {
        Program::compile(&source, &library)
    };
    let program = match program {
        Ok(program) => program,
        Err(faults) => {
            return Err(faults.first().map(|f| f.message.clone()).unwrap_or_default());
        }
    };
    let typed = test.get("typed_result");
    if let Some(deduced) = typed.and_then(|typed| typed.get("deduced_type")) {
        let deduced = kind(deduced)?;
        if *program.result() != deduced {
            return Err(format!("deduced {} and not {deduced}", program.result()));
        }
    }
    if flag(test, "check_only") {
        return Ok(());
    }
    let value = |name: &String| match bound.and_then(|bound| bound.get(name)) {
        Some(binding) => value(binding.get("value").unwrap_or(&Json::Null)).map(Some),
        None => Ok(None),
    };
    let bindings = Bindings(program.variables().iter().map(value).collect::<Result<_, _>>()?);
    let outcome = program.evaluate(&bindings);
    if fails {
        return outcome.map_or(Ok(()), |value| Err(format!("{value:?} and no error")));
    }
    let wanted = test.get("value").or_else(|| typed.and_then(|typed| typed.get("result")));
    let wanted = match wanted {
        Some(wanted) => self::value(wanted)?,
        // The specification's shorthand: a test without a result wants `true`.
        None => Value::Bool(true),
    };
    match outcome {
        Ok(found) if alike(&found, &wanted) => Ok(()),
        Ok(found) => Err(format!("{found:?} and not {wanted:?}")),
        Err(error) => Err(format!("{error:?} and not {wanted:?}")),
    }
}

/// Equality as the tests want it: of one type; what is not a number equals itself.
fn alike(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::Double(a), Value::Double(b)) => {
            a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
        }
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| alike(&a, &b))
        }
        (Value::Map(a), Value::Map(b)) => {
            let same = |(key, value): &(Value<'_>, Value<'_>)| {
                b.0.iter().any(|(other, found)| alike(key, other) && alike(value, found))
            };
            a.0.len() == b.0.len() && a.0.iter().all(same)
        }
        (a, b) => a == b,
    }
}

fn declare(test: &Json, library: &mut StandardLibrary) -> Result<(), String> {
    for one in test.get("type_env").and_then(Json::as_array).into_iter().flatten() {
        let name = text(one, "name");
        if let Some(ident) = one.get("ident") {
            let kind = ident.get("type").map_or(Ok(Type::Dyn), kind)?;
            library.variables.insert(name, kind);
        } else if let Some(function) = one.get("function") {
            library.functions.insert(name, overloads(function)?);
        }
    }
    Ok(())
}

fn overloads(function: &Json) -> Result<Declared, String> {
    let mut declared = Declared::unbound();
    for overload in function.get("overloads").and_then(Json::as_array).into_iter().flatten() {
        let params = overload.get("params").and_then(Json::as_array).into_iter().flatten();
        let params = params.map(kind).collect::<Result<Vec<_>, _>>()?;
        let result = overload.get("result_type").map_or(Ok(Type::Dyn), kind)?;
        declared = declared.with(flag(overload, "is_instance_function"), params, result);
    }
    Ok(declared)
}

/// A type in the JSON form of `cel.expr.Type`.
fn kind(json: &Json) -> Result<Type, String> {
    let unknown = || format!("a type that is not ours: {json}");
    let inner = |json: &Json, key: &str| json.get(key).map_or(Ok(Type::Dyn), kind);
    let (name, value) = json.as_object().and_then(|json| json.iter().next()).ok_or_else(unknown)?;
    Ok(match name.as_str() {
        "dyn" => Type::Dyn,
        "null" => Type::Null,
        "primitive" | "wrapper" => {
            let primitive = match value.as_str() {
                Some("BOOL") => Type::Bool,
                Some("INT64") => Type::Int,
                Some("UINT64") => Type::Uint,
                Some("DOUBLE") => Type::Double,
                Some("STRING") => Type::String,
                Some("BYTES") => Type::Bytes,
                _ => return Err(unknown()),
            };
            if name == "wrapper" { Type::Nullable(Box::new(primitive)) } else { primitive }
        }
        "well_known" => match value.as_str() {
            Some("TIMESTAMP") => Type::Timestamp,
            Some("DURATION") => Type::Duration,
            Some("ANY") => Type::Dyn,
            _ => return Err(unknown()),
        },
        "list_type" => Type::list(inner(value, "elem_type")?),
        "map_type" => Type::map(inner(value, "key_type")?, inner(value, "value_type")?),
        "type" => Type::Type(Box::new(kind(value).unwrap_or(Type::Dyn))),
        "type_param" => Type::Parameter(parameter(value.as_str().unwrap_or_default())),
        "abstract_type" => {
            let parts = value.get("parameter_types").and_then(Json::as_array);
            let parts = parts.into_iter().flatten().map(kind).collect::<Result<_, _>>()?;
            Type::Named(text(value, "name"), parts)
        }
        _ => return Err(unknown()),
    })
}

/// The parameters that the tests use.
fn parameter(name: &str) -> &'static str {
    ["T", "U", "V", "K"].into_iter().find(|own| *own == name).unwrap_or("W")
}

/// A value in the JSON form of `cel.expr.Value`.
fn value(json: &Json) -> Result<Value<'static>, String> {
    let unknown = || format!("a value that is not ours: {json}");
    let (name, own) = json.as_object().and_then(|json| json.iter().next()).ok_or_else(unknown)?;
    let text = || own.as_str().ok_or_else(unknown);
    Ok(match name.as_str() {
        "null_value" => Value::Null,
        "bool_value" => Value::Bool(own.as_bool().ok_or_else(unknown)?),
        "int64_value" => Value::Int(text()?.parse().map_err(|_| unknown())?),
        "uint64_value" => Value::Uint(text()?.parse().map_err(|_| unknown())?),
        "double_value" => Value::Double(match own.as_str() {
            Some("Infinity") => f64::INFINITY,
            Some("-Infinity") => f64::NEG_INFINITY,
            Some("NaN") => f64::NAN,
            Some(text) => text.parse().map_err(|_| unknown())?,
            None => own.as_f64().ok_or_else(unknown)?,
        }),
        "string_value" => Value::text(text()?),
        "bytes_value" => Value::Bytes(Arc::from(base64::to_bytes(text()?).ok_or_else(unknown)?)),
        "type_value" => Value::Type(Arc::from(text()?)),
        "list_value" => {
            let items = own.get("values").and_then(Json::as_array).into_iter().flatten();
            Value::list(items.map(value).collect::<Result<_, _>>()?)
        }
        "map_value" => {
            let entries = own.get("entries").and_then(Json::as_array).into_iter().flatten();
            let entry = |entry: &Json| {
                let part = |key: &str| entry.get(key).map_or_else(|| Err(unknown()), value);
                Ok((part("key")?, part("value")?))
            };
            Value::Map(Arc::new(Map(entries.map(entry).collect::<Result<_, String>>()?)))
        }
        _ => return Err(unknown()),
    })
}
