//! Sources that others keep: what is read, and what is set aside.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use knowledge::{Level, Manifest, Procedure, SetAside, SetAsideReason};

const MANIFEST: &str = "title: A portal\nformat: portal-procedures\nfile: p.jsonl.gz\nplace: vn\n\
    source: [portal]\nconfidence: M\nretrieved_on: 2026-07-18\nlocal_issuers: [UBND]\n\
    issuers: {UBND tỉnh Bắc Ninh: vn-24}\n";

fn record(code: &str, more: &str) -> String {
    format!(
        r#"{{"code":"{code}","title":" Đăng ký  khai sinh ","sector":"Hộ tịch","level":"Cấp tỉnh, Cấp xã",
        "users":["Công dân Việt Nam"],"results":[{{"name":"Giấy khai sinh"}}],
        "methods":[{{"m":"DIRECT","time":3,"unit":"WORKING_DAY","text":"","fees":[{{"value":0,"text":""}}]}},
        {{"m":"ONLINE","time":5,"unit":"OTHER","text":""}}],"legal":[{{"code":"60/2014/QH13","name":"Luật Hộ tịch"}}]{more}}}"#
    )
    .replace('\n', " ")
}

fn read(bytes: &[u8]) -> Vec<Result<Procedure, SetAside>> {
    let manifest = Manifest::parse(MANIFEST).unwrap();
    manifest.read(bytes).collect()
}

fn packed(text: &str) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}

#[test]
fn a_record_says_what_it_says_and_nothing_more() {
    let lines = record("1.001193", "");
    let read = read(&packed(&lines));
    let [Ok(procedure)] = &read[..] else { panic!("{read:?}") };
    let document = &procedure.document;
    assert_eq!(document.id, "procedure-1.001193");
    assert_eq!(document.title, "Đăng ký khai sinh");
    assert_eq!(document.path, "p.jsonl.gz:1");
    assert_eq!(procedure.levels, [Level::Province, Level::Commune]);
    assert!(procedure.for_citizens && document.in_force.from.is_none());
    let section = |id: &str| document.sections.iter().find(|it| it.id == id);
    assert_eq!(section("how-long").unwrap().text, "Nộp trực tiếp: 3 ngày làm việc.");
    assert!(section("fee").is_none(), "an amount of 0 does not say that it is free");
    assert!(section("how").is_none());
    assert_eq!(section("law").unwrap().text, "60/2014/QH13 Luật Hộ tịch");
    assert_eq!(procedure.card(), "Đăng ký khai sinh. Hộ tịch. Giấy khai sinh");
}

#[test]
fn what_a_province_issues_holds_there() {
    let local = |name: &str| record("1.1", &format!(r#","promulgator":"{name}""#));
    let there = read(local("UBND tỉnh Bắc Ninh").as_bytes());
    assert_eq!(there[0].as_ref().unwrap().document.place.as_str(), "vn-24");
    let nowhere = read(local("UBND tỉnh Nào Đó").as_bytes());
    assert!(matches!(nowhere[0].as_ref().unwrap_err().reason, SetAsideReason::Issuer(_)));
    let ministry = read(local("Bộ Tư pháp").as_bytes());
    assert_eq!(ministry[0].as_ref().unwrap().document.place.as_str(), "vn");
}

#[test]
fn long_words_are_cut_where_the_model_would_and_none_is_lost() {
    let long = "một hai ba bốn ".repeat(300);
    let read = read(record("1.1", &format!(r#","steps":[{{"text":"{long}"}}]"#)).as_bytes());
    let sections = &read[0].as_ref().unwrap().document.sections;
    let how: Vec<_> =
        sections.iter().filter(|it| it.id.starts_with("how") && it.id != "how-long").collect();
    assert!(how.len() > 2 && how.iter().all(|it| it.text.chars().count() <= 1_400));
    assert_eq!((how[0].id.as_str(), how[1].id.as_str()), ("how", "how-2"));
    let words: Vec<&str> = how.iter().flat_map(|it| it.text.split_whitespace()).collect();
    assert_eq!(words.len(), 1_200);
}

#[test]
fn broken_lines_are_set_aside_with_their_number_and_the_rest_is_read() {
    let good = |code: &str| record(code, "");
    let mut bytes = format!("{}\n\n{{\"code\":\n", good("1.1")).into_bytes();
    bytes.extend(b"\xff\xfe\n");
    let rest = [
        "{}".to_owned(),
        good("1.1"),
        good("a b"),
        r#"{"code":"1.2","title":" "}"#.to_owned(),
        good("1.3"),
    ];
    bytes.extend(rest.join("\n").bytes());
    let read = read(&bytes);
    let found = read.iter().map(|it| match it {
        Ok(procedure) => (0, procedure.document.id.clone()),
        Err(error) => (error.line, error.reason.to_string()),
    });
    let found: Vec<(usize, String)> = found.collect();
    let aside = |line: usize, reason: &str| (line, reason.to_owned());
    assert_eq!(
        found,
        [
            (0, "procedure-1.1".to_owned()),
            aside(3, "the line is no record"),
            aside(4, "the line is not UTF-8"),
            aside(5, "the line is no record"),
            aside(6, "`procedure-1.1` is told on line 1 already"),
            aside(7, "`a b` is no code of a procedure"),
            aside(8, "the record has no title"),
            (0, "procedure-1.3".to_owned()),
        ]
    );
}

#[test]
fn a_file_that_breaks_off_gives_what_came_before() {
    let lines: Vec<String> = (0..200).map(|n| record(&format!("1.{n}"), "")).collect();
    let whole = packed(&lines.join("\n"));
    let read = read(&whole[..whole.len() / 2]);
    let (last, before) = read.split_last().unwrap();
    assert!(before.len() > 10 && before.iter().all(Result::is_ok));
    assert!(matches!(last.as_ref().unwrap_err().reason, SetAsideReason::Unreadable(_)));
}

#[test]
fn a_line_without_end_is_passed_over() {
    let mut bytes = vec![b' '; 9 * 1024 * 1024];
    bytes.extend(format!("\n{}", record("1.1", "")).bytes());
    let read = read(&bytes);
    assert!(matches!(read[0].as_ref().unwrap_err().reason, SetAsideReason::TooLong));
    assert!(read[1].is_ok() && read.len() == 2);
}

#[test]
fn a_wrong_manifest_says_where() {
    let error = Manifest::parse("title: A\nformat: other\n").unwrap_err();
    assert!(error.to_string().contains("line 2"), "{error}");
}
