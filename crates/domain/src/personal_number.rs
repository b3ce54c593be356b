//! The twelve-digit personal identification number (số định danh cá nhân).
//!
//! Form: three digits for the place of registration, one for century and sex, two for the
//! year of birth, six random; there is no check digit (Law on Identification 26/2023/QH15
//! art. 12; Decree 137/2015/NĐ-CP art. 13). A number of the wrong form is rejected. A number that
//! disagrees with the birth date or the sex is kept with a warning, because a corrected
//! birth year keeps neither side wrong for certain.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Sex as the registers write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sex {
    /// Nam.
    Male,
    /// Nữ.
    Female,
}

/// A personal number of the right form. Never printed whole: `Display` and `Debug` mask it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PersonalNumber(String);

/// Why a text is not a personal number. The text itself is personal data and not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PersonalNumberError {
    /// Not twelve characters.
    #[error("a personal number has 12 digits, this has {0} characters")]
    Length(usize),
    /// Something that is not a digit.
    #[error("a personal number has digits only, character {0} is none")]
    NotADigit(usize),
}

/// Where a number disagrees with what else is known. Shown, never a reason to reject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonalNumberWarning {
    /// Digits 4 to 6 tell another year of birth.
    BirthYear,
    /// Digit 4 tells the other sex.
    Sex,
}

impl PersonalNumber {
    /// The digits, for the pseudonym and for the draft of the person's own application.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Where the number disagrees with a known birth date and sex.
    #[must_use]
    pub fn warnings(&self, born_on: Option<Date>, sex: Option<Sex>) -> Vec<PersonalNumberWarning> {
        let mut digits = self.0.bytes().skip(3).map(|b| i16::from(b - b'0'));
        let (century, tens, ones) =
            (digits.next().unwrap_or(0), digits.next().unwrap_or(0), digits.next().unwrap_or(0));
        let year = 1900 + century / 2 * 100 + tens * 10 + ones;
        let told = if century % 2 == 0 { Sex::Male } else { Sex::Female };

        let mut warnings = Vec::new();
        if born_on.is_some_and(|day| day.year() != year) {
            warnings.push(PersonalNumberWarning::BirthYear);
        }
        if sex.is_some_and(|sex| sex != told) {
            warnings.push(PersonalNumberWarning::Sex);
        }
        warnings
    }
}

impl FromStr for PersonalNumber {
    type Err = PersonalNumberError;

    fn from_str(text: &str) -> Result<Self, PersonalNumberError> {
        if let Some(place) = text.chars().position(|c| !c.is_ascii_digit()) {
            return Err(PersonalNumberError::NotADigit(place + 1));
        }
        if text.len() != 12 {
            return Err(PersonalNumberError::Length(text.len()));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The masked form, `079*****1234`.
impl fmt::Display for PersonalNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = self.0.get(..3).unwrap_or_default();
        let tail = self.0.get(8..).unwrap_or_default();
        write!(f, "{head}*****{tail}")
    }
}

impl fmt::Debug for PersonalNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_form_is_twelve_digits() {
        assert_eq!("99919500012".parse::<PersonalNumber>(), Err(PersonalNumberError::Length(11)));
        assert_eq!(
            "99919500012x".parse::<PersonalNumber>(),
            Err(PersonalNumberError::NotADigit(12))
        );
        assert!("999195000123".parse::<PersonalNumber>().is_ok());
    }

    #[test]
    fn a_number_never_prints_whole() {
        let number: PersonalNumber = "999195001234".parse().unwrap();
        assert_eq!(format!("{number} {number:?}"), "999*****1234 999*****1234");
    }

    #[test]
    fn disagreement_is_a_warning() {
        let number: PersonalNumber = "999195001234".parse().unwrap();
        assert_eq!(number.warnings(Some(date(1995, 1, 1)), Some(Sex::Female)), []);
        assert_eq!(
            number.warnings(Some(date(2005, 1, 1)), Some(Sex::Male)),
            [PersonalNumberWarning::BirthYear, PersonalNumberWarning::Sex]
        );
        let young: PersonalNumber = "999320001234".parse().unwrap();
        assert_eq!(young.warnings(Some(date(2020, 1, 1)), Some(Sex::Female)), []);
    }
}
