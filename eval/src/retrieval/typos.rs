//! Slips of the finger as they happen on a Vietnamese keyboard.
//!
//! About one syllable in six of those with three letters or more is mistyped: a letter left
//! out, two swapped, one doubled, or the mark left as the keys of Telex that should have made
//! it (`giaays`). Which ones follows from the question's name alone.

use crate::chance::Chance;

/// One syllable of so many is mistyped.
const ONE_OF: usize = 6;

/// Keys of Telex by the letter that they make, without the tone.
const LETTERS: [(char, &str); 7] =
    [('ă', "aw"), ('â', "aa"), ('đ', "dd"), ('ê', "ee"), ('ô', "oo"), ('ơ', "ow"), ('ư', "uw")];
/// Keys of Telex by the combining tone.
const TONES: [(char, char); 5] =
    [('\u{301}', 's'), ('\u{300}', 'f'), ('\u{309}', 'r'), ('\u{303}', 'x'), ('\u{323}', 'j')];

/// `text` with slips; the same `name` makes the same ones.
#[must_use]
pub fn mistyped(text: &str, name: &str) -> String {
    let mut chance = Chance::of(name);
    let text = knowledge::nfc(text);
    let words: Vec<String> = text.split(' ').map(|word| slip(word, &mut chance)).collect();
    words.join(" ")
}

fn slip(word: &str, chance: &mut Chance) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let is_syllable = letters.len() > 2 && letters.iter().all(|c| c.is_alphabetic());
    if !is_syllable || chance.below(ONE_OF) > 0 {
        return word.to_owned();
    }
    let place = 1 + chance.below(letters.len() - 1);
    match chance.below(4) {
        0 => {
            letters.remove(place);
        }
        1 => letters.swap(place - 1, place),
        2 => {
            if let Some(&letter) = letters.get(place) {
                letters.insert(place, letter);
            }
        }
        _ => return telex(&letters),
    }
    letters.into_iter().collect()
}

/// The keys that were typed, had the keyboard not made letters of them.
fn telex(letters: &[char]) -> String {
    let mut out = String::new();
    let mut tone = None;
    for &letter in letters {
        let bare = TONES.iter().find_map(|&(mark, key)| {
            let found = without(letter, mark)?;
            Some((found, key))
        });
        let letter = bare.map_or(letter, |(bare, key)| {
            tone = Some(key);
            bare
        });
        match LETTERS.iter().find(|(made, _)| *made == letter) {
            Some((_, keys)) => out.push_str(keys),
            None => out.push(letter),
        }
    }
    out.extend(tone);
    out
}

/// The letter that carries `mark` in `letter`.
fn without(letter: char, mark: char) -> Option<char> {
    let is = |bare: &char| knowledge::nfc(&format!("{bare}{mark}")) == letter.to_string();
    "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY".chars().find(is)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telex_leaves_its_keys() {
        let keys = |word: &str| telex(&word.chars().collect::<Vec<_>>());
        assert_eq!(keys("giấy"), "giaays");
        assert_eq!(keys("được"), "dduwowcj");
        assert_eq!(keys("khai"), "khai");
    }

    #[test]
    fn slips_follow_from_the_name() {
        let text = "Tôi muốn đăng ký khai sinh cho con thì cần chuẩn bị những giấy tờ gì?";
        assert_eq!(mistyped(text, "a"), mistyped(text, "a"));
        let names: Vec<String> = (0..20).map(|n| n.to_string()).collect();
        let changed = names.iter().filter(|name| mistyped(text, name) != text).count();
        assert!(changed > 10, "{changed}");
        assert_eq!(mistyped("1.001193 đi", "a"), "1.001193 đi", "codes and short words stay");
    }
}
