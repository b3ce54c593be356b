//! The subjects: who they are is chance, always the same chance.
//!
//! One row is what the registers know for one child with both parents and for one parcel with
//! seller and buyer, so that each of the three life events can be asked about each row. A row is
//! one line of JSON: paths as conditions write them, days as text, people as numbers. Nobody
//! has a name, an address or a personal number: no condition reads one.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use serde_json::{Map, Value, json};

/// The day that is asked about, and whose law counts.
pub(crate) const TODAY: Date = date(2026, 11, 20);

/// What is known for one row, by path.
pub(crate) type Row = Map<String, Value>;

/// Changing it changes all figures a little and no answer's meaning.
const SEED: u64 = 20_261_120;

const VIET_NAM: &str = "Việt Nam";

/// `SplitMix64`: small, and the same everywhere and for ever.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

/// Writes `count` rows.
pub(crate) fn generate(path: &Path, count: u64) -> Result<()> {
    let to = || path.display().to_string();
    let mut chance = Chance::new(SEED);
    let mut file = std::io::BufWriter::new(fs::File::create(path).with_context(to)?);
    for number in 0..count {
        serde_json::to_writer(&mut file, &row(number, &mut chance)?)?;
        writeln!(file)?;
    }
    file.flush().with_context(to)
}

/// Reads all rows.
pub(crate) fn read(path: &Path) -> Result<Vec<Row>> {
    let at = || format!("{}: make it with `cotmoc-peers generate`", path.display());
    let text = fs::read_to_string(path).with_context(at)?;
    text.lines().map(|line| serde_json::from_str(line).with_context(at)).collect()
}

/// Everyone of a row has a number of their own.
fn row(number: u64, chance: &mut Chance) -> Result<Row> {
    let person = |place: u64| number * 10 + place;
    let (child, mother, father, seller, buyer, spouse, stranger, parcel) =
        (person(0), person(1), person(2), person(3), person(4), person(5), person(6), person(7));
    let born_on = born_on(chance)?;
    let contract = format!("{number:06}/CC");
    let registered = match chance.below(10) {
        0..3 => contract.clone(),
        3..6 => format!("{:06}/CC", number + 1),
        _ => String::new(),
    };
    let owner = match chance.below(10) {
        0..7 => seller,
        7 => spouse,
        _ => stranger,
    };
    let notarised_on = TODAY.checked_sub(chance.below(60).cast_signed().days())?;
    let kind = if chance.percent(70) { "chuyển nhượng" } else { "tặng cho" };
    let facts = json!({
        "child": child,
        "child.born_on": born_on.to_string(),
        "child.mother": mother,
        "child.father": father,
        "child.birth.registered": chance.percent(40),
        "child.school.grade1_enrolled": chance.percent(40),
        "child.residence.province": format!("{:02}", 1 + chance.below(34)),
        "mother.nationality": nationality(chance),
        "mother.marriage.recorded": chance.percent(60),
        "mother.insurance.compulsory": chance.percent(60),
        "mother.insurance.months_of_12": chance.below(13),
        "mother.insurance.other_route": chance.percent(10),
        "mother.tax.income_payer": chance.percent(40),
        "father.nationality": nationality(chance),
        "father.insurance.compulsory": chance.percent(60),
        "parcel": parcel,
        "parcel.owner": owner,
        "parcel.registered_contract": registered,
        "parcel.transfer.seller": seller,
        "parcel.transfer.buyer": buyer,
        "parcel.transfer.contract_no": contract,
        "parcel.transfer.notarised_on": notarised_on.to_string(),
        "parcel.transfer.kind": kind,
        "seller.spouse": spouse,
    });
    match facts {
        Value::Object(row) => Ok(row),
        _ => Ok(Row::new()),
    }
}

/// Newborns, children of the year that turns six, and children of any age.
fn born_on(chance: &mut Chance) -> Result<Date> {
    let (first, days) = match chance.below(10) {
        0..4 => (date(2025, 11, 20), 366),
        4..7 => (date(2020, 1, 1), 366),
        _ => (date(2014, 1, 1), 4707),
    };
    Ok(first.checked_add(chance.below(days).cast_signed().days())?)
}

fn nationality(chance: &mut Chance) -> &'static str {
    match chance.below(20) {
        0..17 => VIET_NAM,
        17 => "Lào",
        18 => "Pháp",
        _ => "Nhật Bản",
    }
}
