//! Runs a pack's examples: situations with the answer that their author expects.
//!
//! They are what a lawyer reads to see what a rule does, and what fails when it does something
//! else. So they go the whole way of a decision: roles, verdict, services, deadlines, drafts.

mod situation;

use domain::{Cause, Draft, FieldState, Milestone, MilestoneState, Trace, Verdict};
use jiff::civil::Date;
use serde::Serialize;

use crate::decide::Decision;
use crate::hold::Hold;
use crate::known::Case;
use crate::pack::Pack;
use crate::pack::example::{Example, ExpectDay, ExpectHold, ExpectResult, ExpectService};
use crate::pack::life_event::LifeEvent;
use crate::suggest::Proposal;
use situation::told;
pub(crate) use situation::{Situation, read};

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
    let situation = Situation::new(pack, life_event, example);
    let case = situation.case();
    let decision = case.decide(&|_| true);
    let mut differences = Differences::default();
    let expected = example.expect.verdict.verdict();
    differences.compare("verdict", &expected, &decision.verdict, say);
    if let Some(expected) = &example.expect.hold {
        let hold = held(decision.hold.as_ref());
        differences.compare("hold", expected, &hold, |hold| hold.in_words().to_owned());
    }
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
    if let Some(ExpectResult { filed, on }) = &expected.result {
        let due = case.pack.results_due(proposal.service, *filed);
        let due: Vec<Date> = due.map(|(_, due)| due.on).collect();
        let what = format!("{key} result if filed {filed}");
        differences.compare(&what, &on.0, &due, |days| say_days(days));
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

fn say_days(days: &[Date]) -> String {
    let days: Vec<String> = days.iter().map(ToString::to_string).collect();
    if days.is_empty() { "unknown".to_owned() } else { days.join(", ") }
}

/// What holds a decision back, as an example says it.
fn held(hold: Option<&Hold>) -> ExpectHold {
    match hold {
        None => ExpectHold::None,
        Some(Hold::Deceased { .. }) => ExpectHold::Deceased,
        Some(Hold::Officer { .. }) => ExpectHold::Officer,
        Some(Hold::Wait { .. }) => ExpectHold::Wait,
    }
}

/// What a milestone of this decision would open. Services are looked at also where the life
/// event is not settled, so that an example may say what is asked for.
pub(crate) fn proposals<'a>(case: &Case<'a>, decision: &Decision<'a>) -> Vec<Proposal<'a>> {
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
