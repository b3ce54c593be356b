//! What can still change an unknown answer.
//!
//! A condition is a logical skeleton (`&&`, `||`, `!`, `? :`) over *atoms*: comparisons, facts,
//! macros. Three-valued logic looks at one operator at a time, so it calls `x || !x` unknown and
//! names facts that change nothing. Here all assignments of the unknown atoms are tried at once,
//! 64 to a machine word, which gives exactly
//!
//! - whether the answer is settled after all;
//! - the smallest set of facts that settles it: those of the atoms that change the answer in some
//!   assignment (Quine's prime idea: all other atoms are redundant);
//! - which fact to ask for first: the one with the greatest influence on the answer (Banzhaf's
//!   index, the number of assignments in which flipping it turns the answer).
//!
//! Atoms that are written alike are one atom; `a < b` and `a >= b`, `==` and `!=` are one atom and
//! its opposite. Above [`MOST_ATOMS`] unknown atoms the three-valued answer stands.
//!
//! Exact means exact over atoms: that `w > 3 || w < 5` always holds is not seen.

use std::collections::BTreeMap;

use super::activation::Activation;
use super::condition::Condition;
use super::node::{Comparison, Names, Node, Slot};
use super::skeleton::{Leaf, Skeleton};
use super::undetermined::Slots;

/// How many unknown atoms are tried in all assignments: 2^12 are 64 words.
const MOST_ATOMS: usize = 12;
const WORDS: usize = 1 << (MOST_ATOMS - 6);

/// How many atoms are flipped at most in search of a near miss, and among how many.
const MOST_FLIPS: usize = 3;
const MOST_FLIPPED_AMONG: usize = 48;

/// How an atom comes out: yes, no, or what is missing.
pub(crate) type State = Result<bool, Slots>;

/// The skeleton of a condition.
#[derive(Debug, Clone)]
pub(crate) struct Logic {
    pub(super) skeleton: Skeleton,
    /// By distinct atom: the place among all atoms where it first stands, and whether it stands
    /// there as its opposite.
    pub(super) atoms: Vec<(usize, bool)>,
    /// How many places atoms stand at.
    pub(super) places: usize,
}

/// What can still change an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settled {
    /// The answer, where all assignments agree on it.
    pub(crate) answer: Option<bool>,
    /// The facts that settle it, none too many.
    pub(crate) missing: Slots,
    /// The atoms that change the answer: what each lacks, and its influence.
    pub(crate) essential: Vec<(Slots, u32)>,
}

impl Settled {
    fn of(answer: Option<bool>, missing: Slots) -> Self {
        Self { answer, missing, essential: Vec::new() }
    }

    /// How much hangs on the fact in `slot`.
    fn weight(&self, slot: Slot) -> u32 {
        let own = self.essential.iter().filter(|(facts, _)| facts.contains(slot));
        own.map(|(_, weight)| weight).sum()
    }
}

/// A part of a condition that came out one way and would turn the answer the other way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flip {
    /// The part, as its author could have written it.
    pub part: String,
    /// How it came out.
    pub was: bool,
    /// The facts that it reads.
    pub facts: Vec<String>,
}

impl Logic {
    pub(crate) fn of(node: &Node, names: &dyn Names) -> Self {
        let mut builder = Builder { names, known: BTreeMap::new(), atoms: Vec::new(), places: 0 };
        let skeleton = builder.skeleton(node);
        Self { skeleton, atoms: builder.atoms, places: builder.places }
    }

    /// The state of each distinct atom, found by `ask`.
    pub(crate) fn evaluate<'n>(
        &self,
        node: &'n Node,
        ask: &mut dyn FnMut(&'n Node) -> State,
    ) -> Vec<State> {
        let mut places = Vec::new();
        atoms(node, &mut places);
        let state = |(place, opposite): &(usize, bool)| match places.get(*place) {
            Some(node) => ask(node).map(|yes| yes != *opposite),
            None => Err(Slots::default()),
        };
        self.atoms.iter().map(state).collect()
    }

    /// The answer, where `state` tells the atoms that are known.
    pub(crate) fn answer(&self, state: &dyn Fn(usize) -> Option<bool>) -> Option<bool> {
        self.skeleton.over(&mut |leaf| match leaf {
            Leaf::Constant(yes) => Some(yes),
            Leaf::Atom(atom) => state(atom),
        })
    }
}

/// What is no atom: it joins or turns answers.
fn is_logical(node: &Node) -> bool {
    match node {
        Node::Not(_) | Node::Both(..) | Node::Constant(_) => true,
        Node::Choose(choose) => choose.logical,
        _ => false,
    }
}

/// The slots that `node` and what is inside it read.
pub(super) fn slots_of(node: &Node) -> Slots {
    let mut slots = Slots::default();
    node.visit(&mut |node| {
        slots = node.slots().fold(slots, |all, slot| all.union(Slots::one(slot)));
    });
    slots
}

/// All atoms in order of writing, each as often as it stands there.
pub(super) fn atoms<'n>(node: &'n Node, places: &mut Vec<&'n Node>) {
    if is_logical(node) {
        for child in node.children() {
            atoms(child, places);
        }
    } else {
        places.push(node);
    }
}

struct Builder<'n> {
    names: &'n dyn Names,
    known: BTreeMap<String, (usize, bool)>,
    atoms: Vec<(usize, bool)>,
    places: usize,
}

impl Builder<'_> {
    fn skeleton(&mut self, node: &Node) -> Skeleton {
        match node {
            Node::Constant(value) => {
                Skeleton::Constant(matches!(value, super::value::Value::Bool(true)))
            }
            Node::Not(a) => Skeleton::Not(Box::new(self.skeleton(a))),
            Node::Both(how, pair) => {
                let [a, b] = &**pair;
                let a = self.skeleton(a);
                Skeleton::Both(*how, Box::new([a, self.skeleton(b)]))
            }
            Node::Choose(choose) if choose.logical => {
                let (when, yes) = (self.skeleton(&choose.when), self.skeleton(&choose.yes));
                Skeleton::Choose(Box::new([when, yes, self.skeleton(&choose.no)]))
            }
            atom => self.atom(atom),
        }
    }

    fn atom(&mut self, node: &Node) -> Skeleton {
        let place = self.places;
        self.places += 1;
        let (key, opposite) = self.key(node);
        let next = self.atoms.len();
        let (atom, _) = *self.known.entry(key).or_insert((next, opposite));
        if atom == next {
            self.atoms.push((place, opposite));
        }
        Skeleton::Atom(atom, opposite)
    }

    /// One text for all ways to write an atom or its opposite, and whether this is the opposite:
    /// `a >= b` and `b > a` are both about `a < b`.
    fn key(&self, node: &Node) -> (String, bool) {
        let Node::Compare(how, pair) = node else {
            return (node.shown(self.names).to_string(), false);
        };
        let [a, b] = &**pair;
        let (a, b) = (a.shown(self.names).to_string(), b.shown(self.names).to_string());
        match how {
            Comparison::Less => (format!("{a} < {b}"), false),
            Comparison::GreaterOrEqual => (format!("{a} < {b}"), true),
            Comparison::Greater => (format!("{b} < {a}"), false),
            Comparison::LessOrEqual => (format!("{b} < {a}"), true),
            Comparison::Equal | Comparison::NotEqual => {
                let (a, b) = if a <= b { (a, b) } else { (b, a) };
                (format!("{a} == {b}"), *how == Comparison::NotEqual)
            }
        }
    }
}

fn spread(yes: bool) -> u64 {
    if yes { u64::MAX } else { 0 }
}

/// Bit n of these is bit 0 to 5 of n: the assignments in which one of six atoms is yes.
const LOW: [u64; 6] = [
    0xaaaa_aaaa_aaaa_aaaa,
    0xcccc_cccc_cccc_cccc,
    0xf0f0_f0f0_f0f0_f0f0,
    0xff00_ff00_ff00_ff00,
    0xffff_0000_ffff_0000,
    0xffff_ffff_0000_0000,
];

/// The answers under all assignments of some atoms.
struct Table {
    words: [u64; WORDS],
    atoms: usize,
}

impl Table {
    /// How many words hold the assignments.
    fn len(&self) -> usize {
        1 << self.atoms.saturating_sub(6)
    }

    /// The bits of a word that stand for assignments.
    fn valid(&self) -> u64 {
        if self.atoms >= 6 { u64::MAX } else { (1 << (1_u32 << self.atoms)) - 1 }
    }

    fn word(&self, at: usize) -> u64 {
        self.words.get(at).copied().unwrap_or_default()
    }

    /// In how many assignments flipping `atom` turns the answer.
    fn influence(&self, atom: usize) -> u32 {
        let turned = (0..self.len()).map(|at| {
            let word = self.word(at);
            let other = match LOW.get(atom) {
                Some(mask) => {
                    let by = 1_u32 << atom;
                    (word & mask) >> by | (word & !mask) << by
                }
                None => self.word(at ^ 1 << (atom - 6)),
            };
            ((word ^ other) & self.valid()).count_ones()
        });
        turned.sum()
    }
}

impl Logic {
    /// The answers for all assignments of the atoms in `unknown`, at most [`MOST_ATOMS`].
    fn table(&self, states: &[State], unknown: &[usize]) -> Table {
        let mut table = Table { words: [0; WORDS], atoms: unknown.len() };
        for at in 0..table.len() {
            let state = |atom: usize| match unknown.iter().position(|other| *other == atom) {
                None => spread(matches!(states.get(atom), Some(Ok(true)))),
                Some(place) => LOW
                    .get(place)
                    .copied()
                    .unwrap_or_else(|| spread(at >> place.saturating_sub(6) & 1 == 1)),
            };
            let word = self.skeleton.over(&mut |leaf| match leaf {
                Leaf::Constant(yes) => spread(yes),
                Leaf::Atom(atom) => state(atom),
            });
            if let Some(own) = table.words.get_mut(at) {
                *own = word;
            }
        }
        table
    }

    /// What can still change the answer; `missing` is what three-valued logic says of it.
    pub(crate) fn settle(&self, states: &[State], missing: Slots) -> Settled {
        let unknown: Vec<usize> = states
            .iter()
            .enumerate()
            .filter_map(|(atom, state)| state.is_err().then_some(atom))
            .collect();
        if unknown.len() > MOST_ATOMS {
            return Settled::of(None, missing);
        }
        let table = self.table(states, &unknown);
        let (valid, len) = (table.valid(), table.len());
        if (0..len).all(|at| table.word(at) & valid == valid) {
            return Settled::of(Some(true), Slots::default());
        }
        if (0..len).all(|at| table.word(at) & valid == 0) {
            return Settled::of(Some(false), Slots::default());
        }
        let mut essential = Vec::new();
        for (place, atom) in unknown.iter().enumerate() {
            if let (Some(Err(facts)), weight @ 1..) = (states.get(*atom), table.influence(place)) {
                essential.push((*facts, weight));
            }
        }
        let missing = essential.iter().fold(Slots::default(), |all, (facts, _)| all.union(*facts));
        Settled { answer: None, missing, essential }
    }

    /// The fewest known atoms that turn the answer when they come out the other way.
    fn flips(&self, states: &[State]) -> Option<Vec<usize>> {
        let known = |atom: usize| states.get(atom).and_then(|state| state.ok());
        let wanted = !self.answer(&known)?;
        let all: Vec<usize> = (0..states.len()).filter(|atom| known(*atom).is_some()).collect();
        let all = all.get(..all.len().min(MOST_FLIPPED_AMONG)).unwrap_or_default();
        let turns = |flipped: &[usize]| {
            let state = |atom: usize| known(atom).map(|yes| yes != flipped.contains(&atom));
            self.answer(&state) == Some(wanted)
        };
        (1..=MOST_FLIPS).find_map(|count| choose(all, count, &mut Vec::new(), &turns))
    }
}

/// The first `count` of `all`, in order, that `fit`.
fn choose(
    all: &[usize],
    count: usize,
    chosen: &mut Vec<usize>,
    fit: &dyn Fn(&[usize]) -> bool,
) -> Option<Vec<usize>> {
    if count == 0 {
        return fit(chosen).then(|| chosen.clone());
    }
    let mut rest = all;
    while let Some((first, after)) = rest.split_first() {
        chosen.push(*first);
        if let Some(found) = choose(after, count - 1, chosen, fit) {
            return Some(found);
        }
        chosen.pop();
        rest = after;
    }
    None
}

impl Condition {
    /// What can still change the answer, of which three-valued logic says `missing`.
    pub(crate) fn settled<A: Activation + ?Sized>(&self, missing: Slots, known: &A) -> Settled {
        self.logic.settle(&self.states(known), missing)
    }

    /// The fact whose answer is most likely to settle the condition; `None` where it is settled
    /// or nobody can tell what would settle it.
    #[must_use]
    pub fn ask_first<A: Activation + ?Sized>(&self, known: &A) -> Option<String> {
        let states = self.states(known);
        let all = states.iter().filter_map(|state| state.err());
        let all = all.fold(Slots::default(), Slots::union);
        let settled = self.logic.settle(&states, all);
        if settled.answer.is_some() {
            return None;
        }
        let told = settled.missing.iter().filter(|slot| self.is_told(*slot));
        let first = told.max_by_key(|slot| (settled.weight(*slot), u8::MAX - slot.0));
        self.told(Slots::one(first?)).next()
    }

    /// The fewest parts, three at most, that would turn a settled answer: what an *unmet* hangs
    /// on. `None` where the answer is not settled or hangs on more.
    #[must_use]
    pub fn nearest_miss<A: Activation + ?Sized>(&self, known: &A) -> Option<Vec<Flip>> {
        let states = self.states(known);
        let flips = self.logic.flips(&states)?;
        let mut places = Vec::new();
        atoms(&self.node, &mut places);
        let flip = |atom: usize| {
            let (place, opposite) = *self.logic.atoms.get(atom)?;
            let node = places.get(place)?;
            let slots = slots_of(node);
            let was = states.get(atom)?.ok()? != opposite;
            Some(Flip { part: self.shown(node), was, facts: self.told(slots).collect() })
        };
        flips.into_iter().map(flip).collect()
    }
    /// Its parts that answer yes or no, each once, as their author could have written them.
    pub(crate) fn parts(&self) -> Vec<String> {
        let mut places = Vec::new();
        atoms(&self.node, &mut places);
        let part = |(place, _): &(usize, bool)| {
            let Some(node) = places.get(*place) else { return String::new() };
            let shown = self.shown(node);
            let grouped = matches!(node, Node::Compare(..) | Node::In(_));
            let inside = shown.strip_prefix('(').and_then(|shown| shown.strip_suffix(')'));
            inside.filter(|_| grouped).map_or_else(|| shown.clone(), str::to_owned)
        };
        self.logic.atoms.iter().map(part).collect()
    }

    /// The facts that each of its [parts](Self::parts) reads, by path.
    pub(crate) fn part_reads(&self) -> Vec<Vec<String>> {
        let mut places = Vec::new();
        atoms(&self.node, &mut places);
        let reads = |(place, _): &(usize, bool)| match places.get(*place) {
            Some(node) => self.told(slots_of(node)).collect(),
            None => Vec::new(),
        };
        self.logic.atoms.iter().map(reads).collect()
    }

    /// How each of its [parts](Self::parts) comes out; `None` where that is not known.
    pub(crate) fn outcomes<A: Activation + ?Sized>(&self, known: &A) -> Vec<Option<bool>> {
        let states = self.states(known).into_iter().zip(&self.logic.atoms);
        states.map(|(state, (_, opposite))| state.ok().map(|yes| yes != *opposite)).collect()
    }
}
