//! Compose: a letter to one person about one milestone.
//!
//! The model takes seconds, so no transaction is open while it works: what it needs is read
//! before, and template, message and delivery are stored together afterwards. Whether the
//! message may be sent at all is asked again when it is sent.

use std::collections::BTreeMap;
use std::slice;
use std::sync::Arc;

use domain::{
    Channel, Delivery, DeliveryState, Letter, Level, Message, Milestone, MilestoneState, SubjectId,
    Suggestion, Template, Text, Value,
};
use jiff::Timestamp;
use jiff::civil::Date;
use knowledge::{Passage, Place, Query};
use rules::{Case, Proposal};
use storage::jobs::{self, Job};
use storage::{
    Conn, contacts, deliveries, drafts, facts, messages, milestones, subjects, suggestions,
    templates,
};
use writer::{By, DraftState, LetterKind, Plan, PlanError, PlanInput, To, Writer, cited_as};

use crate::app::Writing;
use crate::memory::Memory;
use crate::suggest::first_thing_to_do;
use crate::work::Work;
use crate::{App, EngineError};

/// Passages to choose citations from: the writer takes the nearest few.
const PASSAGES: usize = 12;

/// A letter to be worded.
#[derive(Debug)]
pub(crate) struct Errand {
    /// Which.
    pub(crate) to: To,
    /// The life event that it tells of.
    pub(crate) life_event: String,
    /// The last day to do what it tells of, where that is known.
    pub(crate) by: Option<Date>,
}

impl App {
    /// Words a letter and hands it to delivery.
    pub(crate) async fn compose(&self, errand: Errand, job: &Job) -> Result<(), EngineError> {
        let Errand { to, life_event, by } = errand;
        let mut tx = self.store.begin().await?;
        let now = self.moment(&mut tx).await?;
        let planned = self.plan(&mut tx, to, now).await?;
        let Some(plan) = planned else {
            jobs::complete(&mut tx, slice::from_ref(job), now).await?;
            tx.commit().await?;
            return Ok(());
        };
        tx.commit().await?;

        let (template, message) = self.word(plan, to).await?;

        let now = self.now();
        let mut tx = self.store.begin().await?;
        let milestone = milestones::get(&mut tx, to.milestone).await?;
        let named = milestone.map(|it| it.named()).unwrap_or_default();
        subjects::hold(&mut tx, &named.into_iter().chain([to.recipient]).collect()).await?;
        self.keep_template(&mut tx, &template, now).await?;
        messages::put(&mut tx, &message, now).await?;
        for channel in self.channels(&mut tx, to.recipient).await? {
            let delivery = Delivery {
                id: Delivery::id_of(message.id, channel),
                message: message.id,
                recipient: to.recipient,
                channel,
                state: DeliveryState::Queued,
                suppressed: None,
                sent_at: None,
            };
            deliveries::put(&mut tx, &delivery).await?;
            let life_event = life_event.clone();
            let work = Work::Deliver { delivery: delivery.id, channel, life_event, by };
            work.enqueue(&mut tx, now, &job.trace).await?;
        }
        jobs::complete(&mut tx, slice::from_ref(job), now).await?;
        tx.commit().await?;
        tracing::info!(message.id = %message.id, source = ?message.source, "message worded");
        Ok(())
    }

    /// On which channels a letter to `recipient` goes: into the inbox always, to the portal and the
    /// stream where they are set up, and on the one that rings that the person chose last. One, because a copy on
    /// a second only teaches people to overlook both.
    async fn channels(
        &self,
        conn: &mut Conn,
        recipient: SubjectId,
    ) -> Result<Vec<Channel>, EngineError> {
        let carriers = &self.operation.carriers;
        let mut channels = vec![Channel::Inbox];
        for system in [Channel::Webhook, Channel::Stream] {
            if carriers.contains_key(&system) {
                channels.push(system);
            }
        }
        if carriers.keys().any(|channel| channel.rings()) {
            let chosen = contacts::in_force(conn, recipient).await?.into_iter();
            channels
                .extend(chosen.map(|it| it.channel).find(|channel| carriers.contains_key(channel)));
        }
        Ok(channels)
    }

    /// The plan of the letter, or `None` where there is nothing to say: the person was told
    /// already, nothing certain is open for them, or the milestone stands no more.
    pub(crate) async fn plan(
        &self,
        conn: &mut Conn,
        to: To,
        now: Timestamp,
    ) -> Result<Option<Plan>, EngineError> {
        let To { milestone, recipient, letter } = to;
        // Whom it was about may have been erased meanwhile.
        let Some(milestone) = milestones::get(conn, milestone).await? else { return Ok(None) };
        let told = Delivery::id_of(Message::id_of(milestone.id, recipient, letter), Channel::Inbox);
        let told = deliveries::get(conn, told).await?;
        if told.is_some_and(|told| told.state != DeliveryState::Queued) {
            return Ok(None);
        }
        let input = match letter {
            Letter::First | Letter::Reminder(_) => {
                self.about_what_to_do(conn, &milestone, to, now).await?
            }
            Letter::Correction => {
                self.about_what_was_said(conn, &milestone, recipient, now).await?
            }
        };
        let Some(input) = input else { return Ok(None) };
        match self.writing.words.plan(&input) {
            Ok(plan) => Ok(Some(plan)),
            // Nobody is written to as nobody. The register that tells the name brings us here again.
            Err(PlanError::NoName) => {
                tracing::info!(subject.id = %recipient, "message waits for a name");
                Ok(None)
            }
            // The suggestion stands in the inbox; a letter needs words that people approved.
            Err(PlanError::NoWords(life_event)) => {
                tracing::info!(life_event, "no letter: the pack has no words for this life event");
                Ok(None)
            }
            Err(error) => Err(EngineError::writer(error)),
        }
    }

    /// What a letter about the first thing to do says.
    async fn about_what_to_do(
        &self,
        conn: &mut Conn,
        milestone: &Milestone,
        to: To,
        now: Timestamp,
    ) -> Result<Option<PlanInput>, EngineError> {
        if milestone.state != MilestoneState::Reached {
            return Ok(None);
        }
        let memory = &mut Memory::default();
        let Some(loaded) = self.load_milestone(conn, memory, milestone, now).await? else {
            return Ok(None);
        };
        let Some(life_event) = self.pack.life_event(&milestone.life_event) else {
            return Ok(None);
        };
        let held = suggestions::of_milestone(conn, milestone.id).await?;
        let proposals = self.proposals(&loaded, milestone);
        let Some(main) = first_thing_to_do(&proposals, &held, to.recipient) else {
            return Ok(None);
        };
        if !self.is_called_for(conn, milestone, main, to.letter).await? {
            return Ok(None);
        }
        let case = loaded.case(&self.pack, life_event);
        self.plan_input(conn, &case, main, to.letter.into()).await.map(Some)
    }

    /// What a letter says that takes back an earlier one: of what it was, and that it holds no more.
    /// The facts that led to it may be gone; who it went to and about which service is kept.
    async fn about_what_was_said(
        &self,
        conn: &mut Conn,
        milestone: &Milestone,
        recipient: SubjectId,
        now: Timestamp,
    ) -> Result<Option<PlanInput>, EngineError> {
        if milestone.state != MilestoneState::Withdrawn {
            return Ok(None);
        }
        let held = suggestions::of_milestone(conn, milestone.id).await?;
        let theirs = held.iter().filter(|it| it.recipient == recipient);
        let main = theirs.min_by_key(|it| !it.main);
        let life_event = self.pack.life_event(&milestone.life_event);
        let Some((main, life_event)) = main.zip(life_event) else { return Ok(None) };
        let Some(service) = self.pack.service(&main.service) else { return Ok(None) };
        let players: Vec<SubjectId> = milestone.roles.values().copied().collect();
        let facts = facts::facts_of(conn, &players).await?;
        let (roles, as_of) = (&milestone.roles, self.as_of(now));
        let case = Case { pack: &self.pack, life_event, roles, facts: &facts, as_of };
        let about = PlanInput {
            service: service.key.clone(),
            service_name: service.name.clone(),
            service_code: service.code.clone(),
            level: main.level,
            ..self.about_recipient(conn, &case, main, LetterKind::Correction).await?
        };
        Ok(Some(about))
    }

    /// What the message is about, in the terms of the writer.
    async fn plan_input(
        &self,
        conn: &mut Conn,
        case: &Case<'_>,
        main: &Proposal<'_>,
        letter: LetterKind,
    ) -> Result<PlanInput, EngineError> {
        let Suggestion { level, deadline, .. } = &main.suggestion;
        let draft = if *level >= Level::Prepare {
            drafts::of_suggestion(conn, main.suggestion.id).await?
        } else {
            None
        };
        let unknown = || main.deadline_unknown.clone().unwrap_or_else(deadline_not_known);
        Ok(PlanInput {
            service: main.service.key.clone(),
            service_name: main.service.name.clone(),
            service_code: main.service.code.clone(),
            level: *level,
            authority: Some(main.authority.clone()),
            deadline: deadline.clone().map_or_else(|| By::Unknown(unknown()), By::Known),
            draft: draft.as_ref().map(draft_state),
            legal_basis: main.service.legal_basis.first().cloned(),
            ..self.about_recipient(conn, case, &main.suggestion, letter).await?
        })
    }

    /// What every letter needs of its reader; nothing yet of what it is about.
    pub(crate) async fn about_recipient(
        &self,
        conn: &mut Conn,
        case: &Case<'_>,
        suggestion: &Suggestion,
        letter: LetterKind,
    ) -> Result<PlanInput, EngineError> {
        let Suggestion { recipient, role, .. } = suggestion;
        let person = &self.pack.head().person;
        let of_recipient =
            |attribute: &str| case.value(&format!("{role}.{attribute}")).and_then(Value::as_text);
        let born_on = person.born_on.as_ref();
        let born_on = born_on.and_then(|it| case.value(&format!("{role}.{}", it.value)));
        let subject = subjects::get(conn, *recipient).await?;
        Ok(PlanInput {
            life_event: case.life_event.id.value.clone(),
            life_event_name: case.life_event.name.clone(),
            letter,
            role: role.clone(),
            recipient_name: of_recipient(&person.name).unwrap_or_default().to_owned(),
            recipient_sex: of_recipient(&person.sex).and_then(|sex| person.sexes.get(sex)).copied(),
            recipient_born_on: born_on.and_then(Value::as_date),
            place: self.place(of_recipient(&person.province))?,
            language: subject.map(|subject| subject.language).unwrap_or_default(),
            written_on: case.as_of.occurred,
            service: String::new(),
            service_name: Text::default(),
            service_code: None,
            level: suggestion.level,
            authority: None,
            deadline: By::Unknown(deadline_not_known()),
            draft: None,
            legal_basis: None,
            facts: values(case),
        })
    }

    /// The place whose rules hold for someone who lives in `province`.
    pub(crate) fn place(&self, province: Option<&str>) -> Result<Place, EngineError> {
        let country = &self.pack.head().id;
        let exact = province.and_then(|code| format!("{country}-{code}").parse().ok());
        exact.map_or_else(|| country.parse().map_err(EngineError::writer), Ok)
    }

    /// The template for `plan`, from the cache or made now, and the message that it becomes.
    async fn word(&self, plan: Plan, to: To) -> Result<(Template, Message), EngineError> {
        let passages = self.passages_for(&plan).await?;
        let index = self.index_hash();
        let key = self.writing.writer(&self.pack, &index).key(&plan, &passages);
        let cached = {
            let mut conn = self.store.read().await?;
            templates::of_shape(&mut conn, &key, plan.language).await?
        };
        if let Some(template) = cached
            && let Ok(message) = self.message(&plan, &template, to)
        {
            return Ok((template, message));
        }
        let (writing, pack) = (Arc::clone(&self.writing), Arc::clone(&self.pack));
        let (plan, template) = tokio::task::spawn_blocking(move || {
            let template = writing.writer(&pack, &index).make_template(&plan, &passages);
            (plan, template)
        })
        .await
        .map_err(EngineError::writer)?;
        let template = template.map_err(EngineError::writer)?;
        if let Some(reason) = &template.refused_because {
            tracing::info!(reason, "model text refused, approved wording taken");
        }
        let message = self.message(&plan, &template, to).map_err(EngineError::writer)?;
        Ok((template, message))
    }

    fn message(
        &self,
        plan: &Plan,
        template: &Template,
        to: To,
    ) -> Result<Message, writer::RenderError> {
        let cited = |id: &str| {
            let passage = self.writing.passages.as_ref()?.index().passage(id)?;
            Some(cited_as(passage, &plan.manners))
        };
        self.writing.words.message(plan, template, to, &cited)
    }

    /// The passages that the message may rest on: found by the names of the service and the life
    /// event, never by anything about the person but the place whose rules hold.
    pub(crate) async fn passages_for(&self, plan: &Plan) -> Result<Vec<Passage>, EngineError> {
        if self.writing.passages.is_none() {
            return Ok(Vec::new());
        }
        let name = self.pack.service(&plan.service).map(|it| it.name.vi.clone());
        let query = Query {
            codes: Some(vec![plan.life_event.clone(), plan.service.clone()]),
            place: Some(plan.place.clone()),
            limit: PASSAGES,
            ..Query::new(name.unwrap_or_else(|| plan.service.clone()), plan.written_on)
        };
        let writing = Arc::clone(&self.writing);
        let hits = tokio::task::spawn_blocking(move || match &writing.passages {
            Some(search) => search.find(&query),
            None => Ok(Vec::new()),
        })
        .await
        .map_err(EngineError::writer)??;
        Ok(hits.into_iter().map(|hit| Passage::clone(&hit.passage)).collect())
    }

    pub(crate) fn index_hash(&self) -> String {
        let search = self.writing.passages.as_ref();
        search.map(|search| search.index().hash().to_owned()).unwrap_or_default()
    }
}

impl Writing {
    /// The writer, for the pack and the index that texts rest on.
    pub(crate) fn writer<'w>(&'w self, pack: &'w rules::Pack, index: &'w str) -> Writer<'w> {
        Writer {
            words: &self.words,
            prompts: &self.prompts,
            wording: self.model.as_deref(),
            samples: self.samples,
            pack: pack.hash(),
            index,
        }
    }
}

/// How far an application is prepared, and what the person must still do.
fn draft_state(draft: &domain::Draft) -> DraftState {
    let (filled, total) = draft.coverage();
    DraftState { filled, total, missing: draft.to_do().map(|field| field.label.clone()).collect() }
}

/// Everything that is known of those who play a role, by path.
fn values(case: &Case<'_>) -> BTreeMap<String, Value> {
    let mut values = BTreeMap::new();
    for (role, subject) in case.roles {
        for fact in case.facts.iter().filter(|fact| fact.subject == *subject) {
            let path = format!("{role}.{}", fact.attribute);
            if let Some(value) = case.value(&path) {
                values.insert(path, value.clone());
            }
        }
    }
    values
}

/// Where a pack says neither a deadline nor why there is none.
pub(crate) fn deadline_not_known() -> domain::Text {
    domain::Text {
        vi: "chưa có dữ liệu về thời hạn".to_owned(),
        en: "no deadline is in our data".to_owned(),
    }
}
