//! What people, portals and operators are shown after the sample families' story was played.

use std::collections::BTreeSet;

use domain::{
    DeliveryState, Event, MilestoneState, OutcomeKind, RefusalScope, SubjectId, SuggestionState,
    Suppression,
};
use engine::view::{Family, Story, SuggestionView};
use engine::{AskAt, OutcomeError, Reader};

use crate::support::{Office, daily};

const CHAU: &str = "999196100011";
const RUONG: &str = "999198100031";
const AN: &str = "999185100082";
const THUY: &str = "999199100091";

async fn played() -> Office {
    let office = Office::at("2025-12-15T01:00:00Z").await;
    let timetable = daily();
    engine::sandbox::play(&office.app, &office.clock, &timetable, |_| {}).await.unwrap();
    office
}

fn portal() -> Reader {
    Reader {
        by: "Cổng thử".to_owned(),
        purpose: "proactive_service".to_owned(),
        legal_basis: "Điều 16".to_owned(),
    }
}

fn herself() -> Reader {
    Reader { by: "citizen".to_owned(), purpose: "own_data".to_owned(), ..portal() }
}

/// Twelve digits that begin with 999: a sample person's number.
fn numbers_in(text: &str) -> Vec<&str> {
    let words = text.split(|it: char| !it.is_ascii_digit());
    words.filter(|it| it.len() == 12 && it.starts_with("999")).collect()
}

fn family<'a>(story: &'a Story, key: &str) -> &'a Family {
    story.families.iter().find(|family| family.key == key).unwrap()
}

async fn main_of(office: &Office, pin: &str) -> SuggestionView {
    let all = office.app.suggestions(office.person(pin), &herself()).await.unwrap();
    all.into_iter().find(|it| it.main).unwrap()
}

#[tokio::test]
async fn the_story_tells_what_became_of_each_family() {
    let office = played().await;
    let story = office.app.story().await.unwrap();
    assert_eq!(story.families.len(), 10);

    let birth = &family(&story, "minh-chau").chapters[0];
    assert_eq!((birth.milestone.state, birth.milestone.verdict), (MilestoneState::Reached, "met"));
    assert_eq!(birth.milestone.rule, "LE-BIRTH@2026-09-01");
    assert_eq!(birth.milestone.cause.vi, "Giấy chứng sinh điện tử đã ký");
    assert!(birth.milestone.law.iter().any(|law| law.contains("Luật Hộ tịch 60/2014/QH13")));
    assert_eq!(birth.milestone.held, None);
    let main = birth.suggestions.iter().find(|it| it.service.main && it.recipient.role == "mother");
    let main = main.unwrap();
    assert_eq!(main.recipient.name.as_deref(), Some("Nguyễn Thị Minh Châu"));
    assert_eq!(main.service.code.as_deref(), Some("3.000722"));
    let draft = main.prepared.as_ref().unwrap();
    assert_eq!(main.service.coverage, Some((draft.filled, draft.total)));
    assert!(0 < draft.filled && draft.filled < draft.total && 0 < draft.to_do);
    assert!(birth.messages.iter().all(|it| it.deliveries[0].state == DeliveryState::Sent));

    let held = &family(&story, "thu-hoa").chapters[0];
    assert_eq!(held.milestone.held.as_ref().unwrap().role, "mother");
    assert!(held.suggestions.is_empty() && held.messages.is_empty());
    let withdrawn = &family(&story, "my").chapters[0];
    assert_eq!(withdrawn.milestone.state, MilestoneState::Withdrawn);
    assert!(!withdrawn.messages.is_empty(), "it was told before it was taken back");
    let refused = &family(&story, "kim-ngan").chapters[0].messages[0].deliveries[0];
    assert_eq!(refused.suppressed, Some(Suppression::Refused));
    let disputed = &family(&story, "thuy").chapters[0].suggestions;
    assert!(disputed.iter().filter_map(|it| it.prepared.as_ref()).any(|it| 0 < it.conflicts));
    let land = &family(&story, "land").chapters[0];
    let told: BTreeSet<_> = land.messages.iter().map(|it| it.recipient.role.as_str()).collect();
    assert_eq!(told, BTreeSet::from(["buyer", "seller"]));
}

#[tokio::test]
async fn what_is_open_says_when_the_authority_answers_if_it_is_filed_now() {
    let office = played().await;
    let story = office.app.story().await.unwrap();
    let now = office.app.today();
    let chapters = story.families.iter().flat_map(|family| &family.chapters);
    let services: Vec<_> =
        chapters.flat_map(|chapter| &chapter.suggestions).map(|it| &it.service).collect();
    let birth = services.iter().find(|it| it.service == "3.000722").unwrap();
    assert_eq!(birth.results.len(), 3, "hours, three and five working days: {:?}", birth.results);
    assert!(birth.results.is_sorted_by_key(|result| result.on));
    assert!(birth.results.iter().all(|result| now <= result.on));
    let settled = |it: &&&SuggestionView| it.state != domain::SuggestionState::Open;
    assert!(services.iter().filter(settled).all(|it| it.results.is_empty()));
}

#[tokio::test]
async fn the_story_for_programs_is_flat_and_names_nobody_by_number() {
    let office = played().await;
    let story = office.app.story().await.unwrap();
    let json = serde_json::to_value(story.lists()).unwrap();
    for list in ["people", "milestones", "suggestions", "drafts", "messages"] {
        let ids = json[list]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it.get("id").or_else(|| it.get("subject")).unwrap().as_str().unwrap());
        let ids: Vec<_> = ids.collect();
        assert!(!ids.is_empty(), "{list}");
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{list} tells one twice");
    }
    for message in json["messages"].as_array().unwrap() {
        assert!(message["proved"].as_bool().unwrap());
        assert_eq!(message["source"], "template", "there is no model here");
    }
    for text in [json.to_string(), serde_json::to_string(&story).unwrap()] {
        assert_eq!(numbers_in(&text), [""; 0]);
    }
    assert_eq!(story.wording.by_template, story.wording.messages);
    assert_eq!(story.wording.messages, story.totals.messages.values().sum::<u64>());
    assert_eq!(office.app.story().await.unwrap(), story, "told again, it is the same story");
}

#[tokio::test]
async fn a_message_opens_for_whom_it_came_to_and_says_why() {
    let office = played().await;
    let mother = office.person(CHAU);
    let inbox = office.app.inbox(mother).await.unwrap();
    let item = inbox.iter().find(|it| it.life_event.vi == "Sinh con").unwrap();
    assert_eq!((item.state, item.seen), (SuggestionState::Open, false));
    assert_eq!(item.deadline.as_ref().unwrap().days_left, 42);

    let page = office.app.message_page(mother, item.message).await.unwrap().unwrap();
    assert_eq!(page.main.service, "3.000722");
    assert!(page.main.authority.vi.contains("phường Sài Gòn"), "{:?}", page.main.authority);
    assert_eq!(page.main.verdict, "eligible");
    assert_eq!(page.why.rule, "LE-BIRTH@2026-09-01");
    assert_eq!(page.why.law.last().unwrap(), "Điều 15 khoản 1, Luật Hộ tịch 60/2014/QH13");
    assert!(!page.why.evidence.is_empty() && page.why.passages.is_empty());
    let pending = page.others.iter().find(|it| it.deadline_unknown.is_some()).unwrap();
    assert_eq!(pending.deadline, None);

    let value = |label: &str| {
        let mut lines = page.why.facts.iter().filter(|it| it.label.vi == label);
        lines.any(|it| it.value == "Nguyễn Thị Minh Châu" || it.value == "02/11/2026")
    };
    assert!(value("ngày sinh"), "{:?}", page.why.facts);
    let of_father = page.why.facts.iter().filter(|it| it.value.contains("không hiển thị"));
    assert!(of_father.count() > 0, "what is read of the father stays with him");

    let father = office.person("999094100012");
    assert_eq!(office.app.message_page(father, item.message).await.unwrap(), None);
    let looked = office.app.accesses(mother).await.unwrap();
    assert!(looked.iter().any(|it| it.by == "citizen" && it.purpose == "own_data"));
    assert!(looked.iter().any(|it| it.by == "engine"));
    office.app.record_outcome(mother, page.main.id, OutcomeKind::Seen).await.unwrap();
    assert!(office.app.inbox(mother).await.unwrap().iter().any(|it| it.seen));
}

#[tokio::test]
async fn a_portal_reads_what_is_open_first_and_the_reading_is_logged() {
    let office = played().await;
    let mother = office.person(CHAU);
    let all = office.app.suggestions(mother, &portal()).await.unwrap();
    assert!(all.len() > 1);
    assert_eq!(all[0].service, "3.000722");
    let due: Vec<_> = all.iter().map(|it| it.deadline.is_none()).collect();
    assert!(due.is_sorted(), "what has a day comes before what has none");
    let looked = office.app.accesses(mother).await.unwrap();
    assert!(looked.iter().any(|it| it.by == "Cổng thử"));

    office.app.refuse(mother, RefusalScope::Group("COCONNHO".into())).await.unwrap();
    assert_eq!(office.app.suggestions(mother, &portal()).await.unwrap(), []);
    assert_eq!(office.app.suggestions(mother, &herself()).await.unwrap().len(), all.len());
    let refused = office.app.refusals(mother).await.unwrap();
    assert_eq!(
        (refused[0].scope.as_str(), refused[0].label.vi.as_str()),
        ("group:COCONNHO", "Có con nhỏ")
    );
    office.app.allow(mother, RefusalScope::Group("COCONNHO".into())).await.unwrap();
    assert_eq!(office.app.refusals(mother).await.unwrap(), []);
    assert_eq!(office.app.suggestions(mother, &portal()).await.unwrap(), all);

    let nobody = SubjectId::of(&["nobody"]);
    assert_eq!(office.app.suggestions(nobody, &portal()).await.unwrap(), []);
}

#[tokio::test]
async fn the_authority_is_that_of_the_decision_also_when_its_ground_is_gone() {
    let office = played().await;
    let all = office.app.suggestions(office.person(RUONG), &herself()).await.unwrap();
    let old = all.iter().find(|it| it.service == "2.002621").unwrap();
    assert_ne!(old.state, SuggestionState::Open, "the birth was registered meanwhile");
    assert!(old.authority.vi.contains("phường Trà Vinh"), "{:?}", old.authority);
}

#[tokio::test]
async fn a_draft_opens_for_its_owner_with_the_source_of_each_value() {
    let office = played().await;
    let mother = office.person(THUY);
    let id = main_of(&office, THUY).await.draft.unwrap();
    assert_eq!(office.app.draft_page(office.person(CHAU), id, &portal()).await.unwrap(), None);
    let page = office.app.draft_page(mother, id, &herself()).await.unwrap().unwrap();
    assert_eq!(page.suggestion.coverage, Some((page.filled, page.total)));
    assert_eq!(page.fields.len(), page.total);
    let disputed = page.fields.iter().find(|it| it.state == "conflict").unwrap();
    assert!(disputed.candidates.len() > 1 && disputed.value.is_none());
    for field in page.fields.iter().filter(|it| it.state == "filled") {
        let from_words = field.key == "req_relation";
        assert_eq!(field.sources.is_empty(), from_words, "{}", field.key);
    }
    let looked = office.app.accesses(office.person(CHAU)).await.unwrap();
    assert!(looked.iter().all(|it| it.by != "Cổng thử"), "nothing of hers was read");
}

#[tokio::test]
async fn saying_the_same_twice_is_saying_it_once() {
    let office = played().await;
    let mother = office.person(CHAU);
    let id = main_of(&office, CHAU).await.id;
    let app = &office.app;
    let first = app.record_outcome(mother, id, OutcomeKind::Filed).await.unwrap();
    office.moves_to("2026-11-24T02:00:00Z");
    assert_eq!(app.record_outcome(mother, id, OutcomeKind::Filed).await.unwrap(), first);
    assert_eq!(main_of(&office, CHAU).await.state, SuggestionState::Filed);
    let error = app.record_outcome(mother, id, OutcomeKind::NotForMe).await.unwrap_err();
    assert!(matches!(error, OutcomeError::Transition(_)), "{error}");

    for stars in [2, 5] {
        app.record_outcome(mother, id, OutcomeKind::Rated { stars }).await.unwrap();
    }
    let mut conn = app.store.read().await.unwrap();
    let said = storage::outcomes::of_suggestion(&mut conn, id).await.unwrap();
    drop(conn);
    let kinds: Vec<_> = said.into_iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [OutcomeKind::Filed, OutcomeKind::Rated { stars: 5 }]);

    let other = app.record_outcome(office.person(AN), id, OutcomeKind::Seen).await.unwrap_err();
    assert!(matches!(other, OutcomeError::NotYours));
    let none = domain::SuggestionId::of(&["none"]);
    let none = app.record_outcome(mother, none, OutcomeKind::Seen).await.unwrap_err();
    assert!(matches!(none, OutcomeError::NotFound));
}

#[tokio::test]
async fn every_id_is_explained_by_its_receipts() {
    let office = played().await;
    let main = main_of(&office, CHAU).await;
    let inbox = office.app.inbox(office.person(CHAU)).await.unwrap();
    let message = inbox.iter().find(|it| it.life_event.vi == "Sinh con").unwrap().message;
    let ids = [
        ("milestone", main.milestone.to_string()),
        ("suggestion", main.id.to_string()),
        ("draft", main.draft.unwrap().to_string()),
        ("message", message.to_string()),
    ];
    for (kind, id) in ids {
        let why = office.app.explain(&id, AskAt::default()).await.unwrap().unwrap();
        assert_eq!(why.kind, kind);
        assert_eq!(why.decisions[0].about, main.milestone.to_string());
        assert!(why.decisions.iter().all(|it| !it.trace.is_empty() && !it.facts.is_empty()));
        let facts = why.decisions.iter().flat_map(|it| &it.facts);
        assert!(facts.clone().all(|it| !it.legal_basis.is_empty() && !it.register.vi.is_empty()));
        assert!(facts.clone().any(|it| it.path == "mother.nationality"));
        assert_eq!(why.worded.is_some(), kind == "message");
        assert_eq!(numbers_in(&serde_json::to_string(&why).unwrap()), [""; 0]);
    }
    let unknown = domain::MilestoneId::of(&["none"]).to_string();
    for id in [unknown.as_str(), "mil_nonsense", "", "x"] {
        assert_eq!(office.app.explain(id, AskAt::default()).await.unwrap(), None);
    }
    let looked = office.app.accesses(office.person(CHAU)).await.unwrap();
    assert!(looked.iter().any(|it| it.by == "operator" && it.purpose == "accountability"));
}

#[tokio::test]
async fn every_decision_comes_out_the_same_until_the_past_is_changed() {
    let office = played().await;
    let replayed = office.app.replay().await.unwrap();
    assert!(replayed.is_faithful(), "{:#?}", replayed.differences);
    assert!(replayed.receipts > 20);
    assert_eq!((replayed.same, replayed.other_pack), (replayed.receipts, 0));

    // Somebody pretends that the certificate was never believed.
    let told = Event::id_of("urn:vn:register:health", "cs-0001");
    let mut tx = office.app.store.begin().await.unwrap();
    let at = "2026-11-02T05:00:00Z".parse().unwrap();
    storage::facts::withdraw_facts_of(&mut tx, told, at).await.unwrap();
    tx.commit().await.unwrap();
    let replayed = office.app.replay().await.unwrap();
    assert!(!replayed.is_faithful());
    assert_eq!(replayed.same + replayed.different, replayed.receipts);
    assert!(!replayed.differences.is_empty());
}

#[tokio::test]
async fn the_picker_offers_the_sample_people_and_nobody_else() {
    let office = played().await;
    let people = office.app.sample_people().await.unwrap();
    assert_eq!(people.len(), 16);
    let chau = people.iter().find(|it| it.subject == office.person(CHAU)).unwrap();
    assert_eq!((chau.name.as_str(), chau.messages), ("Nguyễn Thị Minh Châu", 1));
    assert!(people.iter().all(|it| !it.story.vi.is_empty()));
    let ngan = people.iter().find(|it| it.name == "Bùi Thị Kim Ngân").unwrap();
    assert_eq!(ngan.messages, 0, "she refused");
}
