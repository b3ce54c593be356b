//! The story of the pack's sample families, put together for the demo.
//!
//! The people are made up, so this reading is not one of anybody's data and is not logged. A
//! milestone belongs to a family when one of its people plays a role in it or was told of it.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Milestone, MilestoneId, SubjectId, Verdict};
use jiff::Timestamp;
use rules::Hold;
use storage::{Conn, facts, milestones, refusals, status, suggestions};

use super::people::WHOLE_INBOX;
use crate::sandbox::pseudonym;
use crate::view::{Chapter, Family, Player, Story, StoryMilestone, StoryPerson, Wording};
use crate::{App, EngineError};

/// What everybody in a milestone is called.
pub(super) type Names = BTreeMap<SubjectId, String>;

impl App {
    /// All that happened to the sample families and all that followed.
    #[tracing::instrument(name = "engine.tell_story", skip_all)]
    pub async fn story(&self) -> Result<Story, EngineError> {
        let now = self.now();
        let mut conn = self.store.read().await?;
        let mut families = Vec::new();
        for family in self.pack.samples().families.iter().flat_map(|all| &all.families) {
            families.push(self.family(&mut conn, family, now).await?);
        }
        let mut story = Story {
            today: self.day(now),
            pack: self.pack.version().to_owned(),
            families,
            totals: status::counts(&mut conn).await?,
            wording: Wording::default(),
        };
        story.wording = story.worded();
        Ok(story)
    }

    async fn family(
        &self,
        conn: &mut Conn,
        family: &rules::Family,
        now: Timestamp,
    ) -> Result<Family, EngineError> {
        let mut people = Vec::new();
        let mut names = Names::new();
        for person in &family.people {
            let subject = pseudonym(self, person);
            names.insert(subject, person.name.clone());
            let refused = refusals::in_force(conn, subject).await?;
            let messages = storage::inbox::inbox(conn, subject, WHOLE_INBOX).await?.len();
            people.push(StoryPerson {
                key: person.key.clone(),
                family: family.key.clone(),
                subject,
                name: person.name.clone(),
                language: person.language,
                story: person.story.clone(),
                refuses: refused.iter().map(|refusal| refusal.scope.key()).collect(),
                messages,
            });
        }
        let mut chapters = Vec::new();
        for milestone in milestones_of(conn, &names.keys().copied().collect()).await? {
            chapters.push(self.chapter(conn, &milestone, &names, now).await?);
        }
        Ok(Family {
            key: family.key.clone(),
            title: family.title.clone(),
            story: family.story.clone(),
            people,
            chapters,
        })
    }

    async fn chapter(
        &self,
        conn: &mut Conn,
        milestone: &Milestone,
        family: &Names,
        now: Timestamp,
    ) -> Result<Chapter, EngineError> {
        let players: Vec<SubjectId> = milestone.roles.values().copied().collect();
        let mut names = self.names(conn, &players, now).await?;
        // The pack's own name for its people: a register may spell it otherwise.
        names.extend(family.iter().map(|(subject, name)| (*subject, name.clone())));
        Ok(Chapter {
            milestone: self.story_milestone(conn, milestone, &names, now).await?,
            suggestions: self.story_suggestions(conn, milestone, &names).await?,
            messages: self.story_messages(conn, milestone, &names).await?,
        })
    }

    async fn story_milestone(
        &self,
        conn: &mut Conn,
        milestone: &Milestone,
        names: &Names,
        now: Timestamp,
    ) -> Result<StoryMilestone, EngineError> {
        let life_event = self.pack.life_event(&milestone.life_event);
        let whose = life_event.map_or("subject", |event| event.subject.as_str());
        let roles: Vec<Player> =
            milestone.roles.iter().map(|(role, subject)| player(role, *subject, names)).collect();
        let hold = self.standing(conn, milestone, now).await?.hold;
        let waits = hold.as_ref().filter(|hold| !matches!(hold, Hold::Deceased { .. }));
        let sensitive = life_event.and_then(|event| event.guards.sensitive.as_ref());
        let waits = waits.and(sensitive).map(|it| it.because.clone());
        let (rule, law) = self.rule_and_law(milestone, &milestone.as_of);
        Ok(StoryMilestone {
            id: milestone.id,
            life_event: milestone.life_event.clone(),
            name: self.life_event_name(&milestone.life_event),
            whose: player(whose, milestone.subject, names),
            held: hold.and_then(|hold| match hold {
                Hold::Deceased { role } => roles.iter().find(|it| it.role == role).cloned(),
                Hold::Officer { .. } | Hold::Wait { .. } => None,
            }),
            waits,
            roles,
            cause: self.cause(conn, milestone).await?,
            occurred_on: milestone.occurred_on,
            state: milestone.state,
            verdict: match milestone.verdict {
                Verdict::Met => "met",
                Verdict::Unmet => "unmet",
                Verdict::Unknown { .. } => "unknown",
            },
            missing: self.missing(&milestone.life_event, &milestone.verdict),
            rule,
            law,
        })
    }
}

/// The milestones that `people` have a part in, in the order of their days.
async fn milestones_of(
    conn: &mut Conn,
    people: &BTreeSet<SubjectId>,
) -> Result<Vec<Milestone>, EngineError> {
    let mut subjects = people.clone();
    let mut told: BTreeSet<MilestoneId> = BTreeSet::new();
    let all: Vec<SubjectId> = people.iter().copied().collect();
    let pointing = facts::pointing_to(conn, &all).await?;
    subjects.extend(pointing.into_values().flatten().map(|(_, subject)| subject));
    for person in people {
        let suggested = suggestions::suggestions_for(conn, *person, &[]).await?;
        told.extend(suggested.iter().map(|suggestion| suggestion.milestone));
    }
    let all: Vec<SubjectId> = subjects.into_iter().collect();
    let of = milestones::of_subjects(conn, &all).await?;
    let mut found: BTreeMap<MilestoneId, Milestone> =
        of.into_values().flatten().map(|milestone| (milestone.id, milestone)).collect();
    for id in &told {
        if !found.contains_key(id)
            && let Some(milestone) = milestones::get(conn, *id).await?
        {
            found.insert(*id, milestone);
        }
    }
    let is_theirs = |milestone: &Milestone| {
        told.contains(&milestone.id)
            || people.contains(&milestone.subject)
            || milestone.roles.values().any(|player| people.contains(player))
    };
    let mut theirs: Vec<Milestone> = found.into_values().filter(|it| is_theirs(it)).collect();
    theirs.sort_by_key(|milestone| (milestone.occurred_on, milestone.id));
    Ok(theirs)
}

/// Who plays `role`, with the name where there is one.
pub(super) fn player(role: &str, subject: SubjectId, names: &Names) -> Player {
    Player { role: role.to_owned(), subject, name: names.get(&subject).cloned() }
}
