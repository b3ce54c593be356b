//! Slots: the places in a text that code fills, and how each kind of value is written.
//!
//! A number, date, name, amount, place or title stands in a text only through a slot. The
//! value is register text or pack text; it is cleaned here, once, and put in by a single
//! pass over the template, so that a value that looks like a slot stays plain text.

use std::borrow::Cow;
use std::fmt;

use domain::Value;
use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::hygiene::is_hidden;
use crate::manners::Manners;

/// Longer than any name, title or list that a person would read in a letter.
const LONGEST_VALUE: usize = 400;

/// What kind of value fills a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotKind {
    /// A form of address.
    Address,
    /// A person's name, as the register has it.
    Person,
    /// A day, written with its weekday.
    Date,
    /// How many.
    Count,
    /// An amount in đồng.
    Money,
    /// A number or code of a record.
    Identifier,
    /// An agency.
    Institution,
    /// The title of a service.
    Title,
    /// An act and its article.
    Law,
    /// Labels of form fields.
    List,
    /// A reason from the pack.
    Note,
    /// A passage that is cited: `{cite:document#section}`.
    Citation,
}

impl SlotKind {
    /// How many words of a sentence it counts for. A title counts as a reader sees it, as one
    /// thing, whatever its length: the law gives services names of thirty words.
    #[must_use]
    pub fn words(self) -> usize {
        match self {
            Self::Address | Self::Count | Self::Identifier => 1,
            Self::Money => 2,
            Self::Person
            | Self::Date
            | Self::Institution
            | Self::Title
            | Self::Law
            | Self::List
            | Self::Note
            | Self::Citation => 4,
        }
    }

    fn takes(self, value: &Value) -> bool {
        match self {
            Self::Date => matches!(value, Value::Date(_)),
            Self::Count | Self::Money => matches!(value, Value::Int(number) if *number >= 0),
            Self::List => matches!(value, Value::List(items)
                if !items.is_empty() && items.iter().all(|item| item.as_text().is_some())),
            _ => value.as_text().is_some_and(|text| !text.is_empty()),
        }
    }
}

/// A slot's kind and what fills it for one person. Its texts are [clean]: they are cleaned as it is
/// made, and nothing else makes one.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Slot {
    /// The kind.
    pub kind: SlotKind,
    value: Value,
}

impl fmt::Debug for Slot {
    /// Shows the kind only: a plan that is logged by mistake names nobody.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Slot {
    /// A slot of `kind`, if `value` is of that kind.
    #[must_use]
    pub fn new(kind: SlotKind, value: Value) -> Option<Self> {
        let value = cleaned(value);
        kind.takes(&value).then_some(Self { kind, value })
    }

    /// What fills it.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The value as a language of such `manners` writes it.
    #[must_use]
    pub fn written(&self, manners: &Manners) -> Cow<'_, str> {
        match (&self.value, self.kind) {
            (Value::Date(day), _) => manners.long_date(*day).into(),
            (Value::Int(_), SlotKind::Money) => format!("{} đồng", self.value).into(),
            (Value::Text(text), SlotKind::Note) => text.trim_end_matches(['.', ';']).into(),
            (Value::Text(text), _) => text.into(),
            (Value::List(items), _) => {
                let items: Vec<&str> = items.iter().filter_map(Value::as_text).collect();
                items.join("; ").into()
            }
            (value, _) => value.to_string().into(),
        }
    }
}

fn cleaned(value: Value) -> Value {
    match value {
        Value::Text(text) if !is_clean(&text) => Value::Text(clean(&text)),
        Value::List(items) => Value::List(items.into_iter().map(cleaned).collect()),
        value => value,
    }
}

/// Register text as data: composed, on one line, with nothing that hides, steers or opens a slot.
#[must_use]
pub fn clean(text: &str) -> String {
    if is_clean(text) {
        return text.to_owned();
    }
    let plain: String = shown(text).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether cleaning would change nothing, as with most of what registers hold.
fn is_clean(text: &str) -> bool {
    let mut before = ' ';
    for c in text.chars() {
        let strange = matches!(c, '{' | '}') || c.is_control() || is_hidden(c);
        let space = c.is_whitespace() && (c != ' ' || before == ' ');
        if strange || space {
            return false;
        }
        before = c;
    }
    before != ' ' && text.len() <= LONGEST_VALUE && (is_composed(text) || is_nfc(text))
}

/// Whether every character is a Latin letter or sign that stands composed in any text: there is no
/// need to look each up.
fn is_composed(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '\0'..'\u{300}' | '\u{1e00}'..='\u{1eff}'))
}

/// The characters of a value, each as it may stand in a line, before spaces are folded.
fn shown(text: &str) -> impl Iterator<Item = char> {
    text.nfc()
        .map(|c| match c {
            '{' => '(',
            '}' => ')',
            c if c.is_whitespace() || c.is_control() => ' ',
            c => c,
        })
        .filter(|c| !is_hidden(*c))
        .take(LONGEST_VALUE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn values_are_written_as_official_letters_write_them() {
        let manners = crate::manners::tests::of("{}");
        let written = |kind, value| Slot::new(kind, value).unwrap().written(&manners).into_owned();
        assert_eq!(written(SlotKind::Date, Value::Date(date(2027, 1, 4))), "lundi 4 janvier 2027");
        assert_eq!(written(SlotKind::Money, Value::Int(1_234_567)), "1.234.567 đồng");
        let list = Value::List(vec![Value::Text("tên con".into()), Value::Text("quê quán".into())]);
        assert_eq!(written(SlotKind::List, list), "tên con; quê quán");
        let note = Value::Text("chưa công bố.".into());
        assert_eq!(written(SlotKind::Note, note), "chưa công bố");
    }

    #[test]
    fn register_text_stays_data() {
        assert_eq!(
            clean("Lò Thị\u{200b} {deadline}\r\nBạn nợ\u{202e} tiền"),
            "Lò Thị (deadline) Bạn nợ tiền"
        );
        assert_eq!(clean("Nguye\u{302}\u{303}n"), "Nguyễn");
        assert_eq!(clean("H'Hen Niê"), "H'Hen Niê");
    }

    /// What is not looked up is what would be found.
    #[test]
    fn latin_letters_are_composed_whatever_stands_beside_them() {
        let latin = ('\0'..'\u{300}').chain('\u{1e00}'..='\u{1eff}');
        for letter in latin {
            let text = String::from(letter);
            assert!(is_composed(&text) && is_nfc(&text), "{letter:?}");
            for beside in ['a', 'ộ', 'Ư'] {
                let text = format!("{beside}{letter}{beside}");
                assert!(is_nfc(&text) && text.nfc().eq(text.chars()), "{text:?}");
            }
        }
        assert!(!is_composed("a\u{323}") && !is_composed("\u{212b}"));
    }

    #[test]
    fn a_value_of_another_kind_fills_no_slot() {
        assert!(Slot::new(SlotKind::Date, Value::Text("04/01/2027".into())).is_none());
        assert!(Slot::new(SlotKind::Person, Value::Text(" \u{200b}".into())).is_none());
        assert!(Slot::new(SlotKind::Count, Value::Int(-1)).is_none());
        assert!(Slot::new(SlotKind::List, Value::List(vec![])).is_none());
    }

    #[test]
    fn debug_names_nobody() {
        let slot = Slot::new(SlotKind::Person, Value::Text("Lò Thị Mây".into())).unwrap();
        assert!(!format!("{slot:?}").contains("Mây"));
    }
}
