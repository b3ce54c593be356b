//! What a question about a suggestion is about: the service, where and when its rules count.

use domain::{Language, SubjectId, SuggestionId, Text};
use jiff::civil::Date;
use knowledge::Place;
use storage::{milestones, suggestions};
use writer::LetterKind;

use super::vanished;
use crate::memory::Memory;
use crate::{App, EngineError, Reader};

/// What somebody asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedAbout {
    /// The service's key in the pack.
    pub service: String,
    /// The life event, where it is asked about a suggestion.
    pub life_event: Option<String>,
    /// The place whose rules hold.
    pub place: Place,
    /// The day whose law counts.
    pub on: Date,
    /// Who can be asked instead, where that is known.
    pub office: Option<Text>,
    /// The language of the one who asks.
    pub language: Language,
}

impl App {
    /// What the suggestion `id` of `subject` is about; `None` where they have no such suggestion.
    ///
    /// The question itself is not asked for: it is neither stored nor logged.
    pub async fn asked_about(
        &self,
        subject: SubjectId,
        id: SuggestionId,
        reader: &Reader,
    ) -> Result<Option<AskedAbout>, EngineError> {
        let mut conn = self.store.read().await?;
        let suggestion = suggestions::get(&mut conn, id).await?;
        let Some(suggestion) = suggestion.filter(|it| it.recipient == subject) else {
            return Ok(None);
        };
        let milestone = milestones::get(&mut conn, suggestion.milestone).await?;
        let milestone = milestone.ok_or_else(|| vanished("milestone", &suggestion.milestone))?;
        let now = self.moment(&mut conn).await?;
        let (service, life_event) = (suggestion.service.clone(), milestone.life_event.clone());
        let loaded =
            self.load_milestone(&mut conn, &mut Memory::default(), &milestone, now).await?;
        let about = match loaded.zip(self.pack.life_event(&life_event)) {
            Some((loaded, event)) => {
                let case = loaded.case(&self.pack, event);
                let input =
                    self.about_recipient(&mut conn, &case, &suggestion, LetterKind::First).await?;
                AskedAbout {
                    place: input.place,
                    language: input.language,
                    ..self.of_service(&service)?
                }
            }
            // The facts that told where the person lives hold no more.
            None => self.of_service(&service)?,
        };
        // In a database in memory there is one connection, and logging needs it.
        drop(conn);
        self.log_access(subject, "suggestion", reader).await?;
        Ok(Some(AskedAbout { life_event: Some(life_event), ..about }))
    }

    /// Whom the suggestion `id` was made to.
    pub async fn recipient_of(&self, id: SuggestionId) -> Result<Option<SubjectId>, EngineError> {
        let mut conn = self.store.read().await?;
        Ok(suggestions::get(&mut conn, id).await?.map(|it| it.recipient))
    }

    /// What a question about a service is about that nobody was proposed: the whole country's
    /// rules, as of today.
    pub fn of_service(&self, key: &str) -> Result<AskedAbout, EngineError> {
        let service = self.pack.service(key);
        Ok(AskedAbout {
            service: key.to_owned(),
            life_event: None,
            place: self.place(None)?,
            on: self.today(),
            office: service.map(|it| it.authority.clone()),
            language: Language::default(),
        })
    }
}
