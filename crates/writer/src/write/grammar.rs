//! What a model may write when it says a phrase otherwise: the slots of the phrase and words.

use std::collections::BTreeSet;

use domain::Language;

use super::Saying;
use super::skeleton::Skeleton;
use crate::manners::Manners;
use crate::phrase::{Part, parts};
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
    /// An approved phrase, place by place, with words that the vocabulary holds to say the same:
    /// what the proof can follow.
    Near,
}

/// The Lark grammar of what may be written for `saying`: under [`Range::Any`] as many sentences as
/// the approved wording, each with the slots of its sentence, each slot as often as there. Nothing
/// where all that may be written is there already.
#[must_use]
pub fn rephrase_grammar(
    words: &Words,
    saying: &Saying<'_>,
    range: Range,
    vocabulary: &Vocabulary,
) -> Option<String> {
    let language = saying.home.language;
    let begins = words.begins(language);
    // The space ends the prompt's last line: models know words with the space before them.
    match range {
        Range::Any => {
            let word = Word::of(words.manners(language));
            let sentences = saying.approved().iter();
            let sentences: Vec<String> =
                sentences.map(|sentence| pattern(sentence, &begins, &word)).collect();
            Some(format!("start: TEXT\nTEXT: / {}/\n", sentences.join(" ")))
        }
        Range::Near => {
            let skeleton = Skeleton::of(saying, vocabulary, &begins);
            let (all, there) = (skeleton.pattern(), skeleton.pattern_of_there());
            skeleton.holds_new().then(|| format!("start: TEXT\nTEXT: / ({all})/ & ~/ ({there})/\n"))
        }
    }
}

/// How a word is written inside a sentence, and at its start.
struct Word {
    inside: String,
    first: String,
}

impl Word {
    fn of(manners: &Manners) -> Self {
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
