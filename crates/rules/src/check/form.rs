//! Forms: what they include ends, and their fields are unique.

use std::collections::{BTreeMap, BTreeSet};

use super::Report;
use super::catalogue::known_register;
use crate::pack::Parts;
use crate::pack::limits::{self, more_than};
use crate::pack::service::{Form, FormField};

/// All fields of each form, those of the forms that it includes first. A form that includes
/// itself, or too much, is reported and has none.
pub(super) fn fields(
    forms: &BTreeMap<String, Form>,
    report: &mut Report<'_>,
) -> BTreeMap<String, Vec<FormField>> {
    let mut all = BTreeMap::new();
    let mut count = 0;
    for (name, form) in forms {
        let file = format!("forms/{name}.yaml");
        let mut gathered = Gathered::new(forms);
        if let Err(message) = gathered.take_in(form) {
            report.fault(&file, form.id.span, message, None);
            continue;
        }
        count += gathered.fields.len();
        if count > limits::ALL_FIELDS {
            let message =
                more_than(limits::ALL_FIELDS, "fields in all forms, included ones counted in");
            report.fault(&file, form.id.span, message, None);
            return all;
        }
        all.insert(name.clone(), gathered.fields.into_iter().cloned().collect());
    }
    all
}

/// The fields of one form as its inclusions are followed.
struct Gathered<'a> {
    forms: &'a BTreeMap<String, Form>,
    /// The forms that lead to the one that is looked at.
    path: Vec<&'a str>,
    included: usize,
    fields: Vec<&'a FormField>,
}

impl<'a> Gathered<'a> {
    fn new(forms: &'a BTreeMap<String, Form>) -> Self {
        Self { forms, path: Vec::new(), included: 0, fields: Vec::new() }
    }

    fn take_in(&mut self, form: &'a Form) -> Result<(), String> {
        let id = form.id.as_str();
        if self.path.contains(&id) {
            return Err(format!("form `{id}` includes itself"));
        }
        if self.path.len() > limits::INCLUDES {
            return Err(more_than(limits::INCLUDES, "forms that include one another in a row"));
        }
        self.included += 1;
        if self.included > limits::INCLUDED + 1 {
            return Err(more_than(limits::INCLUDED, "forms in one form"));
        }
        self.path.push(id);
        // A form that does not exist is told where it is named.
        for form in form.includes.iter().filter_map(|id| self.forms.get(id.as_str())) {
            self.take_in(form)?;
        }
        self.path.pop();
        self.fields.extend(&form.fields);
        if self.fields.len() > limits::FIELDS {
            return Err(more_than(limits::FIELDS, "fields in one form, included ones counted in"));
        }
        Ok(())
    }
}

/// A form's fields are unique, those of the forms that it includes counted in.
pub(super) fn check(parts: &Parts, report: &mut Report<'_>, file: &str, name: &str, form: &Form) {
    report.sources(file, parts, &form.sources);
    if form.id.value != name {
        let message = format!("form `{}` stands in the file of form `{name}`", form.id.value);
        report.fault(file, form.id.span, message, None);
    }
    for included in &form.includes {
        report.must_have(file, included, "form", &parts.forms);
    }
    for code in form.fields.iter().flat_map(|field| &field.held_by) {
        known_register(parts, report, file, code);
    }
    let mut seen = BTreeSet::new();
    for field in parts.fields.get(name).into_iter().flatten() {
        if !seen.insert(field.key.as_str()) {
            let own = form.fields.iter().rfind(|own| own.key == field.key);
            let span = own.map_or(form.id.span, |own| own.key.span);
            let message = format!("the field `{}` is in the form twice", field.key.value);
            report.fault(file, span, message, None);
        }
    }
}
