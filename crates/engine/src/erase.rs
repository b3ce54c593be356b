//! Erasing a subject, and keeping the log of readings in its tree.

use domain::{LegalBasis, SubjectId};
use rules::Purpose;
use storage::access_log::{self, Verified};
use storage::cleanup;
use storage::erasures::{self, Erasure};

use crate::{App, EngineError};

/// How many readings one transaction merges: no writer of an `SQLite` file waits for long.
const MERGED_AT_ONCE: u32 = 5_000;

impl App {
    /// Erases all that is known of `subject` and answers what is left to prove by; `None` where
    /// nothing is known. `by` says who did it.
    #[tracing::instrument(name = "engine.erase_subject", skip_all, fields(subject.id = %subject))]
    pub async fn erase(
        &self,
        subject: SubjectId,
        by: &str,
    ) -> Result<Option<Erasure>, EngineError> {
        // Readings without a leaf would leave no proof.
        self.merge_log().await?;
        let law = self.pack.head().purposes.get(&Purpose::OwnData);
        let law = law.map(LegalBasis::cite).unwrap_or_default();
        let mut tx = self.store.begin().await?;
        let erased = erasures::erase(&mut tx, subject, self.now(), by, &law).await?;
        tx.commit().await?;
        if erased.is_some() {
            self.store.forget_deleted().await?;
            tracing::info!("subject erased");
        }
        Ok(erased)
    }

    /// Gives every committed reading its leaf in the log's tree; answers how many had none.
    #[tracing::instrument(name = "engine.merge_log", skip_all)]
    pub async fn merge_log(&self) -> Result<u64, EngineError> {
        let mut merged = 0;
        loop {
            let mut tx = self.store.begin().await?;
            let before = access_log::head(&mut tx).await?.map_or(0, |head| head.size);
            let signer = self.store.signer();
            let head =
                access_log::merge(&mut tx, self.now(), signer.as_deref(), MERGED_AT_ONCE).await?;
            tx.commit().await?;
            let Some(head) = head else { return Ok(merged) };
            merged += head.size - before;
        }
    }

    /// Checks the whole log of readings against its tree.
    pub async fn verify_log(&self) -> Result<Verified, EngineError> {
        let kept_since = cleanup::kept_since("access_log", self.now());
        let mut conn = self.store.read().await?;
        Ok(access_log::verify(&mut conn, kept_since).await?)
    }
}
