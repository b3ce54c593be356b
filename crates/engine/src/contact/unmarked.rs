//! Vietnamese without its marks, for who asked for it: old telephones show no other, and a text
//! message holds more than twice as much of it.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// `text` without marks over, under and through its letters: *Hạn đăng ký* is *Han dang ky*.
#[must_use]
pub(super) fn unmarked(text: &str) -> String {
    let bare = text.nfd().filter(|c| !is_combining_mark(*c));
    let letters = bare.map(|c| match c {
        'đ' => 'd',
        'Đ' => 'D',
        c => c,
    });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vietnamese_letter_loses_its_marks_and_nothing_else_changes() {
        assert_eq!(
            unmarked("Hạn đăng ký: Đắk Lắk, 04/01/2027."),
            "Han dang ky: Dak Lak, 04/01/2027."
        );
        assert!(unmarked(writer::LETTERS).is_ascii(), "{}", unmarked(writer::LETTERS));
        assert_eq!(unmarked(writer::LETTERS).chars().count(), writer::LETTERS.chars().count());
        assert_eq!(unmarked("€ 5; 🎉"), "€ 5; 🎉");
    }
}
