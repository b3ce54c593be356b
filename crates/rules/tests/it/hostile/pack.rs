//! How hostile packs are made: the small pack with something in it that is too much.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rules::PackFiles;

use super::{EXAMPLES, SCHEMA};
use crate::files;

/// The small pack with other texts in some of its files.
pub(super) struct Hostile(BTreeMap<String, String>);

impl Hostile {
    pub(super) fn new() -> Self {
        Self(files().iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect())
    }

    pub(super) fn put(mut self, path: &str, text: impl Into<String>) -> Self {
        self.0.insert(path.to_owned(), text.into());
        self
    }

    pub(super) fn edit(mut self, path: &str, from: &str, to: &str) -> Self {
        let text = self.0.get_mut(path).unwrap();
        assert!(text.contains(from), "`{from}` is not in {path}");
        *text = text.replacen(from, to, 1);
        self
    }

    pub(super) fn forms(mut self, count: usize, includes: impl Fn(usize) -> Vec<usize>) -> Self {
        for number in 0..count {
            let names: Vec<String> = includes(number).iter().map(|it| format!("F{it}")).collect();
            let text = form(&format!("F{number}"), &names.join(", "), "");
            self = self.put(&format!("forms/F{number}.yaml"), text);
        }
        self
    }

    /// Lets all numbered forms include one.
    pub(super) fn all_include(mut self, id: &str) -> Self {
        for (_, text) in self.0.iter_mut().filter(|(path, _)| path.starts_with("forms/F")) {
            *text = text.replace("includes: []", &format!("includes: [{id}]"));
        }
        self
    }

    pub(super) fn files(self) -> PackFiles {
        self.0.into_iter().collect()
    }
}

pub(super) fn form(id: &str, includes: &str, fields: &str) -> String {
    format!(
        "id: {id}\ntitle: {{vi: a, en: b}}\nbasis: x\nconfidence: M\nsources: [T1]\n\
         includes: [{includes}]\nfields: [{fields}]\n"
    )
}

pub(super) fn fields(count: usize) -> String {
    let one = |n| format!("{{key: k{n}, label: {{vi: a, en: b}}, type: text, required: true}}");
    (0..count).map(one).collect::<Vec<_>>().join(",\n ")
}

/// `line` with `{}` numbered, `count` times.
pub(super) fn lines(count: usize, line: &str) -> String {
    (0..count).map(|n| line.replace("{}", &n.to_string())).collect()
}

pub(super) fn list(count: usize, one: &str) -> String {
    format!("[{}]", vec![one; count].join(","))
}

/// An example's fact that is this value.
pub(super) fn fact(value: &str) -> Hostile {
    Hostile::new().edit(EXAMPLES, "child.weight: 3000", &format!("child.weight: {value}"))
}

/// Examples of which one has entries in entries, each on its own line.
pub(super) fn nested(deep: usize) -> String {
    let line = |n: usize| format!("{}a:\n", " ".repeat(6 + n));
    let entries: String = (0..deep).map(line).collect();
    format!(
        "- situation: a\n  today: 2026-10-01\n  expect: {{verdict: met}}\n  facts:\n    child.weight:\n{entries}"
    )
}

/// A form whose list is held once and repeated.
pub(super) fn repeated(anchor: &str, times: usize) -> Hostile {
    let one = "{key: a, label: {vi: a, en: b}, type: text, required: true, held_by: *s}";
    let text = form("A", "", &vec![one; times].join(",\n ")).replace("sources: [T1]", anchor);
    Hostile::new().put("forms/A.yaml", text)
}

pub(super) fn schema(definitions: &str) -> Hostile {
    Hostile::new()
        .put(SCHEMA, format!("{{\"$ref\": \"#/$defs/a0\", \"$defs\": {{{definitions}}}}}"))
}

/// A schema of few words that is compared two to the thirtieth times.
pub(super) fn doubling() -> Hostile {
    let mut definitions = String::new();
    for n in 0..30 {
        let next = format!("{{\"$ref\": \"#/$defs/a{}\"}}", n + 1);
        write!(definitions, "\"a{n}\": {{\"allOf\": [{next}, {next}]}}, ").unwrap();
    }
    schema(&(definitions + "\"a30\": {}"))
}

pub(super) fn days_off() -> String {
    let days = (1..=12).flat_map(|month| (1..=28).map(move |day| (month, day)));
    let off = days.map(|(month, day)| {
        format!("  - {{on: 2026-{month:02}-{day:02}, name: {{vi: a, en: b}}, confidence: M, sources: [T1]}}\n")
    });
    format!("year: 2026\ncomplete: true\nholidays:\n{}", off.collect::<String>())
}

/// An entry of `services` in the small life event.
pub(super) fn entry(more: &str) -> String {
    format!(
        "      - {{service: help, for: father, level: 1, {more}deadline_unknown: {{vi: a, en: b}}}}\n"
    )
}

pub(super) fn deadline(remind: &str) -> String {
    format!(
        "deadline: {{after: child.born_on, count: 1, unit: months, remind: {remind}, \
         duty: {{vi: a, en: b}}, legal_basis: {{act: {{vi: a, en: b}}, confidence: M, sources: [T1]}}}}, "
    )
}

pub(super) const LAW: &str = "legal_basis: {act: {vi: a, en: b}, confidence: M, sources: [T1]}";
