//! Who is told what, and who must not be.

use domain::{DeliveryState, FieldState, Letter, MilestoneState, RefusalScope, Suppression};

use crate::support::{Office, event, registers};

const CHAU: &str = "999196100011";
const RUONG: &str = "999198100031";
const MY: &str = "999300100041";
const HOA: &str = "999193100051";

#[tokio::test]
async fn a_birth_leads_to_one_message_however_often_it_is_told() {
    let office = Office::at("2026-11-02T06:00:00Z").await;
    office.told(&registers()).await;
    for _ in 0..3 {
        office.told(&[event("cs-0001")]).await;
    }
    let mother = office.person(CHAU);
    let sent = office.sent().await;
    let hers: Vec<_> = sent.iter().filter(|message| message.recipient == mother).collect();
    assert_eq!(hers.len(), 1);
    assert!(hers[0].proved && hers[0].text.contains("Nguyễn Thị Minh Châu"));
    // Sixty days from 2 November 2026: 1 January is a day off and a weekend follows it.
    let suggestions = office.suggestions().await;
    let main = suggestions.iter().find(|it| it.main && it.recipient == mother).unwrap();
    assert_eq!(main.service, "3.000722");
    let deadline = main.deadline.as_ref().unwrap();
    assert_eq!(
        (deadline.on.to_string(), deadline.safe.to_string()),
        ("2027-01-04".into(), "2026-12-31".into())
    );
}

#[tokio::test]
async fn a_draft_says_where_each_value_comes_from() {
    let office = Office::at("2026-11-02T06:00:00Z").await;
    office.told(&registers()).await;
    office.told(&[event("cs-0001")]).await;
    let suggestions = office.suggestions().await;
    let main =
        suggestions.iter().find(|it| it.main && it.recipient == office.person(CHAU)).unwrap();
    let mut conn = office.app.store.read().await.unwrap();
    let draft = storage::drafts::of_suggestion(&mut conn, main.id).await.unwrap().unwrap();
    let field = |key: &str| &draft.fields.iter().find(|field| field.key == key).unwrap().state;
    let FieldState::Filled { value, provenance } = field("f_name") else { panic!("no father") };
    assert_eq!(
        (value.to_string().as_str(), provenance[0].register.as_str()),
        ("Trần Quốc Bảo", "NPD")
    );
    assert!(provenance.iter().all(|it| !it.legal_basis.is_empty()));
    // A name is for the parents to give, whatever the hospital heard.
    assert_eq!(field("c_name"), &FieldState::Missing);
}

#[tokio::test]
async fn nobody_is_told_while_the_mother_is_known_to_have_died() {
    let office = Office::at("2026-11-05T03:00:00Z").await;
    office.told(&registers()).await;
    // Both orders: the death is known first, or arrives with the certificate.
    office.told(&[event("cs-0005"), event("kt-0001")]).await;
    let mother = office.person(HOA);
    assert!(office.sent().await.iter().all(|message| message.recipient != mother));
    assert!(office.open().await.iter().all(|(_, recipient)| *recipient != mother));
    let standing = office.standing().await;
    assert!(
        standing.iter().any(|it| it.roles.values().any(|who| *who == mother)),
        "kept for an officer"
    );
}

#[tokio::test]
async fn a_death_after_the_message_was_worded_stops_its_delivery() {
    let office = Office::at("2026-11-05T03:00:00Z").await;
    office.told(&registers()).await;
    office.takes(&[event("cs-0005")]).await;
    // The death is stored while the message waits: what was worded is held back at the claim.
    let mother = office.person(HOA);
    assert!(office.works_until_worded(mother).await, "a message waits");
    office.told(&[event("kt-0001")]).await;
    let mut letters = office.letters().await;
    letters.retain(|(message, _)| message.recipient == mother);
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].1.state, DeliveryState::Suppressed);
    assert_eq!(letters[0].1.suppressed, Some(Suppression::RecipientDeceased));
}

#[tokio::test]
async fn who_refused_is_not_written_to_and_one_who_allows_again_hears_of_the_next_birth() {
    let office = Office::at("2026-11-02T06:00:00Z").await;
    office.told(&registers()).await;
    let mother = office.person(CHAU);
    office.app.refuse(mother, RefusalScope::LifeEvent("LE-BIRTH".into())).await.unwrap();
    office.told(&[event("cs-0001")]).await;
    assert!(office.sent().await.iter().all(|message| message.recipient != mother));
    let letters = office.letters().await;
    let hers = letters.iter().find(|(message, _)| message.recipient == mother).unwrap();
    assert_eq!(hers.1.suppressed, Some(Suppression::Refused));
    // Nothing else is lost: the suggestion and its draft are there when she looks for them.
    assert!(office.open().await.iter().any(|(_, recipient)| *recipient == mother));
}

#[tokio::test]
async fn a_cancelled_certificate_takes_back_what_rested_on_it() {
    let office = Office::at("2026-11-10T03:00:00Z").await;
    office.told(&registers()).await;
    office.told(&[event("cs-0004")]).await;
    let mother = office.person(MY);
    assert_eq!(office.sent_to(mother).await.len(), 1);
    office.moves_to("2026-11-11T02:00:00Z");
    office.told(&[event("hcs-0001")]).await;
    assert_eq!(office.births().await[0].state, MilestoneState::Withdrawn);
    assert!(office.births().await[0].roles.values().any(|who| *who == mother), "still about her");
    assert!(office.open().await.iter().all(|(_, recipient)| *recipient != mother));
    let letters = office.letters_to(mother).await;
    assert_eq!(
        letters,
        [Letter::First, Letter::Correction],
        "and she is told that it holds no more"
    );
}

#[tokio::test]
async fn a_certificate_that_was_cancelled_before_it_came_leads_to_nothing() {
    let office = Office::at("2026-11-12T03:00:00Z").await;
    office.told(&registers()).await;
    office.told(&[event("hcs-0002"), event("cs-0006")]).await;
    assert_eq!(office.births().await, []);
}

#[tokio::test]
async fn a_birth_moves_to_the_new_procedure_on_its_day_without_a_second_message() {
    let office = Office::at("2026-08-30T02:00:00Z").await;
    office.told(&registers()).await;
    office.new_day().await;
    office.told(&[event("cs-0003")]).await;
    let mother = office.person(RUONG);
    assert_eq!(office.certain(mother).await, ["2.002621"]);
    office.moves_to("2026-08-31T18:00:00Z");
    office.new_day().await;
    assert_eq!(office.certain(mother).await, ["3.000722"]);
    assert_eq!(office.sent_to(mother).await.len(), 1);
    // Registered on 10 September: nothing is left to do.
    office.moves_to("2026-09-10T09:00:00Z");
    office.told(&[event("ks-0001")]).await;
    assert_eq!(office.certain(mother).await, [""; 0]);
    assert_eq!(office.sent_to(mother).await.len(), 1);
}

#[tokio::test]
async fn the_clock_alone_brings_a_child_to_school() {
    let office = Office::at("2025-12-20T03:00:00Z").await;
    office.told(&registers()).await;
    office.new_day().await;
    let school =
        |all: &[domain::Milestone]| all.iter().filter(|it| it.life_event == "LE-GRADE1").count();
    assert_eq!(school(&office.milestones().await), 0);
    office.moves_to("2025-12-31T16:00:00Z");
    office.new_day().await;
    assert_eq!(school(&office.milestones().await), 0, "one hour before the year begins in Hà Nội");
    office.moves_to("2025-12-31T18:00:00Z");
    office.new_day().await;
    assert_eq!(school(&office.standing().await), 2);
    let again = office.sent().await.len();
    office.moves_to("2026-01-01T18:00:00Z");
    office.new_day().await;
    assert_eq!(office.sent().await.len(), again);
}
