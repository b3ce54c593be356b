//! What followed from one milestone of the story: services, applications, letters.

use domain::{Draft, Evidence, FieldState, Milestone, SubjectId, SuggestionId};
use storage::{Conn, deliveries, drafts, messages, suggestions, templates};

use super::message::passage_title;
use super::story::{Names, player};
use super::suggestions::order;
use super::{plain, vanished};
use crate::view::{StoryDraft, StoryEvidence, StoryMessage, StoryPassage, StorySuggestion};
use crate::{App, EngineError};

impl App {
    /// The services that `milestone` opened or obliged, the most pressing first.
    pub(super) async fn story_suggestions(
        &self,
        conn: &mut Conn,
        milestone: &Milestone,
        names: &Names,
    ) -> Result<Vec<StorySuggestion>, EngineError> {
        let held = suggestions::of_milestone(conn, milestone.id).await?;
        let views = self.suggestion_views(conn, &[(milestone, &held)]).await?;
        let ids: Vec<SuggestionId> = held.iter().map(|it| it.id).collect();
        let drafts = drafts::of_suggestions(conn, &ids).await?;
        let told = held.iter().zip(views).map(|(suggestion, service)| StorySuggestion {
            recipient: player(&suggestion.role, suggestion.recipient, names),
            service,
            prepared: drafts.get(&suggestion.id).map(|draft| self.story_draft(draft)),
        });
        let mut told: Vec<StorySuggestion> = told.collect();
        told.sort_by_key(|suggestion| order(&suggestion.service));
        Ok(told)
    }

    fn story_draft(&self, draft: &Draft) -> StoryDraft {
        let form = self.pack.form(&draft.form);
        let (filled, total) = draft.coverage();
        let conflicts =
            draft.fields.iter().filter(|it| matches!(it.state, FieldState::Conflict { .. }));
        StoryDraft {
            id: draft.id,
            suggestion: draft.suggestion,
            form: form.map_or_else(|| plain(&draft.form), |form| form.title.clone()),
            filled,
            total,
            to_do: draft.to_do().count(),
            conflicts: conflicts.count(),
        }
    }

    /// What was written about `milestone`, to whom, and what became of it.
    pub(super) async fn story_messages(
        &self,
        conn: &mut Conn,
        milestone: &Milestone,
        names: &Names,
    ) -> Result<Vec<StoryMessage>, EngineError> {
        let mut told = Vec::new();
        for message in messages::of_milestone(conn, milestone.id).await? {
            let template = templates::get(conn, message.template).await?;
            let template = template.ok_or_else(|| vanished("template", &message.template))?;
            let deliveries = deliveries::of_message(conn, message.id).await?;
            let role = role_of(milestone, message.recipient);
            told.push(StoryMessage {
                id: message.id,
                milestone: milestone.id,
                recipient: player(role, message.recipient, names),
                language: message.language,
                source: message.source,
                proved: message.proved,
                refused_because: template.refused_because,
                evidence: message.evidence.iter().map(|it| self.story_evidence(it)).collect(),
                subject_line: message.subject_line,
                text: message.text,
                deliveries,
            });
        }
        Ok(told)
    }

    fn story_evidence(&self, evidence: &Evidence) -> StoryEvidence {
        let passage = |id: &String| StoryPassage {
            id: id.clone(),
            title: self.passage(id).map(passage_title),
        };
        StoryEvidence {
            sentence: evidence.sentence.clone(),
            facts: evidence.facts.clone(),
            passages: evidence.passages.iter().map(passage).collect(),
        }
    }
}

fn role_of(milestone: &Milestone, subject: SubjectId) -> &str {
    let role = milestone.roles.iter().find(|(_, player)| **player == subject);
    role.map_or("recipient", |(role, _)| role)
}
