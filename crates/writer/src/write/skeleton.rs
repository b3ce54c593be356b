//! What a model may write so that the proof can follow it: an approved sentence, place by place,
//! with words that say the same, and begun where another part may lead.

use std::collections::BTreeSet;

use super::Saying;
use crate::phrase::Phrase;
use crate::support::{Place, READER, Vocabulary};

/// A place as it is written: what comes before it, and all that may stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    before: String,
    ways: BTreeSet<String>,
}

/// One order of the places of a sentence.
type Order = Vec<Step>;

/// Everything that may be written for one phrase.
#[derive(Debug)]
pub(super) struct Skeleton {
    /// By reading and sentence: its orders.
    readings: Vec<Vec<Vec<Order>>>,
    /// What is approved already, word for word.
    there: BTreeSet<String>,
}

impl Skeleton {
    /// Of `saying`; sentences begin with a word or with one of the slots in `begins`.
    pub(super) fn of(
        saying: &Saying<'_>,
        vocabulary: &Vocabulary,
        begins: &BTreeSet<&str>,
    ) -> Self {
        let readings = || saying.alternatives.iter().flat_map(Phrase::readings);
        let orders = |sentence: &String| orders(&vocabulary.places(sentence), begins);
        Self {
            readings: readings().map(|reading| reading.iter().map(orders).collect()).collect(),
            there: readings().map(|reading| reading.join(" ")).collect(),
        }
    }

    /// Whether it holds anything that is not there already.
    pub(super) fn holds_new(&self) -> bool {
        let enough = self.there.len() + 1;
        let new = |text: &String| !self.there.contains(text);
        self.readings.iter().any(|reading| texts(reading, enough).iter().any(new))
    }

    /// The regular expression of everything it holds.
    pub(super) fn pattern(&self) -> String {
        let sentence = |orders: &Vec<Order>| {
            let orders: Vec<String> = orders.iter().map(|order| pattern(order)).collect();
            format!("({})", orders.join("|"))
        };
        let reading = |sentences: &Vec<Vec<Order>>| {
            sentences.iter().map(sentence).collect::<Vec<_>>().join(" ")
        };
        self.readings.iter().map(reading).collect::<Vec<_>>().join("|")
    }

    /// The regular expression of what is there already.
    pub(super) fn pattern_of_there(&self) -> String {
        self.there.iter().map(|text| escaped(text)).collect::<Vec<_>>().join("|")
    }
}

/// The orders in which `places` may be written: as they stand, and from each that may lead.
fn orders(places: &[Place], begins: &BTreeSet<&str>) -> Vec<Order> {
    let leads = (1..).zip(places.iter().skip(1)).filter(|(_, place)| place.may_lead);
    let starts = std::iter::once(0).chain(leads.map(|(start, _)| start));
    starts.filter_map(|start| order(places, start, begins)).collect()
}

/// `places` from `start` to the end, and then from the beginning.
fn order(places: &[Place], start: usize, begins: &BTreeSet<&str>) -> Option<Order> {
    let (front, back) = places.split_at_checked(start)?;
    let mut out = Order::new();
    for (nth, place) in back.iter().chain(front).enumerate() {
        let before = match nth {
            0 => String::new(),
            // What stood first comes behind a comma, and a value that a colon announced is in the
            // middle now.
            _ if nth == back.len() => ", ".to_owned(),
            _ if start > 0 && nth < back.len() => place.between.replace(':', ""),
            _ => place.between.clone(),
        };
        let ways = place.ways.iter().filter_map(|way| match nth {
            0 => first(way, begins),
            _ => Some(way.replace(READER, "{pronoun}")),
        });
        let ways: BTreeSet<String> = ways.collect();
        if ways.is_empty() {
            return None;
        }
        out.push(Step { before, ways });
    }
    Some(out)
}

/// `way` at the beginning of a sentence, where it may stand there.
fn first(way: &str, begins: &BTreeSet<&str>) -> Option<String> {
    if let Some(rest) = way.strip_prefix(READER) {
        return begins.contains("address").then(|| format!("{{address}}{rest}"));
    }
    let way = way.replace(READER, "{pronoun}");
    match way.strip_prefix('{') {
        Some(inside) => {
            let (slot, _) = inside.split_once('}')?;
            begins.contains(slot).then_some(way)
        }
        None => Some(capitalised(&way)),
    }
}

/// `term` with a capital first.
fn capitalised(term: &str) -> String {
    let mut letters = term.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

fn pattern(order: &[Step]) -> String {
    let step = |it: &Step| {
        let ways: Vec<String> = it.ways.iter().map(|way| escaped(way)).collect();
        format!("{}({})", escaped(&it.before), ways.join("|"))
    };
    order.iter().map(step).collect::<String>() + r"\."
}

/// Texts of `sentences`, `enough` of them where there are so many.
fn texts(sentences: &[Vec<Order>], enough: usize) -> BTreeSet<String> {
    let mut out = BTreeSet::from([String::new()]);
    for orders in sentences {
        let mut sentences = BTreeSet::new();
        for order in orders {
            let mut texts = BTreeSet::from([String::new()]);
            for Step { before, ways } in order {
                let longer = texts
                    .iter()
                    .flat_map(|text| ways.iter().map(move |way| format!("{text}{before}{way}")));
                texts = longer.take(enough).collect();
            }
            sentences.extend(texts);
        }
        let longer = out.iter().flat_map(|text| {
            let space = if text.is_empty() { "" } else { " " };
            sentences.iter().map(move |sentence| format!("{text}{space}{sentence}."))
        });
        out = longer.take(enough).collect();
    }
    out
}

/// `text` as a regular expression that matches it alone.
fn escaped(text: &str) -> String {
    let mark = |c: char| {
        matches!(
            c,
            '.' | '?'
                | '*'
                | '+'
                | '('
                | ')'
                | '{'
                | '}'
                | '['
                | ']'
                | '|'
                | '^'
                | '$'
                | '\\'
                | '/'
        )
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if mark(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use domain::Language;

    use super::*;
    use crate::support::Support;
    use crate::words::Words;
    use crate::write::{NotTaken, take};

    /// No more texts of one reading than these.
    const MANY: usize = 300;

    #[test]
    fn what_a_skeleton_holds_is_taken() {
        let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../life-events/vn");
        let words = Words::load(&pack.join("words")).unwrap();
        for language in [Language::VI, Language::EN] {
            let file = pack.join("support").join(format!("{}.yaml", language.tag()));
            let vocabulary = std::fs::read_to_string(&file).unwrap();
            let vocabulary = Vocabulary::parse(language.tag(), &vocabulary).unwrap();
            let manners = words.manners(language);
            let support = Support { vocabulary: &vocabulary, manners, model: None };
            let begins = words.begins(language);
            let (mut asked, mut with_new, mut followed, mut lost) = (0, 0, 0, 0);
            for saying in words.sayings(language) {
                let skeleton = Skeleton::of(&saying, &vocabulary, &begins);
                asked += 1;
                with_new += usize::from(skeleton.holds_new());
                let held = skeleton.readings.iter().flat_map(|it| texts(it, MANY));
                for text in held.filter(|text| !skeleton.there.contains(text)) {
                    match take(&words, &saying, &text, &support) {
                        // Too long a sentence says the same all the same.
                        Ok(_) | Err(NotTaken::Long(_) | NotTaken::Words(_)) => followed += 1,
                        Err(_) => lost += 1,
                    }
                }
            }
            assert!(with_new * 10 > asked * 6, "{language:?}: {with_new} of {asked} phrases");
            assert!(lost * 50 < followed, "{language:?}: {lost} lost, {followed} followed");
        }
    }
}
