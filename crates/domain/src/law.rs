//! Values of law: where they come from, how sure we are, how far a service may go.

use std::borrow::Cow;

use jiff::civil::Date;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::Text;

/// How well a value of law is sourced.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum Confidence {
    /// A primary source, or several that agree.
    H,
    /// One decent source.
    M,
    /// Weak.
    L,
    /// Unknown: must be shown as unknown.
    U,
}

/// The act and article that a value, duty or reading of data rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LegalBasis {
    /// The act, as in `Luật Hộ tịch 60/2014/QH13`.
    pub act: Text,
    /// The article, as in `Điều 15 khoản 1`. Empty where the source names none.
    #[serde(default)]
    pub article: String,
    /// How sure we are.
    pub confidence: Confidence,
    /// Where we read it, as numbered in the pack's sources.
    #[serde(default)]
    pub sources: Vec<String>,
}

impl LegalBasis {
    /// Article and act in one line of Vietnamese.
    #[must_use]
    pub fn cite(&self) -> String {
        if self.article.is_empty() {
            self.act.vi.clone()
        } else {
            format!("{}, {}", self.article, self.act.vi)
        }
    }
}

/// The level of proactive service, Decree 224/2026/NĐ-CP art. 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum Level {
    /// Notices the event, time or duty and says what to do.
    Remind,
    /// Also prepares the e-file from data.
    Prepare,
    /// Also compares the options.
    Compare,
    /// Also carries it out.
    Execute,
}

impl JsonSchema for Level {
    fn schema_name() -> Cow<'static, str> {
        "Level".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let what = "1 remind, 2 prepare, 3 compare, 4 execute";
        json_schema!({"description": what, "enum": [1, 2, 3, 4]})
    }
}

impl From<Level> for u8 {
    fn from(level: Level) -> Self {
        level as Self + 1
    }
}

impl TryFrom<u8> for Level {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        match number {
            1 => Ok(Self::Remind),
            2 => Ok(Self::Prepare),
            3 => Ok(Self::Compare),
            4 => Ok(Self::Execute),
            _ => Err(format!("level `{number}` is not one of 1, 2, 3, 4")),
        }
    }
}

/// The day by which something must be done, and the law that says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// The day from which the period counts (not counted itself, Civil Code art. 147).
    pub from: Date,
    /// The last day by law, moved past days off (Civil Code art. 148).
    pub on: Date,
    /// The last working day on or before the period's own end: the day to tell people.
    pub safe: Date,
    /// Whether the days may still move: not all days off and swapped days up to them are known.
    #[serde(default)]
    pub may_move: bool,
    /// What must be done by then.
    pub duty: Text,
    /// The days on which to remind of it while it is not done, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remind_on: Vec<Date>,
    /// Where the period stands.
    pub legal_basis: LegalBasis,
}
