//! Notices: what goes out on channels that ring, and how many text messages that takes.

use std::collections::BTreeMap;

use domain::{Channel, Detail};
use engine::{App, Shape, Told, parts};
use jiff::civil::Date;
use serde::Serialize;
use storage::contacts::Chosen;
use writer::By;

/// Notices of all shapes that say so much.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Notices {
    /// How many notices there are by the number of text messages that each takes.
    pub by_parts: BTreeMap<usize, usize>,
    /// The bytes of the longest, at two for each character.
    pub longest_bytes: usize,
}

/// The notices of `shapes` by how much they say, with no bound on their length.
#[must_use]
pub fn notices(app: &App, shapes: &[Shape]) -> BTreeMap<&'static str, Notices> {
    let levels = [("L0", Detail::L0), ("L1", Detail::L1)];
    levels.map(|(name, detail)| (name, of_level(app, shapes, detail))).into()
}

fn of_level(app: &App, shapes: &[Shape], detail: Detail) -> Notices {
    let mut out = Notices::default();
    for shape in shapes {
        let words = &app.writing.words;
        let Ok(plan) = words.plan(&shape.input) else { continue };
        let reads = plan.manners.reads;
        let told = Told {
            // Mail has no bound, so what would not fit is counted too.
            channel: Channel::Email,
            chosen: Chosen { detail: Some(detail), plain: false },
            manners: words.manners(reads),
            sender: words.sender(reads),
            line: &words.subject_line(&plan),
            by: last_day(&shape.input.deadline),
            sensitive: false,
        };
        let text = app.operation.contact.notice_of(told).text;
        *out.by_parts.entry(parts(&text)).or_default() += 1;
        out.longest_bytes = out.longest_bytes.max(text.encode_utf16().count() * 2);
    }
    out
}

fn last_day(by: &By) -> Option<Date> {
    match by {
        By::Known(deadline) => Some(deadline.on),
        By::Unknown(_) => None,
    }
}
