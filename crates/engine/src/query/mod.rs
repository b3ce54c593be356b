//! What people, portals and operators ask: pages, lists, the demo's story, why, and the replay.
//!
//! Nothing here decides anything. Where a page needs more than is stored (who is responsible,
//! why a day is not known), the stored decision is taken again at its own dates, so that what is
//! shown is what was decided and not what would be decided today.

mod asked;
mod chapter;
mod draft;
mod explain;
mod fact_lines;
mod inbox;
mod message;
mod offers;
mod outcome;
mod people;
mod question;
mod replay;
mod settings;
mod story;
mod suggestions;

pub use asked::AskAt;
pub use question::AskedAbout;

use domain::{AsOf, Cause, Milestone, Receipt, SubjectId, Text};
use jiff::Timestamp;
use storage::access_log::{self, Access};
use storage::{Conn, journal, receipts};

use crate::{App, EngineError, Reader};

impl App {
    /// Writes down a reading. It is committed before anything is shown: what cannot be logged is
    /// not read (invariant 10).
    async fn log_access(
        &self,
        subject: SubjectId,
        what: &str,
        reader: &Reader,
    ) -> Result<(), EngineError> {
        let reading = access(self.now(), subject, what, reader);
        let log = |readings: Vec<Access>| async move {
            let mut tx = self.store.begin().await?;
            access_log::record(&mut tx, &readings).await?;
            tx.commit().await?;
            Ok(vec![(); readings.len()])
        };
        self.operation.now.readings.store(reading, log).await?;
        Ok(())
    }

    /// The answer of the life event's rule that stands in `milestone`.
    async fn milestone_receipt(
        &self,
        conn: &mut Conn,
        milestone: &Milestone,
    ) -> Result<Option<Receipt>, EngineError> {
        let mut all = receipts::about(conn, &milestone.id.to_string()).await?;
        let standing = all.iter().position(|receipt| receipt.as_of == milestone.as_of);
        Ok(match standing {
            Some(place) => Some(all.swap_remove(place)),
            None => all.pop(),
        })
    }

    /// The rule that answered, as `LE-BIRTH@2026-09-01`, and the law behind it.
    fn rule_and_law(&self, milestone: &Milestone, as_of: &AsOf) -> (String, Vec<String>) {
        let life_event = self.pack.life_event(&milestone.life_event);
        let version = life_event.and_then(|event| Some((event, event.version_on(as_of.law)?)));
        match version {
            None => (format!("{}@none", milestone.life_event), Vec::new()),
            Some((event, version)) => {
                let law = version.legal_basis.iter().map(domain::LegalBasis::cite).collect();
                (version.name(event), law)
            }
        }
    }

    /// What people call the life event.
    fn life_event_name(&self, id: &str) -> Text {
        self.pack.life_event(id).map_or_else(|| plain(id), |event| event.name.clone())
    }

    /// What happened, in the words of the register that told us; a day that came goes by the
    /// life event's own name.
    async fn cause(&self, conn: &mut Conn, milestone: &Milestone) -> Result<Text, EngineError> {
        let told = match milestone.cause {
            Cause::Event(event) => journal::get(conn, event).await?,
            Cause::Clock(_) => None,
        };
        let kind = told.and_then(|event| Some(self.pack.event_type(&event.kind)?.title().clone()));
        Ok(kind.unwrap_or_else(|| self.life_event_name(&milestone.life_event)))
    }

    /// What the facts that would settle a rule are called.
    fn missing(&self, life_event: &str, verdict: &domain::Verdict) -> Vec<Text> {
        let domain::Verdict::Unknown { missing } = verdict else { return Vec::new() };
        let event = self.pack.life_event(life_event);
        let label = |path: &String| {
            let label = event.and_then(|event| self.pack.label(event, path));
            label.cloned().unwrap_or_else(|| plain(path))
        };
        missing.iter().map(label).collect()
    }
}

/// One reading of one person's data.
fn access(at: Timestamp, subject: SubjectId, what: &str, reader: &Reader) -> Access {
    Access {
        at,
        subject,
        reader: reader.by.clone(),
        what: what.to_owned(),
        purpose: reader.purpose.clone(),
        legal_basis: reader.legal_basis.clone(),
    }
}

/// A name that is the same in both languages.
fn plain(name: &str) -> Text {
    Text { vi: name.to_owned(), en: name.to_owned() }
}

/// Something stored points to what is not there.
fn vanished(what: &'static str, id: &impl ToString) -> EngineError {
    EngineError::Vanished { what, id: id.to_string() }
}
