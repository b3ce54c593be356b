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

    /// Those whose bits `words` sets.
    fn of(words: Vec<u64>, lines: usize) -> Self {
        Self { words, lines }
    }

    /// Those of whom `is` says yes of what stands in their line.
    pub(super) fn where_both(a: &[u32], b: &[u32], is: impl Fn(u32, u32) -> bool) -> Self {
        let word = |(a, b): (&[u32], &[u32])| {
            let bits = a.iter().zip(b).enumerate();
            bits.fold(0, |word, (bit, (a, b))| word | u64::from(is(*a, *b)) << bit)
        };
        Self::of(a.chunks(BITS).zip(b.chunks(BITS)).map(word).collect(), a.len())
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
        // A bit for yes, a bit for no.
        let bits = |finding: &Finding| match finding {
            Finding::Met => 0b01,
            Finding::Unmet => 0b10,
            Finding::Unknown => 0b00,
        };
        let bits: Vec<u8> = answers.iter().map(bits).collect();
        let words = lines.chunks(BITS).map(|lines| {
            let (mut met, mut unmet) = (0, 0);
            for (bit, place) in lines.iter().enumerate() {
                let answer = u64::from(bits.get(*place as usize).copied().unwrap_or_default());
                met |= (answer & 1) << bit;
                unmet |= (answer >> 1) << bit;
            }
            (met, unmet)
        });
        let (met, unmet) = words.unzip();
        Self { met: Mask::of(met, lines.len()), unmet: Mask::of(unmet, lines.len()) }
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
