//! Yes or no, and three answers, about each of many subjects: a bit for each, 64 to a word.

use super::decide::Finding;
use crate::cel::Answers;

/// How many bits a word has.
const BITS: usize = 64;

/// Some of many subjects, by their lines in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// Bits past the last line are not set.
    words: Vec<u64>,
    lines: usize,
}

impl Mask {
    /// None of `lines` subjects.
    #[must_use]
    pub fn none(lines: usize) -> Self {
        Self { words: vec![0; lines.div_ceil(BITS)], lines }
    }

    /// All of `lines` subjects.
    #[must_use]
    pub fn all(lines: usize) -> Self {
        let mut all = Self { words: vec![u64::MAX; lines.div_ceil(BITS)], lines };
        if let (Some(last), rest @ 1..) = (all.words.last_mut(), lines % BITS) {
            *last = (1 << rest) - 1;
        }
        all
    }

    /// How many subjects there are, in it or not.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.lines
    }

    /// Whether the subject in `line` is one of them.
    #[must_use]
    pub fn has(&self, line: usize) -> bool {
        self.words.get(line / BITS).is_some_and(|word| word >> (line % BITS) & 1 == 1)
    }

    /// The lines of those in it.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(place, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = usize::try_from(left.trailing_zeros()).ok().filter(|bit| *bit < BITS)?;
                left &= left - 1;
                Some(place * BITS + bit)
            })
        })
    }

    /// How many are in it.
    #[must_use]
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether nobody is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Those in both.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.with(&other.words, |a, b| a & b);
        self
    }

    /// Those in either.
    #[must_use]
    pub fn or(mut self, other: &Self) -> Self {
        self.add(&other.words);
        self
    }

    /// Those who are not in `other`.
    #[must_use]
    pub fn minus(mut self, other: &Self) -> Self {
        self.with(&other.words, |a, b| a & !b);
        self
    }

    /// Everybody else.
    #[must_use]
    pub fn others(&self) -> Self {
        Self::all(self.lines).minus(self)
    }

    /// Adds those whose bits are set in words that may end early.
    pub(super) fn add(&mut self, words: &[u64]) {
        self.with(words, |a, b| a | b);
    }

    fn set(&mut self, line: usize) {
        if let Some(word) = self.words.get_mut(line / BITS) {
            *word |= 1 << (line % BITS);
        }
    }

    fn with(&mut self, words: &[u64], join: impl Fn(u64, u64) -> u64) {
        for (own, other) in self.words.iter_mut().zip(words) {
            *own = join(*own, *other);
        }
    }
}

/// One of three answers about each of many subjects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// Those of whom it is yes.
    pub met: Mask,
    /// Those of whom it is no.
    pub unmet: Mask,
}

impl Findings {
    /// The same about each of `lines` subjects.
    #[must_use]
    pub fn all(lines: usize, finding: Finding) -> Self {
        let only = |own| if finding == own { Mask::all(lines) } else { Mask::none(lines) };
        Self { met: only(Finding::Met), unmet: only(Finding::Unmet) }
    }

    /// By line the place of its answer among `answers`.
    pub(super) fn looked_up(lines: &[u32], answers: &[Finding]) -> Self {
        let answers: Vec<u8> = answers.iter().map(|finding| bits(*finding)).collect();
        let answer = |place: &u32| answers.get(*place as usize).copied().unwrap_or_default();
        Self::of_bits(lines.len(), lines.chunks(BITS).map(|lines| lines.iter().map(answer)))
    }

    /// Whether both stand for the same, by line; 0 stands for what is not known.
    pub(super) fn equal(a: &[u32], b: &[u32]) -> Self {
        let equal = |(a, b): (&u32, &u32)| {
            let known = u8::from(*a != 0) & u8::from(*b != 0);
            let same = u8::from(a == b);
            known & same | (known & !same & 1) << 1
        };
        let chunks = a.chunks(BITS).zip(b.chunks(BITS));
        Self::of_bits(a.len().min(b.len()), chunks.map(|(a, b)| a.iter().zip(b).map(equal)))
    }

    /// Given the [`bits`] of each line, word by word.
    fn of_bits(lines: usize, chunks: impl Iterator<Item = impl Iterator<Item = u8>>) -> Self {
        let words = chunks.map(|answers| {
            let mut bytes = [0; BITS];
            for (byte, answer) in bytes.iter_mut().zip(answers) {
                *byte = answer;
            }
            (packed(&bytes, 0), packed(&bytes, 1))
        });
        let (met, unmet) = words.unzip();
        Self { met: Mask { words: met, lines }, unmet: Mask { words: unmet, lines } }
    }

    /// Those of whom it is not known.
    #[must_use]
    pub fn unknown(&self) -> Mask {
        self.met.clone().or(&self.unmet).others()
    }

    /// The answer about one.
    #[must_use]
    pub fn of(&self, line: usize) -> Finding {
        match (self.met.has(line), self.unmet.has(line)) {
            (true, _) => Finding::Met,
            (false, true) => Finding::Unmet,
            (false, false) => Finding::Unknown,
        }
    }

    /// Where it is not known, it is what `ask` answers.
    pub(super) fn settle(&mut self, ask: impl Fn(usize) -> Finding) {
        for line in self.unknown().iter() {
            match ask(line) {
                Finding::Met => self.met.set(line),
                Finding::Unmet => self.unmet.set(line),
                Finding::Unknown => {}
            }
        }
    }
}

/// Bit 0 for yes, bit 1 for no.
fn bits(finding: Finding) -> u8 {
    match finding {
        Finding::Met => 0b01,
        Finding::Unmet => 0b10,
        Finding::Unknown => 0b00,
    }
}

/// One bit of each byte, in order from the lowest. Eight at once: each of eight shifted copies of
/// the bytes brings one of them to its place in the highest byte.
fn packed(bytes: &[u8; BITS], bit: u8) -> u64 {
    const LOWEST: u64 = 0x0101_0101_0101_0101;
    const COPIES: u64 = 0x0102_0408_1020_4080;
    let (eights, _) = bytes.as_chunks::<8>();
    eights.iter().rev().fold(0, |word, eight| {
        let lowest = u64::from_le_bytes(*eight) >> bit & LOWEST;
        word << 8 | lowest.wrapping_mul(COPIES) >> 56
    })
}

/// Kleene's logic, everybody at once.
impl Answers for Findings {
    fn opposite(self) -> Self {
        Self { met: self.unmet, unmet: self.met }
    }

    fn and(self, other: Self) -> Self {
        Self { met: self.met.and(&other.met), unmet: self.unmet.or(&other.unmet) }
    }

    fn or(self, other: Self) -> Self {
        Self { met: self.met.or(&other.met), unmet: self.unmet.and(&other.unmet) }
    }

    fn choose(when: Self, yes: Self, no: Self) -> Self {
        // What both sides agree on does not hang on the question.
        let pick = |yes: &Mask, no: &Mask| {
            let chosen = when.met.clone().and(yes).or(&when.unmet.clone().and(no));
            chosen.or(&yes.clone().and(no))
        };
        Self { met: pick(&yes.met, &no.met), unmet: pick(&yes.unmet, &no.unmet) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(findings: &Findings) -> Vec<Finding> {
        (0..findings.met.lines()).map(|line| findings.of(line)).collect()
    }

    /// Lengths before, at and after the ends of words.
    #[test]
    fn answers_are_looked_up_line_by_line() {
        for count in [0_u32, 1, 7, 63, 64, 65, 128, 200] {
            let lines: Vec<u32> = (0..count).map(|line| line * 7 % 4).collect();
            let told = [Finding::Met, Finding::Unmet, Finding::Unknown];
            let expected: Vec<Finding> = lines
                .iter()
                .map(|place| told.get(*place as usize).copied().unwrap_or(Finding::Unknown))
                .collect();
            let found = Findings::looked_up(&lines, &told);
            assert_eq!(answers(&found), expected);
            let met: Vec<usize> = found.met.iter().collect();
            let wanted = |line: &usize| expected.get(*line) == Some(&Finding::Met);
            assert_eq!(met, (0..expected.len()).filter(wanted).collect::<Vec<_>>());
            assert_eq!(found.met.count(), met.len());
        }
    }

    #[test]
    fn equality_needs_both() {
        let a: Vec<u32> = (0..70).map(|line| line % 3).collect();
        let b: Vec<u32> = (0..70).map(|line| line % 2).collect();
        let found = answers(&Findings::equal(&a, &b));
        for ((a, b), found) in a.iter().zip(&b).zip(found) {
            let expected = (*a != 0 && *b != 0).then_some(a == b);
            assert_eq!(found, expected.into(), "{a} {b}");
        }
    }

    #[test]
    fn nobody_stands_past_the_last_line() {
        for lines in [0, 1, 63, 64, 65] {
            assert_eq!(Mask::all(lines).count(), lines);
            assert_eq!(Mask::none(lines).others(), Mask::all(lines));
            assert!(!Mask::all(lines).has(lines));
        }
    }
}
