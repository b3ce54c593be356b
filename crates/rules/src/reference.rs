//! Words with `{role.attribute}` in them: who is responsible depends on where people live.

use domain::{Language, Text};

use crate::known::Reader;
use crate::pack::Pack;
use crate::pack::life_event::LifeEvent;

/// A piece of such words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Words.
    Plain(&'a str),
    /// The path between braces.
    Path(&'a str),
    /// A brace that never closes, with what follows it.
    Open(&'a str),
}

/// The pieces of `text`, in order.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        pieces.push(Piece::Plain(before));
        let Some((path, behind)) = after.split_once('}') else {
            pieces.push(Piece::Open(after));
            return pieces;
        };
        pieces.push(Piece::Path(path));
        rest = behind;
    }
    pieces.push(Piece::Plain(rest));
    pieces
}

/// `words` with their references filled in. What is not known is said so in its place: a
/// sentence that silently lost the name of its office would send people to the wrong one.
pub(crate) fn fill(pack: &Pack, life_event: &LifeEvent, words: &Text, known: &Reader<'_>) -> Text {
    let one = |language: Language| {
        pieces(words.get(language))
            .into_iter()
            .map(|piece| match piece {
                Piece::Plain(text) | Piece::Open(text) => text.to_owned(),
                Piece::Path(path) => known
                    .at(path)
                    .map_or_else(|| unknown(pack, life_event, path, language), ToString::to_string),
            })
            .collect()
    };
    Text { vi: one(Language::VI), en: one(Language::EN) }
}

fn unknown(pack: &Pack, life_event: &LifeEvent, path: &str, language: Language) -> String {
    let label = pack.label(life_event, path).map_or(path, |label| label.get(language));
    match language {
        Language::VI => format!("(chưa rõ {label})"),
        _ => format!("({label} not known)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_fall_into_pieces() {
        assert_eq!(
            pieces("UBND {mother.commune}, xã"),
            [Piece::Plain("UBND "), Piece::Path("mother.commune"), Piece::Plain(", xã")]
        );
        assert_eq!(pieces("a {b"), [Piece::Plain("a "), Piece::Open("b")]);
    }
}
