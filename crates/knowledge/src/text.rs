//! Vietnamese text for searching: one form for what people type in many.
//!
//! The same word arrives composed or decomposed, with the tone on either vowel (`hoà`,
//! `hòa`), with or without marks. Terms are therefore syllables without marks, alone and in
//! pairs: pairs give back most of the meaning that marks and word borders carried, and
//! measured better than a word segmenter. Codes and numbers of acts stay whole.

use std::sync::LazyLock;

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

/// Canonical composition: what the rest of this crate, and the model, expect.
#[must_use]
pub fn nfc(text: &str) -> String {
    // Nearly every text is composed already.
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => text.to_owned(),
        _ => text.nfc().collect(),
    }
}

/// Lower case without any mark: `Đăng ký` becomes `dang ky`.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match FOLDED.get(c as usize) {
            Some(folded) => out.extend(*folded),
            None => out.extend(folded(c)),
        }
    }
    out
}

/// What every character that Vietnamese is written with folds to, if to anything. Taking each
/// apart anew made half of the time in which an index is opened.
static FOLDED: LazyLock<Vec<Option<char>>> = LazyLock::new(|| {
    (0..0x1f00).map(|code| char::from_u32(code).and_then(|c| folded(c).next())).collect()
});

fn folded(c: char) -> impl Iterator<Item = char> {
    bare(c).flat_map(char::to_lowercase)
}

/// `text` without marks over, under and through its letters: *Hạn đăng ký* is *Han dang ky*.
#[must_use]
pub fn unmarked(text: &str) -> String {
    text.chars().flat_map(bare).collect()
}

fn bare(c: char) -> impl Iterator<Item = char> {
    let apart = std::iter::once(c).nfd().filter(|&c| !is_combining_mark(c));
    apart.map(|c| match c {
        'đ' => 'd',
        'Đ' => 'D',
        c => c,
    })
}

/// Moves the tone of open `oa`, `oe` and `uy` to the first vowel: `hoà` becomes `hòa`.
///
/// Both spellings are right; one of them has to be chosen before two texts are compared.
/// After `q` the `u` belongs to the consonant, so `quý` stays.
#[must_use]
pub fn settle_tones(text: &str) -> String {
    let chars: Vec<char> = nfc(text).chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut place = 0;
    while let Some(&first) = chars.get(place) {
        let before = place.checked_sub(1).and_then(|p| chars.get(p)).copied();
        let second = chars.get(place + 1).copied();
        let is_open = !chars.get(place + 2).is_some_and(|c| c.is_alphabetic());
        match second.and_then(|second| moved_tone(first, second)) {
            Some(pair) if is_open && !matches!(before, Some('q' | 'Q')) => {
                out.push_str(pair);
                place += 2;
            }
            _ => {
                out.push(first);
                place += 1;
            }
        }
    }
    out
}

fn moved_tone(first: char, second: char) -> Option<&'static str> {
    Some(match (first, second) {
        ('o', 'à') => "òa",
        ('o', 'á') => "óa",
        ('o', 'ả') => "ỏa",
        ('o', 'ã') => "õa",
        ('o', 'ạ') => "ọa",
        ('o', 'è') => "òe",
        ('o', 'é') => "óe",
        ('o', 'ẻ') => "ỏe",
        ('o', 'ẽ') => "õe",
        ('o', 'ẹ') => "ọe",
        ('u', 'ỳ') => "ùy",
        ('u', 'ý') => "úy",
        ('u', 'ỷ') => "ủy",
        ('u', 'ỹ') => "ũy",
        ('u', 'ỵ') => "ụy",
        ('O', 'À') => "ÒA",
        ('O', 'Á') => "ÓA",
        ('O', 'Ả') => "ỎA",
        ('O', 'Ã') => "ÕA",
        ('O', 'Ạ') => "ỌA",
        ('U', 'Ỳ') => "ÙY",
        ('U', 'Ý') => "ÚY",
        ('U', 'Ỷ') => "ỦY",
        ('U', 'Ỹ') => "ŨY",
        ('U', 'Ỵ') => "ỤY",
        _ => return None,
    })
}

/// The syllables and numbers of `text`, in their order, as written.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// Codes and numbers of acts, kept whole and without marks: `3.000722`, `60/2014/qh13`.
///
/// An act is also known by its number and year alone, so `224/2026/NĐ-CP` gives
/// `224/2026` too. Dates and amounts come out as well; they match what is written the same.
#[must_use]
pub fn exact_terms(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for token in text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')')) {
        let token = fold(token.trim_matches(|c: char| !c.is_alphanumeric()));
        let is_joined = token.contains(['.', '/']);
        if !is_joined || !token.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        if let Some(short) = number_and_year(&token)
            && short != token
        {
            out.push(short);
        }
        out.push(token);
    }
    out
}

fn number_and_year(token: &str) -> Option<String> {
    let mut parts = token.split('/');
    let (number, year) = (parts.next()?, parts.next()?);
    let is_year = year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit());
    is_year.then(|| format!("{number}/{year}"))
}

/// What a text is found by: exact terms, syllables without marks, and pairs of them.
#[must_use]
pub fn terms(text: &str) -> Vec<String> {
    let mut out = exact_terms(text);
    each_term(&fold(text), |parts| out.push(parts.concat()));
    out
}

/// The syllables of a folded text and the pairs of them, as the parts that each is written of.
pub(crate) fn each_term(folded: &str, mut each: impl FnMut(&[&str])) {
    let mut before: Option<&str> = None;
    for word in words(folded) {
        if let Some(before) = before {
            each(&[before, "_", word]);
        }
        each(&[word]);
        before = Some(word);
    }
}

/// The words without marks, each between single spaces, so that whole words are compared.
pub(crate) fn spaced(text: &str) -> String {
    let folded = fold(text);
    words(&folded).fold(" ".to_owned(), |out, word| out + word + " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_case_and_composition_fold_away() {
        assert_eq!(fold("Đăng ký KHAI SINH"), "dang ky khai sinh");
        let composed = "Giấy chứng nhận quyền sử dụng đất";
        let decomposed: String = composed.nfd().collect();
        assert_ne!(composed, decomposed);
        assert_eq!(fold(composed), fold(&decomposed));
        assert_eq!(nfc(&decomposed), composed);
    }

    #[test]
    fn every_vietnamese_letter_loses_its_marks_and_nothing_else_changes() {
        let (marked, bare) =
            ("Hạn đăng ký: Đắk Lắk, 04/01/2027.", "Han dang ky: Dak Lak, 04/01/2027.");
        assert_eq!(unmarked(marked), bare);
        let apart: String = marked.nfd().collect();
        assert_eq!(unmarked(&apart), bare);
        let letters = "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ";
        assert_eq!(unmarked(letters).len(), letters.chars().count());
        assert!(unmarked(letters).is_ascii(), "{}", unmarked(letters));
        assert_eq!(unmarked("€ 5; 🎉"), "€ 5; 🎉");
    }

    #[test]
    fn what_has_no_place_in_the_table_folds_too() {
        assert_eq!(fold("Ｋ Ω e\u{301}\0x ℵ"), "ｋ ω e\0x ℵ");
    }

    #[test]
    fn both_places_of_the_tone_are_one() {
        for (old, settled) in [
            ("hoà", "hòa"),
            ("Khánh Hoà", "Khánh Hòa"),
            ("THANH HOÁ", "THANH HÓA"),
            ("thuý", "thúy"),
            ("uỷ ban", "ủy ban"),
            ("khoẻ", "khỏe"),
            ("loà xoà", "lòa xòa"),
        ] {
            assert_eq!(settle_tones(old), settled);
            assert_eq!(settle_tones(settled), settled);
        }
    }

    #[test]
    fn closed_syllables_and_qu_keep_their_tone() {
        for same in ["hoàn", "quý", "Quỹ", "toàn", "thuỷnh", "hoa", "quả"] {
            assert_eq!(settle_tones(same), same);
        }
    }

    #[test]
    fn codes_and_acts_stay_whole() {
        assert_eq!(exact_terms("thủ tục 3.000722?"), ["3.000722"]);
        assert_eq!(
            exact_terms("Nghị định 224/2026/NĐ-CP, Điều 17"),
            ["224/2026", "224/2026/nd-cp"]
        );
        assert_eq!(exact_terms("Luật 60/2014."), ["60/2014"]);
        assert!(exact_terms("làm giấy khai sinh cho con").is_empty());
    }

    #[test]
    fn terms_hold_syllables_and_pairs() {
        assert_eq!(terms("Sổ đỏ"), ["so", "so_do", "do"]);
    }
}
