//! What takes letters out: from the settings to one carrier for each channel that is set up.
//!
//! All of them hand over the delivery's id, the same for every try, so that a repeat can be
//! recognised: as `webhook-id`, as `Message-ID`, as `Idempotency-Key`. None follows a redirect,
//! none logs an address or what the other side said.

mod gateway;
mod http;
mod mail;
mod webhook;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use domain::{Channel, Clock, Detail, Text};
use engine::carrier::{Carriers, Parcel};
use engine::{Contact, MOST_PARTS, parts};
use jiff::civil::Time;
use serde_json::json;
use storage::deliveries::Budget;

use crate::config::{self, Config};
use crate::stream::Outward;

pub use gateway::Gateway;
pub use mail::Mail;
pub use webhook::Webhook;

/// The carriers of the channels that the settings name.
///
/// # Errors
/// When an address, a secret or a template cannot be used; nothing is connected to yet.
pub fn carriers(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Carriers> {
    let mut carriers = Carriers::new();
    let webhook = &config.webhook;
    if let Some(url) = &webhook.url {
        let file = webhook.secret_file.as_deref();
        let file = file.context("`webhook.url` is set and `webhook.secret_file` is not")?;
        let made = Webhook::new(url, &secret(file)?, webhook.allow_private, Arc::clone(clock));
        carriers.insert(Channel::Webhook, Box::new(made.context("`webhook` is not right")?));
    }
    let nats = &config.nats;
    if let (Some(server), Some(prefix)) = (nats.server(), &nats.publish) {
        let outward = Outward::new(server, prefix, nats.partitions);
        carriers.insert(Channel::Stream, Box::new(outward));
    }
    let email = &config.email;
    if let Some(url) = &email.url {
        let made = Mail::new(url, &email.from, Arc::clone(clock));
        carriers.insert(Channel::Email, Box::new(made.context("`email` is not right")?));
    }
    for (channel, given) in [(Channel::Sms, &config.sms), (Channel::Push, &config.push)] {
        let name = channel.name();
        let Some(url) = &given.url else { continue };
        let token = given.token_file.as_deref().map(secret).transpose()?;
        let made = Gateway::new(url, token.as_deref(), &given.body);
        carriers.insert(channel, Box::new(made.with_context(|| format!("`{name}` is not right"))?));
    }
    Ok(carriers)
}

/// That a message waits, as a `CloudEvent` that is the same for every try. Thin: whoever is told
/// fetches the message with a key and for a purpose.
pub(crate) fn message_ready(parcel: &Parcel) -> String {
    json!({
        "specversion": "1.0",
        "id": parcel.id.to_string(),
        "source": "urn:cotmoc",
        "type": "vn.cotmoc.message-ready.v1",
        "datacontenttype": "application/json",
        "data": {
            "message": parcel.message.to_string(),
            "recipient": parcel.recipient.to_string(),
            "language": parcel.language.tag(),
        },
    })
    .to_string()
}

/// How people may be disturbed.
///
/// # Errors
/// When an hour is none, or the notice is too long for two text messages.
pub fn contact(given: &config::Contact) -> anyhow::Result<Contact> {
    let hour = |key: &str, text: &str| {
        let parsed: Result<Time, _> = text.parse();
        parsed.with_context(|| format!("`contact.{key}` is `{text}`, it must be as `09:00`"))
    };
    let (from, until) = (hour("from", &given.from)?, hour("until", &given.until)?);
    ensure!(from < until, "`contact.from` must be before `contact.until`");
    let notice = Text { vi: given.notice_vi.clone(), en: given.notice_en.clone() };
    for text in [&notice.vi, &notice.en] {
        let parts = parts(text);
        ensure!(
            !text.is_empty() && parts <= MOST_PARTS,
            "a notice takes {parts} text messages, it must say something and take {MOST_PARTS} at most"
        );
    }
    let due = Text { vi: given.due_vi.clone(), en: given.due_en.clone() };
    for text in [&due.vi, &due.en] {
        ensure!(
            text.contains("{deadline}"),
            "`contact.due_vi` and `due_en` must hold {{deadline}}"
        );
    }
    let details = [
        (Channel::Sms, given.detail_sms),
        (Channel::Push, given.detail_push),
        (Channel::Email, given.detail_email),
    ];
    for (channel, detail) in details {
        let name = channel.name();
        ensure!(detail < Detail::L2, "`contact.detail_{name}` is L0 or L1: L2 is for the inbox");
    }
    let details = details.into();
    let budget = Budget { week: given.most_a_week, month: given.most_a_month };
    Ok(Contact { from, until, budget, pressing_days: given.pressing_days, notice, due, details })
}

/// The text of a file that holds a secret, which is never shown.
pub(crate) fn secret(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("could not read the secret `{}`", file.display()))?;
    ensure!(!text.trim().is_empty(), "the secret `{}` is empty", file.display());
    Ok(text.trim().to_owned())
}
