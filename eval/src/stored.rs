//! What the engine has stored: the ground truth that expectations are compared with.
//!
//! Read from storage and not from the engine's read models, so that a page that hides a mistake
//! hides it from nobody here.

use domain::{
    Channel, Delivery, DeliveryState, Draft, Message, Milestone, MilestoneId, SubjectId, Suggestion,
};
use storage::{StorageError, Store, deliveries, drafts, messages, milestones, suggestions};
use writer::LetterKind;

const AT_ONCE: u32 = 200;

/// Everything that follows from one milestone.
#[derive(Debug)]
pub(crate) struct StoredMilestone {
    pub(crate) milestone: Milestone,
    pub(crate) suggestions: Vec<StoredSuggestion>,
    pub(crate) messages: Vec<StoredMessage>,
}

#[derive(Debug)]
pub(crate) struct StoredSuggestion {
    pub(crate) suggestion: Suggestion,
    pub(crate) draft: Option<Draft>,
}

#[derive(Debug)]
pub(crate) struct StoredMessage {
    pub(crate) message: Message,
    pub(crate) delivery: Option<Delivery>,
}

impl StoredMessage {
    /// Whether it is the letter of this kind to `recipient`.
    pub(crate) fn is(&self, recipient: SubjectId, letter: LetterKind) -> bool {
        self.message.recipient == recipient && LetterKind::from(self.message.letter) == letter
    }

    /// Whether it reached the person.
    pub(crate) fn arrived(&self) -> bool {
        self.delivery.as_ref().is_some_and(|it| it.state == DeliveryState::Sent)
    }
}

impl StoredMilestone {
    /// The letter of this kind to `recipient`; of several reminders the first.
    pub(crate) fn to(&self, recipient: SubjectId, letter: LetterKind) -> Option<&StoredMessage> {
        self.messages.iter().find(|it| it.is(recipient, letter))
    }
}

/// All milestones with what follows from them, in the order of their ids.
pub(crate) async fn read(store: &Store) -> Result<Vec<StoredMilestone>, StorageError> {
    let mut conn = store.read().await?;
    let mut all = Vec::new();
    let mut after: Option<MilestoneId> = None;
    loop {
        let page = milestones::page(&mut conn, after, AT_ONCE).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = Some(last.id);
        for milestone in page {
            let mut of_milestone = Vec::new();
            for suggestion in suggestions::of_milestone(&mut conn, milestone.id).await? {
                let draft = drafts::of_suggestion(&mut conn, suggestion.id).await?;
                of_milestone.push(StoredSuggestion { suggestion, draft });
            }
            let mut letters = Vec::new();
            for message in messages::of_milestone(&mut conn, milestone.id).await? {
                let id = Delivery::id_of(message.id, Channel::Inbox);
                let delivery = deliveries::get(&mut conn, id).await?;
                letters.push(StoredMessage { message, delivery });
            }
            all.push(StoredMilestone { milestone, suggestions: of_milestone, messages: letters });
        }
    }
}
