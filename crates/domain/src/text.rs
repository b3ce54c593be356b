//! Languages, and words kept in the two of them that everything is kept in.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A language of messages and pages: the primary subtag of BCP 47, as in `vi`, `fr` or `tyz`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language([u8; 3]);

/// A text that is no tag of a language.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no language: two or three small letters are, as `vi`, `en` or `tyz`")]
pub struct NoLanguage(String);

impl Language {
    /// Vietnamese: what has legal effect.
    pub const VI: Self = Self(*b"vi\0");
    /// English: a help for foreign residents.
    pub const EN: Self = Self(*b"en\0");

    /// The BCP 47 tag.
    #[must_use]
    pub fn tag(&self) -> &str {
        let letters = self.0.split(|letter| *letter == 0).next().unwrap_or_default();
        std::str::from_utf8(letters).unwrap_or_default()
    }
}

impl FromStr for Language {
    type Err = NoLanguage;

    fn from_str(tag: &str) -> Result<Self, NoLanguage> {
        let letters = tag.bytes().all(|byte| byte.is_ascii_lowercase());
        match *tag.as_bytes() {
            [a, b] if letters => Ok(Self([a, b, 0])),
            [a, b, c] if letters => Ok(Self([a, b, c])),
            _ => Err(NoLanguage(tag.chars().take(20).collect())),
        }
    }
}

impl Default for Language {
    fn default() -> Self {
        Self::VI
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

impl Serialize for Language {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.tag())
    }
}

impl<'de> Deserialize<'de> for Language {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tag = String::deserialize(deserializer)?;
        tag.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Language {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Language".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A language of messages and pages: the primary subtag of BCP 47.",
            "type": "string",
            "pattern": "^[a-z]{2,3}$"
        })
    }
}

/// The same words in the two languages that everything is kept in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

impl Text {
    /// The words for readers of `language`: Vietnamese, or English for all others.
    #[must_use]
    pub fn get(&self, language: Language) -> &str {
        if language == Language::VI { &self.vi } else { &self.en }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_its_tag_and_nothing_else() {
        for tag in ["vi", "en", "fr", "tyz"] {
            let language: Language = tag.parse().unwrap();
            assert_eq!(language.tag(), tag);
            let json = serde_json::to_string(&language).unwrap();
            assert_eq!(json, format!("\"{tag}\""));
            assert_eq!(serde_json::from_str::<Language>(&json).unwrap(), language);
        }
        assert_eq!("vi".parse(), Ok(Language::VI));
        for wrong in ["", "v", "VI", "vi-VN", "fran", "đ", "v\0"] {
            assert!(wrong.parse::<Language>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn words_in_two_languages_are_read_by_all() {
        let text = Text { vi: "tên".to_owned(), en: "name".to_owned() };
        let read = |tag: &str| text.get(tag.parse().unwrap());
        assert_eq!([read("vi"), read("en"), read("tyz")], ["tên", "name", "name"]);
    }
}
