//! Our engine, through the public functions of `rules` that the service itself calls.
//!
//! Everything that knows how our engine is asked is in this file.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use domain::{
    AsOf, Cause, Event, EventId, Fact, FactSet, FactSource, Interval, Milestone, MilestoneState,
    SubjectId, Trace, Value, Verdict,
};
use jiff::Timestamp;
use jiff::civil::date;
use rules::{Case, Decision, LifeEvent, Pack, PackFiles, ValueKind, Version};

use crate::measure::{Engine, MET, UNKNOWN, UNMET};
use crate::subjects::{Row, TODAY};

/// The life events that are asked about.
const LIFE_EVENTS: [&str; 3] = ["LE-BIRTH", "LE-GRADE1", "LE-LAND-TRANSFER"];

/// The pack, with the versions in force already found for the names of the outputs.
pub(crate) struct Ours {
    pack: Pack,
    outputs: Vec<String>,
    as_of: AsOf,
    told: EventId,
}

/// What is known for one row: for each life event, who plays which role and their facts.
pub(crate) struct Known {
    cases: Vec<(BTreeMap<String, SubjectId>, FactSet)>,
}

impl Ours {
    /// Reads and checks the pack.
    pub(crate) fn boot(folder: &Path) -> Result<Self> {
        let pack = Pack::load(&PackFiles::read(folder)?)?;
        let mut outputs = Vec::new();
        for id in LIFE_EVENTS {
            outputs.push(id.to_owned());
            let services = &version(life_event(&pack, id)?)?.services;
            outputs.extend(services.iter().map(|entry| format!("{id}/{}", entry.service.value)));
        }
        let known = TODAY.tomorrow()?.to_zoned(pack.time_zone().clone())?.timestamp();
        let as_of = AsOf { occurred: TODAY, known, law: TODAY };
        Ok(Self { pack, outputs, as_of, told: Event::id_of("peers", "peers") })
    }

    /// Whether a fact may be left out where facts are missing: its silence has no meaning of
    /// its own, and it does not say who plays a role.
    pub(crate) fn may_be_missing(&self, path: &str) -> bool {
        let Some((role, attribute)) = path.split_once('.') else { return false };
        LIFE_EVENTS.iter().filter_map(|id| self.pack.life_event(id)).all(|event| {
            let says_who = event.role_paths().any(|(_, of, what)| of == role && what == attribute);
            let Some(role) = event.roles.get(role) else { return !says_who };
            let defined = self.pack.attribute(role.kind, attribute);
            !says_who && defined.is_some_and(|it| it.absent.is_none())
        })
    }

    /// The facts of a row that `life_event` can read, as a register would have told them.
    fn facts(&self, life_event: &LifeEvent, row: &Row) -> Result<FactSet> {
        let mut facts = Vec::new();
        for (path, given) in row {
            let Some((role, attribute)) = path.split_once('.') else { continue };
            let Some(kind) = life_event.roles.get(role).map(|role| role.kind) else { continue };
            let unknown = || format!("the pack has no `{path}`: mend `src/subjects.rs`");
            let defined = self.pack.attribute(kind, attribute).with_context(unknown)?;
            let subject = player(row, role)?;
            let register = defined.owner.first().map(|owner| owner.value.clone());
            facts.push(Fact {
                id: Fact::id_of(self.told, subject, attribute),
                subject,
                attribute: attribute.to_owned(),
                value: value(given, defined.kind).with_context(unknown)?,
                valid: Interval::since(date(2000, 1, 1)),
                known_from: Timestamp::UNIX_EPOCH,
                known_until: None,
                source: FactSource {
                    register: register.unwrap_or_default(),
                    event: self.told,
                    record: None,
                    legal_basis: String::new(),
                },
            });
        }
        Ok(facts.into_iter().collect())
    }

    /// The milestone that a decision makes, as the service makes it.
    fn milestone(&self, case: &Case<'_>, decision: &Decision<'_>) -> Option<Milestone> {
        let subject = *case.roles.get(case.life_event.subject.as_str())?;
        let occurrence = decision.occurrence.clone().unwrap_or_default();
        Some(Milestone {
            id: Milestone::id_of(&case.life_event.id, subject, &occurrence),
            life_event: case.life_event.id.value.clone(),
            subject,
            occurrence,
            occurred_on: decision.occurred_on.unwrap_or(case.as_of.occurred),
            state: MilestoneState::Reached,
            roles: case.roles.clone(),
            verdict: decision.verdict.clone(),
            as_of: case.as_of,
            pack: self.pack.version().to_owned(),
            cause: Cause::Event(self.told),
            trace: Trace::of(None, self.told),
        })
    }
}

impl Engine for Ours {
    type Subject = Known;

    const NAME: &'static str = "ours";

    fn version(&self) -> String {
        format!("pack {}", self.pack.version())
    }

    fn outputs(&self) -> Vec<String> {
        self.outputs.clone()
    }

    fn load(&self, row: &Row) -> Result<Known> {
        let mut cases = Vec::new();
        for id in LIFE_EVENTS {
            let life_event = life_event(&self.pack, id)?;
            let facts = self.facts(life_event, row)?;
            let subject = player(row, &life_event.subject)?;
            cases.push((self.pack.resolve_roles(life_event, subject, &facts, &self.as_of), facts));
        }
        Ok(Known { cases })
    }

    /// A service is answered only where its life event is not unmet: that is how it is asked.
    fn decide(&self, known: &Known, answers: &mut [u8]) -> Result<()> {
        let mut answers = answers.iter_mut();
        for (id, (roles, facts)) in LIFE_EVENTS.iter().zip(&known.cases) {
            let life_event = life_event(&self.pack, id)?;
            let case = Case { pack: &self.pack, life_event, roles, facts, as_of: self.as_of };
            let decision = case.decide(&|_| true);
            let version = decision.version.context("no version is in force")?;
            let event = answer(&decision.verdict);
            let proposals = match self.milestone(&case, &decision) {
                Some(milestone) if event != UNMET => case.suggest(version, &milestone),
                _ => Vec::new(),
            };
            if let Some(to) = answers.next() {
                *to = event;
            }
            for (entry, to) in version.services.iter().zip(answers.by_ref()) {
                let proposed = proposals.iter().find(|one| std::ptr::eq(one.entry, entry));
                *to = match proposed.map(|one| answer(&one.suggestion.verdict)) {
                    None => UNMET,
                    Some(MET) => event,
                    Some(other) => other,
                };
            }
        }
        Ok(())
    }
}

fn life_event<'a>(pack: &'a Pack, id: &str) -> Result<&'a LifeEvent> {
    pack.life_event(id).with_context(|| format!("the pack has no `{id}`: name another pack"))
}

fn version(life_event: &LifeEvent) -> Result<&Version> {
    let id = &life_event.id.value;
    life_event.version_on(TODAY).with_context(|| format!("`{id}` has no version on {TODAY}"))
}

fn answer(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Met => MET,
        Verdict::Unmet => UNMET,
        Verdict::Unknown { .. } => UNKNOWN,
    }
}

/// Who plays `role` in a row.
fn player(row: &Row, role: &str) -> Result<SubjectId> {
    let path = match role {
        "child" | "parcel" => role.to_owned(),
        "mother" | "father" => format!("child.{role}"),
        "seller" | "buyer" => format!("parcel.transfer.{role}"),
        _ => bail!("nobody plays `{role}` in the subjects: mend `src/ours.rs`"),
    };
    let number = row.get(&path).with_context(|| format!("a row lacks `{path}`"))?;
    Ok(person(number))
}

fn person(number: &serde_json::Value) -> SubjectId {
    SubjectId::of(&["peers", &number.to_string()])
}

fn value(given: &serde_json::Value, kind: ValueKind) -> Option<Value> {
    Some(match kind {
        ValueKind::Text => Value::Text(given.as_str()?.to_owned()),
        ValueKind::Int => Value::Int(given.as_i64()?),
        ValueKind::Bool => Value::Bool(given.as_bool()?),
        ValueKind::Date => Value::Date(given.as_str()?.parse().ok()?),
        ValueKind::Subject => Value::Subject(person(given)),
        _ => return None,
    })
}
