//! Prompts: one file for each, with a head that says its id, version and inputs.
//!
//! A prompt is made of approved example wording, the parts of the message that is wanted and
//! passages of our own corpus. No value of a slot can get in: [`Prompt::fill`] reads the
//! plan's points and never its slots. Register text is never prompt text.

use std::collections::BTreeMap;
use std::path::Path;

use domain::Language;
use knowledge::Passage;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::plan::Plan;
use crate::words::Place;

/// How much of a passage a prompt shows, in characters.
const PASSAGE_SHOWN: usize = 160;
/// How many passages a prompt shows: each token of it is paid for in every template.
const PASSAGES_SHOWN: usize = 2;

/// What a prompt may ask to have put in.
const INPUTS: [&str; 3] = ["example", "passages", "parts"];

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    id: String,
    version: u32,
    language: Language,
    inputs: Vec<String>,
    parts: BTreeMap<Place, String>,
}

/// A prompt file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    head: Head,
    shared: String,
    own: String,
}

/// Why prompts were not loaded.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// A file or the folder cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// Which.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There is no head between two lines of `---`.
    #[error("`{file}` has no head between two lines of `---`")]
    NoHead {
        /// Which.
        file: String,
    },
    /// The head is not of the right form.
    #[error("the head of `{file}` is wrong")]
    Head {
        /// Which.
        file: String,
        /// Why.
        #[source]
        source: Box<serde_saphyr::Error>,
    },
    /// Head and text do not name the same inputs, or one is unknown.
    #[error(
        "`{file}` must name `{input}` in its head and hold it once in its text, example and parts before passages"
    )]
    Input {
        /// Which.
        file: String,
        /// The input.
        input: String,
    },
    /// Two prompts for one language.
    #[error("`{file}` is the second prompt for its language")]
    Twice {
        /// Which.
        file: String,
    },
}

impl Prompt {
    /// Reads a prompt from the text of `file`.
    pub fn parse(file: &str, text: &str) -> Result<Self, PromptError> {
        let (head, body): (Head, &str) = front_matter(file, text)?;
        let wrong =
            |input: &str| PromptError::Input { file: file.to_owned(), input: input.to_owned() };
        for input in INPUTS {
            let named = head.inputs.iter().any(|name| name == input);
            if !named || body.matches(&format!("<{input}>")).count() != 1 {
                return Err(wrong(input));
            }
        }
        if let Some(unknown) = head.inputs.iter().find(|name| !INPUTS.contains(&name.as_str())) {
            return Err(wrong(unknown));
        }
        // What depends on the plan comes last, so that what comes before is computed once.
        let split = body.find("<passages>").unwrap_or(body.len());
        let (shared, own) = body.split_at(split);
        for input in ["example", "parts"] {
            if !shared.contains(&format!("<{input}>")) {
                return Err(wrong(input));
            }
        }
        Ok(Self { shared: shared.to_owned(), own: own.to_owned(), head })
    }

    /// Its id and version, as receipts keep it.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}@{}", self.head.id, self.head.version)
    }

    /// The prompt for `plan`: what many plans share, and the rest.
    #[must_use]
    pub fn fill(&self, plan: &Plan, example: &str, passages: &[&Passage]) -> (String, String) {
        let parts: Vec<&str> = Place::ALL
            .iter()
            .filter(|place| plan.points.iter().any(|point| point.place == **place))
            .filter_map(|place| self.head.parts.get(place).map(String::as_str))
            .collect();
        let passages = passages.iter().take(PASSAGES_SHOWN);
        let passages: Vec<String> = passages.map(|passage| shown(passage)).collect();
        let shared = self.shared.replace("<parts>", &parts.join("; "));
        let shared = shared.replace("<example>", example.trim());
        let own = self.own.replace("<passages>", &passages.join("\n"));
        (shared, own)
    }
}

/// One prompt for each language, from those files whose names are `wanted`.
pub(crate) fn by_language<T>(
    files: &[(String, String)],
    wanted: impl Fn(&str) -> bool,
    parse: impl Fn(&str, &str) -> Result<(Language, T), PromptError>,
) -> Result<BTreeMap<Language, T>, PromptError> {
    let mut out = BTreeMap::new();
    for (name, text) in files.iter().filter(|(name, _)| wanted(name)) {
        let (language, prompt) = parse(name, text)?;
        if out.insert(language, prompt).is_some() {
            return Err(PromptError::Twice { file: name.clone() });
        }
    }
    Ok(out)
}

/// The head of a prompt's file, and what follows it.
pub(crate) fn front_matter<'t, T: DeserializeOwned>(
    file: &str,
    text: &'t str,
) -> Result<(T, &'t str), PromptError> {
    let parted = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    let (head, body) = parted.ok_or_else(|| PromptError::NoHead { file: file.to_owned() })?;
    let head = serde_saphyr::from_str(head)
        .map_err(|e| PromptError::Head { file: file.to_owned(), source: Box::new(e) })?;
    Ok((head, body))
}

fn shown(passage: &Passage) -> String {
    let words = passage.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text: String = words.chars().take(PASSAGE_SHOWN).collect();
    format!("- {}. {}: {text}", passage.title, passage.heading)
}

/// The prompts of all languages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prompts(BTreeMap<Language, Prompt>);

impl Prompts {
    /// Reads every `notice-*.md` of the folder `dir`.
    pub fn load(dir: &Path) -> Result<Self, PromptError> {
        let unread = |path: &Path| {
            let path = path.display().to_string();
            move |source| PromptError::Read { path, source }
        };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(dir).map_err(unread(dir))? {
            let path = entry.map_err(unread(dir))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if is_notice(&name) {
                files.push((name, std::fs::read_to_string(&path).map_err(unread(&path))?));
            }
        }
        Self::read(&files)
    }

    /// Reads files that are given as (name, text); those that are no `notice-*.md` are left out.
    pub fn read(files: &[(String, String)]) -> Result<Self, PromptError> {
        by_language(files, is_notice, |name, text| {
            Prompt::parse(name, text).map(|prompt| (prompt.head.language, prompt))
        })
        .map(Self)
    }

    /// The prompt for texts of `language`.
    #[must_use]
    pub fn get(&self, language: Language) -> Option<&Prompt> {
        self.0.get(&language)
    }
}

fn is_notice(name: &str) -> bool {
    name.starts_with("notice-") && Path::new(name).extension().is_some_and(|ext| ext == "md")
}
