//! What registers told, made up: births, most of which stand, some of which are taken back;
//! land that changes hands; deaths; and a lot that no letter follows from. Some of it comes twice,
//! some late, some in the wrong order.
//!
//! The same seed and day make the same history. All people are synthetic: numbers begin with 999.

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::chance::Chance;

/// In how many of a hundred cases a birth is taken back, a mother dies, an event comes late, and an
/// event is told twice.
const TAKEN_BACK: u64 = 20;
const DIES: u64 = 3;
const LATE: u64 = 5;
const TWICE: usize = 9;

/// The events in the order in which they are told, each as the JSON of a `CloudEvent`.
///
/// `today` is the last day that it may tell of. There are exactly `size`, a tenth of them births.
#[must_use]
pub fn history(seed: u64, today: Date, size: usize) -> Vec<Value> {
    let mut teller = Teller { chance: Chance::of(seed), today, told: Vec::new(), size };
    for family in 0..size / 10 {
        teller.birth(family);
    }
    for parcel in 0..size / 100 {
        teller.transfer(parcel);
    }
    let others = (size.saturating_mul(100) / (100 + TWICE)).max(teller.told.len());
    for number in teller.told.len()..others.min(size) {
        teller.something_else(number, size / 10);
    }
    teller.tell_some_again();
    let mut told = teller.told;
    told.sort_by_key(|it| it.at);
    told.into_iter().map(|it| it.event).collect()
}

/// An event and when it is told.
struct Told {
    at: u64,
    event: Value,
}

struct Teller {
    chance: Chance,
    today: Date,
    told: Vec<Told>,
    size: usize,
}

impl Teller {
    /// A moment of the history, for things that happen about then.
    fn moment(&mut self) -> u64 {
        self.chance.below(self.size as u64 * 10)
    }

    /// Tells it somewhat after `at`; sometimes much later.
    fn tell(&mut self, at: u64, after: u64, event: Value) {
        let late = if self.chance.happens(LATE) { self.size as u64 * 2 } else { 0 };
        let at = at + after + self.chance.below(400) + self.chance.below(late);
        self.told.push(Told { at, event });
    }

    /// So many days ago.
    fn days_ago(&self, days: u64) -> Date {
        let days = i64::try_from(days).unwrap_or_default();
        self.today.checked_sub(days.days()).unwrap_or(self.today)
    }

    fn birth(&mut self, family: usize) {
        let at = self.moment();
        let mother = mother_of(family);
        self.tell(at, 0, person(&format!("dc-m-{family}"), &mother, "Nữ"));
        let home = residence(family);
        self.tell(at, 0, lives(&format!("ct-m-{family}"), &mother, &home, "2025-07-01"));
        let ago = 2 + self.chance.below(20);
        let born_on = self.days_ago(ago);
        let id = format!("cs-{family}");
        let gcs = format!("99901.GCS.{family:05}.26");
        let certified = json!({
            "gcs_no": gcs, "record": gcs,
            "facility": {"code": "99901", "name": "Bệnh viện Phụ sản Mẫu"},
            "mother": {"pin": mother, "name": name_of(&mother), "born_on": born_of(&mother), "residence": home},
            "birth_time": format!("{born_on}T09:40:00+07:00"),
            "birth_place": "Bệnh viện Phụ sản Mẫu", "children": 1, "sex": "Nữ", "weight_grams": 3200,
        });
        let day = self.days_ago(1);
        self.tell(at, 100, event(&id, "health", "vn.health.birth-certified.v1", day, &certified));
        if self.chance.happens(TAKEN_BACK) {
            let withdraws = json!({"source": "urn:vn:register:health", "id": id});
            let data =
                json!({"gcs_no": gcs, "withdraws": withdraws, "reason": "Ghi nhầm người mẹ"});
            let kind = "vn.health.birth-certificate-cancelled.v1";
            let after = 100 + self.chance.below(1_500);
            self.tell(at, after, event(&format!("hcs-{family}"), "health", kind, day, &data));
        }
        if self.chance.happens(DIES) {
            let data = json!({
                "person": {"pin": mother}, "died_on": day, "registered_on": day,
                "register_no": format!("{family}/2026"),
            });
            let kind = "vn.civil-status.death-registered.v1";
            let after = self.chance.below(1_500);
            self.tell(at, after, event(&format!("kt-{family}"), "civil-status", kind, day, &data));
        }
    }

    /// Land that is sold: both sides must do something.
    fn transfer(&mut self, number: usize) {
        let at = self.moment();
        let (seller, buyer) = (format!("9990652{number:05}"), format!("9991853{number:05}"));
        self.tell(at, 0, person(&format!("dc-s-{number}"), &seller, "Nam"));
        self.tell(at, 0, person(&format!("dc-b-{number}"), &buyer, "Nữ"));
        let parcel = json!({
            "certificate": {"serial": format!("AA999{number:05}"), "register_no": "CS99901", "issued_on": "2024-09-16"},
            "sheet": "12", "plot": "345", "address_printed": "Tổ 5, phường Mẫu Cũ", "area": "86.5",
        });
        let recorded = json!({
            "parcel": parcel, "since": "2024-09-16", "owner": {"pin": seller}, "owner_kind": "cá nhân",
            "map": {"sheet": "47", "plot": "1208"}, "address": residence(number),
            "assets": "nhà ở riêng lẻ", "record": format!("TD-{number}"),
        });
        let day = self.days_ago(1);
        let kind = "vn.land.parcel-recorded.v1";
        self.tell(at, 0, event(&format!("td-{number}"), "land", kind, day, &recorded));
        let ago = 1 + self.chance.below(10);
        let sold = json!({
            "contract_no": format!("{number}/2026"), "notarised_on": self.days_ago(ago),
            "office": "Văn phòng công chứng Mẫu", "kind": "chuyển nhượng", "price": 3_450_000_000_u64,
            "parcel": parcel, "seller": {"pin": seller}, "buyer": {"pin": buyer},
        });
        let kind = "vn.notary.transfer-notarised.v1";
        self.tell(at, 100, event(&format!("cc-{number}"), "notary", kind, day, &sold));
    }

    /// A card, a licence, an insurance, a new address, of a mother or of somebody else.
    fn something_else(&mut self, number: usize, families: usize) {
        let at = self.moment();
        let family = self.chance.below(families as u64 * 4);
        let family = usize::try_from(family).unwrap_or_default();
        let who = if family < families { mother_of(family) } else { nameless(number) };
        let day = self.days_ago(1);
        let ends = |days: i64| self.today.checked_add(days.days()).unwrap_or(self.today);
        let told = match self.chance.below(4) {
            0 => {
                let expires = ends(400);
                let data = json!({
                    "person": {"pin": who}, "as_of": day, "held": true, "request_open": false,
                    "loss_declared": false, "data_differs": false, "eid_level2": true,
                    "card": {"issued_on": "2021-05-01", "expires_on": expires},
                });
                event(
                    &format!("cc-{number}-card"),
                    "identity-cards",
                    "vn.identity.card-recorded.v1",
                    day,
                    &data,
                )
            }
            1 => {
                // Its end begins a life event. No register names this holder, so nobody is written to.
                let expires = ends(20);
                let data = json!({
                    "person": {"pin": nameless(number)}, "number": format!("999{number}"), "class": "B",
                    "kind": "dân sự", "issued_on": "2017-01-20", "expires_on": expires,
                    "exchange_asked": false,
                });
                event(
                    &format!("lx-{number}"),
                    "driving-licences",
                    "vn.driving.licence-recorded.v1",
                    day,
                    &data,
                )
            }
            2 => {
                let data = json!({
                    "person": {"pin": who}, "number": format!("{:010}", 9_990_000_000_u64 + number as u64),
                    "compulsory": true, "months_of_12": 12, "as_of": day,
                });
                event(
                    &format!("bh-{number}"),
                    "insurance",
                    "vn.insurance.participation-recorded.v1",
                    day,
                    &data,
                )
            }
            _ => {
                let since = self.days_ago(3).to_string();
                lives(&format!("ct-{number}"), &who, &residence(number), &since)
            }
        };
        self.tell(at, 0, told);
    }

    /// Tells as many again as are missing, each after the first time.
    fn tell_some_again(&mut self) {
        let once = self.told.len();
        for _ in once..self.size {
            let which = usize::try_from(self.chance.below(once as u64)).unwrap_or_default();
            let after = 1 + self.chance.below(3_000);
            if let Some(Told { at, event }) = self.told.get(which) {
                let again = Told { at: at + after, event: event.clone() };
                self.told.push(again);
            }
        }
    }
}

/// Somebody whom no register gives a name.
fn nameless(number: usize) -> String {
    format!("9990704{number:05}")
}

fn mother_of(family: usize) -> String {
    format!("9991961{family:05}")
}

/// A name that no prompt and no log may show.
fn name_of(pin: &str) -> String {
    format!("Người Mẫu {}", pin.get(7..).unwrap_or_default())
}

fn born_of(pin: &str) -> String {
    format!("19{}-04-12", pin.get(4..6).unwrap_or("70"))
}

fn event(id: &str, register: &str, kind: &str, day: Date, data: &Value) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": format!("urn:vn:register:{register}"), "type": kind,
        "time": format!("{day}T08:00:00+07:00"), "datacontenttype": "application/json", "data": data,
    })
}

fn person(id: &str, pin: &str, sex: &str) -> Value {
    let data = json!({"person": {
        "pin": pin, "name": name_of(pin), "born_on": born_of(pin), "sex": sex,
        "ethnicity": "Kinh", "nationality": "Việt Nam",
    }});
    let day = Date::constant(2025, 12, 15);
    event(id, "population", "vn.population.person-recorded.v1", day, &data)
}

fn lives(id: &str, pin: &str, home: &Value, since: &str) -> Value {
    let data =
        json!({"person": {"pin": pin}, "kind": "thường trú", "since": since, "residence": home});
    let day = Date::constant(2025, 12, 15);
    event(id, "residence", "vn.residence.residence-recorded.v1", day, &data)
}

fn residence(number: usize) -> Value {
    let home = |province: &str, name: &str, commune: &str, commune_name: &str| {
        json!({
            "province": province, "province_name": name, "commune": commune,
            "commune_name": commune_name, "detail": format!("{} đường Hoa Mẫu", number % 90 + 1),
        })
    };
    match number % 3 {
        0 => home("79", "Thành phố Hồ Chí Minh", "26740", "phường Sài Gòn"),
        1 => home("66", "tỉnh Đắk Lắk", "24505", "xã Ea Knuếc"),
        _ => home("38", "tỉnh Thanh Hóa", "14797", "phường Hạc Thành"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_history_is_that_of_its_seed_and_holds_what_is_hard() {
        let today = Date::constant(2026, 11, 28);
        let told = history(1, today, 2_000);
        assert_eq!(told.len(), 2_000);
        assert_eq!(told, history(1, today, 2_000));
        assert_ne!(told, history(2, today, 2_000));
        let of = |kind: &str| {
            told.iter().filter(|it| it["type"].as_str().unwrap().contains(kind)).count()
        };
        let counts = ["birth-certified", "cancelled", "death"].map(of);
        assert!(counts[0] > 100 && counts[1] > 10 && counts[2] > 0, "{counts:?}");
        let ids: BTreeSet<_> =
            told.iter().map(|it| (it["source"].to_string(), it["id"].to_string())).collect();
        assert!(told.len() - ids.len() > 100, "some are told twice");
        let place = |id: &str| told.iter().position(|it| it["id"] == id);
        let early = (0..200).filter(|it| {
            place(&format!("hcs-{it}")).is_some_and(|at| at < place(&format!("cs-{it}")).unwrap())
        });
        assert!(early.count() > 0, "some are taken back before they are told");
    }
}
