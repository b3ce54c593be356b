//! What the API shows of suggestions and drafts.
//!
//! The engine's read models are made for our own pages; these are a promise to programs.
//! They are kept apart so that a page can change without breaking a portal.

use domain::Text;
use engine::view::{DeadlineView, DraftPage, FieldLine, ResultView, SourceLine, SuggestionView};
use serde::Serialize;
use utoipa::ToSchema;

/// Words in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TextOut {
    vi: String,
    en: String,
}

impl From<Text> for TextOut {
    fn from(Text { vi, en }: Text) -> Self {
        Self { vi, en }
    }
}

/// By when something must be done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeadlineOut {
    /// The last day by law, moved past days off.
    #[schema(format = Date)]
    on: String,
    /// The last working day on or before the period's own end: the day to tell people.
    #[schema(format = Date)]
    safe: String,
    /// Whether both days may still move, because not all days off up to them are known.
    may_move: bool,
    /// What must be done.
    duty: TextOut,
    /// Article and act.
    law: String,
    /// Days from today; negative when it has passed.
    days_left: i32,
}

impl From<DeadlineView> for DeadlineOut {
    fn from(from: DeadlineView) -> Self {
        Self {
            on: from.on.to_string(),
            safe: from.safe.to_string(),
            may_move: from.may_move,
            duty: from.duty.into(),
            law: from.law,
            days_left: from.days_left,
        }
    }
}

/// When the authority answers, if the service is filed now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ResultOut {
    /// The law's words for how long it takes.
    takes: TextOut,
    /// The last day, days off and the hour after which the next working day counts seen to.
    #[schema(format = Date)]
    on: String,
    /// The time of that day, where the law counts hours.
    #[schema(example = "10:00:00")]
    at: Option<String>,
    /// Whether it may still move, because not all days off up to it are known.
    may_move: bool,
}

impl From<ResultView> for ResultOut {
    fn from(from: ResultView) -> Self {
        Self {
            takes: from.takes.into(),
            on: from.on.to_string(),
            at: from.at.map(|at| at.to_string()),
            may_move: from.may_move,
        }
    }
}

/// One service that is suggested to the person.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SuggestionOut {
    /// The suggestion.
    #[schema(example = "sug_0123456789abcdefghjkmnpqrs")]
    id: String,
    /// The milestone that it follows from.
    #[schema(example = "mil_0123456789abcdefghjkmnpqrs")]
    milestone: String,
    /// The life event.
    #[schema(example = "LE-BIRTH")]
    life_event: String,
    /// The service.
    service: String,
    /// Its national code, where it has one.
    code: Option<String>,
    /// Its name.
    name: TextOut,
    /// Whether it is the first thing to do.
    main: bool,
    /// 1 remind, 2 prepare, 3 compare, 4 execute (Decree 224/2026/NĐ-CP art. 16).
    #[schema(minimum = 1, maximum = 4)]
    level: u8,
    /// Who handles it.
    authority: TextOut,
    /// `null` is unknown, and says nothing about whether there is one.
    deadline: Option<DeadlineOut>,
    /// Why no deadline is known.
    deadline_unknown: Option<TextOut>,
    /// When the authority answers if it is filed now, for each time that the law names and that
    /// can be counted. Empty once it was filed, and where no time is known.
    results: Vec<ResultOut>,
    /// `eligible`, or `needs_info`: `missing` names the facts that would settle it.
    verdict: &'static str,
    /// The facts that are missing.
    missing: Vec<TextOut>,
    /// The prepared draft, where there is one.
    draft: Option<String>,
    /// How much of it is filled.
    coverage: Option<CoverageOut>,
    /// `open`, `filed`, `done`, `refused` or `withdrawn`.
    state: &'static str,
}

/// How much of a draft is filled.
#[derive(Debug, Serialize, ToSchema)]
struct CoverageOut {
    filled: usize,
    total: usize,
}

impl From<SuggestionView> for SuggestionOut {
    fn from(from: SuggestionView) -> Self {
        use domain::Lifecycle as _;
        Self {
            id: from.id.to_string(),
            milestone: from.milestone.to_string(),
            life_event: from.life_event,
            service: from.service,
            code: from.code,
            name: from.name.into(),
            main: from.main,
            level: from.level,
            authority: from.authority.into(),
            deadline: from.deadline.map(DeadlineOut::from),
            deadline_unknown: from.deadline_unknown.map(TextOut::from),
            results: from.results.into_iter().map(ResultOut::from).collect(),
            verdict: from.verdict,
            missing: from.missing.into_iter().map(TextOut::from).collect(),
            draft: from.draft.map(|id| id.to_string()),
            coverage: from.coverage.map(|(filled, total)| CoverageOut { filled, total }),
            state: from.state.name(),
        }
    }
}

/// Where a value comes from.
#[derive(Debug, Serialize, ToSchema)]
struct SourceOut {
    register: TextOut,
    /// The day we learnt it.
    #[schema(format = Date)]
    as_of: String,
    /// The law that lets us read it.
    legal_basis: String,
}

impl From<SourceLine> for SourceOut {
    fn from(from: SourceLine) -> Self {
        Self {
            register: from.register.into(),
            as_of: from.as_of.to_string(),
            legal_basis: from.legal_basis,
        }
    }
}

/// What one register says where several disagree.
#[derive(Debug, Serialize, ToSchema)]
struct CandidateOut {
    value: String,
    source: SourceOut,
}

/// One field of a draft.
#[derive(Debug, Serialize, ToSchema)]
struct FieldOut {
    key: String,
    label: TextOut,
    required: bool,
    /// Whether only the person may say it.
    only_person: bool,
    /// `filled`, `missing` or `conflict`.
    state: &'static str,
    value: Option<String>,
    sources: Vec<SourceOut>,
    /// With `conflict`: the person chooses, nothing is chosen for them.
    candidates: Vec<CandidateOut>,
}

impl From<FieldLine> for FieldOut {
    fn from(from: FieldLine) -> Self {
        let candidate = |(value, source)| CandidateOut { value, source: SourceOut::from(source) };
        Self {
            key: from.key,
            label: from.label.into(),
            required: from.required,
            only_person: from.only_person,
            state: from.state,
            value: from.value,
            sources: from.sources.into_iter().map(SourceOut::from).collect(),
            candidates: from.candidates.into_iter().map(candidate).collect(),
        }
    }
}

/// An application prepared for one suggestion.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DraftOut {
    #[schema(example = "drf_0123456789abcdefghjkmnpqrs")]
    id: String,
    suggestion: SuggestionOut,
    form: TextOut,
    /// What the form's fields rest on.
    basis: String,
    filled: usize,
    total: usize,
    /// Fields that the person must still fill or decide before filing.
    to_do: usize,
    /// In the order of the form.
    fields: Vec<FieldOut>,
}

impl From<DraftPage> for DraftOut {
    fn from(from: DraftPage) -> Self {
        Self {
            id: from.id.to_string(),
            suggestion: from.suggestion.into(),
            form: from.form.into(),
            basis: from.basis,
            filled: from.filled,
            total: from.total,
            to_do: from.to_do,
            fields: from.fields.into_iter().map(FieldOut::from).collect(),
        }
    }
}
