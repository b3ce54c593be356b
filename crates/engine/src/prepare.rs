//! Prepare: words letters ahead, so that nobody waits for a model.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::MessageSource;
use jiff::civil::Date;
use knowledge::{Passage, Place};
use storage::templates;
use writer::PlanInput;

use crate::shapes::{LawOf, Shape, Unsayable, shapes};
use crate::{App, EngineError};

/// What became of one letter that was to be worded ahead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prepared {
    /// Its template was there.
    Kept,
    /// A template was made, by the model or from the approved wording.
    Made(MessageSource, Option<String>),
    /// There can be none.
    Refused(String),
}

/// Passages by the service, life event and place that they were looked for.
#[derive(Debug, Default)]
pub struct Looked(BTreeMap<(String, String, Place), Vec<Passage>>);

impl App {
    /// The shapes of letters that may have to be written on `day`, of `only` one life event or
    /// of all, at each place that has rules of its own. The order is always the same.
    pub fn letters_ahead(
        &self,
        day: Date,
        only: Option<&str>,
    ) -> Result<Vec<PlanInput>, Vec<Unsayable>> {
        let mut out = Vec::new();
        let places = self.places();
        let wanted = |id: &str| only.is_none_or(|only| only == id);
        for life_event in self.pack.life_events().filter(|it| wanted(&it.id.value)) {
            let found = shapes((&self.pack, &self.writing.words), life_event, LawOf::Day(day))?;
            for Shape { input, .. } in found {
                let at = |place: &Place| PlanInput { place: place.clone(), ..input.clone() };
                out.extend(places.iter().map(at));
            }
        }
        Ok(out)
    }

    /// The country, and each part of it that a passage holds in alone.
    fn places(&self) -> Vec<Place> {
        let search = self.writing.passages.as_ref();
        let passages = search.into_iter().flat_map(|search| search.index().passages());
        let mut places: Vec<Place> = passages.map(|passage| passage.place.clone()).collect();
        places.extend(self.pack.head().id.parse());
        places.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        places.dedup();
        places
    }

    /// Makes the template of one letter and stores it, unless it is there. What is stored stays
    /// when the program is killed, so a run that was broken off goes on where it was.
    pub async fn prepare(
        &self,
        input: &PlanInput,
        looked: &mut Looked,
    ) -> Result<Prepared, EngineError> {
        let plan = self.writing.words.plan(input).map_err(EngineError::writer)?;
        let about = (plan.life_event.clone(), plan.service.clone(), plan.place.clone());
        let passages = if let Some(passages) = looked.0.get(&about) {
            passages.clone()
        } else {
            let found = self.passages_for(&plan).await?;
            looked.0.insert(about, found.clone());
            found
        };
        let index = self.index_hash();
        let key = self.writing.writer(&self.pack, &index).key(&plan, &passages);
        let kept = {
            let mut conn = self.store.read().await?;
            templates::of_shape(&mut conn, &key, plan.language).await?
        };
        if kept.is_some() {
            return Ok(Prepared::Kept);
        }
        let (writing, pack) = (Arc::clone(&self.writing), Arc::clone(&self.pack));
        let made = tokio::task::spawn_blocking(move || {
            writing.writer(&pack, &index).make_template(&plan, &passages)
        });
        let template = match made.await.map_err(EngineError::writer)? {
            Ok(template) => template,
            Err(error) => return Ok(Prepared::Refused(error.to_string())),
        };
        let mut tx = self.store.begin().await?;
        self.keep_template(&mut tx, &template, self.now()).await?;
        tx.commit().await?;
        Ok(Prepared::Made(template.source, template.refused_because))
    }
}
