//! How much a pack may hold.
//!
//! A pack comes from whoever wrote it. One that is too large, too deep or that repeats itself
//! without end is refused with the limit, the file and the line, before it costs time or memory.
//! Every limit stands here once. For scale: the pack of Viet Nam has 440 files with 1.2 million
//! bytes, the largest of 0.2, and 0.1 million values.

use super::at::Span;
use super::files::PackFiles;
use crate::check::Report;

/// Files. Each is read, hashed and embedded; a country has some hundred life events and some
/// thousand procedures.
pub(crate) const FILES: usize = 5_000;

/// Folders in one another. A pack needs three; more is a link that leads back to itself.
pub(crate) const FOLDERS: usize = 8;

/// Bytes of one file: the communes of a country ten times as large.
pub(crate) const FILE_BYTES: usize = 2 << 20;

/// Bytes of all files: what a program embeds, and what is read at every start.
pub(crate) const PACK_BYTES: usize = 16 << 20;

/// Values in all YAML files and schemas, counted as often as an alias repeats them. A value takes
/// some hundred bytes of memory.
pub(crate) const VALUES: usize = 300_000;

/// Lists and entries in one another. The deepest file of a pack has nine; a reader goes as deep
/// as they do on its stack.
pub(crate) const DEPTH: usize = 32;

/// Entries of one list. Checks compare each with each in the worst case.
pub(crate) const ENTRIES: usize = 10_000;

/// Bytes of one text. Nobody reads more on a page, and it is copied into messages about it.
pub(crate) const TEXT_BYTES: usize = 20_000;

/// Parts of an event's schema when its references are followed: payloads are compared with all.
pub(crate) const SCHEMA_PARTS: usize = 10_000;

/// Roles of one life event; conditions and near misses look at each.
pub(crate) const ROLES: usize = 50;

/// Versions of one life event.
pub(crate) const VERSIONS: usize = 50;

/// Services of one version, or of one province's change. Each may be proposed to everybody.
pub(crate) const SERVICES: usize = 100;

/// Kinds of events that begin one life event.
pub(crate) const BEGINNINGS: usize = 100;

/// Changes by provinces to one life event.
pub(crate) const OVERLAYS: usize = 1_000;

/// Days that the clock counts to from one fact: all of them are looked at for each subject.
pub(crate) const STRIKES: usize = 200;

/// Reminders of one deadline.
pub(crate) const REMINDERS: usize = 50;

/// Examples of one life event: all of them run whenever its author saves.
pub(crate) const EXAMPLES: usize = 1_000;

/// Facts that one kind of event tells.
pub(crate) const EVENT_FACTS: usize = 500;

/// Attributes of one kind of subject.
pub(crate) const ATTRIBUTES: usize = 2_000;

/// Days off in one year besides weekends. Counting a period steps over each of them.
pub(crate) const DAYS_OFF: usize = 150;

/// Fields of one form, those of the forms that it includes counted in.
pub(crate) const FIELDS: usize = 1_000;

/// Fields of all forms, counted so: a form that many include is held as often.
pub(crate) const ALL_FIELDS: usize = 100_000;

/// Forms that include one another in a row.
pub(crate) const INCLUDES: usize = 8;

/// Forms that one form takes in altogether.
pub(crate) const INCLUDED: usize = 100;

/// Mistakes that are told at once. Nobody mends more before trying again.
pub(crate) const FAULTS: usize = 200;

/// Characters of a line, and of a message, that are shown to the author.
pub(crate) const SHOWN: usize = 400;

/// Names that a mistyped one is compared with, and how long such a name may be.
pub(crate) const NEAR_NAMES: usize = 2_000;
/// See [`NEAR_NAMES`].
pub(crate) const NEAR_LENGTH: usize = 64;

/// `2097152` as `2,097,152`: limits are told to people.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && place % 3 == first {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// "more than 200 of these".
pub(crate) fn more_than(limit: usize, what: &str) -> String {
    format!("more than {} {what}", grouped(limit))
}

/// Reports where `items` go on after `limit` of them, at the first that is too much.
pub(crate) fn at_most(
    report: &mut Report<'_>,
    file: &str,
    mut items: impl Iterator<Item = Span>,
    limit: usize,
    what: &str,
) {
    if let Some(span) = items.nth(limit) {
        report.fault(file, span, more_than(limit, what), None);
    }
}

/// Reports what is too large in the files as texts, wherever they come from.
pub(crate) fn check(files: &PackFiles, report: &mut Report<'_>) {
    let (mut count, mut bytes) = (0, 0);
    for (path, text) in files.iter() {
        count += 1;
        bytes += text.len();
        if text.len() > FILE_BYTES {
            report.file_fault(path, more_than(FILE_BYTES, "bytes in one file"));
        }
        if count == FILES + 1 {
            report.file_fault(path, more_than(FILES, "files in one pack"));
        }
        if bytes > PACK_BYTES && bytes - text.len() <= PACK_BYTES {
            report.file_fault(path, more_than(PACK_BYTES, "bytes in all files of the pack"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let all = [(0, "0"), (999, "999"), (1_000, "1,000"), (2 << 20, "2,097,152")];
        for (number, text) in all {
            assert_eq!(grouped(number), text);
        }
    }
}
