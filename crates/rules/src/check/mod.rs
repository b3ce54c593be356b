//! Everything about a pack that can be found out before it decides about anybody.
//!
//! A pack that loads keeps these promises, and the rest of the crate relies on them:
//!
//! - every name that one file uses is defined by another, with a kind that fits;
//! - the versions of a life event neither overlap nor leave a day out that is not marked;
//! - every value of law names its source, and every source number is explained;
//! - each role has one main service, each life event its examples;
//! - conditions are [checked](crate::cel), schemas compile.

mod catalogue;
mod entry;
mod event;
mod examples;
mod expiry;
mod form;
mod life_event;
mod size;
mod versions;

use std::borrow::Borrow;
use std::collections::BTreeMap;

use domain::LegalBasis;

use crate::cel::Fault;
use crate::pack::Parts;
use crate::pack::at::{At, Span};
use crate::pack::error::{PackError, did_you_mean, shown};
use crate::pack::files::PackFiles;
use crate::pack::limits;
use crate::pack::scope::NameFault;

/// Checks everything and settles what checking settles: conditions are put in their place.
///
/// What is too large is refused first, because the other checks compare much with much.
pub(crate) fn check(parts: &mut Parts, report: &mut Report<'_>) {
    size::check(parts, report);
    parts.fields = form::fields(&parts.forms, report);
    if !report.is_empty() {
        return;
    }
    catalogue::check(parts, report);
    parts.validators = event::check(parts, report);
    life_event::check(parts, report);
    versions::check(parts, report);
    examples::check(parts, report);
}

/// Collects what is wrong.
pub(crate) struct Report<'a> {
    files: &'a PackFiles,
    errors: Vec<PackError>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(files: &'a PackFiles) -> Self {
        Self { files, errors: Vec::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// Whether more is wrong than is told at once. Looking for near misses ends then.
    pub(crate) fn is_full(&self) -> bool {
        self.errors.len() >= limits::FAULTS
    }

    /// All that was found, by file and line. What an alias repeats is said once.
    pub(crate) fn into_errors(mut self) -> Vec<PackError> {
        let last = self.is_full().then(|| self.errors.last().cloned()).flatten();
        self.errors.sort_by(|a, b| {
            let key = |e: &PackError| (e.file.clone(), e.span.line, e.span.column);
            key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
        });
        self.errors.dedup();
        self.errors.extend(last.map(|last| PackError {
            span: Span::default(),
            line: String::new(),
            message: format!("no more than {} mistakes are told at once", limits::FAULTS),
            help: Some("mend these, and try again".to_owned()),
            ..last
        }));
        self.errors
    }

    pub(crate) fn fault(
        &mut self,
        file: &str,
        span: Span,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        if self.is_full() {
            return;
        }
        let line = shown(self.line(file, span.line));
        let (file, message) = (file.to_owned(), shown(&message.into()));
        self.errors.push(PackError { file, span, line, message, help });
    }

    /// Something is wrong with a file as a whole.
    pub(crate) fn file_fault(&mut self, file: &str, message: impl Into<String>) {
        self.fault(file, Span::default(), message, None);
    }

    pub(crate) fn name_fault(&mut self, file: &str, span: Span, fault: NameFault) {
        self.fault(file, span, fault.message, fault.help);
    }

    /// `name` must be one of `known`. `what` says of what, as in `role` or `field in its form`.
    pub(crate) fn must_know<'n, I>(&mut self, file: &str, name: &At<String>, what: &str, known: I)
    where
        I: IntoIterator<Item = &'n str, IntoIter: Clone>,
    {
        let known = known.into_iter();
        if !self.is_full() && !known.clone().any(|one| one == name.value) {
            let help = did_you_mean(name, known);
            let (noun, place) = what.split_at(what.find(" in ").unwrap_or(what.len()));
            let message = format!("there is no {noun} `{}`{place}", name.value);
            self.fault(file, name.span, message, help);
        }
    }

    /// The same, of the names in a map.
    pub(crate) fn must_have<K, V>(
        &mut self,
        file: &str,
        name: &At<String>,
        what: &str,
        known: &BTreeMap<K, V>,
    ) where
        K: Borrow<str> + Ord,
    {
        if !known.contains_key(name.as_str()) {
            self.must_know(file, name, what, known.keys().map(Borrow::borrow));
        }
    }

    /// Source numbers must be explained in `pack.yaml`.
    pub(crate) fn sources(&mut self, file: &str, parts: &Parts, sources: &[At<String>]) {
        for source in sources {
            self.must_have(file, source, "source", &parts.head.sources);
        }
    }

    /// A value of law names its source; a list of them is not empty.
    pub(crate) fn law(&mut self, file: &str, parts: &Parts, law: &[LegalBasis]) {
        if law.is_empty() {
            let span = self.find(file, "legal_basis");
            self.fault(file, span, "the law behind this is missing", None);
        }
        for basis in law {
            if basis.act.vi.trim().is_empty() {
                let span = self.find(file, "legal_basis");
                self.fault(file, span, "an act of law without a name", None);
            }
            for source in &basis.sources {
                self.must_have_somewhere(file, source, "source", &parts.head.sources);
            }
        }
    }

    /// The same for a name that was read without its place, which is looked for.
    pub(crate) fn must_have_somewhere<V>(
        &mut self,
        file: &str,
        name: &str,
        what: &str,
        known: &BTreeMap<String, V>,
    ) {
        if !self.is_full() && !known.contains_key(name) {
            let name = At { value: name.to_owned(), span: self.find(file, name) };
            self.must_have(file, &name, what, known);
        }
    }

    /// The faults of a condition, placed in the file.
    pub(crate) fn condition(&mut self, file: &str, condition: &At<String>, faults: Vec<Fault>) {
        for fault in faults {
            if self.is_full() {
                return;
            }
            let span = self.inside(file, condition, fault.start, fault.length);
            self.fault(file, span, fault.message, fault.help);
        }
    }

    /// Where a word first stands in a file.
    fn find(&self, file: &str, word: &str) -> Span {
        self.find_from(file, word, Span::default())
    }

    /// Where a word first stands in a file at or after the line of `from`, else `from` itself.
    fn find_from(&self, file: &str, word: &str, from: Span) -> Span {
        let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        let lines = self.files.get(file).unwrap_or_default().lines().enumerate();
        for (number, line) in lines.skip(from.line.saturating_sub(1)) {
            for (at, _) in line.match_indices(word) {
                let (before, after) = line.split_at(at);
                let after = after.strip_prefix(word).unwrap_or_default();
                if edge(before.chars().next_back()) && edge(after.chars().next()) {
                    let (column, length) = (before.chars().count() + 1, word.chars().count());
                    return Span { line: number + 1, column, length };
                }
            }
        }
        from
    }

    fn line(&self, file: &str, number: usize) -> &str {
        let text = self.files.get(file).unwrap_or_default();
        number.checked_sub(1).and_then(|at| text.lines().nth(at)).unwrap_or_default()
    }

    /// The span of a part of a scalar. YAML folds lines and adds quotes, but keeps the order
    /// of the visible letters: the part begins after as many of them in the file as in the
    /// value.
    fn inside(&self, file: &str, scalar: &At<String>, start: usize, length: usize) -> Span {
        let visible = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
        let before = visible(scalar.value.get(..start).unwrap_or_default());
        let part = scalar.value.get(start..start + length).unwrap_or_default();
        let text = self.files.get(file).unwrap_or_default();
        let mut seen = 0;
        let mut lines = text.lines().enumerate().skip(scalar.span.line.saturating_sub(1));
        let first = scalar.span.column.saturating_sub(1);
        let opening = self.line(file, scalar.span.line).chars().nth(first);
        let mut skip = match opening {
            Some('>' | '|') => {
                lines.next();
                0
            }
            Some('\'' | '"') => first + 1,
            _ => first,
        };
        for (number, line) in lines {
            for (column, letter) in line.chars().enumerate().skip(skip) {
                if letter.is_whitespace() {
                    continue;
                }
                if seen == before {
                    let length = part.chars().count().max(1);
                    return Span { line: number + 1, column: column + 1, length };
                }
                seen += 1;
            }
            skip = 0;
        }
        scalar.span
    }
}
