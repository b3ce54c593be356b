//! What may stand in each place of a sentence without changing what it says.

use std::collections::BTreeSet;

use super::terms::{Role, Span, Term};
use super::tokens::{Token, tokens};
use super::vocabulary::{READER, Vocabulary};

/// One place of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Space and marks before it.
    pub(crate) between: String,
    /// All that may stand there, in lower case; `{reader}` is however the reader is addressed.
    pub(crate) ways: BTreeSet<String>,
    /// Whether the sentence may begin here as well, what stands before coming behind.
    pub(crate) may_lead: bool,
}

impl Vocabulary {
    /// The places of `sentence`: each word with those that say the same, each frame with its other
    /// wordings.
    pub(crate) fn places(&self, sentence: &str) -> Vec<Place> {
        let tokens = tokens(sentence);
        let spans = self.spans(&tokens);
        let terms: Vec<Term> = spans.iter().map(|span| span.term.clone()).collect();
        let (mut words, mut rest) = (tokens.as_slice(), spans.as_slice());
        let mut out = Vec::new();
        while let (Some(first), Some(span)) = (words.first(), rest.first()) {
            let terms = terms.get(terms.len() - rest.len()..).unwrap_or_default();
            let behind_comma = first.between.contains(',');
            let begins_clause = out.is_empty() || behind_comma;
            let frame = self.frame(terms).filter(|(it, _)| begins_clause || !it.is_clause());
            let (ways, taken) = match frame {
                _ if is_title(words) => (BTreeSet::from(["{address} {recipient}".to_owned()]), 2),
                Some((frame, taken)) => {
                    (frame.ways().flat_map(|way| self.wordings(way)).collect(), taken)
                }
                None => (self.ways(span, words), 1),
            };
            let begins_aside = spans.first().is_some_and(|it| self.is_aside(&it.term));
            // An aside in the middle belongs to what stands before it.
            let is_last = || !words.iter().skip(1).any(|it| it.between.contains(','));
            let set_off = begins_aside || self.is_aside(&span.term) && is_last();
            let may_lead = self.leads(&span.term) || behind_comma && set_off;
            out.push(Place { between: first.between.to_owned(), ways, may_lead });
            let long = rest.iter().take(taken).map(|span| span.tokens).sum::<usize>();
            words = words.get(long..).unwrap_or_default();
            rest = rest.get(taken..).unwrap_or_default();
        }
        out
    }

    /// What may stand where `span` stands; it is made of the first of `words`.
    fn ways(&self, span: &Span, words: &[Token<'_>]) -> BTreeSet<String> {
        let own = words.iter().take(span.tokens).map(|it| it.text.to_lowercase());
        match span.term.role {
            // The words of the reader are of several kinds: "you" and "your".
            Role::Reader if words.first().and_then(Token::slot).is_some() => {
                BTreeSet::from([READER.to_owned()])
            }
            Role::Reader | Role::Slot | Role::Nothing => {
                BTreeSet::from([own.collect::<Vec<_>>().join(" ")])
            }
            Role::Word | Role::Turn | Role::Behind | Role::Link => {
                self.same(&span.term).chain([own.collect::<Vec<_>>().join(" ")]).collect()
            }
        }
    }

    /// Every wording of `text` with words that say the same.
    fn wordings(&self, text: &str) -> Vec<String> {
        let tokens = tokens(text);
        let mut words = tokens.as_slice();
        let mut out = vec![String::new()];
        for span in self.spans(&tokens) {
            let between = words.first().map_or("", |it| it.between);
            let ways = self.ways(&span, words);
            let longer = |so_far: &String| {
                ways.iter().map(move |way| format!("{so_far}{between}{way}")).collect::<Vec<_>>()
            };
            out = out.iter().flat_map(longer).collect();
            words = words.get(span.tokens..).unwrap_or_default();
        }
        let tail = text.trim_end_matches(|c: char| c.is_ascii_punctuation() && c != '}');
        let tail = text.get(tail.len()..).unwrap_or_default();
        out.into_iter().map(|way| way + tail).collect()
    }
}

/// Whether `words` begin with title and name: nothing comes between them.
fn is_title(words: &[Token<'_>]) -> bool {
    let slots = words.iter().take(2).map(Token::slot);
    slots.eq([Some("address"), Some("recipient")])
}
