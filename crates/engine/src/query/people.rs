//! Who people are: the demo's sample persons, and what registers call a subject.

use std::collections::BTreeMap;

use domain::{SubjectId, SubjectKind, Value};
use jiff::Timestamp;
use storage::{Conn, facts, inbox};

use crate::sandbox::pseudonym;
use crate::view::SamplePerson;
use crate::{App, EngineError};

/// An inbox that nobody reads to its end.
pub(super) const WHOLE_INBOX: u32 = 500;

impl App {
    /// The pack's sample people, in its order, with the messages that each has got. Nobody else
    /// is ever offered: the demo's picker signs in without a password.
    pub async fn sample_people(&self) -> Result<Vec<SamplePerson>, EngineError> {
        let mut conn = self.store.read().await?;
        let mut people = Vec::new();
        let families = self.pack.samples().families.iter().flat_map(|all| &all.families);
        for family in families {
            for person in &family.people {
                let subject = pseudonym(self, person);
                let messages = inbox::inbox(&mut conn, subject, WHOLE_INBOX).await?.len();
                let story = person.story.clone().unwrap_or_else(|| family.story.clone());
                let name = person.name.clone();
                people.push(SamplePerson { subject, name, story, messages });
            }
        }
        Ok(people)
    }

    /// What registers call `subjects` at `now`: the word of the register whose word counts. Who
    /// has no name yet, or is no person, is left out.
    pub(super) async fn names(
        &self,
        conn: &mut Conn,
        subjects: &[SubjectId],
        now: Timestamp,
    ) -> Result<BTreeMap<SubjectId, String>, EngineError> {
        let attribute = self.pack.head().person.name.as_str();
        let owners = self.pack.attribute(SubjectKind::Person, attribute).map(|it| &it.owner);
        let as_of = self.as_of(now);
        let told = facts::with_attribute(conn, subjects, attribute).await?;
        let name = |subject: &SubjectId| {
            let said = told.lookup(*subject, attribute, &as_of);
            let place = |register: &str| {
                let listed = owners.and_then(|all| all.iter().position(|it| it.value == register));
                listed.unwrap_or(usize::MAX)
            };
            let first = said.into_iter().min_by_key(|fact| place(&fact.source.register))?;
            let Value::Text(name) = &first.value else { return None };
            Some((*subject, name.clone()))
        };
        Ok(subjects.iter().filter_map(name).collect())
    }
}
