//! How a language writes, and what its letters do not say: a file of the pack, `words/fr/language.yaml`.
//!
//! All that differs between languages beside what is said stands there, Vietnamese and English
//! among them, so that a further language is a folder and no code.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use domain::{Language, LegalBasis, Sex, full_years};
use jiff::civil::Date;
use serde::Deserialize;

use crate::phrase::{Part, parts};

/// The manners of one language.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manners {
    /// The language.
    pub language: Language,
    /// What it calls itself: `Français`.
    pub name: String,
    /// Of the two languages that names are kept in, Vietnamese and English, the one that its readers
    /// are given. They are written to in it where a life event is not told in their own.
    pub reads: Language,
    /// The letters beyond a to z, lower case; a sign among them stands between two letters only.
    pub letters: String,
    /// Words that keep their capital inside a sentence.
    pub capitals: BTreeSet<String>,
    /// Words and turns that messages do not use, lower case.
    pub banned: BTreeSet<String>,
    /// How people are addressed: the first that fits.
    pub address: Vec<Address>,
    /// How days are written.
    pub days: Days,
    /// What it calls the parts of a Vietnamese act: `Điều` is `article`.
    #[serde(default)]
    pub law: BTreeMap<String, String>,
    /// What it calls a section of a document.
    pub section: String,
}

/// How one sort of people is addressed. No model is asked: a small one gets it right no more often
/// than a coin (7 of 15). What no register says is not guessed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Of which sex they are, as the register has it; all where left out.
    pub sex: Option<Sex>,
    /// Below which age, in full years on the day of writing; any where left out.
    pub below: Option<i64>,
    /// As it stands before a name or at the head of a sentence.
    pub title: String,
    /// As it stands inside a sentence.
    pub pronoun: String,
}

/// What a pattern of days may hold.
const PARTS: [&str; 6] = ["weekday", "day", "month", "year", "dd", "mm"];

/// How days are written: `{weekday}`, `{day}`, `{month}` (its name), `{year}`, and `{dd}` and `{mm}`
/// of two digits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Days {
    /// In a letter.
    pub long: String,
    /// In a line of a list.
    pub short: String,
    /// From Monday on.
    pub weekdays: [String; 7],
    /// From January on; empty where they have numbers only.
    #[serde(default)]
    pub months: Vec<String>,
    /// How `{day}` is written on the first of a month, where otherwise: `1er`.
    pub first: Option<String>,
}

impl Manners {
    /// How somebody of `sex` is addressed on the day `on`. `None` where nothing fits.
    #[must_use]
    pub fn address(&self, sex: Option<Sex>, born: Option<Date>, on: Date) -> Option<&Address> {
        // Nobody was born after today: such a day is no day of birth.
        let age = born.filter(|born| *born <= on).map(|born| full_years(born, on));
        let fits = |it: &&Address| {
            let young = it.below.is_none_or(|below| age.is_some_and(|age| age < below));
            young && (it.sex.is_none() || it.sex == sex)
        };
        self.address.iter().find(fits)
    }

    /// A day as a letter writes it: `thứ Hai, ngày 04/01/2027`.
    #[must_use]
    pub fn long_date(&self, day: Date) -> String {
        self.days.write(&self.days.long, day)
    }

    /// A day as a line of a list writes it: `04/01/2027`.
    #[must_use]
    pub fn short_date(&self, day: Date) -> String {
        self.days.write(&self.days.short, day)
    }

    /// Article and act, in this language.
    #[must_use]
    pub fn cite(&self, basis: &LegalBasis) -> String {
        let act = basis.act.get(self.reads);
        if basis.article.is_empty() {
            return act.to_owned();
        }
        let named = |word| {
            let bare = str::trim_end_matches(word, [',', ';']);
            let own = self.law.get(bare);
            own.map_or_else(|| word.to_owned(), |own| word.replacen(bare, own, 1))
        };
        let article: Vec<String> = basis.article.split(' ').map(named).collect();
        format!("{}, {act}", article.join(" "))
    }

    /// What is wrong with the file, for its author.
    pub(crate) fn wrong(&self) -> Option<&'static str> {
        let open = |it: &Address| it.sex.is_none() && it.below.is_none();
        let (long, short) = (named_in(&self.days.long), named_in(&self.days.short));
        let names: Option<Vec<&str>> = long.zip(short).map(|(long, short)| [long, short].concat());
        let named = |part| names.as_ref().is_some_and(|names| names.contains(&part));
        if ![Language::VI, Language::EN].contains(&self.reads) {
            Some("`reads` is `vi` or `en`: names are kept in these")
        } else if !self.address.iter().any(open) {
            Some("give a form of address that fits everybody, as the last one")
        } else if !names.as_ref().is_some_and(|it| it.iter().all(|name| PARTS.contains(name))) {
            Some("days are written with {weekday}, {day}, {month}, {year}, {dd} and {mm}")
        } else if named("month") && self.days.months.len() != 12 {
            Some("give the names of twelve months")
        } else {
            None
        }
    }
}

impl Days {
    fn write(&self, form: &str, day: Date) -> String {
        let mut out = String::with_capacity(40);
        let mut rest = form;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}').unwrap_or((after, ""));
            out.push_str(before);
            self.put(&mut out, name, day);
            rest = behind;
        }
        out.push_str(rest);
        out
    }

    fn put(&self, out: &mut String, part: &str, day: Date) {
        let weekday = day.weekday().to_monday_zero_offset();
        // Writing to a text never fails.
        let _ = match (part, &self.first) {
            ("weekday", _) => out.write_str(named(&self.weekdays, weekday)),
            ("month", _) => out.write_str(named(&self.months, day.month() - 1)),
            ("day", Some(first)) if day.day() == 1 => out.write_str(first),
            ("day", _) => write!(out, "{}", day.day()),
            ("dd", _) => write!(out, "{:02}", day.day()),
            ("mm", _) => write!(out, "{:02}", day.month()),
            ("year", _) => write!(out, "{}", day.year()),
            (other, _) => write!(out, "{{{other}}}"),
        };
    }
}

/// What a pattern of days names; nothing where a brace has no partner.
fn named_in(form: &str) -> Option<Vec<&str>> {
    let slots = parts(form).ok()?.into_iter().filter_map(|part| match part {
        Part::Slot(name) => Some(name),
        Part::Text(_) => None,
    });
    Some(slots.collect())
}

/// The name at `place`, where there is one.
fn named(names: &[String], place: i8) -> &str {
    let place = usize::try_from(place).unwrap_or_default();
    names.get(place).map_or("", String::as_str)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use jiff::civil::date;

    /// Manners of a made-up language, with `with` beside what every file has.
    pub(crate) fn of(with: &str) -> Manners {
        let given: serde_json::Map<_, _> = serde_saphyr::from_str(with).unwrap();
        let mut file = serde_json::json!({
            "language": "fr", "name": "Français", "reads": "en", "letters": "", "capitals": [], "banned": [], "section": "section",
            "address": [
                {"below": 18, "title": "Tu", "pronoun": "tu"},
                {"sex": "female", "title": "Madame", "pronoun": "vous"},
                {"title": "Vous", "pronoun": "vous"}
            ],
            "days": {
                "long": "{weekday} {day} {month} {year}", "short": "{dd}/{mm}/{year}",
                "first": "1er",
                "weekdays": ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
                "months": ["janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août",
                    "septembre", "octobre", "novembre", "décembre"]
            },
            "law": {"Điều": "article", "khoản": "alinéa", "và": "et"}
        });
        file.as_object_mut().unwrap().extend(given);
        serde_json::from_value(file).unwrap()
    }

    #[test]
    fn days_are_written_as_the_file_says() {
        let french = of("{}");
        assert_eq!(french.long_date(date(2027, 1, 4)), "lundi 4 janvier 2027");
        assert_eq!(french.long_date(date(2028, 2, 29)), "mardi 29 février 2028");
        assert_eq!(french.long_date(date(2027, 5, 1)), "samedi 1er mai 2027");
        assert_eq!(french.short_date(date(2026, 12, 31)), "31/12/2026");
        assert_eq!(french.wrong(), None);
    }

    #[test]
    fn people_are_addressed_by_the_first_form_that_fits_and_nothing_is_guessed() {
        let french = of("{}");
        let on = date(2026, 11, 29);
        let title = |sex, born| french.address(sex, born, on).unwrap().title.clone();
        assert_eq!(title(Some(Sex::Female), None), "Madame");
        assert_eq!(title(Some(Sex::Male), None), "Vous");
        assert_eq!(title(None, None), "Vous");
        assert_eq!(title(Some(Sex::Female), Some(date(2008, 11, 30))), "Tu");
        assert_eq!(title(Some(Sex::Female), Some(date(2008, 11, 29))), "Madame");
        assert_eq!(title(None, Some(date(2027, 1, 1))), "Vous");
    }

    #[test]
    fn law_is_cited_in_the_words_of_the_language() {
        let act = domain::Text { vi: "Luật Hộ tịch".into(), en: "Civil Status Law".into() };
        let basis = LegalBasis {
            act,
            article: "Điều 15, khoản 1 và 2".into(),
            confidence: domain::Confidence::H,
            sources: Vec::new(),
        };
        assert_eq!(of("{}").cite(&basis), "article 15, alinéa 1 et 2, Civil Status Law");
        let none = LegalBasis { article: String::new(), ..basis };
        assert_eq!(of("{}").cite(&none), "Civil Status Law");
    }

    #[test]
    fn a_file_that_addresses_not_everybody_or_writes_not_every_day_is_refused() {
        assert!(of("{reads: fr}").wrong().is_some());
        assert!(of("{address: [{sex: male, title: Ông, pronoun: ông}]}").wrong().is_some());
        for long in ["{month}", "{dy}/{mm}", "{Day}", "{day", "day}"] {
            let days = format!("{{long: '{long}', short: '', weekdays: [a, b, c, d, e, f, g]}}");
            assert!(of(&format!("{{days: {days}}}")).wrong().is_some(), "{long}");
        }
    }
}
