//! The plans that the writing benchmark words: one for each kind of letter that the samples
//! bring about, in the language in which it is written there.

use std::collections::BTreeMap;

use domain::{Deadline, Language, Sex, Text, Value};
use engine::App;
use jiff::civil::{Date, date};
use rules::Service;
use writer::{By, DraftState, LetterKind, PlanInput};

/// What tells one kind of letter from another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    life_event: &'static str,
    service: &'static str,
    role: &'static str,
    language: Language,
    deadline: Option<(Date, Date)>,
    draft: Option<(usize, usize)>,
}

/// Before the deadlines of all of them.
const WRITTEN_ON: Date = date(2026, 11, 2);

const fn kind(
    life_event: &'static str,
    service: &'static str,
    role: &'static str,
    language: Language,
) -> Kind {
    Kind { life_event, service, role, language, deadline: None, draft: None }
}

pub(super) const KINDS: [Kind; 6] = [
    Kind {
        deadline: Some((date(2027, 1, 4), date(2026, 12, 31))),
        draft: Some((24, 37)),
        ..kind("LE-BIRTH", "3.000722", "mother", Language::VI)
    },
    kind("LE-BIRTH", "1.014168", "father", Language::VI),
    Kind { draft: Some((5, 9)), ..kind("LE-GRADE1", "grade1-enrolment", "father", Language::VI) },
    Kind {
        deadline: Some((date(2027, 3, 3), date(2027, 3, 3))),
        draft: Some((6, 9)),
        ..kind("LE-GRADE1", "grade1-enrolment", "mother", Language::VI)
    },
    Kind {
        deadline: Some((date(2026, 11, 25), date(2026, 11, 25))),
        draft: Some((5, 8)),
        ..kind("LE-LAND-TRANSFER", "1.007674", "seller", Language::VI)
    },
    Kind {
        deadline: Some((date(2026, 11, 25), date(2026, 11, 25))),
        draft: Some((17, 24)),
        ..kind("LE-LAND-TRANSFER", "1.013831", "buyer", Language::EN)
    },
];

impl Kind {
    /// As in `LE-BIRTH 3.000722 mother vi`.
    pub(super) fn name(&self) -> String {
        let language = self.language.tag();
        format!("{} {} {} {language}", self.life_event, self.service, self.role)
    }

    /// The plan's input, or `None` where the pack no longer has its life event or service.
    pub(super) fn input(&self, app: &App) -> Option<PlanInput> {
        let life_event = app.pack.life_event(self.life_event)?;
        let service = app.pack.service(self.service)?;
        let basis = service.legal_basis.first().cloned();
        let legal_basis = basis.clone();
        let known = self.deadline.zip(basis).map(|((on, safe), legal_basis)| Deadline {
            from: WRITTEN_ON,
            on,
            safe,
            may_move: false,
            remind_on: Vec::new(),
            duty: text("làm thủ tục", "use the procedure"),
            legal_basis,
        });
        let unknown = || By::Unknown(text("Thời hạn chưa xác minh", "The day was not verified"));
        Some(PlanInput {
            letter: LetterKind::First,
            life_event: self.life_event.to_owned(),
            life_event_name: life_event.name.clone(),
            role: self.role.to_owned(),
            recipient_name: "Nguyễn Thị Mẫu".to_owned(),
            recipient_sex: Some(Sex::Female),
            recipient_born_on: None,
            place: "vn-79".parse().ok()?,
            language: self.language,
            written_on: WRITTEN_ON,
            service: self.service.to_owned(),
            service_name: service.name.clone(),
            service_code: service.code.clone(),
            level: if self.draft.is_some() {
                domain::Level::Prepare
            } else {
                domain::Level::Remind
            },
            authority: Some(authority(service)),
            deadline: known.map_or_else(unknown, By::Known),
            draft: self.draft.map(|(filled, total)| DraftState {
                filled,
                total,
                missing: vec![text("quê quán", "native place"), text("quốc tịch", "nationality")],
            }),
            legal_basis,
            facts: facts(),
        })
    }
}

fn authority(service: &Service) -> Text {
    service.authority.clone()
}

fn text(vi: &str, en: &str) -> Text {
    Text { vi: vi.to_owned(), en: en.to_owned() }
}

/// What letters of the samples show.
fn facts() -> BTreeMap<String, Value> {
    let text = |value: &str| Value::Text(value.to_owned());
    [
        ("child.born_on", Value::Date(date(2026, 11, 1))),
        ("child.name", text("Phạm Thị Mẫu")),
        ("parcel.transfer.contract_no", text("99901/2026")),
        ("parcel.transfer.notarised_on", Value::Date(date(2026, 10, 26))),
        ("parcel.plot_certificate", text("345")),
        ("parcel.sheet_certificate", text("12")),
    ]
    .map(|(path, value)| (path.to_owned(), value))
    .into()
}
