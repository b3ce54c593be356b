//! `GET /drafts/{id}`: all fields of a prepared application, with where each comes from.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use domain::{DraftId, SuggestionState};
use engine::Purpose;
use engine::view::{DraftPage, FieldLine};
use serde::Deserialize;

use super::{Frame, show};
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::http::AppState;
use crate::sign_in::Citizen;

#[derive(Template)]
#[template(path = "draft.html")]
struct Review {
    frame: Frame,
    page: DraftPage,
    form_token: String,
    said: Option<&'static str>,
}

#[derive(Deserialize)]
pub(super) struct DraftIn {
    #[serde(default)]
    said: String,
}

pub(super) async fn draft(
    State(state): State<AppState>,
    frame: Frame,
    citizen: Citizen,
    Path(id): Path<DraftId>,
    Query(asked): Query<DraftIn>,
) -> Result<Response, ApiError> {
    let themselves = state.engine.reader("citizen", Purpose::OwnData);
    let page = state.engine.draft_page(citizen.subject, id, &themselves).await?;
    let page = page.ok_or_else(ApiError::not_found)?;
    let said = (frame.words.message.said)(&asked.said);
    let form_token = citizen.form_token;
    show(&Review { frame: frame.signed_in(&form_token), page, form_token, said })
}

impl Review {
    fn fields(&self, state: &str) -> Vec<&FieldLine> {
        self.page.fields.iter().filter(|field| field.state == state).collect()
    }

    fn can_file(&self) -> bool {
        self.page.suggestion.state == SuggestionState::Open
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::{check, sample};

    fn shown(page: &DraftPage) -> (String, String) {
        check::in_both(|frame| Review {
            frame,
            page: page.clone(),
            form_token: "t".into(),
            said: None,
        })
    }

    #[test]
    fn a_draft_shows_all_fields_in_three_groups_with_their_sources() {
        let (vi, en) = shown(&sample::draft());
        assert!(vi.contains("14/17 mục đã điền, còn 3 (2 bắt buộc)"));
        assert!(en.contains("14 of 17 fields filled, 3 to go (2 required)"));
        let places = ["Cần kiểm tra", "Cần bổ sung", "Đã có"]
            .map(|words| vi.find(words).unwrap_or_else(|| panic!("no `{words}`")));
        assert!(places.is_sorted(), "what needs the person comes first");
        for field in sample::draft().fields {
            assert!(vi.contains(&field.label.vi), "`{}` is not shown", field.key);
        }
        let source = "Theo CSDL dân cư, ngày <time datetime=\"2026-08-03\">03/08/2026</time>";
        assert_eq!(vi.matches(source).count(), 15, "14 filled and one side of a conflict");
        assert!(vi.contains("Thôn Thử, xã Mẫu") && vi.contains("Tổ 3, phường Mẫu"));
        assert!(vi.contains("chưa được gửi đi đâu"));
    }

    #[test]
    fn a_filed_draft_cannot_be_filed_again() {
        let mut page = sample::draft();
        assert!(shown(&page).0.contains("Tôi đã nộp hồ sơ này"));
        page.suggestion.state = SuggestionState::Filed;
        assert!(!shown(&page).0.contains("Tôi đã nộp hồ sơ này"));
    }
}
