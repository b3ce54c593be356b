//! A record of the National Public Service Portal into a document.
//!
//! Nothing is added to what the record says. Its metadata is uneven: a time whose unit is
//! `OTHER` is told only where words say it, an amount of 0 without words is not told at all
//! (it may be free, or written elsewhere), and the day it came into force is not in it.

use serde::Deserialize;

use super::{Level, Manifest, Procedure, Reason};
use crate::corpus::{Document, InForce, Kind, LONGEST, Section, sha256_hex};
use crate::text::nfc;

#[derive(Deserialize)]
struct Record {
    code: String,
    title: String,
    #[serde(default)]
    sector: String,
    #[serde(default)]
    level: String,
    #[serde(default)]
    promulgator: String,
    #[serde(default)]
    users: Vec<String>,
    #[serde(default)]
    executing: Vec<String>,
    #[serde(default)]
    steps: Vec<Step>,
    #[serde(default)]
    methods: Vec<Method>,
    #[serde(default)]
    cases: Vec<Case>,
    #[serde(default)]
    results: Vec<Outcome>,
    #[serde(default)]
    legal: Vec<Act>,
    #[serde(default)]
    conditions: String,
    #[serde(default)]
    keywords: String,
}

#[derive(Deserialize)]
struct Step {
    #[serde(default)]
    name: String,
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
struct Method {
    #[serde(default)]
    m: String,
    #[serde(default)]
    time: serde_json::Value,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    fees: Vec<Fee>,
}

#[derive(Deserialize)]
struct Fee {
    #[serde(default)]
    value: serde_json::Value,
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
struct Case {
    #[serde(default)]
    name: String,
    #[serde(default)]
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Outcome {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Act {
    #[serde(default)]
    code: String,
    #[serde(default)]
    name: String,
}

/// What the portal calls those who are no business and no agency.
const CITIZEN: &str = "Công dân Việt Nam";

/// The procedure of one record.
pub(super) fn procedure(manifest: &Manifest, line: usize, text: &str) -> Result<Procedure, Reason> {
    let record: Record = serde_json::from_str(text).map_err(Reason::NotARecord)?;
    let code = clean(&record.code);
    if code.is_empty() {
        return Err(Reason::Lacks("code"));
    }
    if !code.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')) {
        return Err(Reason::Code(code));
    }
    let title = clean(&record.title);
    if title.is_empty() {
        return Err(Reason::Lacks("title"));
    }
    let place = manifest.place_of(record.promulgator.trim())?.clone();
    let sections = sections(&record, line);
    if sections.is_empty() {
        return Err(Reason::Lacks("text"));
    }
    let results = record.results.iter().map(|result| clean(&result.name)).collect();
    let document = Document {
        id: format!("procedure-{}", code.to_ascii_lowercase()),
        kind: Kind::Procedure,
        code: Some(code),
        aliases: Some(clean(&record.keywords)).filter(|k| is_told(k)).into_iter().collect(),
        about: Vec::new(),
        title,
        place,
        in_force: InForce::default(),
        source: manifest.source.clone(),
        confidence: manifest.confidence,
        retrieved_on: manifest.retrieved_on,
        sections,
        path: format!("{}:{line}", manifest.file),
        hash: sha256_hex(text.trim_end().as_bytes()),
    };
    Ok(Procedure {
        document,
        names: Vec::new(),
        sector: clean(&record.sector),
        results,
        levels: record.level.split(',').filter_map(level).collect(),
        for_citizens: record.users.iter().any(|user| clean(user) == CITIZEN),
    })
}

fn level(word: &str) -> Option<Level> {
    match clean(word).as_str() {
        "Cấp xã" => Some(Level::Commune),
        "Cấp tỉnh" => Some(Level::Province),
        "Cấp bộ" => Some(Level::Ministry),
        "Cơ quan ngành dọc" => Some(Level::Branch),
        "Cơ quan khác" => Some(Level::Other),
        _ => None,
    }
}

fn sections(record: &Record, line: usize) -> Vec<Section> {
    let mut out = Sections { line, at: 0, made: Vec::new() };
    out.add("what", "Kết quả", &list(record.results.iter().map(|r| &r.name)));
    out.add("who", "Ai làm được", &(list(&record.users) + &paragraph(&record.conditions)));
    let items = record.cases.iter().flat_map(|case| {
        std::iter::once(paragraph(&case.name)).chain([list(case.items.iter().map(|i| &i.name))])
    });
    out.add("what-to-bring", "Hồ sơ", &items.collect::<String>());
    let steps = record.steps.iter().map(|step| paragraph(&step.name) + &paragraph(&step.text));
    out.add("how", "Cách làm", &steps.collect::<String>());
    out.add("where", "Nơi làm", &list(&record.executing));
    let times = record.methods.iter().map(|method| paragraph(&time(method)));
    out.add("how-long", "Thời hạn giải quyết", &unlike(times));
    let fees = record.methods.iter().flat_map(|method| &method.fees);
    out.add("fee", "Phí, lệ phí", &unlike(fees.map(|fee| paragraph(&amount(fee)))));
    let acts = list(record.legal.iter().map(|act| format!("{} {}", act.code, act.name)));
    out.add("law", "Căn cứ pháp lý", &acts);
    out.made
}

struct Sections {
    line: usize,
    at: usize,
    made: Vec<Section>,
}

impl Sections {
    /// Adds what there is to say, in pieces that the embedding model can read whole.
    fn add(&mut self, id: &str, heading: &str, text: &str) {
        for (place, piece) in pieces(text.trim()).into_iter().enumerate() {
            let id = if place == 0 { id.to_owned() } else { format!("{id}-{}", place + 1) };
            let (start, end) = (self.at, self.at + piece.len());
            self.at = end + 1;
            let (heading, line) = (heading.to_owned(), self.line);
            self.made.push(Section { id, heading, text: piece, start, end, line });
        }
    }
}

/// Cuts at spaces, and rather at the end of a line once three quarters of a piece are full.
fn pieces(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let (mut piece, mut length) = (String::new(), 0);
    for line in text.split_inclusive('\n') {
        if length > LONGEST * 3 / 4 {
            out.push(std::mem::take(&mut piece));
            length = 0;
        }
        for word in line.split_inclusive(' ') {
            let more = word.chars().count();
            if length + more > LONGEST {
                out.push(std::mem::take(&mut piece));
                length = 0;
            }
            piece.push_str(word);
            length += more;
        }
    }
    out.push(piece);
    let trimmed = out.into_iter().map(|piece| piece.trim().to_owned());
    trimmed.filter(|piece| !piece.is_empty()).collect()
}

fn time(method: &Method) -> String {
    let unit = match method.unit.as_str() {
        "HOUR" => "giờ",
        "DAY" => "ngày",
        "WORKING_DAY" => "ngày làm việc",
        "MONTH" => "tháng",
        "YEAR" => "năm",
        _ => return method.text.clone(),
    };
    let way = match method.m.as_str() {
        "DIRECT" => "Nộp trực tiếp: ",
        "ONLINE" => "Nộp trực tuyến: ",
        "POSTAL" => "Nộp qua bưu chính: ",
        _ => "",
    };
    match method.time.as_f64() {
        Some(time) if time > 0.0 => format!("{way}{time} {unit}. {}", method.text),
        _ => method.text.clone(),
    }
}

fn amount(fee: &Fee) -> String {
    match fee.value.as_f64() {
        Some(value) if value > 0.0 => format!("{value} (số ghi trên Cổng). {}", fee.text),
        _ => fee.text.clone(),
    }
}

/// The texts, each only once: most records say the same for every way of filing.
fn unlike(texts: impl Iterator<Item = String>) -> String {
    let mut seen: Vec<String> = Vec::new();
    for text in texts {
        if !seen.contains(&text) {
            seen.push(text);
        }
    }
    seen.concat()
}

fn list<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| paragraph(item.as_ref())).collect()
}

/// Lines with single spaces, or nothing where nothing is said.
fn paragraph(text: &str) -> String {
    let lines = text.lines().map(clean).filter(|line| is_told(line));
    lines.fold(String::new(), |out, line| out + &line + "\n")
}

fn is_told(text: &str) -> bool {
    !text.is_empty() && !text.eq_ignore_ascii_case("không có thông tin")
}

fn clean(text: &str) -> String {
    nfc(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}
