//! Decisions, suggestions and drafts over the small pack.

use std::collections::BTreeMap;

use domain::{
    AsOf, Cause, Draft, Event, EventId, Fact, FactSet, FactSource, FieldState, Interval, Milestone,
    MilestoneState, SubjectId, SubjectKind, Trace, Value, Verdict,
};
use jiff::civil::{Date, date};
use rules::{Case, Decision, Hold, Pack, Proposal};

use crate::{fixture, load, with};

mod conditions;

/// A world with one birth in it, told fact by fact.
struct World {
    pack: Pack,
    facts: FactSet,
}

fn who(name: &str) -> SubjectId {
    SubjectId::of(&[name])
}

fn event(register: &str, name: &str) -> EventId {
    Event::id_of(register, name)
}

fn told(register: &str, of: &str, attribute: &str, value: Value) -> Fact {
    let event = event(register, &format!("{of} {attribute}"));
    Fact {
        id: Fact::id_of(event, who(of), attribute),
        subject: who(of),
        attribute: attribute.to_owned(),
        value,
        valid: Interval::since(date(2020, 1, 1)),
        personal: false,
        known_from: "2026-11-03T00:00:00Z".parse().unwrap(),
        known_until: None,
        source: FactSource {
            register: register.to_owned(),
            event,
            record: Some("R-1".to_owned()),
            legal_basis: "Điều 1, Luật Dân cư".to_owned(),
        },
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn as_of(day: Date) -> AsOf {
    AsOf { occurred: day, known: "2026-11-30T00:00:00Z".parse().unwrap(), law: day }
}

const TODAY: Date = date(2026, 11, 5);

impl World {
    fn born() -> Self {
        let facts = [
            told("HLT", "child", "born_on", Value::Date(date(2026, 11, 2))),
            told("HLT", "child", "mother", Value::Subject(who("mother"))),
        ];
        Self { pack: fixture(), facts: facts.into_iter().collect() }
    }

    fn and(mut self, register: &str, of: &str, attribute: &str, value: Value) -> Self {
        self.facts.extend([told(register, of, attribute, value)]);
        self
    }

    fn roles(&self, day: Date) -> BTreeMap<String, SubjectId> {
        let event = self.pack.life_event("LE-TEST").unwrap();
        self.pack.resolve_roles(event, who("child"), &self.facts, &as_of(day))
    }

    /// Asks `question` about the case on `day`.
    fn ask<T>(&self, day: Date, question: impl FnOnce(Case<'_>) -> T) -> T {
        let roles = self.roles(day);
        let life_event = self.pack.life_event("LE-TEST").unwrap();
        question(Case {
            pack: &self.pack,
            life_event,
            roles: &roles,
            facts: &self.facts,
            as_of: as_of(day),
        })
    }

    fn verdict(&self, day: Date) -> Verdict {
        self.ask(day, |case| case.decide(&|_| true).verdict)
    }

    /// Asks about the proposal of `service`.
    fn proposal<T>(&self, service: &str, see: impl FnOnce(Option<&Proposal<'_>>) -> T) -> T {
        self.ask(TODAY, |case| {
            let all = proposals(&case);
            see(all.iter().find(|one| one.suggestion.service == service))
        })
    }

    fn draft(&self) -> Draft {
        self.ask(TODAY, |case| {
            let all = proposals(&case);
            let one = all.iter().find(|one| one.entry.form.is_some()).unwrap();
            case.prefill(one.entry, &one.suggestion).unwrap()
        })
    }
}

fn proposals<'a>(case: &Case<'a>) -> Vec<Proposal<'a>> {
    let decision = case.decide(&|_| true);
    case.suggest(decision.version.unwrap(), &milestone(case, &decision))
}

fn milestone(case: &Case<'_>, decision: &Decision<'_>) -> Milestone {
    let occurrence = decision.occurrence.clone().unwrap();
    Milestone {
        id: Milestone::id_of("LE-TEST", who("child"), &occurrence),
        life_event: "LE-TEST".to_owned(),
        subject: who("child"),
        occurrence,
        occurred_on: decision.occurred_on.unwrap(),
        state: MilestoneState::Reached,
        roles: case.roles.clone(),
        verdict: decision.verdict.clone(),
        as_of: case.as_of,
        pack: case.pack.version().to_owned(),
        cause: Cause::Clock(TODAY),
        trace: Trace::of(None, event("HLT", "1")),
    }
}

fn missing(paths: &[&str]) -> Verdict {
    Verdict::Unknown { missing: paths.iter().map(|&path| path.to_owned()).collect() }
}

fn state<'a>(draft: &'a Draft, key: &str) -> &'a FieldState {
    &draft.fields.iter().find(|field| field.key == key).unwrap().state
}

#[test]
fn a_decision_says_everything_that_a_milestone_needs() {
    let world = World::born();
    world.ask(TODAY, |case| {
        let decision = case.decide(&|_| true);
        assert_eq!(decision.verdict, Verdict::Met);
        assert_eq!(decision.occurrence.as_deref(), Some("once"));
        assert_eq!(decision.occurred_on, Some(date(2026, 11, 2)));
        assert_eq!((decision.hold, decision.begun), (None, true));
        let receipt = decision.receipt;
        assert_eq!(receipt.rule, "LE-TEST@2026-09-01/when");
        assert_eq!(receipt.about, Milestone::id_of("LE-TEST", who("child"), "once").to_string());
        assert_eq!(
            receipt.facts,
            [Fact::id_of(event("HLT", "child born_on"), who("child"), "born_on")]
        );
        assert_eq!(
            receipt.trace,
            [
                "(child.born_on <= today): true",
                "child.registered: false",
                "!child.registered: true",
                "((child.born_on <= today) && !child.registered): true",
            ]
        );
    });
}

#[test]
fn the_same_facts_in_any_order_give_the_same_receipt() {
    let world = World::born().and("POP", "mother", "name", text("An"));
    let backwards: FactSet = world.facts.iter().rev().cloned().collect();
    let other = World { pack: fixture(), facts: backwards };
    let receipt = |world: &World| world.ask(TODAY, |case| case.decide(&|_| true).receipt);
    assert_eq!(receipt(&world), receipt(&other));
}

#[test]
fn the_law_of_the_day_is_applied_and_a_marked_gap_is_named() {
    let world = World::born();
    world.ask(date(2026, 8, 31), |case| {
        let decision = case.decide(&|_| true);
        assert_eq!(decision.version.unwrap().services[0].service.as_str(), "register-old");
    });
    world.ask(date(2025, 12, 31), |case| {
        let decision = case.decide(&|_| true);
        assert_eq!((decision.version.is_none(), decision.verdict), (true, Verdict::Unmet));
        assert_eq!(
            decision.receipt.trace,
            ["no version is in force on 2025-12-31: the country is younger"]
        );
    });
}

#[test]
fn without_its_day_a_milestone_is_unknown_unless_it_cannot_be() {
    let nothing = World { pack: fixture(), facts: FactSet::default() };
    assert_eq!(nothing.verdict(TODAY), missing(&["child.born_on"]));
    let registered = nothing.and("POP", "child", "registered", Value::Bool(true));
    assert_eq!(registered.verdict(TODAY), Verdict::Unmet);
}

#[test]
fn what_its_event_took_back_is_not_begun() {
    World::born().ask(TODAY, |case| assert!(!case.decide(&|_| false).begun));
    let mut facts = World::born().facts;
    let withdrawn: FactSet = facts
        .iter()
        .cloned()
        .map(|mut fact| {
            fact.known_until = Some("2026-11-04T00:00:00Z".parse().unwrap());
            fact
        })
        .collect();
    facts = withdrawn;
    let world = World { pack: fixture(), facts };
    world.ask(TODAY, |case| assert!(!case.decide(&|_| true).begun));
}

#[test]
fn an_event_begins_nothing_for_the_others_that_it_tells_of() {
    let world = World::born().and("HLT", "mother", "born_on", Value::Date(date(1996, 4, 12)));
    let life_event = world.pack.life_event("LE-TEST").unwrap();
    let roles = world.pack.resolve_roles(life_event, who("mother"), &world.facts, &as_of(TODAY));
    let case = Case {
        pack: &world.pack,
        life_event,
        roles: &roles,
        facts: &world.facts,
        as_of: as_of(TODAY),
    };
    assert!(!case.decide(&|_| true).begun, "she is the mother, she was not born");
}

#[test]
fn roles_are_found_through_facts_and_the_first_path_counts() {
    let world = World::born().and("POP", "mother", "spouse", Value::Subject(who("husband")));
    assert_eq!(world.roles(TODAY)["father"], who("husband"));
    let named = world.and("POP", "child", "father", Value::Subject(who("father")));
    assert_eq!(named.roles(TODAY)["father"], who("father"));
    let event = named.pack.life_event("LE-TEST").unwrap();
    assert_eq!(
        event.role_paths().collect::<Vec<_>>(),
        [
            ("father", "child", "father"),
            ("father", "mother", "spouse"),
            ("mother", "child", "mother")
        ]
    );
}

#[test]
fn a_death_is_a_guard_and_the_dead_are_not_told() {
    let dead = || Value::Bool(true);
    let world = World::born().and("POP", "child", "deceased", dead());
    world.ask(TODAY, |case| {
        let dead = Hold::Deceased { role: "child".to_owned() };
        assert_eq!(case.decide(&|_| true).hold, Some(dead));
    });
    let world = World::born()
        .and("POP", "mother", "residence.province", text("79"))
        .and("POP", "mother", "deceased", dead())
        .and("POP", "child", "father", Value::Subject(who("father")));
    world.proposal("register-new", |one| {
        assert_eq!(one.unwrap().suggestion.role, "father");
    });
}

#[test]
fn a_service_is_met_unmet_or_asked_for() {
    let world = World::born();
    world.proposal("register-new", |one| {
        assert_eq!(one.unwrap().suggestion.verdict, missing(&["mother.residence.province"]));
    });
    let elsewhere = World::born().and("POP", "mother", "residence.province", text("01"));
    elsewhere.proposal("register-new", |one| assert!(one.is_none()));
    let here = World::born().and("POP", "mother", "residence.province", text("79"));
    here.proposal("register-new", |one| {
        let one = one.unwrap();
        assert_eq!(one.suggestion.verdict, Verdict::Met);
        assert_eq!((one.suggestion.recipient, one.suggestion.main), (who("mother"), true));
        assert_eq!(one.receipt.rule, "LE-TEST@2026-09-01/register-new");
        assert_eq!(one.receipt.about, one.suggestion.id.to_string());
    });
    // Nobody is known whom the second service is for.
    here.proposal("help", |one| assert!(one.is_none()));
}

#[test]
fn a_deadline_counts_from_its_fact_and_says_what_is_not_known_about_it() {
    World::born().proposal("register-new", |one| {
        let one = one.unwrap();
        let deadline = one.suggestion.deadline.as_ref().unwrap();
        assert_eq!((deadline.from, deadline.on), (date(2026, 11, 2), date(2027, 1, 1)));
        assert_eq!(deadline.legal_basis.article, "Điều 2");
        assert!(deadline.may_move, "not all days off of 2027 are known");
    });
}

#[test]
fn a_plan_names_the_day_of_its_place_or_why_there_is_none() {
    let family = || World::born().and("POP", "child", "father", Value::Subject(who("father")));
    let here = family().and("POP", "mother", "residence.province", text("79"));
    here.proposal("help", |one| {
        let deadline = one.unwrap().suggestion.deadline.clone().unwrap();
        assert_eq!((deadline.on, deadline.safe), (date(2026, 12, 6), date(2026, 12, 4)));
        assert_eq!(deadline.legal_basis.act.en, "Plan 79");
    });
    for (world, why) in [
        (family().and("POP", "mother", "residence.province", text("01")), "no plan yet"),
        (family(), "plan not known"),
    ] {
        world.proposal("help", |one| {
            let one = one.unwrap();
            assert_eq!(one.suggestion.deadline, None);
            assert_eq!(one.deadline_unknown.as_ref().unwrap().en, why);
        });
    }
}

#[test]
fn who_is_responsible_is_filled_in_and_what_is_unknown_stays_visible() {
    World::born().proposal("register-new", |one| {
        assert_eq!(one.unwrap().authority.vi, "UBND (chưa rõ xã nơi cư trú)");
        assert_eq!(one.unwrap().authority.en, "Committee of (commune of residence not known)");
    });
    let known = World::born().and("HLT", "mother", "residence.commune", text("Xã Mẫu"));
    known.proposal("register-new", |one| assert_eq!(one.unwrap().authority.vi, "UBND Xã Mẫu"));
}

#[test]
fn a_draft_tells_of_each_field_where_it_comes_from() {
    let world = World::born()
        .and("POP", "mother", "name", text("Trần An"))
        .and("POP", "mother", "residence.commune", text("Xã Mẫu"))
        .and("POP", "mother", "residence.province", text("79"));
    let draft = world.draft();
    let keys: Vec<&str> = draft.fields.iter().map(|field| field.key.as_str()).collect();
    assert_eq!(keys, ["req_name", "req_home", "c_name", "c_born", "relation", "wish"]);
    let FieldState::Filled { value, provenance } = state(&draft, "req_home") else { panic!() };
    assert_eq!(*value, text("Xã Mẫu, 79"));
    assert_eq!(provenance.len(), 2);
    assert_eq!(provenance[0].register, "POP");
    assert_eq!(provenance[0].record.as_deref(), Some("R-1"));
    assert_eq!(provenance[0].legal_basis, "Điều 1, Luật Dân cư");
    let FieldState::Filled { value, .. } = state(&draft, "c_born") else { panic!() };
    assert_eq!(*value, Value::Date(date(2026, 11, 2)));
    let FieldState::Filled { value, provenance } = state(&draft, "relation") else { panic!() };
    assert_eq!((value, provenance.len()), (&text("mẹ"), 0));
    assert_eq!(*state(&draft, "c_name"), FieldState::Missing);
    assert_eq!(*state(&draft, "wish"), FieldState::Missing);
}

#[test]
fn registers_that_disagree_are_both_shown_the_owner_first() {
    let world = World::born()
        .and("HLT", "mother", "name", text("Trần Ân"))
        .and("POP", "mother", "name", text("Trần An"))
        .and("HLT", "mother", "residence.commune", text("Xã Cũ"))
        .and("POP", "mother", "residence.commune", text("Xã Mới"))
        .and("POP", "mother", "residence.province", text("79"));
    let draft = world.draft();
    let FieldState::Conflict { candidates } = state(&draft, "req_name") else { panic!() };
    let said: Vec<_> =
        candidates.iter().map(|(v, p)| (v.to_string(), p.register.as_str())).collect();
    assert_eq!(said, [("Trần An".to_owned(), "POP"), ("Trần Ân".to_owned(), "HLT")]);
    let FieldState::Conflict { candidates } = state(&draft, "req_home") else { panic!() };
    let said: Vec<_> =
        candidates.iter().map(|(v, p)| (v.to_string(), p.register.as_str())).collect();
    assert_eq!(said, [("Xã Mới, 79".to_owned(), "POP"), ("Xã Cũ, 79".to_owned(), "HLT")]);
}

#[test]
fn the_same_name_with_its_tone_elsewhere_is_no_disagreement() {
    let world = World::born().and("HLT", "mother", "name", text("HOÀNG THUÝ")).and(
        "POP",
        "mother",
        "name",
        text("Hoàng Thúy"),
    );
    let draft = world.draft();
    let FieldState::Filled { value, provenance } = state(&draft, "req_name") else { panic!() };
    assert_eq!((value, provenance[0].register.as_str()), (&text("Hoàng Thúy"), "POP"));
}

#[test]
fn silence_that_means_something_fills_no_field() {
    let files =
        with("move/life-event.yaml", "req_name: mother.name", "req_name: mother.registered");
    let world = World { pack: load(&files).unwrap(), ..World::born() };
    assert_eq!(*state(&world.draft(), "req_name"), FieldState::Missing);
}

#[test]
fn a_stored_fact_of_another_kind_settles_nothing() {
    let world = World::born().and("POP", "child", "born_on", text("hôm qua"));
    assert_eq!(world.verdict(TODAY), Verdict::Met, "the other register's day is taken");
    let alone = World { pack: fixture(), facts: FactSet::default() }.and(
        "POP",
        "child",
        "born_on",
        text("hôm qua"),
    );
    assert_eq!(alone.verdict(TODAY), missing(&["child.born_on"]));
}

#[test]
fn a_clock_is_due_on_its_day() {
    let files = with(
        "move/life-event.yaml",
        "begins: {events: [xx.health.birth.v1]}",
        "begins: {clock: {after: child.born_on, years: 6, on: \"01-31\"}}",
    );
    let world = World { pack: load(&files).unwrap(), ..World::born() };
    world.ask(date(2032, 1, 30), |case| {
        assert_eq!(case.next_look(), Some(date(2032, 1, 31)));
        assert!(!case.decide(&|_| false).begun);
    });
    world.ask(date(2032, 1, 31), |case| assert!(case.decide(&|_| false).begun));
    World::born().ask(TODAY, |case| assert_eq!(case.next_look(), None));
}

#[test]
fn the_pack_knows_what_an_event_begins_and_what_a_change_affects() {
    let pack = fixture();
    let birth = domain::EventKind("xx.health.birth.v1".to_owned());
    let begun: Vec<&str> = pack.begun_by(&birth).map(|event| event.id.as_str()).collect();
    assert_eq!(begun, ["LE-TEST"]);
    let affected = |attribute| {
        let all = pack.affected_by(SubjectKind::Person, attribute);
        all.map(|(event, roles)| (event.id.as_str(), roles)).collect::<Vec<_>>()
    };
    assert_eq!(affected("residence.province"), [("LE-TEST", vec!["mother"])]);
    assert_eq!(affected("deceased"), [("LE-TEST", vec!["child", "father", "mother"])]);
    assert_eq!(affected("spouse"), [("LE-TEST", vec!["mother"])]);
    assert_eq!(affected("ethnicity"), []);
}
