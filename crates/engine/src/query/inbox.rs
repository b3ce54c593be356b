//! The inbox: what came, each with where its main suggestion stands.

use domain::{SubjectId, SuggestionState};
use storage::{inbox, suggestions};

use super::people::WHOLE_INBOX;
use crate::view::InboxItem;
use crate::{App, EngineError};

impl App {
    /// What came for `subject`, newest first.
    #[tracing::instrument(name = "engine.list_inbox", skip_all, fields(subject.id = %subject))]
    pub async fn inbox(&self, subject: SubjectId) -> Result<Vec<InboxItem>, EngineError> {
        let mut conn = self.store.read().await?;
        let mut items = Vec::new();
        for item in inbox::inbox(&mut conn, subject, WHOLE_INBOX).await? {
            let mut theirs = suggestions::of_milestone(&mut conn, item.milestone.id).await?;
            theirs.retain(|suggestion| suggestion.recipient == subject);
            let main = self.place_of_main(&item.milestone.life_event, &theirs);
            let main = main.map(|place| theirs.swap_remove(place));
            let deadline = main.as_ref().and_then(|main| main.deadline.as_ref());
            items.push(InboxItem {
                life_event: self.life_event_name(&item.milestone.life_event),
                sent_on: self.day(item.sent_at),
                deadline: deadline.map(|deadline| self.deadline_view(deadline)),
                // A message with nothing behind it asks for nothing any more.
                state: main.map_or(SuggestionState::Withdrawn, |main| main.state),
                message: item.message.id,
                subject_line: item.message.subject_line,
                seen: item.seen,
            });
        }
        Ok(items)
    }
}
