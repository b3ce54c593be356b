//! What the person then did and said, and where that moves the suggestion.

use domain::{EventId, Lifecycle as _, Outcome, OutcomeKind, SubjectId, SuggestionId, Trace};
use storage::{milestones, outcomes, suggestions};

use crate::rebuild::Turn;
use crate::{App, OutcomeError};

impl App {
    /// Records what `subject` did or said about a suggestion made to them, and moves it.
    ///
    /// Saying the same twice is saying it once: the first moment stands. What was said already
    /// moves nothing a second time.
    #[tracing::instrument(
        name = "engine.record_outcome", skip_all,
        fields(suggestion.id = %id, subject.id = %subject, kind = kind.name())
    )]
    pub async fn record_outcome(
        &self,
        subject: SubjectId,
        id: SuggestionId,
        kind: OutcomeKind,
    ) -> Result<Outcome, OutcomeError> {
        let at = self.now();
        let mut tx = self.store.begin().await?;
        let suggestion = suggestions::get(&mut tx, id).await?.ok_or(OutcomeError::NotFound)?;
        if suggestion.recipient != subject {
            return Err(OutcomeError::NotYours);
        }
        let moves_to = kind.moves_to().filter(|to| *to != suggestion.state);
        if let Some(to) = moves_to {
            // Asked here, so that the caller learns of a move that is not possible as such.
            suggestion.state.move_to(to)?;
            suggestions::move_state(&mut tx, id, suggestion.state, to, at).await?;
            let milestone = milestones::get(&mut tx, suggestion.milestone).await?;
            let trace = milestone.map_or_else(
                || Trace::of(None, EventId::of(&["suggestion", &id.to_string()])),
                |milestone| milestone.trace,
            );
            self.note_turn(&mut tx, &Turn::Move { suggestion: id, to }, (at, &trace)).await?;
        }
        let outcome_id = Outcome::id_of(id, subject, &kind);
        let outcome = Outcome { id: outcome_id, suggestion: id, subject, kind, at };
        outcomes::put(&mut tx, &outcome).await?;
        let said = outcomes::of_suggestion(&mut tx, id).await?;
        tx.commit().await?;
        tracing::info!(moved = moves_to.map(domain::Lifecycle::name), "outcome recorded");
        Ok(said.into_iter().find(|said| said.id == outcome_id).unwrap_or(outcome))
    }
}
