//! What is derived comes out of the facts again, byte for byte; what is erased does not.

use std::collections::BTreeMap;

use domain::{MilestoneState, OutcomeKind, SuggestionState};
use storage::{facts, inbox, milestones, rebuild, suggestions};

use crate::support::Office;

async fn digests(office: &Office) -> BTreeMap<&'static str, String> {
    let mut conn = office.app.store.read().await.unwrap();
    rebuild::digests(&mut conn).await.unwrap()
}

/// The whole timeline of the samples: a year of events, late, withdrawn and corrected ones among
/// them, with the daily clock between.
async fn a_year() -> Office {
    let office = Office::at("2025-01-01T00:00:00Z").await;
    let timetable = "5 0 * * *".parse().unwrap();
    engine::sandbox::play(&office.app, &office.clock, &timetable, |_| {}).await.unwrap();
    office
}

#[tokio::test]
async fn a_year_of_the_samples_is_made_again_to_the_same_bytes() {
    let office = a_year().await;
    // What people did moves suggestions, and must move them again.
    let (person, suggestion) = {
        let mut conn = office.app.store.read().await.unwrap();
        let page = milestones::page(&mut conn, None, 500).await.unwrap();
        let mut open = None;
        for milestone in page {
            let all = suggestions::of_milestone(&mut conn, milestone.id).await.unwrap();
            let first = all.into_iter().find(|it| it.state == SuggestionState::Open);
            open = open.or(first.map(|it| (it.recipient, it.id)));
        }
        open.unwrap()
    };
    office.app.record_outcome(person, suggestion, OutcomeKind::NotForMe).await.unwrap();

    let before = digests(&office).await;
    let rebuilt = office.app.rebuild(false).await.unwrap();
    assert!(rebuilt.is_faithful(), "{:#?}", rebuilt.tables);
    for table in ["milestones", "suggestions", "drafts", "receipts", "due"] {
        let found = &rebuilt.tables[table];
        assert!(
            found.rows > 10 && found.same == found.rows && found.new == 0,
            "{table}: {found:?}"
        );
    }
    assert_eq!((rebuilt.written, rebuilt.other_pack), (false, 0));
    assert_eq!(digests(&office).await, before, "comparing changes nothing");

    // Written, everything that refers to what was made again finds it.
    assert!(office.app.rebuild(true).await.unwrap().written);
    assert_eq!(digests(&office).await, before);
}

#[tokio::test]
async fn what_was_damaged_is_found_and_mended() {
    let office = a_year().await;
    let before = digests(&office).await;
    let mut tx = office.app.store.begin().await.unwrap();
    let page = milestones::page(&mut tx, None, 500).await.unwrap();
    let reached = page.iter().find(|it| it.state == MilestoneState::Reached).unwrap();
    let (from, to) = (MilestoneState::Reached, MilestoneState::Closed);
    milestones::move_state(&mut tx, reached.id, from, to, office.app.clock.now()).await.unwrap();
    tx.commit().await.unwrap();

    let rebuilt = office.app.rebuild(false).await.unwrap();
    assert!(!rebuilt.is_faithful());
    assert_eq!(rebuilt.tables["milestones"].changed, 1);
    assert_eq!(rebuilt.tables["milestones"].named, [reached.id.to_string()]);
    office.app.rebuild(true).await.unwrap();
    assert_eq!(digests(&office).await, before);
}

#[tokio::test]
async fn an_erased_person_is_gone_and_the_rest_goes_on() {
    let office = a_year().await;
    let people = office.app.sample_people().await.unwrap();
    let told = people.iter().find(|person| person.messages > 0).unwrap();
    let erased = office.app.erase(told.subject, "a test").await.unwrap().unwrap();
    assert!(erased.proof.removed["facts"] > 0 && !erased.proof.leaves.is_empty(), "{erased:?}");
    assert!(!erased.legal_basis.is_empty());
    let mut conn = office.app.store.read().await.unwrap();
    let known = facts::facts_of(&mut conn, &[told.subject]).await.unwrap();
    assert_eq!(known.iter().count(), 0);
    assert_eq!(inbox::inbox(&mut conn, told.subject, 9).await.unwrap(), []);
    drop(conn);
    assert!(office.app.verify_log().await.unwrap().is_whole());
    // What was to be done about them ends quietly, and everybody else is still told.
    office.works().await;
    for person in office.app.sample_people().await.unwrap() {
        for item in office.app.inbox(person.subject).await.unwrap() {
            office.app.message_page(person.subject, item.message).await.unwrap();
        }
    }
    assert_eq!(
        office.app.erase(domain::SubjectId::of(&["nobody here"]), "a test").await.unwrap(),
        None
    );
}
