//! One made-up family's pages, for the tests of the templates.

use domain::{
    DraftId, Evidence, Language, MessageId, MessageSource, MilestoneId, MilestoneState, SubjectId,
    SuggestionId, SuggestionState, Text,
};
use engine::view::{
    AccessLine, DeadlineView, DraftPage, FactLine, FieldLine, InboxItem, MessagePage, PassageLine,
    ResultView, SamplePerson, SourceLine, SuggestionView, WhyView,
};
use jiff::civil::{Date, date, time};

pub(crate) fn text(vi: &str, en: &str) -> Text {
    Text { vi: vi.to_owned(), en: en.to_owned() }
}

pub(crate) fn mother() -> SubjectId {
    SubjectId::of(&["mother"])
}

pub(crate) fn today() -> Date {
    date(2026, 11, 23)
}

pub(crate) fn people() -> Vec<SamplePerson> {
    vec![
        SamplePerson {
            subject: mother(),
            name: "Nguyễn Thị Thử Lan".to_owned(),
            story: text(
                "Vừa sinh con gái tại Bệnh viện huyện. Khai sinh, thẻ BHYT và thường trú làm một lần.",
                "Just had a daughter. Birth registration, health card and residence in one go.",
            ),
            messages: 3,
        },
        SamplePerson {
            subject: SubjectId::of(&["seller"]),
            name: "Trần Văn Thử Bình".to_owned(),
            story: text("Bán một thửa đất đã công chứng.", "Sold a parcel, notarised."),
            messages: 1,
        },
    ]
}

pub(crate) fn deadline(on: Date, safe: Date) -> DeadlineView {
    DeadlineView {
        on,
        safe,
        may_move: on.year() > today().year(),
        duty: text("Đăng ký khai sinh cho trẻ", "Register the child's birth"),
        law: "Điều 15 khoản 1, Luật Hộ tịch 60/2014/QH13".to_owned(),
        days_left: on.since(today()).unwrap().get_days(),
    }
}

pub(crate) fn suggestion() -> SuggestionView {
    SuggestionView {
        id: SuggestionId::of(&["main"]),
        milestone: MilestoneId::of(&["birth"]),
        life_event: "LE-BIRTH".to_owned(),
        service: "3.000722".to_owned(),
        code: Some("3.000722".to_owned()),
        name: text(
            "Liên thông đăng ký khai sinh, đăng ký thường trú, cấp thẻ bảo hiểm y tế cho trẻ em dưới 6 tuổi",
            "Birth registration, residence and health card for a child under six, in one go",
        ),
        main: true,
        level: 2,
        authority: text(
            "UBND xã nơi cư trú của mẹ",
            "Commune People's Committee of the mother's residence",
        ),
        deadline: Some(deadline(date(2027, 1, 4), date(2026, 12, 31))),
        deadline_unknown: None,
        results: vec![ResultView {
            takes: text("03 ngày làm việc", "3 working days"),
            on: date(2026, 11, 27),
            at: Some(time(15, 30, 0, 0)),
            may_move: false,
        }],
        verdict: "eligible",
        missing: vec![],
        draft: Some(DraftId::of(&["draft"])),
        coverage: Some((14, 17)),
        state: SuggestionState::Open,
    }
}

pub(crate) fn second() -> SuggestionView {
    SuggestionView {
        id: SuggestionId::of(&["second"]),
        code: None,
        name: text("Trợ cấp thai sản", "Maternity allowance"),
        main: false,
        level: 1,
        authority: text("Bảo hiểm xã hội cơ sở", "Local social insurance office"),
        deadline: None,
        deadline_unknown: Some(text(
            "Chưa biết ngày mẹ đi làm trở lại nên chưa tính được hạn.",
            "The day of return to work is not known, so no deadline can be counted.",
        )),
        verdict: "needs_info",
        missing: vec![text("Thời gian đóng bảo hiểm xã hội", "Months of social insurance paid")],
        draft: None,
        coverage: None,
        ..suggestion()
    }
}

pub(crate) fn inbox() -> Vec<InboxItem> {
    let item = |name: &str, line: &str, on: Date, deadline, state, seen| InboxItem {
        message: MessageId::of(&[name]),
        life_event: text("Sinh con", "Birth of a child"),
        subject_line: line.to_owned(),
        sent_on: on,
        deadline,
        state,
        seen,
    };
    vec![
        item(
            "birth",
            "Đăng ký khai sinh cho con trước ngày 04/01/2027",
            today(),
            Some(deadline(date(2027, 1, 4), date(2026, 12, 31))),
            SuggestionState::Open,
            false,
        ),
        item("plan", "Chuẩn bị cho con vào lớp 1", today(), None, SuggestionState::Open, true),
        item(
            "soon",
            "Hồ sơ của ông/bà đang được giải quyết",
            date(2026, 11, 3),
            Some(deadline(date(2026, 11, 27), date(2026, 11, 27))),
            SuggestionState::Filed,
            true,
        ),
        item("old", "Cấp đổi giấy tờ", date(2026, 9, 1), None, SuggestionState::Done, true),
    ]
}

pub(crate) fn message() -> MessagePage {
    MessagePage {
        message: MessageId::of(&["birth"]),
        life_event_id: "LE-BIRTH".to_owned(),
        life_event: text("Sinh con", "Birth of a child"),
        groups: vec!["COCONNHO".to_owned()],
        language: Language::VI,
        subject_line: "Đăng ký khai sinh cho con trước ngày 04/01/2027".to_owned(),
        text: "Kính gửi bà Nguyễn Thị Thử Lan,\nCơ sở y tế đã báo con của bà sinh ngày 02/11/2026.\nBà làm thủ tục đăng ký khai sinh, đăng ký thường trú và cấp thẻ BHYT cho con trong một lần, hạn đến thứ Hai, ngày 04/01/2027.\nHồ sơ đã được soạn sẵn 14/17 mục. Bà kiểm tra, bổ sung và quyết định nộp."
            .to_owned(),
        sent_on: today(),
        milestone_state: MilestoneState::Reached,
        main: suggestion(),
        others: vec![second()],
        why: why(),
    }
}

fn why() -> WhyView {
    WhyView {
        event: text("Trẻ được sinh ra", "A child was born"),
        occurred_on: date(2026, 11, 2),
        facts: vec![FactLine {
            label: text("Ngày sinh của trẻ", "The child's day of birth"),
            value: "02/11/2026".to_owned(),
            register: text("Cơ sở dữ liệu y tế", "Health register"),
            as_of: date(2026, 11, 2),
            legal_basis: "Điều 16, Nghị định 224/2026/NĐ-CP".to_owned(),
        }],
        rule: "LE-BIRTH@2026-09-01".to_owned(),
        law: vec!["Điều 15 khoản 1, Luật Hộ tịch 60/2014/QH13".to_owned()],
        responsible: text("UBND xã nơi cư trú", "The commune of residence"),
        evidence: vec![Evidence {
            sentence: "Bà làm thủ tục trong một lần, hạn đến {deadline}.".to_owned(),
            facts: vec!["deadline".to_owned(), "service".to_owned()],
            passages: vec!["ho-tich#15".to_owned()],
        }],
        passages: vec![PassageLine {
            id: "ho-tich#15".to_owned(),
            title: "Luật Hộ tịch, Điều 15".to_owned(),
            text: "Trong thời hạn 60 ngày kể từ ngày sinh con, cha hoặc mẹ có trách nhiệm đăng ký khai sinh cho con.".to_owned(),
            source: "vbpl.vn".to_owned(),
        }],
        source: MessageSource::Model,
    }
}

fn source() -> SourceLine {
    SourceLine {
        register: text("CSDL dân cư", "Population register"),
        as_of: date(2026, 8, 3),
        legal_basis: "Điều 9, Luật Căn cước 26/2023/QH15".to_owned(),
    }
}

pub(crate) fn draft() -> DraftPage {
    let field = |key: &str, vi: &str, en: &str, state, value: Option<&str>| FieldLine {
        key: key.to_owned(),
        label: text(vi, en),
        required: key != "note",
        only_person: key == "name",
        state,
        value: value.map(str::to_owned),
        sources: if state == "filled" { vec![source()] } else { vec![] },
        candidates: if state == "conflict" {
            let other = SourceLine {
                register: text("Cơ sở dữ liệu y tế", "Health register"),
                ..source()
            };
            vec![("Thôn Thử, xã Mẫu".into(), source()), ("Tổ 3, phường Mẫu".into(), other)]
        } else {
            vec![]
        },
    };
    let mut fields = vec![
        field("name", "Họ, chữ đệm, tên của trẻ", "The child's name", "missing", None),
        field("note", "Ghi chú", "Note", "missing", None),
        field("home", "Nơi cư trú của mẹ", "The mother's residence", "conflict", None),
        field("mother", "Họ tên mẹ", "The mother's name", "filled", Some("Nguyễn Thị Thử Lan")),
        field("pin", "Số định danh của mẹ", "The mother's number", "filled", Some("999195001234")),
        field(
            "born",
            "Ngày sinh của trẻ",
            "The child's day of birth",
            "filled",
            Some("02/11/2026"),
        ),
    ];
    for place in 0..11 {
        fields.push(field(
            &format!("f{place}"),
            "Mục khác",
            "Another field",
            "filled",
            Some("Đã điền"),
        ));
    }
    DraftPage {
        id: DraftId::of(&["draft"]),
        suggestion: suggestion(),
        form: text("Tờ khai đăng ký khai sinh", "Birth registration form"),
        basis: "Mẫu theo Thông tư 04/2020/TT-BTP".to_owned(),
        filled: 14,
        total: 17,
        to_do: 2,
        fields,
    }
}

pub(crate) fn accesses() -> Vec<AccessLine> {
    vec![AccessLine {
        on: today(),
        by: "engine".to_owned(),
        purpose: "proactive_service".to_owned(),
        legal_basis: "Điều 16, Nghị định 224/2026/NĐ-CP".to_owned(),
    }]
}
