//! Abbreviations, learnt from how a country names its papers.
//!
//! `GPLX` stands for whatever is often written whose syllables begin so: *giấy phép lái xe*. Where
//! a text explains one, as in *bảo hiểm y tế (BHYT)*, that decides. Otherwise the expression has
//! to be the commonest by far, and whole: what nearly always goes on in the same way (*hành kèm
//! theo thông* in *ban hành kèm theo thông tư*) is a piece of one. Only what cannot be read as a
//! syllable is taken for an abbreviation, so no word that means something is ever replaced.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde::Serialize;

use crate::source::Procedure;
use crate::text::{fold, settle_tones, words};

/// How many syllables an abbreviation stands for, at least and at most.
const SYLLABLES: std::ops::RangeInclusive<usize> = 3..=6;
/// In how many procedures an expression has to be written.
const OFTEN: u32 = 4;
/// What part of all that begins so it has to be.
const SHARE: f32 = 0.4;
/// What goes on in one way this often is a piece of something.
const PIECE: f32 = 0.8;
/// What an expression neither begins nor ends with.
const EDGES: &str = "tôi mình anh chị em ông bà gì nào sao đâu ai mấy bao nhiêu lâu thế vậy như \
    làm có không được phải cần muốn xin hỏi cho biết là thì mà và hay hoặc nếu khi để với của ở \
    tại từ đến trong về bị đã đang sẽ vừa mới rồi chưa còn nữa những các một này đó theo bởi vì \
    do nên cũng chỉ thôi xong sau trước đối trừ bằng mỗi tháng trên người hợp";

/// An abbreviation in a question, and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Expansion {
    /// As it was typed.
    pub short: String,
    /// What it was read as.
    pub long: String,
}

/// What abbreviations stand for, by their letters without marks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Abbreviations(pub(super) BTreeMap<String, String>);

impl Abbreviations {
    /// `text` with every abbreviation written out, and which ones that were.
    pub(super) fn write_out(&self, text: &str) -> (String, Vec<Expansion>) {
        let mut out = String::with_capacity(text.len());
        let mut found = Vec::new();
        let mut rest = text;
        while let Some(word) = words(rest).next() {
            let start = rest.find(word).unwrap_or_default();
            let (between, from) = rest.split_at(start);
            let (word, after) = from.split_at(word.len());
            out.push_str(between);
            match self.0.get(&fold(word)).filter(|_| !is_syllable(&fold(word))) {
                Some(long) => {
                    found.push(Expansion { short: word.to_owned(), long: long.clone() });
                    out.push_str(long);
                }
                None => out.push_str(word),
            }
            rest = after;
        }
        out.push_str(rest);
        (out, found)
    }
}

/// Reads what procedures call things.
#[derive(Debug, Default)]
pub(super) struct Miner {
    numbers: HashMap<String, u32>,
    spelled: Vec<String>,
    /// The clauses of each procedure's names.
    names: Vec<Vec<Vec<u32>>>,
    /// What texts explain, and how often.
    explained: HashMap<String, HashMap<String, u32>>,
}

impl Miner {
    pub(super) fn read(&mut self, procedure: &Procedure) {
        let document = &procedure.document;
        let papers = document.sections.iter().filter(|it| it.id.starts_with("what"));
        let texts = [&document.title].into_iter().chain(&procedure.results);
        let texts = texts.chain(papers.map(|it| &it.text));
        let clauses: HashSet<Vec<u32>> = texts.flat_map(|text| self.clauses(text)).collect();
        let mut clauses: Vec<Vec<u32>> = clauses.into_iter().collect();
        clauses.sort_unstable();
        self.names.push(clauses);
        for section in &document.sections {
            self.explanations(&section.text);
        }
    }

    fn clauses(&mut self, text: &str) -> Vec<Vec<u32>> {
        let text = settle_tones(&text.to_lowercase());
        let clauses = text.split(|c: char| !c.is_alphanumeric() && c != ' ');
        let clauses = clauses.map(|clause| {
            let numbers = clause.split(' ').filter(|word| !word.is_empty());
            numbers.map(|word| self.number(word)).collect::<Vec<u32>>()
        });
        clauses.filter(|clause| clause.len() >= *SYLLABLES.start()).collect()
    }

    fn number(&mut self, word: &str) -> u32 {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        let number = u32::try_from(self.spelled.len()).unwrap_or(u32::MAX);
        self.numbers.insert(word.to_owned(), number);
        self.spelled.push(word.to_owned());
        number
    }

    /// Takes in every `bảo hiểm y tế (BHYT)`.
    fn explanations(&mut self, text: &str) {
        let parts = text.match_indices('(').filter_map(|(at, _)| text.split_at_checked(at));
        for (before, from) in parts {
            let Some((inside, _)) = from.get(1..).and_then(|it| it.split_once(')')) else {
                continue;
            };
            let short = words(inside).last().unwrap_or_default();
            let letters = short.chars().count();
            if !SYLLABLES.contains(&letters) || !short.chars().all(char::is_uppercase) {
                continue;
            }
            let clause = before.rsplit(['.', ',', ';', ':', '\n', '(', ')']).next();
            let clause = settle_tones(&clause.unwrap_or_default().to_lowercase());
            let all: Vec<&str> = words(&clause).collect();
            let last = all.get(all.len().saturating_sub(letters)..).unwrap_or_default();
            if initials(last.iter().copied()) == fold(short) {
                let of = self.explained.entry(fold(short)).or_default();
                *of.entry(last.join(" ")).or_default() += 1;
            }
        }
    }

    /// What was learnt.
    pub(super) fn learnt(self) -> Abbreviations {
        let counts = self.counts();
        let longer = longest_ways(&self.names, &counts);
        let edges: HashSet<u32> =
            EDGES.split_whitespace().filter_map(|word| self.numbers.get(word).copied()).collect();
        let mut by_initials: BTreeMap<String, BTreeMap<String, u32>> = BTreeMap::new();
        for phrase in self.names.iter().flatten().flat_map(|clause| phrases(clause, SYLLABLES)) {
            let count = counts.get(&key(phrase)).copied().unwrap_or_default();
            let goes_on = longer.get(&key(phrase)).copied().unwrap_or_default();
            let at_edge = |it: Option<&u32>| it.is_none_or(|word| edges.contains(word));
            let is_whole = float(goes_on) < PIECE * float(count);
            if count < OFTEN || !is_whole || at_edge(phrase.first()) || at_edge(phrase.last()) {
                continue;
            }
            let Some(spelled) = self.spell(phrase) else { continue };
            let short = initials(spelled.iter().copied());
            if !is_syllable(&short) {
                by_initials.entry(short).or_default().insert(spelled.join(" "), count);
            }
        }
        let mut out: BTreeMap<String, String> = by_initials
            .into_iter()
            .filter_map(|(short, of)| {
                let all: u32 = of.values().sum();
                let (long, count) = commonest(of)?;
                (float(count) >= SHARE * float(all)).then_some((short, long))
            })
            .collect();
        let explained = self.explained.into_iter().filter(|(short, _)| !is_syllable(short));
        out.extend(explained.filter_map(|(short, of)| Some((short, commonest(of)?.0))));
        Abbreviations(out)
    }

    /// In how many procedures each run of syllables stands.
    fn counts(&self) -> HashMap<u64, u32> {
        let mut counts: HashMap<u64, u32> = HashMap::new();
        let (least, most) = (*SYLLABLES.start(), *SYLLABLES.end() + 1);
        for clauses in &self.names {
            let runs = clauses.iter().flat_map(|clause| phrases(clause, least..=most));
            let runs: HashSet<u64> = runs.map(key).collect();
            for run in runs {
                *counts.entry(run).or_default() += 1;
            }
        }
        counts.retain(|_, count| *count >= OFTEN);
        counts
    }

    fn spell(&self, phrase: &[u32]) -> Option<Vec<&str>> {
        let spelled = phrase.iter().map(|number| self.spelled.get(*number as usize));
        let spelled: Option<Vec<&str>> = spelled.map(|word| word.map(String::as_str)).collect();
        spelled.filter(|words| words.iter().all(|word| word.chars().all(char::is_alphabetic)))
    }
}

/// How often each run of syllables goes on in the way that it goes on most.
fn longest_ways(names: &[Vec<Vec<u32>>], counts: &HashMap<u64, u32>) -> HashMap<u64, u32> {
    let mut out: HashMap<u64, u32> = HashMap::new();
    let (least, most) = (*SYLLABLES.start() + 1, *SYLLABLES.end() + 1);
    for run in names.iter().flatten().flat_map(|clause| phrases(clause, least..=most)) {
        let Some(&count) = counts.get(&key(run)) else { continue };
        let without_ends = [run.split_first().map(|it| it.1), run.split_last().map(|it| it.1)];
        for part in without_ends.into_iter().flatten() {
            let most = out.entry(key(part)).or_default();
            *most = count.max(*most);
        }
    }
    out
}

fn phrases(
    clause: &[u32],
    lengths: std::ops::RangeInclusive<usize>,
) -> impl Iterator<Item = &[u32]> {
    lengths.flat_map(|length| clause.windows(length))
}

fn key(phrase: &[u32]) -> u64 {
    let mut hasher = DefaultHasher::new();
    phrase.hash(&mut hasher);
    hasher.finish()
}

/// The commonest; of two, the first in the order of their letters.
fn commonest(of: impl IntoIterator<Item = (String, u32)>) -> Option<(String, u32)> {
    let mut of: Vec<(String, u32)> = of.into_iter().collect();
    of.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    of.into_iter().next()
}

fn initials<'a>(words: impl Iterator<Item = &'a str>) -> String {
    fold(&words.filter_map(|word| word.chars().next()).collect::<String>())
}

#[expect(clippy::cast_precision_loss, reason = "numbers of procedures stay far below 2^24")]
fn float(n: u32) -> f32 {
    n as f32
}

/// Whether letters without marks could be said as one Vietnamese syllable.
fn is_syllable(letters: &str) -> bool {
    const BEGINNINGS: &str = "b c ch d g gh gi h k kh l m n ng ngh nh p ph qu r s t th tr v x";
    const ENDS: &str = "c ch m n ng nh p t";
    let is_vowel = |c: char| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
    let Some(first) = letters.find(is_vowel) else { return false };
    let last = letters.rfind(is_vowel).unwrap_or(first);
    let (beginning, rest) = letters.split_at(first);
    let (vowels, end) = rest.split_at(last - first + 1);
    let is_one_of = |part: &str, all: &str| part.is_empty() || all.split(' ').any(|it| it == part);
    let beginning_fits = is_one_of(beginning, BEGINNINGS) || (beginning == "q" && vowels.len() > 1);
    beginning_fits && vowels.len() <= 3 && vowels.chars().all(is_vowel) && is_one_of(end, ENDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_said_is_no_abbreviation() {
        for said in ["khai", "nghieng", "quyen", "uy", "ban", "a", "giay", "yen", "ong"] {
            assert!(is_syllable(said), "{said}");
        }
        for short in ["gplx", "ubnd", "bhyt", "cccd", "atm", "gcn", "hktt", "tncn", "dkkd"] {
            assert!(!is_syllable(short), "{short}");
        }
    }

    #[test]
    fn an_abbreviation_is_written_out_where_it_stands() {
        let known = [("gplx", "giấy phép lái xe"), ("an", "an ninh")];
        let known = known.map(|(short, long)| (short.to_owned(), long.to_owned()));
        let known = Abbreviations(known.into_iter().collect());
        let (text, found) = known.write_out("Đổi GPLX, an toàn (gplx)?");
        assert_eq!(text, "Đổi giấy phép lái xe, an toàn (giấy phép lái xe)?");
        assert_eq!(found.len(), 2);
        assert_eq!(known.write_out("GPLXX 12 ?"), ("GPLXX 12 ?".to_owned(), vec![]));
    }
}
