//! Why something is as it is: the receipts behind an id, with what each decision read.

use std::collections::BTreeSet;

use domain::{
    DraftId, Lifecycle as _, Message, MessageId, Milestone, MilestoneId, Receipt, SubjectId,
    Suggestion, SuggestionId, Text,
};
use storage::{Conn, deliveries, drafts, messages, milestones, receipts, suggestions, templates};

use super::asked::AskAt;
use super::fact_lines::Told;
use super::{access, plain, vanished};
use crate::view::{DecisionView, Explanation, Worded};
use crate::{App, EngineError, Purpose};

/// What an id stands for, and what its explanation rests on.
struct Subject {
    kind: &'static str,
    name: Text,
    state: Option<&'static str>,
    recipient: Option<SubjectId>,
    milestone: Milestone,
    suggestions: Vec<SuggestionId>,
    message: Option<Message>,
}

impl App {
    /// Why the milestone, suggestion, draft or message called `id` is as it is; `None` where
    /// there is none; and what its rules answer when they are asked anew at the dates of `at`.
    /// Shows no personal number. The reading is logged for everyone whose facts
    /// are shown.
    #[tracing::instrument(name = "engine.explain", skip(self))]
    pub async fn explain(&self, id: &str, at: AskAt) -> Result<Option<Explanation>, EngineError> {
        let mut conn = self.store.read().await?;
        let Some(subject) = self.find(&mut conn, id).await? else { return Ok(None) };
        let explanation = self.explanation(&mut conn, id, &subject, at).await?;
        // In a database in memory there is one connection, and logging needs it.
        drop(conn);
        let (now, reader) = (self.now(), self.reader("operator", Purpose::Accountability));
        let mut tx = self.store.begin().await?;
        for player in subject.milestone.roles.values().collect::<BTreeSet<_>>() {
            storage::access_log::record(&mut tx, &[access(now, *player, "receipts", &reader)])
                .await?;
        }
        tx.commit().await?;
        Ok(Some(explanation))
    }

    async fn find(&self, conn: &mut Conn, id: &str) -> Result<Option<Subject>, EngineError> {
        if let Ok(id) = id.parse::<MilestoneId>() {
            let milestone = milestones::get(conn, id).await?;
            return Ok(milestone.map(|milestone| self.milestone_subject(milestone)));
        }
        if let Ok(id) = id.parse::<SuggestionId>() {
            let suggestion = suggestions::get(conn, id).await?;
            return self.suggestion_subject(conn, suggestion).await;
        }
        if let Ok(id) = id.parse::<DraftId>() {
            let Some(draft) = drafts::get(conn, id).await? else { return Ok(None) };
            let suggestion = suggestions::get(conn, draft.suggestion).await?;
            let subject = self.suggestion_subject(conn, suggestion).await?;
            let form = self.pack.form(&draft.form);
            let name = form.map_or_else(|| plain(&draft.form), |form| form.title.clone());
            return Ok(subject.map(|it| Subject { kind: "draft", name, ..it }));
        }
        if let Ok(id) = id.parse::<MessageId>() {
            let Some(message) = messages::get(conn, id).await? else { return Ok(None) };
            return self.message_subject(conn, message).await.map(Some);
        }
        Ok(None)
    }

    fn milestone_subject(&self, milestone: Milestone) -> Subject {
        Subject {
            kind: "milestone",
            name: self.life_event_name(&milestone.life_event),
            state: Some(milestone.state.name()),
            recipient: None,
            milestone,
            suggestions: Vec::new(),
            message: None,
        }
    }

    async fn suggestion_subject(
        &self,
        conn: &mut Conn,
        suggestion: Option<Suggestion>,
    ) -> Result<Option<Subject>, EngineError> {
        let Some(suggestion) = suggestion else { return Ok(None) };
        let milestone = milestones::get(conn, suggestion.milestone).await?;
        let milestone = milestone.ok_or_else(|| vanished("milestone", &suggestion.milestone))?;
        let service = self.pack.service(&suggestion.service);
        Ok(Some(Subject {
            kind: "suggestion",
            name: service.map_or_else(|| plain(&suggestion.service), |it| it.name.clone()),
            state: Some(suggestion.state.name()),
            recipient: Some(suggestion.recipient),
            milestone,
            suggestions: vec![suggestion.id],
            message: None,
        }))
    }

    async fn message_subject(
        &self,
        conn: &mut Conn,
        message: Message,
    ) -> Result<Subject, EngineError> {
        let milestone = milestones::get(conn, message.milestone).await?;
        let milestone = milestone.ok_or_else(|| vanished("milestone", &message.milestone))?;
        let all = suggestions::of_milestone(conn, milestone.id).await?;
        let theirs = all.iter().filter(|it| it.recipient == message.recipient);
        Ok(Subject {
            kind: "message",
            name: plain(&message.subject_line),
            state: None,
            recipient: Some(message.recipient),
            suggestions: theirs.map(|suggestion| suggestion.id).collect(),
            milestone,
            message: Some(message),
        })
    }

    async fn explanation(
        &self,
        conn: &mut Conn,
        id: &str,
        subject: &Subject,
        at: AskAt,
    ) -> Result<Explanation, EngineError> {
        let milestone = &subject.milestone;
        let mut behind = receipts::about(conn, &milestone.id.to_string()).await?;
        for suggestion in &subject.suggestions {
            behind.extend(receipts::about(conn, &suggestion.to_string()).await?);
        }
        let read = behind.iter().flat_map(|receipt| &receipt.facts).copied().collect();
        let told = self.told(conn, milestone, &read).await?;
        let worded = match &subject.message {
            Some(message) => Some(self.worded(conn, message).await?),
            None => None,
        };
        Ok(Explanation {
            id: id.to_owned(),
            kind: subject.kind,
            name: subject.name.clone(),
            state: subject.state,
            recipient: subject.recipient,
            milestone: milestone.id,
            milestone_state: milestone.state,
            life_event: milestone.life_event.clone(),
            life_event_name: self.life_event_name(&milestone.life_event),
            subject: milestone.subject,
            occurred_on: milestone.occurred_on,
            cause: self.cause(conn, milestone).await?,
            decisions: behind.iter().map(|it| self.decision_view(milestone, it, &told)).collect(),
            asked: self.ask_anew(conn, milestone, at).await?,
            worded,
        })
    }

    fn decision_view(
        &self,
        milestone: &Milestone,
        receipt: &Receipt,
        told: &Told<'_>,
    ) -> DecisionView {
        DecisionView {
            receipt: receipt.id,
            about: receipt.about.clone(),
            rule: receipt.rule.clone(),
            pack: receipt.pack.clone(),
            as_of: receipt.as_of,
            verdict: receipt.verdict.clone(),
            missing: self.missing(&milestone.life_event, &receipt.verdict),
            trace: receipt.trace.clone(),
            facts: told.read_of(&receipt.facts),
        }
    }

    async fn worded(&self, conn: &mut Conn, message: &Message) -> Result<Worded, EngineError> {
        let template = templates::get(conn, message.template).await?;
        let template = template.ok_or_else(|| vanished("template", &message.template))?;
        Ok(Worded {
            template: template.id,
            text: template.text,
            source: template.source,
            refused_because: template.refused_because,
            proved: message.proved,
            model: template.model,
            prompt: template.prompt,
            index: template.index,
            passages: self.passage_lines(&message.evidence),
            evidence: message.evidence.to_vec(),
            deliveries: deliveries::of_message(conn, message.id).await?,
        })
    }
}
