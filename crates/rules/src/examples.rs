//! Runs a pack's examples: situations with the answer that their author expects.
//!
//! They are what a lawyer reads to see what a rule does, and what fails when it does something
//! else. So they go the whole way of a decision: roles, verdict, services, deadlines, drafts.

use std::collections::BTreeSet;

use domain::{
    AsOf, Cause, Draft, Event, EventId, Fact, FactSet, FactSource, FieldState, Milestone,
    MilestoneState, SubjectId, Trace, Value, Verdict,
};
use jiff::civil::Date;
use serde::Serialize;

use crate::decide::Decision;
use crate::event_type::constant;
use crate::known::Case;
use crate::pack::Pack;
use crate::pack::country::ValueKind;
use crate::pack::example::{
    DAWN, DetailedFact, Example, ExampleDates, ExpectDay, ExpectService, Moment, details,
};
use crate::pack::life_event::LifeEvent;
use crate::suggest::Proposal;

/// How one example came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExampleResult {
    /// The life event's id.
    pub life_event: String,
    /// What is the case.
    pub situation: String,
    /// Whether everything came out as expected.
    pub passed: bool,
    /// What did not, as its author expected it.
    pub expected: Vec<String>,
    /// What came out instead, line by line.
    pub got: Vec<String>,
}

/// Runs all examples of a pack, by life event, in the order of their files.
#[must_use]
pub fn run_examples(pack: &Pack) -> Vec<ExampleResult> {
    pack.life_events()
        .flat_map(|event| pack.examples(&event.id).iter().map(move |one| run(pack, event, one)))
        .collect()
}

/// Runs one example and lists what came out differently.
fn run(pack: &Pack, life_event: &LifeEvent, example: &Example) -> ExampleResult {
    let as_of = dates(pack, example);
    let situation = Situation::new(pack, life_event, example, &as_of);
    let facts = situation.facts;
    let roles = pack.resolve_roles(life_event, situation.subject, &facts, &as_of);
    let case = Case { pack, life_event, roles: &roles, facts: &facts, as_of };
    let decision = case.decide(&|_| true);
    let mut differences = Differences::default();
    let expected = example.expect.verdict.verdict();
    differences.compare("verdict", &expected, &decision.verdict, say);
    let proposals = proposals(&case, &decision);
    for (key, expected) in &example.expect.services {
        let proposal = proposals.iter().find(|one| one.suggestion.service == **key);
        check_service(&case, key, expected, proposal, &mut differences);
    }
    ExampleResult {
        life_event: life_event.id.value.clone(),
        situation: example.situation.value.clone(),
        passed: differences.expected.is_empty(),
        expected: differences.expected,
        got: differences.got,
    }
}

#[derive(Default)]
/// Lines that differ, pair by pair.
struct Differences {
    expected: Vec<String>,
    got: Vec<String>,
}

impl Differences {
    fn compare<T: PartialEq>(
        &mut self,
        what: &str,
        expected: &T,
        got: &T,
        say: impl Fn(&T) -> String,
    ) {
        if expected != got {
            self.expected.push(format!("{what}: {}", say(expected)));
            self.got.push(format!("{what}: {}", say(got)));
        }
    }
}

/// Compares one service with what the example says of it. A service that was not proposed
/// counts as unmet.
fn check_service(
    case: &Case<'_>,
    key: &str,
    expected: &ExpectService,
    proposal: Option<&Proposal<'_>>,
    differences: &mut Differences,
) {
    let verdict = proposal.map_or(Verdict::Unmet, |one| one.suggestion.verdict.clone());
    differences.compare(&format!("{key} verdict"), &expected.verdict.verdict(), &verdict, say);
    let Some(proposal) = proposal else { return };
    if let Some(told) = &expected.told {
        let role = &proposal.suggestion.role;
        differences.compare(&format!("{key} for"), told, role, String::clone);
    }
    let on = proposal.suggestion.deadline.as_ref().map(|deadline| deadline.on);
    let day = on.map_or(ExpectDay::Unknown, ExpectDay::On);
    if expected.deadline != ExpectDay::Unsaid {
        differences
            .compare(&format!("{key} deadline"), &expected.deadline, &day, |day| say_day(*day));
    }
    let draft = case.prefill(proposal.entry, &proposal.suggestion);
    let states = [
        (&expected.filled, "filled"),
        (&expected.missing, "missing"),
        (&expected.conflict, "conflict"),
    ];
    for (fields, wanted) in states {
        for field in fields {
            let state = state(draft.as_ref(), field);
            let (wanted, state) = (wanted.to_owned(), state.to_owned());
            differences.compare(&format!("{key} {}", field.value), &wanted, &state, String::clone);
        }
    }
}

fn state(draft: Option<&Draft>, key: &str) -> &'static str {
    let field = draft.and_then(|draft| draft.fields.iter().find(|field| field.key == key));
    match field.map(|field| &field.state) {
        Some(FieldState::Filled { .. }) => "filled",
        Some(FieldState::Missing) => "missing",
        Some(FieldState::Conflict { .. }) => "conflict",
        None => "not in the form",
    }
}

fn say(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Met => "met".to_owned(),
        Verdict::Unmet => "unmet".to_owned(),
        Verdict::Unknown { missing } => {
            let names: Vec<&str> = missing.iter().map(String::as_str).collect();
            format!("unknown: [{}]", names.join(", "))
        }
    }
}

fn say_day(day: ExpectDay) -> String {
    match day {
        ExpectDay::On(day) => day.to_string(),
        ExpectDay::Unknown | ExpectDay::Unsaid => "unknown".to_owned(),
    }
}

/// What a milestone of this decision would open. Services are looked at also where the life
/// event is not settled, so that an example may say what is asked for.
fn proposals<'a>(case: &Case<'a>, decision: &Decision<'a>) -> Vec<Proposal<'a>> {
    let subject = case.roles.get(case.life_event.subject.as_str());
    let (Some(version), Some(subject)) = (decision.version, subject) else { return Vec::new() };
    if decision.verdict == Verdict::Unmet {
        return Vec::new();
    }
    let occurrence = decision.occurrence.clone().unwrap_or_default();
    let milestone = Milestone {
        id: Milestone::id_of(&case.life_event.id, *subject, &occurrence),
        life_event: case.life_event.id.value.clone(),
        subject: *subject,
        occurrence,
        occurred_on: decision.occurred_on.unwrap_or(case.as_of.occurred),
        state: MilestoneState::Reached,
        roles: case.roles.clone(),
        verdict: decision.verdict.clone(),
        as_of: case.as_of,
        pack: case.pack.version().to_owned(),
        cause: Cause::Event(told()),
        trace: Trace::of(None, told()),
    };
    case.suggest(version, &milestone)
}

/// The three dates, the end of the day `occurred` standing for what is left out.
fn dates(pack: &Pack, example: &Example) -> AsOf {
    let today = example.today.unwrap_or(DAWN);
    let ExampleDates { occurred, known, law } =
        example.as_of.unwrap_or(ExampleDates { occurred: today, known: None, law: None });
    let end_of = |day: Date| {
        let midnight = day.tomorrow().unwrap_or(day).to_zoned(pack.time_zone().clone());
        midnight.map_or(jiff::Timestamp::MAX, |moment| moment.timestamp())
    };
    let known = match known {
        Some(Moment::Timestamp(moment)) => moment,
        Some(Moment::Day(day)) => end_of(day),
        None => end_of(occurred),
    };
    AsOf { occurred, known, law: law.unwrap_or(occurred) }
}

/// The one event that all facts of examples come from.
fn told() -> EventId {
    Event::id_of("example", "example")
}

/// What an example tells, as facts.
struct Situation {
    subject: SubjectId,
    facts: FactSet,
}

impl Situation {
    fn new(pack: &Pack, life_event: &LifeEvent, example: &Example, as_of: &AsOf) -> Self {
        let subject = played_by(&life_event.subject);
        let mut facts: Vec<Fact> = Vec::new();
        for (path, written) in &example.facts {
            facts.extend(told_facts(pack, life_event, path, written, as_of));
        }
        let linked: BTreeSet<SubjectId> =
            facts.iter().filter_map(|fact| fact.value.as_subject()).collect();
        let mentioned: BTreeSet<&str> = example
            .facts
            .keys()
            .filter_map(|path| path.split_once('.').map(|(role, _)| role))
            .collect();
        // Who has facts plays a part, so the link that an author did not write is made.
        for role in mentioned {
            let id = played_by(role);
            let from = life_event.roles.get(role).and_then(|role| role.from.first());
            if let Some(path) = from.filter(|_| id != subject && !linked.contains(&id)) {
                let link = serde_json::Value::String(role.to_owned());
                facts.extend(told_facts(pack, life_event, path, &link, as_of));
            }
        }
        Self { subject, facts: facts.into_iter().collect() }
    }
}

/// Whoever plays `role` in an example: the same for the same word, and nobody outside.
fn played_by(role: &str) -> SubjectId {
    SubjectId::of(&["example", role])
}

/// The facts that one line of an example tells: one, or one for each register that speaks.
fn told_facts(
    pack: &Pack,
    life_event: &LifeEvent,
    path: &str,
    written: &serde_json::Value,
    as_of: &AsOf,
) -> Vec<Fact> {
    let Ok(found) = pack.scope(life_event).fact(path) else { return Vec::new() };
    let owner = found.definition.owner.first().map(|owner| owner.value.clone());
    let subject = played_by(found.role);
    let fact = |detail: DetailedFact| {
        let register = detail.register.clone().or_else(|| owner.clone()).unwrap_or_default();
        // Each register's word is its own event, so that the ids differ.
        let event = Event::id_of(&register, path);
        Some(Fact {
            id: Fact::id_of(event, subject, found.attribute),
            subject,
            attribute: found.attribute.to_owned(),
            value: read(&detail.value, found.definition.kind)?,
            valid: detail.valid(),
            known_from: as_of.known,
            known_until: None,
            source: FactSource { register, event, record: None, legal_basis: String::new() },
        })
    };
    details(written).into_iter().filter_map(fact).collect()
}

/// A value of an example. A subject is named by the role that plays it.
pub(crate) fn read(json: &serde_json::Value, kind: ValueKind) -> Option<Value> {
    match (kind, json.as_str()) {
        (ValueKind::Subject, Some(role)) => Some(Value::Subject(played_by(role))),
        _ => constant(json, kind),
    }
}
