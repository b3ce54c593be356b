//! `/settings/reach` and `/settings/detail`: where a person asks to be told that a message waits,
//! and how much that may say. Giving an address is the consent; taking it back ends it at once,
//! for what is on its way too.

use axum::extract::State;
use axum::response::Response;
use domain::{Channel, Detail};
use serde::Deserialize;
use storage::contacts::{Chosen, Contact};

use super::{Frame, back_to};
use crate::error::{ApiError, ErrorCode};
use crate::http::AppState;
use crate::sign_in::{Citizen, OurForm};

/// A channel that rings and is set up here, and the address that the person gave for it.
pub(super) struct Reach {
    pub(super) channel: &'static str,
    pub(super) label: &'static str,
    pub(super) address: Option<String>,
    /// How much a notice says: as the person chose, or else the operator.
    pub(super) detail: Detail,
    /// Whether it is written without marks.
    pub(super) plain: bool,
}

/// The channels on offer, with what the person gave.
pub(super) fn offered(state: &AppState, frame: &Frame, given: &[Contact]) -> Vec<Reach> {
    let rings = state.engine.operation.carriers.keys().filter(|channel| channel.rings());
    let detail = |channel| state.engine.operation.contact.detail(channel);
    rings.map(|channel| reach(frame, *channel, detail(*channel), given)).collect()
}

pub(super) fn reach(frame: &Frame, channel: Channel, detail: Detail, given: &[Contact]) -> Reach {
    let words = &frame.words.settings;
    let label = match channel {
        Channel::Email => words.email,
        Channel::Sms => words.sms,
        Channel::Push | Channel::Inbox | Channel::Webhook | Channel::Stream => words.push,
    };
    let contact = given.iter().find(|contact| contact.channel == channel);
    Reach {
        channel: channel.name(),
        label,
        address: contact.map(|it| it.address.clone()),
        detail: contact.and_then(|it| it.chosen.detail).unwrap_or(detail),
        plain: contact.is_some_and(|it| it.chosen.plain),
    }
}

#[derive(Deserialize)]
pub(super) struct ReachIn {
    channel: String,
    /// Empty takes the address back.
    #[serde(default)]
    address: String,
}

/// `POST /settings/reach`
pub(super) async fn change(
    State(state): State<AppState>,
    citizen: Citizen,
    OurForm(asked): OurForm<ReachIn>,
) -> Result<Response, ApiError> {
    let channel = ringing(&state, &asked.channel)?;
    let address = asked.address.trim();
    if address.is_empty() {
        state.engine.take_contact_back(citizen.subject, channel).await?;
    } else if fits(channel, address) {
        state.engine.give_contact(citizen.subject, channel, address).await?;
    } else {
        return Err(wrong("this is no address for the channel"));
    }
    Ok(back_to("/settings?saved=1#said"))
}

#[derive(Deserialize)]
pub(super) struct DetailIn {
    channel: String,
    detail: String,
    /// A box that is ticked.
    plain: Option<String>,
}

/// `POST /settings/detail`
pub(super) async fn choose_detail(
    State(state): State<AppState>,
    citizen: Citizen,
    OurForm(asked): OurForm<DetailIn>,
) -> Result<Response, ApiError> {
    let channel = ringing(&state, &asked.channel)?;
    let detail = choosable(&asked.detail).ok_or_else(|| wrong("a notice says no such thing"))?;
    let chosen = Chosen { detail: Some(detail), plain: asked.plain.is_some() };
    if !state.engine.choose_notice(citizen.subject, channel, chosen).await? {
        return Err(wrong("no address is given for this channel"));
    }
    Ok(back_to("/settings?saved=1#said"))
}

/// What a notice may say outside of the inbox.
fn choosable(name: &str) -> Option<Detail> {
    [Detail::L0, Detail::L1].into_iter().find(|it| it.name() == name)
}

fn ringing(state: &AppState, channel: &str) -> Result<Channel, ApiError> {
    Channel::named(channel)
        .filter(|it| it.rings() && state.engine.operation.carriers.contains_key(it))
        .ok_or_else(|| wrong("nobody can be told on this channel"))
}

fn wrong(why: &'static str) -> ApiError {
    ApiError::new(ErrorCode::InvalidBody, why)
}

/// Whether `address` has the form that the channel needs. Whether it is the person's own nobody
/// can see from it; a notice therefore names nobody.
fn fits(channel: Channel, address: &str) -> bool {
    let plain = address.chars().all(|it| it.is_ascii_graphic());
    match channel {
        Channel::Email => {
            let parts = address.split_once('@');
            plain
                && address.len() <= 254
                && parts.is_some_and(|(name, host)| {
                    !name.is_empty() && host.contains('.') && !host.contains('@')
                })
        }
        Channel::Sms => {
            let digits = address.strip_prefix('+').unwrap_or(address);
            (9..=15).contains(&digits.len()) && digits.bytes().all(|it| it.is_ascii_digit())
        }
        Channel::Push => plain && (8..=512).contains(&address.len()),
        Channel::Inbox | Channel::Webhook | Channel::Stream => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_chooses_to_see_a_case_outside_of_the_inbox() {
        assert_eq!(choosable("L0"), Some(Detail::L0));
        assert_eq!(choosable("L1"), Some(Detail::L1));
        assert_eq!((choosable("L2"), choosable("")), (None, None));
    }

    #[test]
    fn an_address_has_the_form_of_its_channel() {
        for (channel, good) in [
            (Channel::Email, "a.b+c@mail.example.vn"),
            (Channel::Sms, "+84900000001"),
            (Channel::Sms, "0900000001"),
            (Channel::Push, "a0b1c2d3e4"),
        ] {
            assert!(fits(channel, good), "{good}");
        }
        for (channel, bad) in [
            (Channel::Email, "a@b"),
            (Channel::Email, "a b@example.vn"),
            (Channel::Email, "a@b@example.vn"),
            (Channel::Email, "a@example.vn\r\nBcc: x@example.vn"),
            (Channel::Sms, "+84 900 000 001"),
            (Channel::Sms, "12345678"),
            (Channel::Sms, "+8490000000a"),
            (Channel::Push, "short"),
            (Channel::Inbox, "anything"),
        ] {
            assert!(!fits(channel, bad), "{bad}");
        }
    }
}
