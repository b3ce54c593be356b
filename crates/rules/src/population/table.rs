//! What is known of the players of one life event, for very many subjects: column by column, each
//! different thing that is said kept once.
//!
//! Questions of the law look at few facts, and few different things are said of each: a yes or a
//! no, a province, a day of birth. So a question is asked once for each of them, not once for each
//! subject, and the answers are looked up (dictionary encoding, as in column stores: Abadi et al.,
//! *Integrating Compression and Execution in Column-Oriented Database Systems*, 2006).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use domain::{SubjectId, Value};
use jiff::civil::Date;

use super::bind::{Place, Source};
use super::decide::Finding;
use super::mask::{Findings, Mask};
use super::rule::Rule;
use super::scene::{Players, Scene};

/// Of things that are said in one column, so many different ones have a mask each.
const FEW: usize = 16;

/// The players of one life event of many subjects, with what is known of them.
#[derive(Debug)]
pub struct Table<'t, 'p> {
    pub(super) rule: &'t Rule<'p>,
    lines: usize,
    columns: BTreeMap<Source, Cells>,
    /// What is said anywhere, by number from 1, in columns whose words are compared.
    words: HashMap<Value, u32>,
}

/// How parts of conditions come out about everybody in a table, by their text.
pub(super) type Known = HashMap<String, Findings>;

/// What questions need of a source besides what is said.
#[derive(Debug, Clone, Default)]
pub(super) struct Needs {
    /// When it was said.
    pub(super) times: bool,
    /// Whether it is the same as what another source says; silence may have a meaning there.
    pub(super) compared: bool,
    pub(super) silence: Option<Value>,
}

impl Needs {
    /// What both need.
    pub(super) fn and(&mut self, other: Self) {
        self.times |= other.times;
        self.compared |= other.compared;
        self.silence = self.silence.take().or(other.silence);
    }
}

/// What one role's subject, or one fact, is in each line.
#[derive(Debug, Default)]
struct Cells {
    needs: Needs,
    /// By line, the place in `said`.
    lines: Vec<u32>,
    said: Vec<Said>,
    /// By place in `said`, a line that says it.
    first: Vec<u32>,
    places: HashMap<Said, u32>,
    /// The days in `said` with their places, in order.
    days: BTreeSet<(Date, u32)>,
    /// By place in `said`, while they are few, the lines that say it, a bit for each.
    each: Vec<Vec<u64>>,
    /// By place in `said`, the number of the word; 0 where nothing is known.
    words: Vec<u32>,
    /// The lines in which somebody is, or something was said, a bit for each.
    known: Vec<u64>,
    /// By line, the number of the word. Kept where words are compared.
    compared: Vec<u32>,
}

/// What can be said.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Said {
    word: Word,
    times: Arc<[Date]>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Word {
    /// Nobody plays the role, or nothing at all is known of them.
    Nobody,
    /// Nobody said anything about the fact.
    Silence,
    Said(Value),
}

/// By line a place, and by place a line that stands for all that have it.
pub(super) struct Places<'t> {
    lines: Cow<'t, [u32]>,
    first: Cow<'t, [u32]>,
    /// By place, the lines that have it, a bit for each; where known.
    each: &'t [Vec<u64>],
}

impl<'t, 'p> Table<'t, 'p> {
    /// An empty table for `rule`.
    #[must_use]
    pub fn new(rule: &'t Rule<'p>) -> Self {
        let columns = rule.needs().into_iter();
        let columns = columns.map(|(source, needs)| (source, Cells { needs, ..Cells::default() }));
        Self { rule, lines: 0, columns: columns.collect(), words: HashMap::new() }
    }

    /// Takes in the players of one more subject, which the rule's scene shows.
    pub fn push(&mut self, scene: &Scene<'_>) {
        for (source, cells) in &mut self.columns {
            cells.push(Said::of(*source, scene, cells.needs.times), &mut self.words);
        }
        self.lines += 1;
    }

    /// How many subjects there are.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.lines
    }

    /// By line what is said in `sources`, in places.
    pub(super) fn places(&self, sources: &[Source]) -> Places<'_> {
        let mut columns = sources.iter().filter_map(|source| self.columns.get(source));
        let Some(first) = columns.next() else {
            let lines = vec![0; self.lines];
            return Places { lines: lines.into(), first: vec![0].into(), each: &[] };
        };
        let few = if first.said.len() <= FEW { first.each.as_slice() } else { &[] };
        let first = Places {
            lines: first.lines.as_slice().into(),
            first: first.first.as_slice().into(),
            each: few,
        };
        columns.fold(first, |places, more| places.with(&more.lines))
    }

    /// What `ask` answers of each subject. It is asked once for each different thing that is said
    /// in `sources`, and looks at nothing else.
    pub(super) fn ask(&self, sources: &[Source], ask: impl Fn(&Line<'_>) -> Finding) -> Findings {
        let places = self.places(sources);
        let answers: Vec<Finding> = places.lines().map(|line| ask(&self.line(line))).collect();
        places.findings(&answers, self.lines)
    }

    /// What `ask` answers of each subject, where it compares two sides that pass one another once
    /// along the days that are said in `source`: the days on which they meet and part are found by
    /// halving. `order` tells how the sides stand.
    pub(super) fn ask_along(
        &self,
        source: Source,
        ask: impl Fn(&Line<'_>) -> Finding,
        order: impl Fn(&Line<'_>) -> Option<Ordering>,
    ) -> Findings {
        let Some(cells) = self.columns.get(&source) else { return self.ask(&[source], ask) };
        let days: Vec<u32> = cells.days.iter().map(|(_, place)| *place).collect();
        let line = |place: u32| {
            self.line(cells.first.get(place as usize).map_or(0, |line| *line as usize))
        };
        let ends = [days.first(), days.last()].map(|place| order(&line(*place?)));
        let [Some(before), Some(after)] = ends else { return self.ask(&[source], ask) };
        let meet = days.partition_point(|place| order(&line(*place)) == Some(before));
        let part =
            days.partition_point(|place| before == after || order(&line(*place)) != Some(after));
        let mut answers: Vec<Option<Finding>> = vec![None; cells.said.len()];
        for zone in [0..meet, meet..part, part..days.len()] {
            let Some(zone) = days.get(zone) else { continue };
            let Some(answer) = zone.first().map(|place| ask(&line(*place))) else { continue };
            for place in zone {
                if let Some(own) = answers.get_mut(*place as usize) {
                    *own = Some(answer);
                }
            }
        }
        // What is no day, as silence is none.
        let answers = (0_u32..).zip(answers);
        let answers = answers.map(|(place, answer)| answer.unwrap_or_else(|| ask(&line(place))));
        self.places(&[source]).findings(&answers.collect::<Vec<_>>(), self.lines)
    }

    /// Those of whom `is` says yes, asked as [`Self::ask`] asks.
    pub(super) fn those(&self, sources: &[Source], is: impl Fn(&Line<'_>) -> bool) -> Mask {
        self.ask(sources, |line| Finding::from(Some(is(line)))).met
    }

    /// Those of whom somebody plays a role, or something was said of a fact.
    pub(super) fn known(&self, source: Source) -> Mask {
        let mut known = Mask::none(self.lines);
        if let Some(cells) = self.columns.get(&source) {
            known.add(&cells.known);
        }
        known
    }

    /// Whether the same is said in two columns: not known where one of them says nothing.
    pub(super) fn equal(&self, a: Source, b: Source) -> Findings {
        let words = |source| self.columns.get(&source).map_or(&[][..], |cells| &cells.compared);
        Findings::equal(words(a), words(b))
    }

    pub(super) fn line(&self, line: usize) -> Line<'_> {
        Line { columns: &self.columns, line }
    }
}

impl Cells {
    fn push(&mut self, said: Said, words: &mut HashMap<Value, u32>) {
        let (line, next) = (self.lines.len(), self.said.len());
        let place = if let Some(place) = self.places.get(&said) {
            *place
        } else {
            let place = u32::try_from(next).unwrap_or(u32::MAX);
            self.words.push(self.word(&said, words));
            self.first.push(u32::try_from(line).unwrap_or(u32::MAX));
            self.places.insert(said.clone(), place);
            if let Word::Said(Value::Date(day)) = said.word {
                self.days.insert((day, place));
            }
            self.said.push(said);
            place
        };
        self.lines.push(place);
        let is_known = self.said.get(place as usize).is_some_and(Said::is_known);
        set(&mut self.known, line, is_known);
        if self.needs.compared {
            self.compared.push(self.words.get(place as usize).copied().unwrap_or_default());
        }
        if self.said.len() <= FEW {
            self.each.resize_with(self.said.len(), Vec::new);
            if let Some(bits) = self.each.get_mut(place as usize) {
                set(bits, line, true);
            }
        }
    }

    /// The number of a word, as conditions hear it: silence may have a meaning.
    fn word(&self, said: &Said, words: &mut HashMap<Value, u32>) -> u32 {
        let value = match &said.word {
            Word::Said(value) => Some(value),
            Word::Silence => self.needs.silence.as_ref(),
            Word::Nobody => None,
        };
        let Some(value) = value.filter(|_| self.needs.compared) else { return 0 };
        let next = u32::try_from(words.len() + 1).unwrap_or(u32::MAX);
        *words.entry(value.clone()).or_insert(next)
    }

    fn said(&self, line: usize) -> Option<&Said> {
        self.said.get(*self.lines.get(line)? as usize)
    }
}

/// Sets the bit of a line that is the last so far.
fn set(bits: &mut Vec<u64>, line: usize, yes: bool) {
    bits.resize(line / 64 + 1, 0);
    if let Some(word) = bits.last_mut() {
        *word |= u64::from(yes) << (line % 64);
    }
}

impl Said {
    fn is_known(&self) -> bool {
        matches!(self.word, Word::Said(_))
    }

    fn of(source: Source, scene: &Scene<'_>, times: bool) -> Self {
        let word = match source {
            Source::Player(role) => scene.subject(role).map(|id| Word::Said(Value::Subject(id))),
            Source::Fact(place) => scene.knows(place).then(|| {
                scene.value(place).map_or(Word::Silence, |value| Word::Said(value.clone()))
            }),
        };
        let times = match source {
            Source::Fact(place) if times => scene.times(place),
            _ => Arc::default(),
        };
        Self { word: word.unwrap_or(Word::Nobody), times }
    }
}

impl<'t> Places<'t> {
    /// Both: a place for each pair that stands in some line.
    fn with(self, more: &[u32]) -> Places<'t> {
        let mut pairs: HashMap<(u32, u32), u32> = HashMap::new();
        let (mut lines, mut first) = (Vec::with_capacity(more.len()), Vec::new());
        for (line, pair) in self.lines.iter().copied().zip(more.iter().copied()).enumerate() {
            let next = u32::try_from(first.len()).unwrap_or(u32::MAX);
            let place = *pairs.entry(pair).or_insert(next);
            if place == next {
                first.push(u32::try_from(line).unwrap_or(u32::MAX));
            }
            lines.push(place);
        }
        Places { lines: lines.into(), first: first.into(), each: &[] }
    }

    /// By place, a line that stands for all that have it.
    pub(super) fn lines(&self) -> impl Iterator<Item = usize> + '_ {
        self.first.iter().map(|line| *line as usize)
    }

    /// The answers, given one for each place.
    pub(super) fn findings(&self, answers: &[Finding], lines: usize) -> Findings {
        if let Some(first) = answers.first()
            && answers.iter().all(|answer| answer == first)
        {
            return Findings::all(lines, *first);
        }
        if self.each.is_empty() {
            return Findings::looked_up(&self.lines, answers);
        }
        let mut findings = Findings::all(lines, Finding::Unknown);
        for (bits, answer) in self.each.iter().zip(answers) {
            match answer {
                Finding::Met => findings.met.add(bits),
                Finding::Unmet => findings.unmet.add(bits),
                Finding::Unknown => {}
            }
        }
        findings
    }
}

/// The players of one line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'t> {
    columns: &'t BTreeMap<Source, Cells>,
    line: usize,
}

impl<'t> Line<'t> {
    fn said(&self, source: Source) -> Option<&'t Said> {
        self.columns.get(&source)?.said(self.line)
    }
}

impl Players for Line<'_> {
    fn subject(&self, role: usize) -> Option<SubjectId> {
        match &self.said(Source::Player(role))?.word {
            Word::Said(value) => value.as_subject(),
            _ => None,
        }
    }

    fn knows(&self, place: Place) -> bool {
        self.said(Source::Fact(place)).is_some_and(|said| said.word != Word::Nobody)
    }

    fn value(&self, place: Place) -> Option<&Value> {
        match &self.said(Source::Fact(place))?.word {
            Word::Said(value) => Some(value),
            _ => None,
        }
    }

    fn times(&self, place: Place) -> Arc<[Date]> {
        self.said(Source::Fact(place)).map(|said| Arc::clone(&said.times)).unwrap_or_default()
    }
}
