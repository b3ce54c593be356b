//! Reads YAML within the [limits](super::limits) and tells YAML's own mistakes in our words.
//!
//! The library counts depth and values while it reads, aliases followed. How long one text or
//! one list may be it does not know, so a file that is long enough to hold such a thing is
//! looked through first; nothing is built from it then.

use std::cell::Cell;
use std::rc::Rc;

use granit_parser::{Event, Parser};
use serde::de::DeserializeOwned;
use serde_saphyr::Error;
use serde_saphyr::budget::BudgetBreach;

use super::at::Span;
use super::error::did_you_mean;
use super::limits::{self, more_than};

/// Reads the files of one pack, which share what they may hold.
pub(crate) struct Reader {
    values_left: usize,
    is_spent: bool,
}

/// What is wrong with a file, and where.
pub(crate) struct YamlFault {
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Default for Reader {
    fn default() -> Self {
        Self { values_left: limits::VALUES, is_spent: false }
    }
}

impl Reader {
    /// Reads one file.
    pub(crate) fn read<T: DeserializeOwned>(&mut self, text: &str) -> Result<T, YamlFault> {
        look_through(text)?;
        let budget = serde_saphyr::budget! {
            max_depth: limits::DEPTH,
            max_nodes: self.values_left,
            // Values count as often as they are repeated, which is what repeating costs.
            enforce_alias_anchor_ratio: false,
        };
        // Comments are for readers; not capturing them saves half of the parser's work.
        let options = serde_saphyr::options! { emit_comments: false, budget: budget };
        let used = Rc::new(Cell::new(0));
        let count = Rc::clone(&used);
        let options = options.with_budget_report(move |report| count.set(report.nodes));
        let read = serde_saphyr::from_str_with_options(text, options);
        self.spend(used.get());
        read.map_err(|error| explain(&error))
    }

    /// Takes `values` off what the files may still hold. `false` where that is too much.
    pub(crate) fn spend(&mut self, values: usize) -> bool {
        self.is_spent |= values > self.values_left;
        self.values_left = self.values_left.saturating_sub(values);
        !self.is_spent
    }

    /// Whether a file was refused because all of them together hold too much.
    pub(crate) fn is_spent(&self) -> bool {
        self.is_spent
    }
}

/// What is said where the files hold too many values.
pub(crate) fn too_many_values() -> String {
    more_than(
        limits::VALUES,
        "values in all files of the pack, each counted as often as `*` repeats it",
    )
}

/// A list or a group of entries that is open: how many values it has, and how many it may have.
struct Open {
    values: usize,
    most: usize,
}

/// Refuses a text or a list that is too long. A file that is shorter than either may be holds
/// none; what is no YAML is left to the reader, who tells it better.
fn look_through(text: &str) -> Result<(), YamlFault> {
    if text.len() <= limits::ENTRIES.min(limits::TEXT_BYTES) {
        return Ok(());
    }
    let options = granit_parser::options! { emit_comments: false };
    let mut open: Vec<Open> = Vec::new();
    for (event, at) in Parser::new_from_str_with_options(text, options).map_while(Result::ok) {
        let most = match &event {
            Event::Scalar(value, ..) if value.len() > limits::TEXT_BYTES => {
                return Err(too_long(at, limits::TEXT_BYTES, "bytes in one text"));
            }
            Event::Scalar(..) | Event::Alias(_) => None,
            Event::SequenceStart(..) => Some(limits::ENTRIES),
            // A name and a value each.
            Event::MappingStart(..) => Some(2 * limits::ENTRIES),
            Event::SequenceEnd | Event::MappingEnd => {
                open.pop();
                continue;
            }
            _ => continue,
        };
        if let Some(list) = open.last_mut() {
            list.values += 1;
            if list.values > list.most {
                return Err(too_long(at, limits::ENTRIES, "entries in one list"));
            }
        }
        open.extend(most.map(|most| Open { values: 0, most }));
    }
    Ok(())
}

fn too_long(at: granit_parser::Span, limit: usize, what: &str) -> YamlFault {
    let span = Span { line: at.start.line(), column: at.start.col() + 1, length: 1 };
    YamlFault { span, message: more_than(limit, what), help: None }
}

/// A parser's complaint in an author's words.
fn explain(error: &Error) -> YamlFault {
    let error = error.without_snippet();
    if let Error::AliasError { error, .. } = error {
        return explain(error);
    }
    let span = error.location().map_or_else(Span::default, |at| {
        let number = |n: u64| usize::try_from(n).unwrap_or_default();
        Span {
            line: number(at.line()),
            column: number(at.column()),
            length: at.span().len().try_into().unwrap_or(1),
        }
    });
    let (message, help) = words(error);
    YamlFault { span, message, help }
}

fn words(error: &Error) -> (String, Option<String>) {
    let message = match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            let help = did_you_mean(field, expected.iter().copied());
            return (format!("`{field}` is not an entry that is read here"), help);
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            let help = did_you_mean(variant, expected.iter().copied());
            return (format!("`{variant}` is none of the words for this"), help);
        }
        Error::SerdeMissingField { field, .. } => format!("the entry `{field}` is missing"),
        Error::SerdeInvalidType { unexpected, expected, .. }
        | Error::SerdeInvalidValue { unexpected, expected, .. } => {
            format!("{unexpected} stands where {expected} is wanted")
        }
        Error::InvalidScalar { ty: "boolean", .. } => "`true` or `false` is wanted here".to_owned(),
        Error::InvalidScalar { .. } => "a whole number is wanted here".to_owned(),
        Error::DuplicateMappingKey { key, .. } => {
            format!("`{}` is written twice", key.as_deref().unwrap_or_default())
        }
        Error::Message { msg, .. } => msg.clone(),
        Error::Budget { breach: BudgetBreach::Nodes { .. }, .. } => too_many_values(),
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => too_deep(),
        // Brackets are counted by the scanner already, which knows them alone.
        Error::ExternalMessage { msg, .. } if msg.contains("recursion limit") => too_deep(),
        other => other.to_string(),
    };
    (message, None)
}

fn too_deep() -> String {
    more_than(limits::DEPTH, "lists and entries in one another")
}
