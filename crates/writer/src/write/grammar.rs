//! What a model may write when it says a phrase otherwise: the slots of the phrase and words.

use std::collections::BTreeSet;

use domain::Language;

use super::Saying;
use crate::manners::Manners;
use crate::phrase::{Part, Phrase, parts};
use crate::support::Vocabulary;
use crate::words::Words;

/// More slots than these stay in their order: there would be too many ways.
const MOST_PERMUTED: usize = 3;
/// How many words more than the approved wording a new one may have.
pub(super) const MORE_WORDS: usize = 6;

/// What stands for `{address} {recipient}` while a pattern is made.
const TITLE_AND_NAME: &str = "{title_and_name}";

/// Which words a model may write between slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// Whatever is written in the letters of the language.
    Any,
    /// The words of the approved phrases, and those that the vocabulary holds to say the same:
    /// what the proof can follow.
    Near,
}

/// The Lark grammar of what may be written for `saying`: as many sentences as the approved
/// wording, each with the slots of its sentence, each slot as often as there.
#[must_use]
pub fn rephrase_grammar(
    words: &Words,
    saying: &Saying<'_>,
    range: Range,
    vocabulary: &Vocabulary,
) -> String {
    let begins = words.begins(saying.home.language);
    let language = saying.home.language;
    let word = match range {
        Range::Any => Word::any(words.manners(language)),
        Range::Near => Word::near(saying, vocabulary),
    };
    let sentences: Vec<String> =
        saying.approved().iter().map(|sentence| pattern(sentence, &begins, &word)).collect();
    // The space ends the prompt's last line: models know words with the space before them.
    format!("start: TEXT\nTEXT: / {}/\n", sentences.join(" "))
}

/// How a word is written inside a sentence, and at its start.
struct Word {
    inside: String,
    first: String,
}

impl Word {
    fn any(manners: &Manners) -> Self {
        let own: String = manners.letters.chars().filter(|c| c.is_alphabetic()).collect();
        // Bounds on the length keep a model from going round in a circle of letters; what stands
        // between two spaces in Vietnamese is one syllable.
        let longest = if manners.language == Language::VI { 6 } else { 13 };
        let upper: String = own.chars().flat_map(char::to_uppercase).collect();
        Self {
            inside: format!("[a-z{own}]{{1,{}}}", longest + 1),
            first: format!("[A-Z{upper}][a-z{own}]{{0,{longest}}}"),
        }
    }

    fn near(saying: &Saying<'_>, vocabulary: &Vocabulary) -> Self {
        let readings = saying.alternatives.iter().flat_map(Phrase::readings);
        let mut terms = BTreeSet::new();
        for part in readings.flatten().flat_map(|it| parts(it).unwrap_or_default()) {
            if let Part::Text(text) = part {
                terms.extend(vocabulary.near(text));
            }
        }
        let first: Vec<String> = terms.iter().map(|term| capitalised(term)).collect();
        let inside: Vec<String> = terms.into_iter().collect();
        Self { inside: format!("({})", inside.join("|")), first: format!("({})", first.join("|")) }
    }
}

/// `term` with a capital first.
fn capitalised(term: &str) -> String {
    let mut letters = term.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// The regular expression of all that may be written for one approved sentence.
fn pattern(sentence: &str, begins: &BTreeSet<&str>, word: &Word) -> String {
    let mut slots = Vec::new();
    let mut most = 0;
    // Title and name are one: nothing comes between them.
    let sentence = sentence.replace("{address} {recipient}", TITLE_AND_NAME);
    for part in parts(&sentence).unwrap_or_default() {
        match part {
            // What begins a sentence in capitals goes on in lower case elsewhere.
            Part::Slot("address") if slots.is_empty() && sentence.starts_with('{') => {
                slots.push("pronoun");
            }
            Part::Slot(name) => slots.push(name),
            Part::Text(text) => most = most.max(text.split_whitespace().count()),
        }
    }
    // Nowhere more than a little over the longest stretch: a model that is lost goes on for ever.
    most += MORE_WORDS / 2;
    let Word { inside, first } = word;
    let more = format!("(,? {inside}){{0,{most}}}");
    if slots.is_empty() {
        return format!(r"{first}{more}\.");
    }
    // A colon stands before a value alone.
    let gap = format!("{more}[,:]? ");
    let orders = if slots.len() > MOST_PERMUTED { vec![slots] } else { permutations(&slots) };
    let mut ways = BTreeSet::new();
    for order in orders {
        let inner: Vec<String> = order.iter().map(|name| literal(name)).collect();
        let all = inner.join(&gap);
        ways.insert(format!("{first}{gap}{all}"));
        let Some((head, rest)) = order.split_first() else { continue };
        let head = if *head == "pronoun" { "address" } else { head };
        if begins.contains(head) {
            let rest = rest.iter().map(|name| literal(name));
            let all: Vec<String> = std::iter::once(literal(head)).chain(rest).collect();
            ways.insert(all.join(&gap));
        }
    }
    let ways: Vec<String> = ways.into_iter().collect();
    format!(r"({}){more}\.", ways.join("|"))
}

fn literal(slot: &str) -> String {
    match slot {
        "title_and_name" => r"\{address\} \{recipient\}".to_owned(),
        slot => format!(r"\{{{slot}\}}"),
    }
}

/// `slots` in every order.
fn permutations<'t>(slots: &[&'t str]) -> Vec<Vec<&'t str>> {
    let Some((first, rest)) = slots.split_first() else { return vec![Vec::new()] };
    let mut out = Vec::new();
    for order in permutations(rest) {
        for place in 0..=order.len() {
            let mut longer = order.clone();
            longer.insert(place, first);
            out.push(longer);
        }
    }
    out
}
