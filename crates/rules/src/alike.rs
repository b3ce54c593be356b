//! Whether two registers say the same in other letters.
//!
//! Vietnamese names are typed in two ways that both are right: *Thuý* and *Thúy* differ only in
//! which vowel carries the tone, and some registers write names in capitals. Showing that as a
//! disagreement would make people decide about nothing. Letters themselves are never folded:
//! *Thủy* and *Thúy* are two names.

use domain::Value;
use unicode_normalization::UnicodeNormalization;

/// Whether two values say the same.
pub(crate) fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => a == b || fold(a) == fold(b),
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b))
        }
        (a, b) => a == b,
    }
}

/// The five tone marks: huyền, sắc, hỏi, ngã, nặng. The marks that make other vowels of a, e, o
/// and u are not among them and stay where they are.
const TONES: [char; 5] = ['\u{300}', '\u{301}', '\u{309}', '\u{303}', '\u{323}'];

/// Small letters, single spaces, and the tone of each syllable behind it.
fn fold(text: &str) -> String {
    let mut folded = String::new();
    for word in text.to_lowercase().split_whitespace() {
        let mut tones = String::new();
        for letter in word.nfd() {
            if TONES.contains(&letter) { tones.push(letter) } else { folded.push(letter) }
        }
        folded.push_str(&tones);
        folded.push(' ');
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_tone_and_capitals_do_not_matter_but_tones_and_letters_do() {
        let same = |a: &str, b: &str| alike(&Value::Text(a.into()), &Value::Text(b.into()));
        for (a, b) in [
            ("Hoàng Thị Thuý", "Hoàng Thị Thúy"),
            ("Hoà", "HÒA"),
            ("NGUYỄN  VĂN AN", "Nguyễn Văn An"),
            ("Nguye\u{302}\u{303}n", "Nguyễn"),
        ] {
            assert!(same(a, b), "{a} {b}");
        }
        for (a, b) in
            [("Thủy", "Thúy"), ("Thuy", "Thúy"), ("Lê", "Le"), ("Đào", "Dao"), ("Hòa An", "Hòa")]
        {
            assert!(!same(a, b), "{a} {b}");
        }
    }
}
