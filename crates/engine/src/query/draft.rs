//! One draft, opened for review: every field with where its value comes from.

use domain::{Confidence, Draft, DraftField, DraftId, FieldState, Provenance, SubjectId};
use storage::{drafts, milestones, suggestions};

use super::{plain, vanished};
use crate::view::{DraftPage, FieldLine, SourceLine, SuggestionView};
use crate::{App, EngineError, Reader};

impl App {
    /// The draft, or `None` where it is not one for `subject`. The reading is logged.
    #[tracing::instrument(name = "engine.open_draft", skip_all, fields(draft.id = %id, subject.id = %subject))]
    pub async fn draft_page(
        &self,
        subject: SubjectId,
        id: DraftId,
        reader: &Reader,
    ) -> Result<Option<DraftPage>, EngineError> {
        let mut conn = self.store.read().await?;
        let Some(draft) = drafts::get(&mut conn, id).await? else { return Ok(None) };
        let suggestion = suggestions::get(&mut conn, draft.suggestion).await?;
        let suggestion = suggestion.ok_or_else(|| vanished("suggestion", &draft.suggestion))?;
        if suggestion.recipient != subject {
            return Ok(None);
        }
        let milestone = milestones::get(&mut conn, suggestion.milestone).await?;
        let milestone = milestone.ok_or_else(|| vanished("milestone", &suggestion.milestone))?;
        let suggestion = std::slice::from_ref(&suggestion);
        let views = self.suggestion_views(&mut conn, &[(&milestone, suggestion)]).await?;
        // In a database in memory there is one connection, and logging needs it.
        drop(conn);
        self.log_access(subject, "draft", reader).await?;
        Ok(views.into_iter().next().map(|view| self.page_of(&draft, view)))
    }

    fn page_of(&self, draft: &Draft, suggestion: SuggestionView) -> DraftPage {
        let form = self.pack.form(&draft.form);
        let (filled, total) = draft.coverage();
        DraftPage {
            id: draft.id,
            suggestion,
            form: form.map_or_else(|| plain(&draft.form), |form| form.title.clone()),
            basis: form.map(|form| basis(&form.basis, form.confidence)).unwrap_or_default(),
            filled,
            total,
            to_do: draft.to_do().count(),
            fields: draft.fields.iter().map(|field| self.field_line(field)).collect(),
        }
    }

    fn field_line(&self, field: &DraftField) -> FieldLine {
        let (state, value, sources, candidates) = match &field.state {
            FieldState::Missing => ("missing", None, Vec::new(), Vec::new()),
            FieldState::Filled { value, provenance } => {
                ("filled", Some(value.to_string()), self.source_lines(provenance), Vec::new())
            }
            FieldState::Conflict { candidates } => {
                let each = candidates.iter();
                let each = each.map(|(value, of)| (value.to_string(), self.source_line(of)));
                ("conflict", None, Vec::new(), each.collect())
            }
        };
        FieldLine {
            key: field.key.clone(),
            label: field.label.clone(),
            required: field.required,
            only_person: field.only_person,
            state,
            value,
            sources,
            candidates,
        }
    }

    /// Each source once: an address is made of three facts of one register.
    fn source_lines(&self, all: &[Provenance]) -> Vec<SourceLine> {
        let mut lines: Vec<SourceLine> = Vec::new();
        for line in all.iter().map(|one| self.source_line(one)) {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines
    }

    fn source_line(&self, of: &Provenance) -> SourceLine {
        SourceLine {
            register: self.register_name(&of.register),
            as_of: self.day(of.known_from),
            legal_basis: of.legal_basis.clone(),
        }
    }
}

/// The act that prescribes a form, and how sure we are that its fields are these.
fn basis(act: &str, confidence: Confidence) -> String {
    let sure = match confidence {
        Confidence::H => return act.to_owned(),
        Confidence::M => "các mục theo một nguồn",
        Confidence::L => "các mục theo nguồn chưa chắc chắn",
        Confidence::U => "các mục chưa xác minh",
    };
    format!("{act} ({sure})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_that_is_not_well_sourced_says_so() {
        assert_eq!(basis("Nghị định 63/2024", Confidence::H), "Nghị định 63/2024");
        assert!(basis("Nghị định 63/2024", Confidence::U).contains("chưa xác minh"));
    }
}
