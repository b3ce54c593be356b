//! One message, opened: what it says, what to do about it, and why it came.

use std::collections::BTreeSet;

use domain::{Evidence, Message, MessageId, Milestone, SubjectId, SuggestionState};
use knowledge::Passage;
use storage::{Conn, inbox, receipts, suggestions};

use super::suggestions::order;
use crate::view::{MessagePage, PassageLine, SuggestionView, WhyView};
use crate::{App, EngineError, Purpose};

/// What stands for a text that nobody can read any more.
const ERASED: &str = "(nội dung đã được xóa cùng với dữ liệu của người có liên quan)";

impl App {
    /// The message, or `None` where it did not come to `subject`. The reading is logged.
    #[tracing::instrument(name = "engine.open_message", skip_all, fields(message.id = %id, subject.id = %subject))]
    pub async fn message_page(
        &self,
        subject: SubjectId,
        id: MessageId,
    ) -> Result<Option<MessagePage>, EngineError> {
        let mut conn = self.store.read().await?;
        let Some(item) = inbox::item(&mut conn, subject, id).await? else { return Ok(None) };
        let (message, milestone) = (item.message, item.milestone);
        let mut theirs = suggestions::of_milestone(&mut conn, milestone.id).await?;
        theirs.retain(|suggestion| suggestion.recipient == subject);
        let main = self.place_of_main(&milestone.life_event, &theirs);
        let mut views = self.suggestion_views(&mut conn, &[(&milestone, &theirs)]).await?;
        let Some(main) = main.filter(|place| *place < views.len()).map(|it| views.swap_remove(it))
        else {
            return Ok(None);
        };
        views.retain(|view| view.state != SuggestionState::Withdrawn);
        views.sort_by_key(order);
        let why = self.why(&mut conn, &milestone, &message, &main).await?;
        // In a database in memory there is one connection, and logging needs it.
        drop(conn);
        self.log_access(subject, "message", &self.reader("citizen", Purpose::OwnData)).await?;
        let event = self.pack.life_event(&milestone.life_event);
        Ok(Some(MessagePage {
            message: message.id,
            life_event: self.life_event_name(&milestone.life_event),
            life_event_id: milestone.life_event,
            groups: event.map(|event| event.groups.clone()).unwrap_or_default(),
            language: message.language,
            subject_line: message.subject_line,
            text: if message.text.is_empty() { ERASED.to_owned() } else { message.text },
            sent_on: self.day(item.sent_at),
            milestone_state: milestone.state,
            main,
            others: views,
            why,
        }))
    }

    /// Why the message came, from the receipts of what was decided.
    async fn why(
        &self,
        conn: &mut Conn,
        milestone: &Milestone,
        message: &Message,
        main: &SuggestionView,
    ) -> Result<WhyView, EngineError> {
        let decided = self.milestone_receipt(conn, milestone).await?;
        let suggested = receipts::about(conn, &main.id.to_string()).await?.pop();
        let read: BTreeSet<_> =
            decided.iter().chain(&suggested).flat_map(|it| &it.facts).copied().collect();
        let told = self.told(conn, milestone, &read).await?;
        let as_of = decided.map_or(milestone.as_of, |receipt| receipt.as_of);
        let (rule, mut law) = self.rule_and_law(milestone, &as_of);
        if let Some(deadline) = &main.deadline
            && !law.contains(&deadline.law)
        {
            law.push(deadline.law.clone());
        }
        Ok(WhyView {
            event: self.cause(conn, milestone).await?,
            occurred_on: milestone.occurred_on,
            facts: told.lines_for(message.recipient),
            rule,
            law,
            responsible: main.authority.clone(),
            passages: self.passage_lines(&message.evidence),
            evidence: message.evidence.to_vec(),
            source: message.source,
        })
    }

    /// The passages that `evidence` names, each once. Without an index none can be shown.
    pub(super) fn passage_lines(&self, evidence: &[Evidence]) -> Vec<PassageLine> {
        let named: BTreeSet<&String> = evidence.iter().flat_map(|one| &one.passages).collect();
        named
            .into_iter()
            .filter_map(|id| self.passage(id))
            .map(|it| self.passage_line(it))
            .collect()
    }

    /// The passage called `id`, as the open index has it.
    pub(super) fn passage(&self, id: &str) -> Option<&Passage> {
        self.writing.passages.as_ref()?.index().passage(id)
    }

    fn passage_line(&self, passage: &Passage) -> PassageLine {
        let sources = &self.pack.head().sources;
        let source = passage.source.iter().map(|key| sources.get(key).unwrap_or(key).as_str());
        PassageLine {
            id: passage.id.clone(),
            title: passage_title(passage),
            text: passage.text.clone(),
            source: source.collect::<Vec<_>>().join("; "),
        }
    }
}

/// Title and heading.
pub(super) fn passage_title(passage: &Passage) -> String {
    format!("{}, {}", passage.title, passage.heading)
}
