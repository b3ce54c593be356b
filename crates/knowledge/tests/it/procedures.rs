//! The index of all procedures: what is found, what is left out, and what a wrong file is told.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::civil::date;
use knowledge::{
    Added, Answer, Asked, Bounds, Corpus, IndexError, Kind, Level, MadeOf, Manifest, Point,
    Procedures, ProceduresBuild, ProceduresBuilt, ProceduresError, Question, Scan, StoreError,
    VectorStore, Ways,
};
use tempfile::TempDir;

use crate::support::{DAY, HashModel, corpus};

const MANIFEST: &str = "title: A portal\nformat: portal-procedures\nfile: p.jsonl\nplace: vn\n\
    source: [portal]\nconfidence: M\nretrieved_on: 2026-07-18\nlocal_issuers: [UBND]\n\
    issuers: {UBND tỉnh Bắc Ninh: vn-24, UBND Thành phố Hồ Chí Minh: vn-79}\n";

/// Code, title, level, issuer.
const RECORDS: [[&str; 4]; 6] = [
    ["1.001193", "Thủ tục đăng ký khai sinh", "Cấp xã", ""],
    ["1.000656", "Thủ tục đăng ký khai tử", "Cấp xã", ""],
    ["2.000001", "Cấp giấy phép lái xe", "Cấp tỉnh", ""],
    ["2.000002", "Cấp giấy phép khai thác khoáng sản", "Cấp bộ", "Bộ Công Thương"],
    ["2.000003", "Hỗ trợ học phí cho học sinh", "Cấp xã", "UBND tỉnh Bắc Ninh"],
    ["2.000004", "Hỗ trợ học phí cho trẻ mầm non", "Cấp xã", "UBND Thành phố Hồ Chí Minh"],
];

fn record([code, title, level, issuer]: [&str; 4]) -> String {
    format!(
        r#"{{"code":"{code}","title":"{title}","sector":"Lĩnh vực {level}","level":"{level}","promulgator":"{issuer}","users":["Công dân Việt Nam"],"results":[{{"name":"Giấy về {title}"}}],"methods":[{{"m":"DIRECT","time":3,"unit":"WORKING_DAY","text":"","fees":[{{"value":5,"text":"Lệ phí năm nghìn đồng"}}]}}],"steps":[{{"name":"Bước 1","text":"Nộp hồ sơ tại nơi cư trú"}}]}}"#
    )
}

struct Shelf {
    folder: TempDir,
    model: Arc<HashModel>,
}

impl Shelf {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), model: Arc::default() }
    }

    fn index(&self) -> PathBuf {
        self.folder.path().join("deep/procedures.index")
    }

    fn build(&self, own: &Corpus) -> Result<ProceduresBuilt, ProceduresError> {
        let manifest = Manifest::parse(MANIFEST).unwrap();
        let lines = RECORDS.map(record).join("\n");
        let mut build =
            ProceduresBuild::begin(own.documents(), self.model.as_ref(), &self.index(), "pack")?;
        for read in manifest.read(lines.as_bytes()) {
            build.add(&read.unwrap())?;
        }
        build.finish(&self.folder.path().join("deep/vectors"), &mut |_, _| ())
    }

    fn open(&self) -> Result<Procedures, ProceduresError> {
        Procedures::open(&self.index(), Arc::clone(&self.model) as _)
    }

    fn shown(own: &Corpus) -> Procedures {
        let shelf = Self::new();
        shelf.build(own).unwrap();
        shelf.open().unwrap()
    }
}

fn ids(answer: &Answer<'_>) -> Vec<String> {
    answer.found.iter().map(|found| found.entry.id.clone()).collect()
}

fn ask(procedures: &Procedures, text: &str, bounds: &Bounds) -> (Question, Vec<String>) {
    let question = procedures.understand(text).unwrap();
    let found = ids(&procedures.find(&question, Ways::Hybrid, bounds, 100).unwrap());
    (question, found)
}

#[test]
fn an_everyday_question_finds_its_procedure_and_the_section_that_it_asks_for() {
    let procedures = Shelf::shown(&Corpus::default());
    assert_eq!((procedures.len(), procedures.is_empty()), (6, false));
    for typed in ["xin giấy phép lái xe bao nhiêu tiền?", "giay phep lai xe bao nhieu tien"]
    {
        let question = procedures.understand(typed).unwrap();
        let answer = procedures.find(&question, Ways::Hybrid, &Bounds::default(), 3).unwrap();
        let first = &answer.found[0];
        assert_eq!(first.entry.id, "procedure-2.000001");
        let reasons = first.reasons.unwrap();
        assert!(reasons.lexical > 0.0 && reasons.dense > 0.0 && reasons.ahead > 0.0);
        let document = procedures.document(first).unwrap();
        assert_eq!((&document.hash, document.hash.len()), (&first.entry.hash, 64));
        let sections = procedures.sections(&document, &question, 2);
        assert_eq!((sections.len(), sections[0].id.as_str()), (2, "fee"));
        let [section, ..] = &sections[..] else { unreachable!() };
        let same = document.sections.iter().find(|it| it.id == "fee").unwrap();
        assert_eq!((section.span.start, section.span.end), (same.start, same.end));
        assert_eq!((&section.text, section.hash.len()), (&same.text, 64));
    }
}

#[test]
fn abbreviations_are_learnt_from_what_papers_are_called() {
    let shelf = Shelf::new();
    let titles = [
        "Cấp giấy phép lái xe lần đầu",
        "Đổi giấy phép lái xe quân sự",
        "Thu hồi giấy phép lái xe (theo yêu cầu)",
        "Giấy phép lái xe quốc tế, cấp lại",
        "Công nhận giấy phép lái xe nước ngoài",
        "Cấp thẻ cho người tham gia bảo hiểm y tế",
    ];
    let records = titles.iter().enumerate().map(|(number, title)| {
        let code = format!("3.{number}");
        let record = record([code.as_str(), title, "Cấp tỉnh", ""]);
        record.replace("Nộp hồ sơ", "Nộp thẻ bảo hiểm y tế (BHYT), (sau đây gọi là: GYT)")
    });
    let lines = records.collect::<Vec<_>>().join("\n");
    let manifest = Manifest::parse(MANIFEST).unwrap();
    let mut build = ProceduresBuild::begin(&[], shelf.model.as_ref(), &shelf.index(), "").unwrap();
    for read in manifest.read(lines.as_bytes()) {
        build.add(&read.unwrap()).unwrap();
    }
    build.finish(&shelf.folder.path().join("v"), &mut |_, _| ()).unwrap();
    let procedures = shelf.open().unwrap();
    let (question, found) = ask(&procedures, "đổi GPLX quân sự", &Bounds::default());
    assert_eq!(question.read_as, "đổi giấy phép lái xe quân sự");
    assert_eq!((question.expansions.len(), question.expansions[0].short.as_str()), (1, "GPLX"));
    assert_eq!(found[0], "procedure-3.1");
    let (question, found) = ask(&procedures, "the bhyt", &Bounds::default());
    assert_eq!(question.expansions[0].long, "bảo hiểm y tế");
    assert_eq!(found[0], "procedure-3.5");
    let (question, _) = ask(&procedures, "ATM ở đâu", &Bounds::default());
    assert!(question.expansions.is_empty() && !question.changed, "{}", question.read_as);
}

#[test]
fn bounds_leave_out_before_ranking_and_say_how_many() {
    let procedures = Shelf::shown(&Corpus::default());
    let asked = |bounds: &Bounds| ask(&procedures, "hỗ trợ học phí", bounds).1;
    let place = |place: &str| Some(place.parse().unwrap());
    let there = Bounds { place: place("vn-24-09000"), ..Bounds::default() };
    let found = asked(&there);
    assert_eq!(found[0], "procedure-2.000003");
    assert!(!found.contains(&"procedure-2.000004".to_owned()) && found.len() == 5);
    assert_eq!(asked(&Bounds { place: place("vn"), ..Bounds::default() }).len(), 4);
    let communes = Bounds { level: Some(Level::Commune), ..Bounds::default() };
    assert_eq!(asked(&communes).len(), 4);
    let coded = Bounds { codes: Some(vec!["2.000002".to_owned()]), ..Bounds::default() };
    assert_eq!(asked(&coded), ["procedure-2.000002"]);
    assert_eq!(asked(&Bounds { kinds: vec![Kind::Law], ..Bounds::default() }), [""; 0]);

    let question = procedures.understand("khai tử").unwrap();
    let both = Bounds { level: Some(Level::Commune), ..there };
    let answer = procedures.find(&question, Ways::Hybrid, &both, 1).unwrap();
    assert_eq!(answer.found.len(), 1);
    assert_eq!((answer.left_out.place, answer.left_out.level), (1, 2));
    assert_eq!(answer.facets.level.get("commune"), Some(&3));
    assert_eq!(answer.facets.place.get("vn-24"), Some(&1));
    assert_eq!(answer.facets.sector.get("Lĩnh vực Cấp xã"), Some(&3));
}

#[test]
fn what_a_store_lists_is_ranked_as_without_it() {
    let alone = Shelf::shown(&Corpus::default());
    let listed = Shelf::shown(&Corpus::default()).with_store(Box::new(Scan::default())).unwrap();
    let place = |place: &str| Bounds { place: Some(place.parse().unwrap()), ..Bounds::default() };
    for bounds in [Bounds::default(), place("vn"), place("vn-24")] {
        for text in ["hỗ trợ học phí", "giay phep lai xe", "2.000002"] {
            assert_eq!(ask(&listed, text, &bounds).1, ask(&alone, text, &bounds).1, "{text}");
        }
    }
}

/// A store that finds one document, whatever is asked.
struct One(&'static str);

impl VectorStore for One {
    fn holds(&self, _: &str) -> Result<bool, StoreError> {
        Ok(true)
    }

    fn replace(&mut self, _: &str, _: &[Point]) -> Result<(), StoreError> {
        unreachable!("it holds every generation")
    }

    fn hashes(&self) -> Result<BTreeMap<String, String>, StoreError> {
        Ok(BTreeMap::new())
    }

    fn upsert(&mut self, _: &[Point]) -> Result<(), StoreError> {
        Ok(())
    }

    fn delete(&mut self, _: &[String]) -> Result<(), StoreError> {
        Ok(())
    }

    fn query(&self, _: Asked<'_>, _: &Bounds, _: usize) -> Result<Vec<(String, f32)>, StoreError> {
        Ok(vec![(self.0.to_owned(), 1.0), ("of another index".to_owned(), 0.5)])
    }
}

#[test]
fn only_what_a_store_lists_is_ranked_and_what_the_question_names() {
    let listed = Shelf::shown(&Corpus::default());
    let listed = listed.with_store(Box::new(One("procedure-2.000003"))).unwrap();
    let asked = |text: &str, bounds: &Bounds| ask(&listed, text, bounds).1;
    assert_eq!(asked("giấy phép lái xe", &Bounds::default()), ["procedure-2.000003"]);
    let named = asked("2.000001 là gì", &Bounds::default());
    assert_eq!(named, ["procedure-2.000001", "procedure-2.000003"]);
    let elsewhere = Bounds { place: Some("vn-79".parse().unwrap()), ..Bounds::default() };
    assert_eq!(asked("học phí", &elsewhere), [""; 0], "bounds hold whatever a store says");
}

#[test]
fn the_words_of_the_pack_win_over_those_of_a_source() {
    let shelf = Shelf::new();
    let own = corpus();
    let manifest = Manifest::parse(MANIFEST).unwrap();
    let lines = [record(RECORDS[0]), record(RECORDS[1])].join("\n");
    let mut build =
        ProceduresBuild::begin(own.documents(), shelf.model.as_ref(), &shelf.index(), "p").unwrap();
    let mut added = Vec::new();
    for _source in 0..2 {
        for read in manifest.read(lines.as_bytes()) {
            added.push(build.add(&read.unwrap()).unwrap());
        }
    }
    let ours = Added::OursWins { id: "birth-registration".to_owned() };
    assert_eq!(added, [ours.clone(), Added::Taken, ours, Added::Twin]);
    build.finish(&shelf.folder.path().join("v"), &mut |_, _| ()).unwrap();
    let procedures = shelf.open().unwrap();
    assert_eq!(procedures.len(), own.documents().len() + 1);
    let now = Bounds { in_force_on: Some(DAY), ..Bounds::default() };
    let question = procedures.understand("làm giấy khai sinh hết bao nhiêu tiền").unwrap();
    let answer = procedures.find(&question, Ways::Hybrid, &now, 10).unwrap();
    let birth = answer.found.iter().find(|it| it.entry.code.as_deref() == Some("1.001193"));
    let birth = birth.unwrap();
    assert_eq!(
        (birth.entry.id.as_str(), birth.entry.levels[0]),
        ("birth-registration", Level::Commune)
    );
    assert!(birth.reasons.unwrap().named > 0.0, "people call it so");
    let document = procedures.document(birth).unwrap();
    assert!(procedures.sections(&document, &question, 1)[0].text.contains("8.000 đồng"));
    // Its title in the source finds it too, and so does what it is called no more.
    assert_eq!(ask(&procedures, "3.000722", &now).1[0], "birth-interlinked");
    assert_eq!(ask(&procedures, "2.002621", &now).1[0], "birth-interlinked");
    let then = Bounds { in_force_on: Some(date(2026, 8, 31)), ..Bounds::default() };
    assert!(!ask(&procedures, "2.002621", &then).1.contains(&"birth-interlinked".to_owned()));
    let laws = Bounds { level: Some(Level::Commune), ..now };
    let found = ask(&procedures, "luật hộ tịch", &laws).1;
    assert!(!found.iter().any(|id| id.starts_with("law-")), "a level handles no law: {found:?}");
}

#[test]
fn the_same_input_makes_the_same_bytes_and_embeds_nothing_twice() {
    let shelf = Shelf::new();
    let first = shelf.build(&corpus()).unwrap();
    let bytes = fs::read(shelf.index()).unwrap();
    let embedded = shelf.model.embedded.load(Ordering::Relaxed);
    let again = shelf.build(&corpus()).unwrap();
    assert_eq!(fs::read(shelf.index()).unwrap(), bytes);
    assert_eq!((again.hash.as_str(), again.embedded), (first.hash.as_str(), 0));
    assert_eq!(shelf.model.embedded.load(Ordering::Relaxed), embedded);
    assert_eq!(shelf.open().unwrap().hash(), first.hash);
    let made_of = MadeOf::read(&shelf.index()).unwrap();
    assert_eq!((made_of.model.as_str(), made_of.sources.as_str()), ("hash ", "pack"));
}

#[test]
fn a_wrong_index_is_refused_with_what_to_do() {
    let shelf = Shelf::new();
    let refused = || shelf.open().err().unwrap().to_string();
    assert!(refused().contains("build it with `cotmoc index`"), "{}", refused());
    shelf.build(&Corpus::default()).unwrap();
    let good = fs::read(shelf.index()).unwrap();
    for length in [0, 7, 11, 14, 40, 300, good.len() / 2, good.len() - 1] {
        fs::write(shelf.index(), &good[..length]).unwrap();
        let error = refused();
        assert!(error.contains("is damaged") && error.contains("`cotmoc index`"), "{error}");
    }
    for place in [0, 13, 30, 200, good.len() / 2, good.len() - 1] {
        let mut bad = good.clone();
        bad[place] ^= 0x81;
        fs::write(shelf.index(), bad).unwrap();
        let error = shelf.open().err().unwrap();
        let is_damage = matches!(
            error,
            ProceduresError::Index(IndexError::Damaged { .. }) | ProceduresError::Model { .. }
        );
        assert!(is_damage, "{place}: {error}");
    }
    let mut newer = good.clone();
    newer[8] = 99;
    fs::write(shelf.index(), newer).unwrap();
    assert!(refused().contains("has format 99"), "{}", refused());

    fs::write(shelf.index(), &good).unwrap();
    let other = Arc::new(HashModel { name: "other", ..HashModel::default() });
    let error = Procedures::open(&shelf.index(), other).err().unwrap().to_string();
    assert!(error.contains("`hash other`") && error.contains("`cotmoc index`"), "{error}");
}

#[test]
fn a_build_that_fails_leaves_the_old_index_and_no_half_of_a_new_one() {
    let shelf = Shelf::new();
    shelf.build(&Corpus::default()).unwrap();
    let good = fs::read(shelf.index()).unwrap();
    let manifest = Manifest::parse(MANIFEST).unwrap();
    let (model, place) = (shelf.model.as_ref(), shelf.index());
    let mut build = ProceduresBuild::begin(&[], model, &place, "").unwrap();
    let read = manifest.read(record(RECORDS[0]).as_bytes()).next().unwrap();
    build.add(&read.unwrap()).unwrap();
    // Where vectors should be kept there is a folder.
    let error = build.finish(shelf.folder.path(), &mut |_, _| ()).unwrap_err();
    assert!(matches!(error, ProceduresError::Vectors { .. }), "{error}");
    assert_eq!(fs::read(&place).unwrap(), good);
    let left = fs::read_dir(place.parent().unwrap()).unwrap().count();
    assert_eq!(left, 2, "the index and its vectors");

    let nothing = ProceduresBuild::begin(&[], model, &place, "").unwrap();
    let error = nothing.finish(Path::new("unused"), &mut |_, _| ()).unwrap_err();
    assert!(matches!(error, ProceduresError::Empty), "{error}");
}

/// Every write to this device fails for want of room.
#[test]
fn a_full_disk_is_told() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        eprintln!("SKIPPED a_full_disk_is_told: this system has no /dev/full");
        return;
    }
    let shelf = Shelf::new();
    let place = shelf.index();
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(full, place.with_extension("new")).unwrap();
    let error = shelf.build(&corpus()).unwrap_err();
    let ProceduresError::Index(IndexError::Write { path, source }) = &error else {
        panic!("{error}")
    };
    assert_eq!((path, source.kind()), (&place, std::io::ErrorKind::StorageFull));
    assert!(!place.exists());
    assert!(fs::symlink_metadata(place.with_extension("new")).is_err(), "the half is gone");
}

#[test]
fn what_is_no_question_is_refused_and_what_is_odd_is_read() {
    let procedures = Shelf::shown(&Corpus::default());
    for nothing in ["", "   ", "?!…", "\0\0", "\u{fffd}\u{fffd}", "</>"] {
        let error = procedures.understand(nothing).unwrap_err();
        assert!(matches!(error, ProceduresError::NoWord), "{nothing:?}: {error}");
    }
    let long = "khai sinh ".repeat(1_000);
    assert!(matches!(procedures.understand(&long), Err(ProceduresError::TooLong)));
    let longest = "khai tử ".repeat(250);
    assert_eq!(longest.chars().count(), 2_000);
    for odd in [
        longest.as_str(),
        "khai\0tử",
        "\u{1b}[31mkhai\ttử\u{7f}",
        "</s> khai tử </s> query: <s>",
        "khai tử \u{fffd}\u{fffd} 🪦",
        "KHAI TỬ",
        "khai tu\u{309}\u{31b}",
    ] {
        let found = ask(&procedures, odd, &Bounds::default()).1;
        assert_eq!(found[0], "procedure-1.000656", "{odd:?}");
    }
}
