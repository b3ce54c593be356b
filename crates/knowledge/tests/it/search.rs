//! Questions as people type them, and the filters, with the model of ten lines.

use std::sync::Arc;

use jiff::civil::date;
use knowledge::{Index, Kind, Query, Search, SearchError};
use unicode_normalization::UnicodeNormalization as _;

use crate::support::{DAY, HashModel, corpus, documents, find, search};

#[test]
fn questions_find_their_procedure() {
    let search = search();
    for (typed, wanted) in [
        ("làm giấy khai sinh cho con", "birth-interlinked"),
        ("lam giay khai sinh cho con", "birth-interlinked"),
        ("LÀM GIẤY KHAI SINH CHO CON", "birth-interlinked"),
        ("sang tên sổ đỏ", "land-transfer"),
        ("sang ten so do", "land-transfer"),
        ("cho con vào lớp 1", "grade-1-enrolment"),
        ("cho con vao lop 1", "grade-1-enrolment"),
        ("3.000722", "birth-interlinked"),
        ("thủ tục 1.007277 nộp ở đâu", "land-registration-fee"),
        ("lm giấy khia sinh cho con", "birth-interlinked"),
        ("sang tên sổ đỏo", "land-transfer"),
    ] {
        let hits = find(&search, typed);
        assert_eq!(hits[0].passage.document, wanted, "{typed}: {:?}", documents(&hits));
    }
}

#[test]
fn a_question_about_one_thing_finds_the_section() {
    let search = search();
    for (typed, wanted) in [
        ("hạn đăng ký khai sinh là bao nhiêu ngày", "deadline"),
        ("lệ phí đăng ký thường trú", "fee"),
        ("đăng ký thường trú cần chuẩn bị gì", "what-to-bring"),
    ] {
        let hits = find(&search, typed);
        let sections: Vec<_> =
            hits.iter().take(3).map(|hit| hit.passage.section.as_str()).collect();
        assert!(sections.contains(&wanted), "{typed}: {sections:?}");
    }
}

#[test]
fn both_unicode_forms_and_both_tone_places_get_one_answer() {
    let search = search();
    let typed = "Ủy ban nhân dân đăng ký khai sinh ở Khánh Hòa";
    let answer = find(&search, typed);
    let decomposed: String = typed.nfd().collect();
    assert_eq!(find(&search, &decomposed), answer);
    let old = find(&search, "Uỷ ban nhân dân đăng ký khai sinh ở Khánh Hoà");
    assert_eq!(old, answer);
}

#[test]
fn a_hit_says_why() {
    let search = search();
    let hits = find(&search, "lam giay khai sinh");
    let why = &hits[0].why;
    assert_eq!(why.read_as.as_deref(), Some("làm giấy khai sinh"));
    assert!(why.terms.iter().any(|term| term == "khai_sinh"), "{why:?}");
    assert_eq!(why.called.as_deref(), Some("lam giay khai sinh"));
    assert!(why.lexical_rank.is_some() && why.dense_rank.is_some());
    assert!(hits.is_sorted_by(|a, b| a.score >= b.score));

    let hits = find(&search, "3.000722");
    assert_eq!(hits[0].why.named, ["3.000722"]);
    assert_eq!(hits[0].dense, None, "a bare code is not embedded");
    let hits = find(&search, "nghị định 224/2026 điều 17");
    assert_eq!(hits[0].passage.document, "decree-224-2026-article-17");
    assert_eq!(hits[0].why.named, ["224/2026"]);
}

#[test]
fn a_former_code_leads_to_the_new_procedure_and_to_the_old_one_in_its_time() {
    let search = search();
    let now = find(&search, "2.002621");
    assert_eq!(now[0].passage.document, "birth-interlinked");
    assert!(!documents(&now).contains(&"birth-interlinked-before-2026-09"));
    let then = search.find(&Query::new("2.002621", date(2026, 8, 31))).unwrap();
    assert_eq!(then[0].passage.document, "birth-interlinked-before-2026-09");
    assert!(!documents(&then).contains(&"birth-interlinked"));
}

#[test]
fn what_is_not_in_force_on_the_day_is_not_found() {
    let search = search();
    let ask = |day| {
        let limit = 200;
        search.find(&Query { limit, ..Query::new("luật hộ tịch đăng ký khai sinh", day) }).unwrap()
    };
    let (now, later) = (ask(DAY), ask(date(2027, 3, 1)));
    assert!(documents(&now).contains(&"law-civil-status-2014-birth"));
    assert!(!documents(&now).contains(&"law-civil-status-2026"));
    assert!(documents(&later).contains(&"law-civil-status-2026"));
    assert!(!documents(&later).contains(&"law-civil-status-2014-birth"));
}

#[test]
fn another_place_is_left_out_and_the_own_comes_first() {
    let search = search();
    let ask = |place: Option<&str>| {
        let place = place.map(|place| place.parse().unwrap());
        search.find(&Query { place, limit: 200, ..Query::new("tuyển sinh lớp 1", DAY) }).unwrap()
    };
    let (hcmc, hanoi) = ("grade-1-ho-chi-minh-city", "grade-1-ha-noi");
    let anywhere = ask(None);
    assert!(documents(&anywhere).contains(&hcmc) && documents(&anywhere).contains(&hanoi));
    let country = ask(Some("vn"));
    assert!(!documents(&country).contains(&hcmc) && !documents(&country).contains(&hanoi));
    for (place, own, other) in [("vn-79", hcmc, hanoi), ("vn-01-00004", hanoi, hcmc)] {
        let hits = ask(Some(place));
        assert_eq!(hits[0].passage.document, own);
        assert!(!documents(&hits).contains(&other));
        assert!(documents(&hits).contains(&"grade-1-enrolment"));
    }
}

#[test]
fn kinds_and_codes_bound_the_answer() {
    let search = search();
    let codes = Some(vec!["LE-LAND-TRANSFER".to_owned()]);
    let query =
        Query {
            kinds: vec![Kind::Law], codes, limit: 200, ..Query::new("thời hạn đăng ký", DAY)
        };
    let hits = search.find(&query).unwrap();
    assert!(!hits.is_empty());
    for hit in &hits {
        assert_eq!(hit.passage.kind, Kind::Law);
        assert!(hit.passage.codes.iter().any(|code| code == "LE-LAND-TRANSFER"));
    }
    let nothing = Query { codes: Some(vec![]), ..query.clone() };
    assert!(search.find(&nothing).unwrap().is_empty());
    assert_eq!(search.find(&Query { limit: 3, ..query }).unwrap().len(), 3);
}

#[test]
fn the_law_of_a_procedure_is_found_by_its_code() {
    let search = search();
    let codes = Some(vec!["3.000722".to_owned()]);
    let kinds = vec![Kind::Law];
    let query = Query { kinds, codes, ..Query::new("hạn đăng ký khai sinh 60 ngày", DAY) };
    assert_eq!(
        search.find(&query).unwrap()[0].passage.id,
        "law-civil-status-2014-birth#article-15-1"
    );
}

#[test]
fn no_question_and_a_foreign_index_are_errors() {
    let search = search();
    for nothing in ["", "  ", "?!…"] {
        assert!(matches!(search.find(&Query::new(nothing, DAY)), Err(SearchError::Empty)));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.index");
    let model = HashModel::default();
    let (index, _) = Index::build(&corpus(), &model, &path, &mut |_| {}).unwrap();
    let other = Arc::new(HashModel { name: "other", ..HashModel::default() });
    let error = Search::open(index, other).err().unwrap().to_string();
    assert!(error.contains("`hash `") && error.contains("`hash other`"), "{error}");
}
