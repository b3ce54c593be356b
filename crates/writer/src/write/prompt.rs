//! What a model is told when it says a phrase otherwise: phrases that people approved, each with
//! ways to say the same, and the phrase. No value of a person is near.

use std::collections::{BTreeMap, BTreeSet};

use domain::Language;
use serde::Deserialize;

use super::Saying;
use crate::fingerprint::Fingerprint;
use crate::phrase::Phrase;
use crate::prompt::{PromptError, by_language, front_matter};
use crate::words::Words;

/// How many phrases are shown, and how many ways to say each.
const SHOWN: usize = 5;
const WAYS: usize = 2;
const INPUTS: [&str; 2] = ["examples", "phrase"];

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    id: String,
    version: u32,
    language: Language,
    inputs: Vec<String>,
    /// What stands before a phrase, and before each other way to say it.
    phrase: String,
    other: String,
}

/// The prompt of one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rephrase {
    head: Head,
    shared: String,
    own: String,
    hash: String,
}

impl Rephrase {
    /// Reads a prompt from the text of `file`.
    pub fn parse(file: &str, text: &str) -> Result<Self, PromptError> {
        let (head, body): (Head, &str) = front_matter(file, text)?;
        for input in INPUTS {
            let named = head.inputs.iter().any(|name| name == input);
            if !named || body.matches(&format!("<{input}>")).count() != 1 {
                return Err(wrong(file, input));
            }
        }
        if let Some(unknown) = head.inputs.iter().find(|name| !INPUTS.contains(&name.as_str())) {
            return Err(wrong(file, unknown));
        }
        // The examples of many phrases are the same, and are computed once.
        let (shared, own) = body.split_once("<examples>").ok_or_else(|| wrong(file, "examples"))?;
        let mut hash = Fingerprint::default();
        hash.put(text);
        Ok(Self { shared: shared.to_owned(), own: own.to_owned(), hash: hash.hex(), head })
    }

    /// Its id and version.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}@{}", self.head.id, self.head.version)
    }

    /// SHA-256 of its file.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The prompt for `saying`: what many share, and the rest.
    pub(super) fn fill(&self, words: &Words, saying: &Saying<'_>) -> (String, String) {
        let shown: Vec<String> = examples(words, saying).iter().map(|it| self.show(it)).collect();
        let own = self.own.replace("<phrase>", &saying.approved().join(" "));
        let own = own.trim_end().to_owned();
        (format!("{}{}", self.shared, shown.join("\n\n")), own)
    }

    fn show(&self, ways: &[String]) -> String {
        let Head { phrase, other, .. } = &self.head;
        let lead = |place: usize| if place == 0 { phrase } else { other };
        let lines: Vec<String> =
            ways.iter().enumerate().map(|(place, way)| format!("{} {way}", lead(place))).collect();
        lines.join("\n")
    }
}

/// Phrases of other points, each followed by other ways to say it. Those that can be said in many
/// ways show most.
fn examples(words: &Words, saying: &Saying<'_>) -> Vec<Vec<String>> {
    let mut others = words.sayings(saying.home.language);
    others.retain(|it| it.home.point != saying.home.point && it.alternatives.len() > 1);
    others.sort_by_key(|it| std::cmp::Reverse(it.alternatives.len().min(WAYS + 1)));
    let mut points = BTreeSet::new();
    others.retain(|it| points.insert(it.home.point.clone()));
    others.truncate(SHOWN);
    let ways =
        |it: &Saying<'_>| it.alternatives.iter().take(WAYS + 1).map(Phrase::approved).collect();
    others.iter().map(ways).collect()
}

fn wrong(file: &str, input: &str) -> PromptError {
    PromptError::Input { file: file.to_owned(), input: input.to_owned() }
}

/// The prompts of all languages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rephrasings(BTreeMap<Language, Rephrase>);

impl Rephrasings {
    /// Reads files that are given as (name, text); those that are no `rephrase-*` are left out.
    pub fn read(files: &[(String, String)]) -> Result<Self, PromptError> {
        let wanted = |name: &str| name.starts_with("rephrase-");
        by_language(files, wanted, |name, text| {
            Rephrase::parse(name, text).map(|prompt| (prompt.head.language, prompt))
        })
        .map(Self)
    }

    /// The prompt for phrases of `language`.
    #[must_use]
    pub fn get(&self, language: Language) -> Option<&Rephrase> {
        self.0.get(&language)
    }
}
