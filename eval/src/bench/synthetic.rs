//! Events for benchmarks: the sample timeline told again and again, of other people each time.
//!
//! The mix, the order and the payloads stay those of the samples; personal numbers, certificates,
//! parcels, contracts and ids change, the same ones everywhere in one telling. Numbers begin with
//! 999, which no province uses. Nothing is left to chance: the same call makes the same events.

use jiff::{SignedDuration, Timestamp};
use rules::Pack;
use serde_json::Value;

use crate::EvalError;

/// How many certificates one telling of the samples may hold.
const CERTIFICATES: usize = 100;
/// The last part of a number or of a certificate has so many values.
const MILLION: usize = 1_000_000;

/// An endless line of synthetic events.
#[derive(Debug, Clone)]
pub struct Synthetic {
    timeline: Vec<Value>,
    next: usize,
}

impl Synthetic {
    /// Events that vary those of the pack's samples.
    pub fn of(pack: &Pack) -> Result<Self, EvalError> {
        let lines = pack.samples().timeline.iter();
        let timeline: Vec<Value> =
            lines.filter_map(|line| serde_json::from_str(line).ok()).collect();
        if timeline.is_empty() {
            return Err(EvalError::NoSamples);
        }
        Ok(Self { timeline, next: 0 })
    }

    /// The same, without the first so many tellings.
    #[must_use]
    pub(super) fn skipping(self, tellings: usize) -> Self {
        Self { next: self.next + tellings * self.timeline.len(), ..self }
    }
}

impl Iterator for Synthetic {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        let (telling, place) = (self.next / self.timeline.len(), self.next % self.timeline.len());
        self.next += 1;
        // The samples themselves are the people of telling 0; these are others.
        let mut event = self.timeline.get(place)?.clone();
        retell(&mut event, None, telling + 1);
        Some(event)
    }
}

/// The kind of event that every birth begins with.
const BIRTH: &str = "vn.health.birth-certified.v1";

/// Births of other people each time, all of them a few hours ago.
#[derive(Debug, Clone)]
pub(super) struct Births {
    sample: Value,
    next: usize,
}

impl Births {
    /// Births that vary one of the pack's samples, told a minute before `now`.
    pub(super) fn of(pack: &Pack, now: Timestamp) -> Result<Self, EvalError> {
        let mut told = Synthetic::of(pack)?.timeline.into_iter();
        let is_birth = |it: &Value| it.get("type").and_then(Value::as_str) == Some(BIRTH);
        let mut sample = told.find(is_birth).ok_or(EvalError::NoSamples)?;
        let before = |minutes| {
            let at = now.checked_sub(SignedDuration::from_mins(minutes)).unwrap_or(now);
            Value::String(at.to_string())
        };
        for (pointer, minutes) in [("/time", 1), ("/data/birth_time", 180)] {
            *sample.pointer_mut(pointer).ok_or(EvalError::NoSamples)? = before(minutes);
        }
        Ok(Self { sample, next: 0 })
    }

    /// The same, without the first so many.
    #[must_use]
    pub(super) fn skipping(self, births: usize) -> Self {
        Self { next: self.next + births, ..self }
    }

    /// The next birth, and the mother's personal number.
    pub(super) fn tell(&mut self) -> (Value, String) {
        self.next += 1;
        let mut event = self.sample.clone();
        retell(&mut event, None, self.next);
        let mother = event.pointer("/data/mother/pin").and_then(Value::as_str);
        let mother = mother.unwrap_or_default().to_owned();
        (event, mother)
    }
}

/// Replaces what names somebody or something, wherever it stands. `key` is the name under which
/// `value` stands.
fn retell(value: &mut Value, key: Option<&str>, telling: usize) {
    match value {
        Value::String(text) => {
            if let Some(other) = renamed(text, key, telling) {
                *text = other;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|it| retell(it, key, telling)),
        Value::Object(entries) => {
            for (key, value) in entries {
                retell(value, Some(key), telling);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn renamed(text: &str, key: Option<&str>, telling: usize) -> Option<String> {
    match key? {
        // The event's own id and that of one that it takes back.
        "id" => Some(format!("{text}-{telling}")),
        "pin" => {
            // Place, century, sex and year stay, so that birth dates still agree; the samples
            // differ in this part, so the rest may be the telling's.
            let head = text.get(..6)?;
            Some(format!("{head}{:06}", telling % MILLION))
        }
        "gcs_no" | "record" if text.contains(".GCS.") => {
            let number: usize = text.split('.').nth(2)?.parse().ok()?;
            let number = telling * CERTIFICATES + number % CERTIFICATES;
            let year = text.rsplit('.').next()?;
            let facility = 90_000 + number / 100_000 % 10_000;
            Some(format!("{facility}.GCS.{:05}.{year}", number % 100_000))
        }
        "serial" => Some(format!("{}{telling:08}", text.get(..2)?)),
        "contract_no" => {
            let year = text.rsplit('/').next()?;
            Some(format!("{telling}/{year}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn two() -> Synthetic {
        Synthetic {
            timeline: vec![
                json!({"id": "cs-0001", "data": {"gcs_no": "99901.GCS.00001.26", "record": "99901.GCS.00001.26",
                    "mother": {"pin": "999196100011", "name": "Người Mẫu"}}}),
                json!({"id": "hcs-0001", "data": {"gcs_no": "99901.GCS.00001.26",
                    "withdraws": {"source": "urn:vn:register:health", "id": "cs-0001"},
                    "parcel": {"certificate": {"serial": "AA99900123"}}, "contract_no": "99901/2026"}}),
            ],
            next: 0,
        }
    }

    #[test]
    fn one_telling_speaks_of_the_same_things_and_the_next_of_others() {
        let told: Vec<Value> = two().take(4).collect();
        let [first, cancelled, second, _] = told.as_slice() else { panic!("four events") };
        assert_eq!(first["data"]["gcs_no"], "90000.GCS.00101.26");
        assert_eq!(first["data"]["record"], first["data"]["gcs_no"]);
        assert_eq!(cancelled["data"]["gcs_no"], first["data"]["gcs_no"]);
        assert_eq!(cancelled["data"]["withdraws"]["id"], first["id"]);
        assert_eq!(first["data"]["mother"]["pin"], "999196000001");
        assert_eq!(cancelled["data"]["parcel"]["certificate"]["serial"], "AA00000001");
        assert_eq!(cancelled["data"]["contract_no"], "1/2026");
        assert_ne!(second["data"]["mother"]["pin"], first["data"]["mother"]["pin"]);
        assert_ne!(second["data"]["gcs_no"], first["data"]["gcs_no"]);
        assert_ne!(second["id"], first["id"]);
        assert_eq!(told, two().take(4).collect::<Vec<_>>(), "the same every time");
    }

    #[test]
    fn no_certificate_comes_back_in_a_million_events() {
        let number = |telling| renamed("99901.GCS.00010.26", Some("gcs_no"), telling);
        let all: std::collections::BTreeSet<_> = (1..20_000).map(number).collect();
        assert_eq!(all.len(), 19_999);
    }
}
