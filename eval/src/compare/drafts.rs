//! Drafts, field by field.

use std::collections::BTreeSet;

use domain::{Draft, FieldState};

use super::Comparison;
use crate::expect::{Expectations, ExpectedService};
use crate::stored::StoredMilestone;

/// What a field should hold.
enum Wanted<'a> {
    Filled(&'a str),
    Missing,
    Conflict(&'a BTreeSet<String>),
}

impl Wanted<'_> {
    fn say(&self) -> String {
        match self {
            Self::Filled(value) => format!("`{value}`"),
            Self::Missing => "empty".to_owned(),
            Self::Conflict(values) => conflict(values.iter().map(String::as_str)),
        }
    }
}

/// What is wrong with a field.
enum Fault {
    Wrong,
    NotFilled,
    Overfilled,
}

impl Comparison {
    pub(super) fn draft(&mut self, family: &str, expected: &ExpectedService, got: Option<&Draft>) {
        let Some(form) = &expected.form else { return };
        let Some(draft) = got.filter(|draft| draft.form == *form) else {
            let got = got.map_or("no draft", |draft| draft.form.as_str());
            let about = format!("{} draft for {}", form, expected.to);
            self.differ(family, about, form.as_str(), got);
            self.no_draft(family, expected);
            return;
        };
        for (key, wanted) in wanted(expected) {
            let field = draft.fields.iter().find(|field| field.key == key);
            let fault = field.map_or(Some(Fault::NotFilled), |it| fault(&wanted, &it.state));
            let got = field.map_or_else(|| "no such field".to_owned(), |it| say(&it.state));
            self.field(form, fault.as_ref());
            if fault.is_some() {
                let about = format!("{form}.{key} for {}", expected.to);
                self.differ(family, about, wanted.say(), got);
            }
        }
        for secret in &expected.never_holds {
            let holders = draft.fields.iter().filter(|field| holds(&field.state, secret));
            for holder in holders {
                self.prefill.leaks += 1;
                let about = format!("{form}.{} for {}", holder.key, expected.to);
                self.differ(family, about, "nothing of the other side", "holds it");
            }
        }
    }

    /// Counts the fields of a draft that is not there as not filled.
    pub(super) fn no_draft(&mut self, _family: &str, expected: &ExpectedService) {
        let Some(form) = &expected.form else { return };
        for _ in wanted(expected) {
            self.field(form, Some(&Fault::NotFilled));
        }
    }

    fn field(&mut self, form: &str, fault: Option<&Fault>) {
        let of_form = self.prefill.forms.entry(form.to_owned()).or_default();
        of_form.fields += 1;
        self.prefill.fields += 1;
        match fault {
            None => {
                of_form.correct += 1;
                self.prefill.correct += 1;
            }
            Some(Fault::Wrong) => self.prefill.wrong += 1,
            Some(Fault::NotFilled) => self.prefill.not_filled += 1,
            Some(Fault::Overfilled) => self.prefill.overfilled += 1,
        }
    }

    /// What holds of every draft, expected or not.
    pub(super) fn every_draft(&mut self, expected: &Expectations, stored: &[StoredMilestone]) {
        let drafts =
            stored.iter().flat_map(|it| &it.suggestions).filter_map(|it| it.draft.as_ref());
        for draft in drafts {
            let (filled, all) = draft.coverage();
            self.prefill.filled_of_all += filled;
            self.prefill.all += all;
            let of_form = self.prefill.forms.entry(draft.form.clone()).or_default();
            of_form.drafts += 1;
            of_form.filled += filled;
            of_form.all += all;
            let own = expected.only_person.get(&draft.form);
            let theirs = |key: &String| own.is_some_and(|own| own.contains(key));
            for field in draft.fields.iter().filter(|it| it.only_person || theirs(&it.key)) {
                if !matches!(field.state, FieldState::Missing) {
                    self.prefill.filled_for_the_person += 1;
                    let about = format!("{}.{}", draft.form, field.key);
                    self.differ("every draft", about, "left to the person", say(&field.state));
                }
            }
        }
    }
}

/// The fields that were written down, in the order of their states.
fn wanted(expected: &ExpectedService) -> impl Iterator<Item = (&str, Wanted<'_>)> {
    let filled = expected.filled.iter().map(|(key, value)| (key.as_str(), Wanted::Filled(value)));
    let missing = expected.missing.iter().map(|key| (key.as_str(), Wanted::Missing));
    let conflict = expected.conflict.iter().map(|(key, all)| (key.as_str(), Wanted::Conflict(all)));
    filled.chain(missing).chain(conflict)
}

fn fault(wanted: &Wanted<'_>, got: &FieldState) -> Option<Fault> {
    match (wanted, got) {
        (Wanted::Filled(wanted), FieldState::Filled { value, .. }) => {
            (value.to_string() != **wanted).then_some(Fault::Wrong)
        }
        (Wanted::Missing, FieldState::Missing) => None,
        (Wanted::Conflict(wanted), FieldState::Conflict { candidates }) => {
            let got: BTreeSet<String> =
                candidates.iter().map(|(value, _)| value.to_string()).collect();
            (got != **wanted).then_some(Fault::Wrong)
        }
        (Wanted::Filled(_) | Wanted::Conflict(_), FieldState::Missing)
        | (Wanted::Filled(_), FieldState::Conflict { .. }) => Some(Fault::NotFilled),
        (Wanted::Missing | Wanted::Conflict(_), FieldState::Filled { .. })
        | (Wanted::Missing, FieldState::Conflict { .. }) => Some(Fault::Overfilled),
    }
}

fn say(state: &FieldState) -> String {
    match state {
        FieldState::Filled { value, .. } => format!("`{value}`"),
        FieldState::Missing => "empty".to_owned(),
        FieldState::Conflict { candidates } => {
            let values: Vec<String> = candidates.iter().map(|(it, _)| it.to_string()).collect();
            conflict(values.iter().map(String::as_str))
        }
    }
}

fn conflict<'a>(values: impl Iterator<Item = &'a str>) -> String {
    let values: Vec<String> = values.map(|it| format!("`{it}`")).collect();
    values.join(" or ")
}

fn holds(state: &FieldState, secret: &str) -> bool {
    match state {
        FieldState::Filled { value, .. } => value.to_string().contains(secret),
        FieldState::Missing => false,
        FieldState::Conflict { candidates } => {
            candidates.iter().any(|(value, _)| value.to_string().contains(secret))
        }
    }
}
