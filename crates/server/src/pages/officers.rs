//! The page on which an officer tries a question in two ways, side by side.
//!
//! A question is sent by a form and not in the address: it may hold a name, and addresses are kept
//! by browsers and proxies. Nobody is asked who they are, since nothing here is about anybody; the
//! page is there only where the operator wants it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use knowledge::{
    Answer, Bounds, Expansion, LeftOut, Level, Place, Procedures, ProceduresError, Ways,
};
use serde::Deserialize;

use super::{Frame, show_with};
use crate::error::{ApiError, ErrorCode};
use crate::finder::FinderError;
use crate::http::AppState;
use crate::sign_in::{OurForm, Visitor};

/// How many documents each way shows.
const SHOWN: usize = 10;
/// How deep the other way is looked through for a document.
const DEPTH: usize = 100;

/// What the form holds, as it was sent.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct TryIn {
    q: String,
    place: String,
    level: String,
    on: String,
    left: String,
    right: String,
}

/// What was found in one way.
struct Column {
    way: &'static str,
    lines: Vec<Line>,
}

/// A document, and why it is there.
struct Line {
    title: String,
    code: Option<String>,
    place: String,
    levels: Vec<Level>,
    /// Its place in the other column.
    other: Option<usize>,
    score: String,
    /// Parts of the score, in the order of the words for them.
    parts: Vec<String>,
}

struct Tried {
    read_as: Option<String>,
    expansions: Vec<Expansion>,
    left_out: LeftOut,
    columns: [Column; 2],
}

#[derive(Template)]
#[template(path = "officers.html")]
struct OfficersPage {
    frame: Frame,
    form_token: String,
    asked: TryIn,
    tried: Option<Tried>,
    fault: Option<&'static str>,
}

impl OfficersPage {
    fn level(&self, level: Level) -> &'static str {
        let words = &self.frame.words.officers.levels;
        let all = Level::ALL.into_iter().zip(words);
        all.into_iter().find(|(it, _)| *it == level).map_or("", |(_, word)| *word)
    }
}

/// `GET /officers/search`
pub(super) async fn empty(
    State(state): State<AppState>,
    frame: Frame,
    visitor: Visitor,
) -> Result<Response, ApiError> {
    there(&state)?;
    let asked = TryIn {
        q: String::new(),
        place: String::new(),
        level: String::new(),
        on: frame.today.to_string(),
        left: Ways::Hybrid.as_str().to_owned(),
        right: Ways::Rrf.as_str().to_owned(),
    };
    answer(frame, visitor, asked, Ok(None))
}

/// `POST /officers/search`
pub(super) async fn tried(
    State(state): State<AppState>,
    frame: Frame,
    visitor: Visitor,
    OurForm(asked): OurForm<TryIn>,
) -> Result<Response, ApiError> {
    there(&state)?;
    let words = &frame.words.officers;
    let (Some(ways), Ok(bounds)) = (ways(&asked), bounds(&asked)) else {
        let fault = words.wrong_bound;
        return answer(frame, visitor, asked, Err(fault));
    };
    let question = asked.q.clone();
    let found = state.finder.ask(move |procedures| compare(procedures, &question, &bounds, ways));
    let found = match found.await {
        Ok(tried) => Ok(Some(tried)),
        Err(FinderError::Procedures(ProceduresError::NoWord)) => Err(words.no_word),
        Err(FinderError::Procedures(ProceduresError::TooLong)) => Err(words.too_long),
        Err(error) => {
            let error = ApiError::from(error);
            if error.code() != ErrorCode::Unavailable {
                return Err(error);
            }
            Err(words.no_index)
        }
    };
    answer(frame, visitor, asked, found)
}

fn there(state: &AppState) -> Result<(), ApiError> {
    if state.finder.has_page() { Ok(()) } else { Err(ApiError::not_found()) }
}

fn answer(
    frame: Frame,
    visitor: Visitor,
    asked: TryIn,
    found: Result<Option<Tried>, &'static str>,
) -> Result<Response, ApiError> {
    let (tried, fault) = match found {
        Ok(tried) => (tried, None),
        Err(fault) => (None, Some(fault)),
    };
    let Visitor { form_token, set_cookie } = visitor;
    show_with(set_cookie, &OfficersPage { frame, form_token, asked, tried, fault })
}

fn ways(asked: &TryIn) -> Option<[Ways; 2]> {
    let way = |name: &str| Ways::ALL.into_iter().find(|way| way.as_str() == name);
    Some([way(&asked.left)?, way(&asked.right)?])
}

fn bounds(asked: &TryIn) -> Result<Bounds, ()> {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let place = given(&asked.place).map(|text| text.parse::<Place>()).transpose();
    let on = given(&asked.on).map(|text| text.parse::<Date>()).transpose();
    let level = given(&asked.level);
    let level = level.map(|name| Level::ALL.into_iter().find(|it| it.as_str() == name).ok_or(()));
    Ok(Bounds {
        place: place.map_err(|_| ())?,
        in_force_on: on.map_err(|_| ())?,
        level: level.transpose()?,
        ..Bounds::default()
    })
}

fn compare(
    procedures: &Procedures,
    text: &str,
    bounds: &Bounds,
    ways: [Ways; 2],
) -> Result<Tried, ProceduresError> {
    let question = procedures.understand(text)?;
    let [left, right] = ways;
    let found = |way| procedures.find(&question, way, bounds, DEPTH);
    let (left, right) = ((left, found(left)?), (right, found(right)?));
    Ok(Tried {
        read_as: question.changed.then(|| question.read_as.clone()),
        expansions: question.expansions.clone(),
        left_out: left.1.left_out,
        columns: [column(&left, &right.1), column(&right, &left.1)],
    })
}

fn column((way, answer): &(Ways, Answer<'_>), other: &Answer<'_>) -> Column {
    let lines = answer.found.iter().take(SHOWN).map(|found| {
        let entry = found.entry;
        let other = other.found.iter().position(|it| it.entry.id == entry.id);
        let parts = found.reasons.map(|it| {
            [it.lexical, it.covered, it.meaning, it.ahead, it.feedback, it.named]
                .map(|it| format!("{it:.1}"))
        });
        Line {
            title: entry.title.clone(),
            code: entry.code.clone(),
            place: entry.place.to_string(),
            levels: entry.levels.clone(),
            other: other.map(|place| place + 1),
            score: format!("{:.3}", found.score),
            parts: parts.map(|parts| parts.to_vec()).unwrap_or_default(),
        }
    });
    Column { way: way.as_str(), lines: lines.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::check;

    fn asked() -> TryIn {
        let text = |text: &str| text.to_owned();
        TryIn {
            q: text("<b>khai sinh</b>"),
            place: text("vn-79"),
            level: text("commune"),
            on: text("2026-11-28"),
            left: text("hybrid"),
            right: text("bm25"),
        }
    }

    fn tried() -> Tried {
        let line = |other| Line {
            title: "Đăng ký khai sinh".to_owned(),
            code: Some("1.001193".to_owned()),
            place: "vn".to_owned(),
            levels: vec![Level::Commune, Level::Branch],
            other,
            score: "87.125".to_owned(),
            parts: if other.is_some() { vec!["1.5".to_owned(); 6] } else { Vec::new() },
        };
        let expansions =
            vec![Expansion { short: "GKS".to_owned(), long: "giấy khai sinh".to_owned() }];
        let [left, right] = ["hybrid", "bm25"];
        Tried {
            read_as: Some("khai sinh".to_owned()),
            expansions,
            left_out: LeftOut { place: 7, ..LeftOut::default() },
            columns: [
                Column { way: left, lines: vec![line(Some(3))] },
                Column { way: right, lines: vec![line(None)] },
            ],
        }
    }

    #[test]
    fn the_page_shows_two_ways_with_their_reasons() {
        let page = |tried: fn() -> Option<Tried>, fault| {
            move |frame| OfficersPage {
                frame,
                form_token: "token".to_owned(),
                asked: asked(),
                tried: tried(),
                fault,
            }
        };
        let (vi, en) = check::in_both(page(|| Some(tried()), None));
        assert!(vi.contains("Cấp xã, Cơ quan ngành dọc") && vi.contains("giấy khai sinh"), "{vi}");
        assert!(en.contains("hybrid") && en.contains("87.125") && en.contains('7'));
        assert!(!vi.contains("<b>khai"), "what was typed is shown as it was typed");
        let (vi, _) = check::in_both(page(|| None, Some("chưa có chỉ mục")));
        assert!(vi.contains("chưa có chỉ mục"));
        check::in_both(page(|| None, None));
    }

    #[test]
    fn a_wrong_bound_is_told_from_none() {
        assert!(bounds(&asked()).unwrap().level == Some(Level::Commune));
        let nothing =
            TryIn { place: " ".into(), level: String::new(), on: String::new(), ..asked() };
        assert_eq!(bounds(&nothing), Ok(Bounds::default()));
        for wrong in [
            TryIn { place: "Huế".into(), ..asked() },
            TryIn { level: "district".into(), ..asked() },
            TryIn { on: "hôm nay".into(), ..asked() },
        ] {
            assert_eq!(bounds(&wrong), Err(()));
        }
        assert!(ways(&TryIn { left: "best".into(), ..asked() }).is_none());
    }
}
