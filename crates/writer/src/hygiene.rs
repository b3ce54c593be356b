//! What no text may hold outside its slots, whoever wrote it.
//!
//! These rules need no plan: they hold for the pack's own phrases when they are loaded and
//! for a model's text when it is proved. They keep values out of free text (digits, names,
//! links, quotations), and they keep out text that reads one way and is another (decomposed
//! letters, hidden characters, letters of other scripts that look like ours).

use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::manners::Manners;
use crate::phrase::{Part, parts};

/// Marks that a letter may hold besides letters, spaces and line breaks. A slash, a quotation
/// mark or a bracket is not among them: what needs one is a value.
const MARKS: &str = ".,:;?!-";

/// Why a text may not stand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A letter stands decomposed.
    #[error("text is not in composed form (NFC)")]
    Decomposed,
    /// A character that is not seen.
    #[error("holds the hidden character U+{0:04X}")]
    Hidden(u32),
    /// A character that the language does not use.
    #[error("holds `{0}`, which is no letter or mark of a message")]
    Foreign(char),
    /// A number outside a slot.
    #[error("holds the digit `{0}` outside a slot")]
    Digit(char),
    /// A name outside a slot.
    #[error("holds the capitalised word `{0}` outside a slot")]
    Capital(String),
    /// An address of the web or of mail.
    #[error("holds a link or address in `{0}`")]
    Link(String),
    /// A quotation outside a slot.
    #[error("holds a quotation mark")]
    Quotation,
    /// A word that messages do not use.
    #[error("uses `{0}`, which messages do not say")]
    Banned(String),
    /// A slot that is opened or closed wrongly.
    #[error("holds a brace that is no slot")]
    Brace,
}

/// Whether `c` is not seen by a reader, or moves what is seen.
pub(crate) fn is_hidden(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Everything that is wrong with one sentence.
#[must_use]
pub(crate) fn faults(sentence: &str, manners: &Manners) -> Vec<Fault> {
    let mut out = Vec::new();
    if !is_nfc(sentence) {
        out.push(Fault::Decomposed);
    }
    let Ok(parts) = parts(sentence) else {
        out.push(Fault::Brace);
        return out;
    };
    let mut at_start = true;
    let mut plain = String::from(" ");
    for part in parts {
        match part {
            Part::Slot(_) => {
                at_start = false;
                plain.push('\u{fffc}');
            }
            Part::Text(text) => {
                characters(text, manners, &mut out);
                for word in text.split_whitespace() {
                    word_faults(word, at_start, manners, &mut out);
                    at_start = false;
                }
                plain.push_str(&text.nfc().collect::<String>().to_lowercase());
            }
        }
    }
    out.extend(banned(&plain, manners));
    out
}

fn characters(text: &str, manners: &Manners, out: &mut Vec<Fault>) {
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let after = characters.peek().copied().unwrap_or(' ');
        let within = before.is_alphabetic() && after.is_alphabetic();
        out.extend(character(c, within, manners));
        before = c;
    }
}

/// What is wrong with `c`, which may stand `within` a word.
fn character(c: char, within: bool, manners: &Manners) -> Option<Fault> {
    let lower = c.to_lowercase().next().unwrap_or(c);
    let own = manners.letters.contains(lower) && (c.is_alphabetic() || within);
    if is_hidden(c) {
        Some(Fault::Hidden(u32::from(c)))
    } else if c.is_numeric() {
        Some(Fault::Digit(c))
    } else if own || c.is_ascii_alphabetic() || MARKS.contains(c) || matches!(c, ' ' | '\n') {
        None
    } else if matches!(c, '"' | '“' | '”' | '„' | '«' | '»' | '‘' | '’' | '\'') {
        Some(Fault::Quotation)
    } else {
        Some(Fault::Foreign(c))
    }
}

fn word_faults(word: &str, at_start: bool, manners: &Manners, out: &mut Vec<Fault>) {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
    let lower = bare.to_lowercase();
    if bare.contains(['.', '@', '/']) || lower.starts_with("http") || lower.starts_with("www") {
        out.push(Fault::Link(bare.to_owned()));
    }
    let mut capitals = bare.char_indices().filter(|(_, c)| c.is_uppercase());
    let first_only = capitals.clone().all(|(place, _)| place == 0);
    let fine = (at_start && first_only) || manners.capitals.contains(bare);
    if capitals.next().is_some() && !fine {
        out.push(Fault::Capital(bare.to_owned()));
    }
}

fn banned(plain: &str, manners: &Manners) -> Vec<Fault> {
    let spaced: String =
        plain.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect::<String>() + " ";
    let text = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = format!(" {text} ");
    let hits = manners.banned.iter().filter(|word| text.contains(&format!(" {word} ")));
    hits.map(|word| Fault::Banned(word.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_in(manners: &str, sentence: &str) -> Vec<Fault> {
        faults(sentence, &crate::manners::tests::of(manners))
    }

    fn check(sentence: &str) -> Vec<Fault> {
        let letters = crate::model::LETTERS;
        let manners = format!("{{letters: {letters}, capitals: [Nhà], banned: [chúc mừng]}}");
        check_in(&manners, sentence)
    }

    #[test]
    fn a_plain_sentence_has_no_fault() {
        assert_eq!(check("Hệ thống ghi nhận con của {pronoun} sinh {born_on}."), []);
        assert_eq!(check("Theo Nhà nước, {recipient} cần làm việc này."), []);
    }

    #[test]
    fn each_trick_is_called_by_its_name() {
        assert_eq!(check("Hạn là 5 tháng."), [Fault::Digit('5')]);
        assert_eq!(check("Hạn là ５ tháng."), [Fault::Digit('５')]);
        assert_eq!(check("Con là Nam."), [Fault::Capital("Nam".into())]);
        assert_eq!(check("{recipient} Nam cần làm."), [Fault::Capital("Nam".into())]);
        assert_eq!(check("Xem trang vn.gov ngay."), [Fault::Link("vn.gov".into())]);
        assert!(check("Gửi tới a@b.vn nhé.").contains(&Fault::Link("a@b.vn".into())));
        assert_eq!(check("Hạn\u{200b} là mai."), [Fault::Hidden(0x200b)]);
        assert_eq!(check("Hạn l\u{430} mai."), [Fault::Foreign('\u{430}')]);
        assert!(check("Ha\u{323}n là mai.").contains(&Fault::Decomposed));
        assert_eq!(check("Có câu “thế” này."), [Fault::Quotation, Fault::Quotation]);
        assert_eq!(check("Xin Chúc, mừng bà.").first(), Some(&Fault::Capital("Chúc".into())));
        assert_eq!(check("Xin chúc, mừng bà."), [Fault::Banned("chúc mừng".into())]);
        assert_eq!(check("Hạn {deadline."), [Fault::Brace]);
    }

    #[test]
    fn a_language_has_its_own_letters_and_signs_within_words() {
        let french = |sentence| check_in("{letters: àéê’}", sentence);
        assert_eq!(french("Vous avez jusqu’à demain."), []);
        assert_eq!(french("Il a dit ’demain."), [Fault::Quotation]);
        assert_eq!(french("Il a dit’ demain."), [Fault::Quotation]);
        assert_eq!(french("Đen."), [Fault::Foreign('Đ')]);
        assert_eq!(check("Hạn l’à.").last(), Some(&Fault::Quotation));
        assert_eq!(check_in("{letters: '5'}", "Hai 5."), [Fault::Digit('5')]);
    }
}
