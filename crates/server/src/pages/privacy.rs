//! `GET /privacy`: what is read, what machines do, and the rights of a person. Open to all.

use askama::Template;
use axum::response::Response;

use super::{Frame, show};
use crate::error::ApiError;
use crate::sign_in::Citizen;

#[derive(Template)]
#[template(path = "privacy.html")]
struct Page {
    frame: Frame,
}

pub(super) async fn privacy(
    frame: Frame,
    citizen: Result<Citizen, ApiError>,
) -> Result<Response, ApiError> {
    let frame = match citizen {
        Ok(citizen) => frame.signed_in(&citizen.form_token),
        Err(_) => frame,
    };
    show(&Page { frame })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::check;

    #[test]
    fn the_privacy_page_names_the_right_to_refuse() {
        let (vi, en) = check::in_both(|frame| Page { frame });
        assert!(vi.contains("Nghị định 224/2026/NĐ-CP") && en.contains("224/2026"));
    }
}
