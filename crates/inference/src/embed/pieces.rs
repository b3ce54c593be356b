//! The tokenizer inside the 4-bit file: a map of characters, then the likeliest pieces.

use std::collections::HashMap;

/// How a space is written in the pieces.
const SPACE: char = '\u{2581}';
/// An unknown character costs this much more than the rarest piece.
const UNKNOWN_PENALTY: f32 = 10.0;

#[derive(Debug)]
pub(super) struct Pieces {
    ids: HashMap<Box<str>, (u32, f32)>,
    longest: usize,
    /// What a character becomes; most are not in it and stay.
    map: HashMap<char, Box<str>>,
    unknown: (u32, f32),
}

impl Pieces {
    /// Pieces with their scores, by id. Those in `marks` are left out, so that no text can
    /// become one.
    pub(super) fn new(
        pieces: Vec<(&str, f32)>,
        marks: &[u32],
        unknown: u32,
        map: HashMap<char, Box<str>>,
    ) -> Self {
        let worst = pieces.iter().map(|(_, score)| *score).fold(0.0, f32::min);
        let ids: HashMap<Box<str>, (u32, f32)> = (0u32..)
            .zip(pieces)
            .filter(|(id, (piece, _))| !marks.contains(id) && *piece != "<mask>")
            .map(|(id, (piece, score))| (piece.into(), (id, score)))
            .collect();
        Self {
            longest: ids.keys().map(|piece| piece.len()).max().unwrap_or(0),
            ids,
            map,
            unknown: (unknown, worst - UNKNOWN_PENALTY),
        }
    }

    /// The ids of `text`, which is NFC.
    pub(super) fn encode(&self, text: &str) -> Vec<u32> {
        let text = self.normalise(text);
        let mut back = self.best_ends(&text);
        let mut ids = Vec::new();
        let mut at = text.len();
        while let Some(step) = back.get_mut(at).and_then(Option::take) {
            ids.push(step.id);
            at = step.start;
        }
        ids.reverse();
        ids
    }

    /// Maps characters, makes one space of several, and marks spaces and the beginning.
    fn normalise(&self, text: &str) -> String {
        let mut mapped = String::with_capacity(text.len());
        for c in text.chars() {
            match self.map.get(&c) {
                Some(other) => mapped.push_str(other),
                None => mapped.push(c),
            }
        }
        let mut out = String::with_capacity(mapped.len() + mapped.len() / 4);
        if !mapped.starts_with(' ') {
            out.push(SPACE);
        }
        let mut after_space = false;
        for c in mapped.chars() {
            if c != ' ' {
                out.push(c);
            } else if !after_space {
                out.push(SPACE);
            }
            after_space = c == ' ';
        }
        out
    }

    /// For each byte at which a piece can end, the last piece of the likeliest way there
    /// (Viterbi).
    fn best_ends(&self, text: &str) -> Vec<Option<Step>> {
        let mut best: Vec<Option<Step>> = Vec::new();
        best.resize_with(text.len() + 1, || None);
        for (start, first) in text.char_indices() {
            // Every character can be reached: an unknown one is a step of its own.
            let so_far = match best.get(start) {
                Some(Some(step)) => step.total,
                _ if start == 0 => 0.0,
                _ => continue,
            };
            let mut offer = |end: usize, id: u32, score: f32| {
                let total = so_far + score;
                if let Some(slot) = best.get_mut(end)
                    && slot.as_ref().is_none_or(|step| total > step.total)
                {
                    *slot = Some(Step { id, start, total });
                }
            };
            let single = start + first.len_utf8();
            let mut single_known = false;
            let limit = text.len().min(start + self.longest);
            for end in single..=limit {
                if let Some((id, score)) = text.get(start..end).and_then(|part| self.ids.get(part))
                {
                    single_known |= end == single;
                    offer(end, *id, *score);
                }
            }
            if !single_known {
                offer(single, self.unknown.0, self.unknown.1);
            }
        }
        best
    }
}

/// The last piece of a way through the text.
#[derive(Debug)]
struct Step {
    id: u32,
    start: usize,
    total: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces() -> Pieces {
        let list = vec![
            ("<s>", 0.0),
            ("<pad>", 0.0),
            ("</s>", 0.0),
            ("<unk>", 0.0),
            ("▁", -3.0),
            ("▁khai", -5.0),
            ("▁kh", -4.0),
            ("ai", -4.0),
            ("▁sinh", -5.0),
            ("s", -6.0),
            ("<", -7.0),
            (">", -7.0),
            ("/", -7.0),
        ];
        let map = HashMap::from([('\t', " ".into()), ('\u{0}', "".into()), ('①', "ai".into())]);
        Pieces::new(list, &[0, 1, 2, 3], 3, map)
    }

    #[test]
    fn the_likeliest_pieces_win_over_more_and_shorter_ones() {
        assert_eq!(pieces().encode("khai sinh"), [5, 8]);
    }

    #[test]
    fn characters_are_mapped_deleted_and_spaces_are_joined() {
        assert_eq!(pieces().encode("kh\u{0}①\t \t sinh"), [5, 8]);
        assert_eq!(pieces().encode(" khai "), [5, 4]);
    }

    #[test]
    fn an_unknown_character_is_one_unknown_token() {
        assert_eq!(pieces().encode("khai漢"), [5, 3]);
    }

    #[test]
    fn what_looks_like_a_mark_stays_text() {
        assert_eq!(pieces().encode("</s>"), [4, 10, 12, 9, 11]);
    }

    #[test]
    fn an_empty_text_is_a_space() {
        assert_eq!(pieces().encode(""), [4]);
    }
}
