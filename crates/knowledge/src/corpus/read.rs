//! One file into one document.

use std::path::Path;

use super::{Document, Fault, Head, Kind, Problem, Section, sha256_hex};
use crate::text::nfc;

/// The questions that a procedure answers, in the ids of its sections.
pub(super) const SECTIONS: [&str; 12] = [
    "what",
    "who",
    "what-to-bring",
    "how",
    "where",
    "how-long",
    "deadline",
    "fee",
    "result",
    "law",
    "changes",
    "unknown",
];

/// A longer section would lose its end in the embedding model's 512 tokens.
pub(crate) const LONGEST: usize = 1_400;

/// Reads `text`, or says all that is wrong with it.
pub(super) fn document(path: &str, text: &str) -> Result<Document, Vec<Problem>> {
    let fail = |line: usize, fault: Fault| Problem { path: path.to_owned(), line, fault };
    if nfc(text) != text {
        let line = text.lines().position(|line| nfc(line) != line).unwrap_or_default() + 1;
        return Err(vec![fail(line, Fault::NotNfc)]);
    }
    let Some((head, body_start)) = split(text) else {
        return Err(vec![fail(1, Fault::NoHead)]);
    };
    let head: Head = serde_saphyr::from_str(head).map_err(|error| {
        let line = error.location().map_or(1, |at| usize::try_from(at.line()).unwrap_or(1));
        let plain = error.without_snippet().to_string();
        let said = plain.lines().next().unwrap_or_default().to_owned();
        // The head begins on the second line of the file.
        vec![fail(line + 1, Fault::Head(said))]
    })?;
    let mut faults: Vec<(usize, Fault)> = check_head(path, &head).map(|fault| (1, fault)).collect();
    let sections = sections(text, body_start, head.kind, &mut faults);
    if sections.is_empty() && faults.is_empty() {
        faults.push((1, Fault::NoSection));
    }
    if !faults.is_empty() {
        return Err(faults.into_iter().map(|(line, fault)| fail(line, fault)).collect());
    }
    Ok(Document {
        id: head.id,
        kind: head.kind,
        code: head.code,
        aliases: head.aliases,
        about: head.about,
        title: head.title,
        place: head.place,
        in_force: head.in_force,
        source: head.source,
        confidence: head.confidence,
        retrieved_on: head.retrieved_on,
        sections,
        path: path.to_owned(),
        hash: sha256_hex(text.as_bytes()),
    })
}

/// The head, and where the body begins.
fn split(text: &str) -> Option<(&str, usize)> {
    let rest = text.strip_prefix("---\n")?;
    let end = rest.find("\n---\n")?;
    Some((rest.get(..=end)?, "---\n".len() + end + "\n---\n".len()))
}

fn check_head(path: &str, head: &Head) -> impl Iterator<Item = Fault> {
    let stem = Path::new(path).file_stem().and_then(|stem| stem.to_str());
    let id = (stem != Some(head.id.as_str())).then(|| Fault::Id(head.id.clone()));
    let source = head.source.is_empty().then_some(Fault::NoSource);
    let backwards = match (head.in_force.from, head.in_force.until) {
        (Some(from), Some(until)) if until <= from => Some(Fault::Backwards { from, until }),
        _ => None,
    };
    [id, source, backwards].into_iter().flatten()
}

fn sections(
    text: &str,
    body_start: usize,
    kind: Kind,
    faults: &mut Vec<(usize, Fault)>,
) -> Vec<Section> {
    let mut out: Vec<Section> = Vec::new();
    let mut line = text.get(..body_start).map_or(0, |head| head.matches('\n').count());
    let mut start = body_start;
    for raw in text.get(body_start..).unwrap_or_default().split_inclusive('\n') {
        line += 1;
        let end = start + raw.len();
        let words = raw.trim_end();
        if words.starts_with('#') {
            match heading(words) {
                Some((heading, id)) => {
                    faults.extend(check_id(id, kind, &out).map(|fault| (line, fault)));
                    out.push(Section {
                        id: id.to_owned(),
                        heading: heading.to_owned(),
                        text: String::new(),
                        start: end,
                        end,
                        line,
                    });
                }
                None => faults.push((line, Fault::Heading(words.to_owned()))),
            }
        } else if let Some(section) = out.last_mut() {
            section.end = end;
        } else if !words.is_empty() {
            faults.push((line, Fault::Loose));
        }
        start = end;
    }
    for section in &mut out {
        faults.extend(trim(text, section).map(|fault| (section.line, fault)));
    }
    out
}

/// `## Heading {#id}`.
fn heading(line: &str) -> Option<(&str, &str)> {
    let (heading, id) = line.strip_prefix("## ")?.strip_suffix('}')?.split_once(" {#")?;
    let is_id = !id.is_empty()
        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    (is_id && !heading.trim().is_empty()).then(|| (heading.trim(), id))
}

fn check_id(id: &str, kind: Kind, so_far: &[Section]) -> Option<Fault> {
    if so_far.iter().any(|section| section.id == id) {
        return Some(Fault::TwinSection(id.to_owned()));
    }
    let is_known = kind != Kind::Procedure || SECTIONS.contains(&id);
    (!is_known).then(|| Fault::UnknownSection(id.to_owned()))
}

/// Takes the words into the section and draws its borders around them.
fn trim(text: &str, section: &mut Section) -> Option<Fault> {
    let all = text.get(section.start..section.end).unwrap_or_default();
    let words = all.trim();
    section.start += all.len() - all.trim_start().len();
    section.end = section.start + words.len();
    words.clone_into(&mut section.text);
    let characters = words.chars().count();
    if words.is_empty() {
        Some(Fault::EmptySection(section.id.clone()))
    } else if characters > LONGEST {
        Some(Fault::LongSection { id: section.id.clone(), characters })
    } else {
        None
    }
}
