//! Whether everybody was told what they should be, once, and nobody what was taken back: decided
//! from the history that was fed and the log of the portal, and from nothing else.
//!
//! Of the engine it knows the vocabulary alone: how a person's number becomes a pseudonym, and how
//! the id of a letter follows from what it tells of, to whom and which one it is.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Channel, Delivery, Letter, Message, Milestone, PseudonymKey, SubjectId, SubjectKind};
use serde::Serialize;
use serde_json::Value;

/// A letter may be under way when what it tells of is taken back: the claim came before, the call
/// comes after. No longer than so many milliseconds.
const UNDER_WAY: u64 = 2_000;
/// How many findings are named.
const MOST_NAMED: usize = 20;

/// What was found.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Lines of the history.
    pub told: u64,
    /// Different events among them.
    pub events: u64,
    /// Different messages that the portal was told of.
    pub messages: u64,
    /// Events that were never acknowledged, jobs that were given up, and letters that never came.
    pub lost: u64,
    /// Messages beyond the one of each (person, life event, stage).
    pub doubled: u64,
    /// Calls about what was taken back, after that was acknowledged and no letter was under way.
    pub after_withdrawal: u64,
    /// Calls about somebody who has died, in the same way.
    pub after_death: u64,
    /// Calls that were still under way when it was taken back, or somebody died.
    pub under_way: u64,
    /// Corrections of letters that had come.
    pub corrections: u64,
    /// Calls that repeat a message under its id, as a receiver recognises it.
    pub repeated_sends: u64,
    /// The first findings, for people.
    pub named: Vec<String>,
}

impl Verdict {
    /// Whether nothing is lost, doubled or said when it should not be.
    #[must_use]
    pub fn is_good(&self) -> bool {
        (self.lost, self.doubled, self.after_withdrawal, self.after_death) == (0, 0, 0, 0)
    }

    fn name(&mut self, what: &str, id: &str) {
        if self.named.len() < MOST_NAMED {
            self.named.push(format!("{what}: {id}"));
        }
    }
}

/// The calls about one message.
#[derive(Debug, Default)]
struct Calls {
    /// When, in milliseconds since the portal began.
    at: Vec<u64>,
    recipient: String,
}

/// What the log tells.
#[derive(Debug, Default)]
struct Log {
    /// By the id of the call.
    calls: BTreeMap<String, Calls>,
    /// When each event was first acknowledged, by its source and id.
    acknowledged: BTreeMap<(String, String), u64>,
    /// How many jobs had been given up when all work was done; `None`: it never was.
    given_up: Option<u64>,
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

impl Log {
    fn read(lines: &[Value]) -> Self {
        let mut log = Self::default();
        for line in lines {
            let at = line.get("ms").and_then(Value::as_u64).unwrap_or_default();
            if let Some(id) = line.get("call").and_then(Value::as_str) {
                let calls = log.calls.entry(id.to_owned()).or_default();
                calls.at.push(at);
                calls.recipient = text(line, "/body/data/recipient");
            }
            match line.get("mark").and_then(Value::as_str) {
                Some("acknowledged") => {
                    let event = (text(line, "/source"), text(line, "/id"));
                    log.acknowledged.entry(event).or_insert(at);
                }
                Some("worked_off") => {
                    log.given_up = line.get("given_up").and_then(Value::as_u64);
                }
                _ => {}
            }
        }
        log
    }
}

/// A letter that may come, and when it may not any more.
struct Expected {
    /// The call's id.
    id: String,
    recipient: String,
    /// Whether it takes back another.
    corrects: bool,
    /// Whether it must come.
    must: bool,
    /// From when on it must not, where something was taken back or somebody died.
    not_after: Option<(u64, Why)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Withdrawn,
    Died,
}

/// Decides. `history` holds the events that were fed, `log` the lines of the portal's log.
#[must_use]
pub fn decide(history: &[Value], log: &[Value], key: &PseudonymKey) -> Verdict {
    let log = Log::read(log);
    let story = Story::of(history, key);
    let mut verdict = Verdict {
        told: history.len() as u64,
        events: story.events.len() as u64,
        messages: log.calls.len() as u64,
        ..Verdict::default()
    };
    for (source, id) in &story.events {
        if !log.acknowledged.contains_key(&(source.clone(), id.clone())) {
            verdict.lost += 1;
            verdict.name("never acknowledged", id);
        }
    }
    match log.given_up {
        Some(0) => {}
        Some(jobs) => {
            verdict.lost += jobs;
            verdict.name("given up", &format!("{jobs} jobs"));
        }
        None => {
            verdict.lost += 1;
            verdict.name("the log ends before the work did", "");
        }
    }
    let expected = story.letters(&log);
    let known: BTreeSet<&str> = expected.iter().map(|it| it.id.as_str()).collect();
    for (id, calls) in &log.calls {
        verdict.repeated_sends += (calls.at.len() as u64).saturating_sub(1);
        if !known.contains(id.as_str()) {
            verdict.doubled += 1;
            verdict.name("a letter that nobody should get", id);
        }
    }
    for letter in &expected {
        letter.judge(&log, &mut verdict);
    }
    verdict
}

impl Expected {
    fn judge(&self, log: &Log, verdict: &mut Verdict) {
        let Some(calls) = log.calls.get(&self.id) else {
            if self.must {
                verdict.lost += 1;
                verdict.name("a letter that never came", &self.id);
            }
            return;
        };
        verdict.corrections += u64::from(self.corrects);
        if calls.recipient != self.recipient {
            verdict.doubled += 1;
            verdict.name("a letter to somebody else", &self.id);
        }
        let Some((end, why)) = self.not_after else { return };
        for at in calls.at.iter().filter(|at| **at > end) {
            if *at <= end + UNDER_WAY {
                verdict.under_way += 1;
                continue;
            }
            let (count, what) = match why {
                Why::Withdrawn => (&mut verdict.after_withdrawal, "after it was taken back"),
                Why::Died => (&mut verdict.after_death, "after a death"),
            };
            *count += 1;
            verdict.name(&format!("{what}, {} ms", at - end), &self.id);
        }
    }
}

/// What the history tells of births, sales, withdrawals and deaths.
struct Story<'a> {
    key: &'a PseudonymKey,
    /// All events, by source and id.
    events: BTreeSet<(String, String)>,
    births: BTreeMap<(String, String), &'a Value>,
    sales: Vec<&'a Value>,
    /// Which event is withdrawn by which.
    withdrawals: BTreeMap<(String, String), (String, String)>,
    /// Which event tells of the death of whom.
    deaths: BTreeMap<String, (String, String)>,
}

impl<'a> Story<'a> {
    fn of(history: &'a [Value], key: &'a PseudonymKey) -> Self {
        let mut story = Self {
            key,
            events: BTreeSet::new(),
            births: BTreeMap::new(),
            sales: Vec::new(),
            withdrawals: BTreeMap::new(),
            deaths: BTreeMap::new(),
        };
        for event in history {
            let event_id = (text(event, "/source"), text(event, "/id"));
            if !story.events.insert(event_id.clone()) {
                continue;
            }
            match text(event, "/type").as_str() {
                "vn.health.birth-certified.v1" => {
                    story.births.insert(event_id, event);
                }
                "vn.notary.transfer-notarised.v1" => story.sales.push(event),
                "vn.health.birth-certificate-cancelled.v1" => {
                    let of =
                        (text(event, "/data/withdraws/source"), text(event, "/data/withdraws/id"));
                    story.withdrawals.insert(of, event_id);
                }
                "vn.civil-status.death-registered.v1" => {
                    story.deaths.insert(text(event, "/data/person/pin"), event_id);
                }
                _ => {}
            }
        }
        story
    }

    fn person(&self, identifier: &str) -> SubjectId {
        self.key.subject(SubjectKind::Person, identifier)
    }

    /// Every letter that may be told of to the portal.
    fn letters(&self, log: &Log) -> Vec<Expected> {
        let mut letters = Vec::new();
        for (id, birth) in &self.births {
            self.letters_of_birth(id, birth, log, &mut letters);
        }
        for sale in &self.sales {
            let serial = text(sale, "/data/parcel/certificate/serial");
            let parcel = self.key.subject(SubjectKind::Parcel, &format!("gcn:{serial}"));
            let contract = text(sale, "/data/contract_no");
            let milestone = Milestone::id_of("LE-LAND-TRANSFER", parcel, &contract);
            for side in ["seller", "buyer"] {
                let recipient = self.person(&text(sale, &format!("/data/{side}/pin")));
                let message = Message::id_of(milestone, recipient, Letter::First);
                let id = Delivery::id_of(message, Channel::Webhook).to_string();
                let recipient = recipient.to_string();
                letters.push(Expected {
                    id,
                    recipient,
                    corrects: false,
                    must: true,
                    not_after: None,
                });
            }
        }
        letters
    }

    /// The letter that tells the mother, and the one that takes it back.
    fn letters_of_birth(
        &self,
        event: &(String, String),
        birth: &Value,
        log: &Log,
        letters: &mut Vec<Expected>,
    ) {
        let at = |event: &(String, String)| log.acknowledged.get(event).copied();
        let child = self.person(&format!("gcs:{}", text(birth, "/data/gcs_no")));
        let pin = text(birth, "/data/mother/pin");
        let mother = self.person(&pin);
        let milestone = Milestone::id_of("LE-BIRTH", child, "once");
        let id = |letter| {
            let message = Message::id_of(milestone, mother, letter);
            Delivery::id_of(message, Channel::Webhook).to_string()
        };
        let recipient = mother.to_string();
        let withdrawal = self.withdrawals.get(event);
        let death = self.deaths.get(&pin);
        let died = death.and_then(at).map(|at| (at, Why::Died));
        let withdrawn = withdrawal.and_then(at).map(|at| (at, Why::Withdrawn));
        let ends = [withdrawn, died].into_iter().flatten();
        let first = id(Letter::First);
        let came = log.calls.contains_key(&first);
        letters.push(Expected {
            id: first,
            recipient: recipient.clone(),
            corrects: false,
            must: withdrawal.is_none() && death.is_none(),
            not_after: ends.min_by_key(|(at, _)| *at),
        });
        if withdrawal.is_some() {
            let must = came && death.is_none();
            letters.push(Expected {
                id: id(Letter::Correction),
                recipient,
                corrects: true,
                must,
                not_after: died,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::history::history;

    const BIRTH: &str = "vn.health.birth-certified.v1";

    fn key() -> PseudonymKey {
        PseudonymKey::new(b"a key of the tests, long enough")
    }

    /// A history and the log of a run in which all went well.
    fn good() -> (Vec<Value>, Vec<Value>) {
        let told = history(7, jiff::civil::date(2026, 11, 28), 1_000);
        let mut log = Vec::new();
        for (at, event) in told.iter().enumerate() {
            log.push(json!({"ms": at, "mark": "acknowledged", "source": event["source"], "id": event["id"]}));
        }
        let key = key();
        let story = Story::of(&told, &key);
        for letter in story.letters(&Log::read(&log)).iter().filter(|it| it.must) {
            log.push(call(&letter.id, &letter.recipient, 5_000));
        }
        log.push(json!({"ms": 9_000, "mark": "worked_off", "given_up": 0}));
        (told, log)
    }

    fn call(id: &str, recipient: &str, at: u64) -> Value {
        json!({"ms": at, "call": id, "answer": 200, "body": {"data": {"recipient": recipient}}})
    }

    fn judged(told: &[Value], log: &[Value]) -> [u64; 4] {
        let it = decide(told, log, &key());
        [it.lost, it.doubled, it.after_withdrawal, it.after_death]
    }

    /// The first letter about the first birth that was taken back, or whose mother died.
    fn of_a_birth(told: &[Value], why: Why) -> (String, String, u64) {
        let key = key();
        let story = Story::of(told, &key);
        let (_, log) = good();
        let letters = story.letters(&Log::read(&log));
        let mut found = letters.into_iter().filter_map(|it| Some((it.not_after?, it)));
        let ((end, _), it) = found.find(|((_, is), _)| *is == why).unwrap();
        (it.id, it.recipient, end)
    }

    #[test]
    fn a_good_run_is_good_and_a_repeat_is_told_apart() {
        let (told, mut log) = good();
        let verdict = decide(&told, &log, &key());
        assert!(verdict.is_good(), "{verdict:#?}");
        assert!(verdict.messages > 50 && verdict.events < verdict.told);
        let again = log.iter().find(|it| it.get("call").is_some()).unwrap().clone();
        log.push(again);
        let verdict = decide(&told, &log, &key());
        assert!(verdict.is_good() && verdict.repeated_sends == 1);
    }

    #[test]
    fn what_is_lost_is_found() {
        let (told, log) = good();
        let without = |drop: &dyn Fn(&Value) -> bool| -> Vec<Value> {
            log.iter().filter(|it| !drop(it)).cloned().collect()
        };
        let call = log.iter().find(|it| it.get("call").is_some()).unwrap();
        assert_eq!(judged(&told, &without(&|it| it == call)), [1, 0, 0, 0]);
        let last = told.iter().find(|it| it["type"] == BIRTH).unwrap();
        let silent = without(&|it| it["id"] == last["id"] && it["source"] == last["source"]);
        assert_eq!(judged(&told, &silent), [1, 0, 0, 0]);
        assert_eq!(judged(&told, &without(&|it| it["mark"] == "worked_off")), [1, 0, 0, 0]);
        let mut given_up = without(&|it| it["mark"] == "worked_off");
        given_up.push(json!({"ms": 9_000, "mark": "worked_off", "given_up": 2}));
        assert_eq!(judged(&told, &given_up), [2, 0, 0, 0]);
    }

    #[test]
    fn what_is_doubled_is_found() {
        let (told, mut log) = good();
        let one = log.iter().find(|it| it.get("call").is_some()).unwrap().clone();
        log.push(call(
            "dlv_another",
            one.pointer("/body/data/recipient").unwrap().as_str().unwrap(),
            5_100,
        ));
        assert_eq!(judged(&told, &log), [0, 1, 0, 0]);
        log.pop();
        log.push(call(one["call"].as_str().unwrap(), "sub_somebody_else", 5_100));
        assert_eq!(judged(&told, &log), [0, 1, 0, 0]);
    }

    #[test]
    fn what_comes_after_a_withdrawal_or_a_death_is_found() {
        let (told, log) = good();
        for (why, expected) in [(Why::Withdrawn, [0, 0, 1, 0]), (Why::Died, [0, 0, 0, 1])] {
            let (id, recipient, end) = of_a_birth(&told, why);
            let mut late = log.clone();
            late.push(call(&id, &recipient, end + UNDER_WAY + 1));
            let [lost, rest @ ..] = judged(&told, &late);
            // A letter that came is corrected.
            assert_eq!(lost, u64::from(why == Why::Withdrawn));
            assert_eq!(rest, expected[1..]);
            let mut in_time = log.clone();
            in_time.push(call(&id, &recipient, end));
            assert_eq!(judged(&told, &in_time)[1..], [0, 0, 0]);
        }
    }
}
