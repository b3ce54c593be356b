//! What proved texts rest on, held against the passages as they are now.

use std::collections::BTreeMap;

use domain::{Template, TemplateId};
use jiff::Timestamp;
use serde::Serialize;
use storage::grounds::{self, Ground, Looked};
use storage::{Conn, templates};

use crate::{App, EngineError};

/// A passage in one state, and the texts that rest on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rested {
    /// The passage's id, `document#section`.
    pub passage: String,
    /// The hash of what it said.
    pub hash: String,
    /// Since when the corpus is without it, where it is.
    pub gone_at: Option<Timestamp>,
    /// The texts.
    pub templates: Vec<TemplateId>,
}

impl App {
    /// Notes which passages, as they were cited, the corpus holds no more: texts that rest on them
    /// are not used again. To be called whenever passages were read anew; without any passages
    /// nothing is known of the corpus, and nothing is noted.
    #[tracing::instrument(name = "engine.look_at_grounds", skip_all)]
    pub async fn look_at_grounds(&self) -> Result<Looked, EngineError> {
        let Some(search) = &self.writing.passages else { return Ok(Looked::default()) };
        let passages = search.index().passages().iter();
        let corpus: BTreeMap<String, String> =
            passages.map(|it| (it.id.clone(), it.hash.clone())).collect();
        let mut tx = self.store.begin().await?;
        let looked = grounds::look(&mut tx, &corpus, self.now()).await?;
        tx.commit().await?;
        for ground in &looked.gone {
            let Ground { passage, hash } = ground;
            tracing::info!(passage, hash, "texts lost the passage that they rest on");
        }
        Ok(looked)
    }

    /// What `passage` said whenever a text was rested on it, and which texts were.
    pub async fn rested_on(&self, passage: &str) -> Result<Vec<Rested>, EngineError> {
        let mut conn = self.store.read().await?;
        let mut out = Vec::new();
        for (ground, gone_at) in grounds::of_passage(&mut conn, passage).await? {
            let templates = grounds::resting_on(&mut conn, &ground).await?;
            out.push(Rested { passage: ground.passage, hash: ground.hash, gone_at, templates });
        }
        Ok(out)
    }

    /// Stores `template` and what it rests on.
    pub(crate) async fn keep_template(
        &self,
        conn: &mut Conn,
        template: &Template,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        templates::put(conn, template, now).await?;
        grounds::put(conn, template.id, &self.grounds_of(template)).await?;
        Ok(())
    }

    /// The passages that `template` cites, as they are now.
    fn grounds_of(&self, template: &Template) -> Vec<Ground> {
        let Some(search) = &self.writing.passages else { return Vec::new() };
        let cited = template.evidence.iter().flat_map(|it| &it.passages);
        let passages = cited.filter_map(|id| search.index().passage(id));
        let ground =
            |it: &knowledge::Passage| Ground { passage: it.id.clone(), hash: it.hash.clone() };
        passages.map(ground).collect()
    }
}
