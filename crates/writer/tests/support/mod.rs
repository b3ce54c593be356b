//! Plans of every shape that the pack's words allow, and the passages to go with them.

#![expect(unreachable_pub, reason = "shared by several test programs")]
#![expect(dead_code, reason = "each test program uses its own part")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops where it fails")]

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use domain::{
    Confidence, Deadline, Language, LegalBasis, Letter, Level, MilestoneId, Sex, SubjectId, Text,
    Value,
};
use jiff::civil::{Date, date};
use knowledge::{Corpus, Passage};
use writer::{By, DraftState, LetterKind, Plan, PlanInput, Prompts, To, Words};

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub fn words() -> Words {
    Words::load(&root().join("life-events/vn/words")).unwrap_or_else(|error| panic!("{error}"))
}

pub fn prompts() -> Prompts {
    Prompts::load(&root().join("prompts")).unwrap()
}

/// The passages of the pack's corpus that serve `life_event`.
pub fn passages(life_event: &str) -> Vec<Passage> {
    static ALL: OnceLock<Vec<Passage>> = OnceLock::new();
    let all = ALL.get_or_init(corpus).iter();
    all.filter(|passage| passage.codes.iter().any(|code| code == life_event)).cloned().collect()
}

fn corpus() -> Vec<Passage> {
    let files = std::fs::read_dir(root().join("life-events/vn/corpus")).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        (path.display().to_string(), std::fs::read_to_string(path).unwrap())
    });
    let corpus = Corpus::parse(
        &files
            .filter(|(path, _)| Path::new(path).extension().is_some_and(|ext| ext == "md"))
            .collect(),
    )
    .unwrap();
    corpus.passages()
}

pub fn text(vi: &str, en: &str) -> Text {
    Text { vi: vi.to_owned(), en: en.to_owned() }
}

fn basis(act: &str, article: &str) -> LegalBasis {
    LegalBasis {
        act: text(act, act),
        article: article.to_owned(),
        confidence: Confidence::H,
        sources: vec!["S1".to_owned()],
    }
}

/// A last day, and the safe day before it.
pub fn by(on: Date, safe: Date, act: &str, article: &str) -> By {
    let duty = text("đăng ký", "register");
    By::Known(Deadline {
        from: date(2026, 11, 2),
        on,
        safe,
        may_move: false,
        remind_on: Vec::new(),
        duty,
        legal_basis: basis(act, article),
    })
}

pub const TODAY: Date = date(2026, 11, 23);

/// A mother of a child born on 2 November 2026.
pub fn birth() -> PlanInput {
    PlanInput {
        letter: LetterKind::First,
        life_event: "LE-BIRTH".to_owned(),
        life_event_name: text("Sinh con", "Birth of a child"),
        role: "mother".to_owned(),
        recipient_name: "Lò Thị Mây".to_owned(),
        recipient_sex: Some(Sex::Female),
        recipient_born_on: None,
        language: Language::VI,
        place: "vn-14".parse().unwrap(),
        written_on: TODAY,
        service: "3.000722".to_owned(),
        service_name: text(
            "Liên thông điện tử: đăng ký khai sinh, đăng ký thường trú, cấp thẻ BHYT, cấp thẻ căn cước cho trẻ em dưới 6 tuổi",
            "Interlinked e-procedure: birth, residence, health card, identity card under 6",
        ),
        service_code: Some("3.000722".to_owned()),
        level: Level::Prepare,
        authority: Some(text("Ủy ban nhân dân xã Mường Bú", "People's Committee of Mường Bú")),
        deadline: by(
            date(2027, 1, 4),
            date(2026, 12, 31),
            "Luật Hộ tịch 60/2014/QH13",
            "Điều 15 khoản 1",
        ),
        draft: Some(DraftState {
            filled: 14,
            total: 17,
            missing: vec![text("họ tên con", "child's name"), text("quê quán", "native place")],
        }),
        legal_basis: Some(basis("Luật Hộ tịch 60/2014/QH13", "Điều 13 đến Điều 16")),
        facts: [("child.born_on".to_owned(), Value::Date(date(2026, 11, 2)))].into(),
    }
}

/// A mother of a child who is of age for school, with no plan of the province yet.
pub fn grade1() -> PlanInput {
    let facts = [
        ("child.name".to_owned(), Value::Text("Lò Văn Nam".to_owned())),
        ("child.born_on".to_owned(), Value::Date(date(2021, 3, 9))),
    ];
    PlanInput {
        life_event: "LE-GRADE1".to_owned(),
        life_event_name: text("Trẻ vào lớp 1", "First-grade enrolment"),
        service: "grade1-enrolment".to_owned(),
        service_name: text("Tuyển sinh lớp 1", "First-grade enrolment"),
        service_code: None,
        deadline: By::Unknown(text(
            "Ngày xác nhận do kế hoạch của tỉnh định và chưa có trong dữ liệu",
            "The day is set by the province's plan, which is not in our data yet",
        )),
        legal_basis: Some(basis(
            "Luật Giáo dục 43/2019/QH14, sửa đổi bởi Luật 123/2025/QH15",
            "Điều 28",
        )),
        facts: facts.into(),
        ..birth()
    }
}

/// A buyer of land.
pub fn land() -> PlanInput {
    let facts = [
        ("parcel.transfer.contract_no".to_owned(), Value::Text("2026/1187".to_owned())),
        ("parcel.transfer.notarised_on".to_owned(), Value::Date(date(2026, 11, 10))),
        ("parcel.plot_certificate".to_owned(), Value::Text("128".to_owned())),
        ("parcel.sheet_certificate".to_owned(), Value::Text("21".to_owned())),
    ];
    PlanInput {
        life_event: "LE-LAND-TRANSFER".to_owned(),
        life_event_name: text("Chuyển nhượng đất", "Land transfer"),
        role: "buyer".to_owned(),
        recipient_sex: None,
        recipient_born_on: None,
        service: "1.013831".to_owned(),
        service_name: text("Đăng ký biến động quyền sử dụng đất", "Registration of a land change"),
        service_code: Some("1.013831".to_owned()),
        deadline: by(
            date(2026, 12, 10),
            date(2026, 12, 10),
            "Luật Đất đai 31/2024/QH15",
            "Điều 133 khoản 3",
        ),
        facts: facts.into(),
        ..birth()
    }
}

/// The cases of the pack: each life event, role and main service.
pub fn cases() -> Vec<PlanInput> {
    let father = PlanInput {
        role: "father".to_owned(),
        recipient_sex: Some(Sex::Male),
        recipient_born_on: None,
        service: "1.014168".to_owned(),
        service_name: text(
            "Hưởng chế độ thai sản đối với lao động nam khi vợ sinh con",
            "Paternity benefit",
        ),
        level: Level::Remind,
        ..birth()
    };
    let guardian = PlanInput { role: "guardian".to_owned(), recipient_sex: None, ..grade1() };
    let unnamed = PlanInput {
        facts: [("child.born_on".to_owned(), Value::Date(date(2021, 3, 9)))].into(),
        role: "father".to_owned(),
        ..grade1()
    };
    let seller = PlanInput {
        role: "seller".to_owned(),
        service: "1.007674".to_owned(),
        service_name: text(
            "Khai thuế thu nhập cá nhân đối với chuyển nhượng bất động sản",
            "Income tax on land",
        ),
        ..land()
    };
    vec![birth(), father, grade1(), guardian, unnamed, land(), seller]
}

/// Every case with every state of its deadline, draft and authority, in both languages.
pub fn all_shapes() -> Vec<PlanInput> {
    let act = ("Luật Hộ tịch 60/2014/QH13", "Điều 15 khoản 1");
    let deadlines = [
        by(date(2027, 1, 4), date(2027, 1, 4), act.0, act.1),
        by(date(2027, 1, 4), date(2026, 12, 31), act.0, act.1),
        by(date(2026, 11, 20), date(2026, 11, 20), act.0, act.1),
        By::Unknown(text("Kế hoạch của tỉnh chưa có.", "The plan is not there yet.")),
    ];
    let complete = DraftState { filled: 17, total: 17, missing: vec![] };
    let drafts = [birth().draft, Some(complete), None];
    let mut out = Vec::new();
    for case in cases() {
        for deadline in &deadlines {
            for draft in &drafts {
                for authority in [case.authority.clone(), None] {
                    for language in [Language::VI, Language::EN] {
                        out.push(PlanInput {
                            deadline: deadline.clone(),
                            draft: draft.clone(),
                            authority: authority.clone(),
                            language,
                            ..case.clone()
                        });
                    }
                }
            }
        }
    }
    out
}

pub fn plan(words: &Words, input: &PlanInput) -> Plan {
    words.plan(input).unwrap()
}

pub fn to() -> To {
    To {
        milestone: MilestoneId::of(&["birth"]),
        recipient: SubjectId::of(&["mother"]),
        letter: Letter::First,
    }
}

/// A passage that serves births and names the act, made by hand.
pub fn passage(id: &str, words: &str, until: Option<Date>) -> Passage {
    let mut passage = passages("LE-BIRTH").into_iter().next().unwrap();
    id.clone_into(&mut passage.id);
    "Luật Hộ tịch 60/2014/QH13".clone_into(&mut passage.title);
    "Điều 15 khoản 1".clone_into(&mut passage.heading);
    words.clone_into(&mut passage.text);
    passage.in_force = knowledge::InForce { from: None, until };
    passage
}
