//! What an author reads when a pack does not load: place, line, caret, help.
//!
//! Authors are civil servants, not programmers. So a message says in plain words what is
//! wrong, shows where, and offers the near miss; and all messages come at once, because
//! mending one error per run is how people learn to hate a checker.
//!
//! The prose: lower case, no full stop, what the author wrote in backticks, no names from
//! our own code.

use std::fmt;

use super::at::Span;
use super::limits;

/// One thing that is wrong in a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackError {
    /// The file, as a path inside the pack.
    pub file: String,
    /// Where in it. A line of 0 means the whole file.
    pub span: Span,
    /// The text of that line, as far as it can be shown.
    pub line: String,
    /// What is wrong.
    pub message: String,
    /// What to do next, if we know it.
    pub help: Option<String>,
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Span { line, column, length } = self.span;
        if line == 0 {
            write!(f, "{}: {}", self.file, self.message)?;
        } else {
            write!(f, "{}:{line}:{column}: {}", self.file, self.message)?;
            let number = line.to_string();
            let margin = " ".repeat(number.len());
            let shown: usize = self.line.chars().count();
            // A caret never runs past its line: a span may cover a whole block.
            let carets = length.min((shown + 1).saturating_sub(column)).max(1);
            let indent = " ".repeat(column.saturating_sub(1).min(shown));
            write!(f, "\n{margin} |\n{number} | {}", self.line)?;
            if column <= shown + 1 {
                write!(f, "\n{margin} | {indent}{}", "^".repeat(carets))?;
            }
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PackError {}

/// All that is wrong in a pack, in the order of files and lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackErrors(pub Vec<PackError>);

impl fmt::Display for PackErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for error in &self.0 {
            write!(f, "{error}\n\n")?;
        }
        match self.0.len() {
            1 => f.write_str("the pack has 1 error"),
            count => write!(f, "the pack has {count} errors"),
        }
    }
}

impl std::error::Error for PackErrors {}

/// The beginning of a text that is too long to show.
pub(crate) fn shown(text: &str) -> String {
    match text.char_indices().nth(limits::SHOWN) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

/// The name among `known` that `given` was probably meant to be. Of very many names only some
/// are looked at, and no very long one: a near miss is a help and no promise.
pub(crate) fn nearest<'a>(
    given: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let letters = given.chars().take(limits::NEAR_LENGTH + 1).count();
    if letters > limits::NEAR_LENGTH {
        return None;
    }
    let limit = (letters / 3).clamp(1, 4);
    // A letter takes at most four bytes, so lengths in bytes tell most of those that are far.
    let near = |name: &&str| name.len() <= 4 * (letters + limit) && letters <= name.len() + limit;
    known
        .into_iter()
        .take(limits::NEAR_NAMES)
        .filter(near)
        .filter_map(|name| Some((distance(given, name, limit)?, name)))
        .min()
        .map(|(_, name)| name)
}

/// "did you mean `x`?", or the list of what there is where it is short.
pub(crate) fn did_you_mean<'a>(
    given: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(name) = nearest(given, known.iter().copied()) {
        return Some(format!("did you mean `{name}`?"));
    }
    if known.is_empty() || known.len() > 12 {
        return None;
    }
    let list: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    Some(format!("there is {}", list.join(", ")))
}

/// How many letters must be added, dropped, changed or swapped with their neighbour; `None` where
/// it is more than `limit`.
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at =
                |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX - 1);
            let mut best = (at(&above, j) + usize::from(x != y))
                .min(at(&above, j + 1) + 1)
                .min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        // Rows only grow: a swap looks two rows back, and that one was not better either.
        if above.iter().chain(&row).all(|best| *best > limit) {
            return None;
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().filter(|apart| *apart <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_near_miss_is_found_and_the_far_one_is_not() {
        let known = ["child.born_on", "mother.name", "child.sex"];
        assert_eq!(nearest("child.bron_on", known), Some("child.born_on"));
        assert_eq!(nearest("child.born", known), Some("child.born_on"));
        assert_eq!(nearest("parcel.area", known), None);
    }

    #[test]
    fn swapping_neighbours_is_one_step() {
        assert_eq!(distance("bron", "born", 4), Some(1));
        assert_eq!(distance("", "abc", 4), Some(3));
        assert_eq!(distance("kitten", "sitting", 3), Some(3));
        assert_eq!(distance("kitten", "sitting", 2), None);
        assert_eq!(distance("ba", "ab", 1), Some(1));
    }

    #[test]
    fn a_caret_stays_on_its_line() {
        let error = PackError {
            file: "a.yaml".to_owned(),
            span: Span { line: 3, column: 5, length: 900 },
            line: "key: bé".to_owned(),
            message: "`bé` is not known".to_owned(),
            help: Some("did you mean `be`?".to_owned()),
        };
        let text = error.to_string();
        assert_eq!(
            text,
            "a.yaml:3:5: `bé` is not known\n  |\n3 | key: bé\n  |     ^^^\n  help: did you mean `be`?"
        );
    }
}
