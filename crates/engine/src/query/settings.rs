//! What a person refuses, and who looked at their data.

use domain::{Channel, Language, Refusal, RefusalScope, SubjectId, Text};
use jiff::Timestamp;
use storage::contacts::{self, Chosen, Contact};
use storage::{access_log, refusals, subjects};

use super::plain;
use crate::view::{AccessLine, RefusalLine};
use crate::{App, EngineError};

/// More readings than a person looks through.
const MOST_ACCESSES: usize = 100;

impl App {
    /// Refuses proactive service from now on. What is on its way is held back by the transaction
    /// that would send it.
    #[tracing::instrument(name = "engine.refuse", skip_all, fields(subject.id = %subject, scope = scope.key()))]
    pub async fn refuse(&self, subject: SubjectId, scope: RefusalScope) -> Result<(), EngineError> {
        let mut tx = self.store.begin().await?;
        refusals::refuse(&mut tx, &Refusal { subject, scope, since: self.now() }).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes a refusal back. What was held back meanwhile stays so: it was decided.
    #[tracing::instrument(name = "engine.allow", skip_all, fields(subject.id = %subject, scope = scope.key()))]
    pub async fn allow(&self, subject: SubjectId, scope: RefusalScope) -> Result<(), EngineError> {
        let mut tx = self.store.begin().await?;
        refusals::allow_again(&mut tx, subject, &scope, self.now()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What the person refuses.
    pub async fn refusals(&self, subject: SubjectId) -> Result<Vec<RefusalLine>, EngineError> {
        let mut conn = self.store.read().await?;
        let refused = refusals::in_force(&mut conn, subject).await?;
        let line = |refusal: Refusal| RefusalLine {
            scope: refusal.scope.key(),
            label: self.scope_label(&refusal.scope),
            since: self.day(refusal.since),
        };
        Ok(refused.into_iter().map(line).collect())
    }

    /// Gives an address at which the person wants to be told that a message waits, and with it
    /// their consent. The channel chosen last is the one that is used.
    #[tracing::instrument(name = "engine.give_contact", skip_all, fields(subject.id = %subject, channel = channel.name()))]
    pub async fn give_contact(
        &self,
        subject: SubjectId,
        channel: Channel,
        address: &str,
    ) -> Result<(), EngineError> {
        let mut tx = self.store.begin().await?;
        contacts::give(&mut tx, subject, channel, address, self.now()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes the address and the consent back. What is on its way is held back by the transaction
    /// that would send it.
    #[tracing::instrument(name = "engine.take_contact_back", skip_all, fields(subject.id = %subject, channel = channel.name()))]
    pub async fn take_contact_back(
        &self,
        subject: SubjectId,
        channel: Channel,
    ) -> Result<(), EngineError> {
        let mut tx = self.store.begin().await?;
        contacts::take_back(&mut tx, subject, channel, self.now()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Notes how notices on `channel` are to be. Answers whether the person gave an address.
    #[tracing::instrument(name = "engine.choose_notice", skip_all, fields(subject.id = %subject, channel = channel.name()))]
    pub async fn choose_notice(
        &self,
        subject: SubjectId,
        channel: Channel,
        chosen: Chosen,
    ) -> Result<bool, EngineError> {
        let mut tx = self.store.begin().await?;
        let there = contacts::choose(&mut tx, subject, channel, chosen).await?;
        tx.commit().await?;
        Ok(there)
    }

    /// Notes in which language the person wants letters from now on. Answers whether the person is
    /// known.
    #[tracing::instrument(name = "engine.choose_language", skip_all, fields(subject.id = %subject))]
    pub async fn choose_language(
        &self,
        subject: SubjectId,
        language: Language,
    ) -> Result<bool, EngineError> {
        let mut tx = self.store.begin().await?;
        let known = subjects::set_language(&mut tx, subject, language).await?;
        tx.commit().await?;
        Ok(known)
    }

    /// The language of the person's letters.
    pub async fn language(&self, subject: SubjectId) -> Result<Language, EngineError> {
        let mut conn = self.store.read().await?;
        let found = subjects::get(&mut conn, subject).await?;
        Ok(found.map(|found| found.language).unwrap_or_default())
    }

    /// Where the person wants to be told.
    pub async fn contacts(&self, subject: SubjectId) -> Result<Vec<Contact>, EngineError> {
        let mut conn = self.store.read().await?;
        Ok(contacts::in_force(&mut conn, subject).await?)
    }

    /// Who read the person's data, latest first; the readings of one day by one reader for one
    /// purpose are one line.
    pub async fn accesses(&self, subject: SubjectId) -> Result<Vec<AccessLine>, EngineError> {
        let mut conn = self.store.read().await?;
        let most = u32::try_from(MOST_ACCESSES * 20).unwrap_or(u32::MAX);
        let all = access_log::of_subject(&mut conn, subject, Timestamp::UNIX_EPOCH, most).await?;
        let mut lines: Vec<AccessLine> = Vec::new();
        for access in all {
            let line = AccessLine {
                on: self.day(access.at),
                by: access.reader,
                purpose: access.purpose,
                legal_basis: access.legal_basis,
            };
            if !lines.contains(&line) {
                lines.push(line);
            }
            if lines.len() == MOST_ACCESSES {
                break;
            }
        }
        Ok(lines)
    }

    /// What a refusal covers.
    fn scope_label(&self, scope: &RefusalScope) -> Text {
        match scope {
            RefusalScope::All => Text {
                vi: "Mọi dịch vụ công chủ động".to_owned(),
                en: "Every proactive service".to_owned(),
            },
            RefusalScope::LifeEvent(id) => self.life_event_name(id),
            RefusalScope::Group(group) => {
                let name = self.pack.head().groups.get(group);
                name.cloned().unwrap_or_else(|| plain(group))
            }
        }
    }
}
