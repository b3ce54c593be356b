//! Phrases that a model wrote join letters only by what people decided.

use domain::Language;
use engine::{NotDecided, NotJoining, bank, decide};
use jiff::Timestamp;
use storage::phrases::{self, Decision, Phrase, PhraseAction, PhraseState};
use storage::{Conn, Tx};
use writer::{Home, NotJoined, Vocabulary, phrase_id};

use crate::support::{Office, root};

const BIRTH: &str = "LE-BIRTH";
const NEW: &str = "{address} phải đăng ký khai sinh cho con, theo thủ tục: {service}.";
const LIE: &str = "{address} không cần đăng ký khai sinh cho con, theo thủ tục: {service}.";

fn home(of: &str, point: &str) -> Home {
    Home { of: of.to_owned(), point: point.to_owned(), variant: 0, language: Language::VI }
}

fn vocabularies() -> Vec<Vocabulary> {
    let path = root().join("life-events/vn/support/vi.yaml");
    vec![Vocabulary::parse("vi.yaml", &std::fs::read_to_string(path).unwrap()).unwrap()]
}

async fn put(office: &Office, tx: &mut Tx, home: &Home, text: &str) -> String {
    let saying = office.app.writing.words.saying(home).unwrap();
    let phrase = Phrase {
        id: phrase_id(home, text),
        life_event: home.of.clone(),
        point: home.point.clone(),
        variant: 0,
        language: home.language,
        text: text.to_owned(),
        approved: saying.hash(),
        state: PhraseState::Proved,
        evidence: serde_json::json!([]),
        measures: serde_json::json!({}),
        model: String::new(),
        prompt: String::new(),
        seed: 0,
        created_at: Timestamp::UNIX_EPOCH,
    };
    phrases::put(tx, &phrase).await.unwrap();
    phrase.id
}

async fn says(
    office: &Office,
    conn: &mut Conn,
    (id, at): (&str, i64),
    action: PhraseAction,
    by: &str,
) -> Result<PhraseState, NotDecided> {
    let decision = Decision {
        at: Timestamp::from_second(at).unwrap(),
        by_whom: by.to_owned(),
        action,
        because: "because".to_owned(),
    };
    decide(conn, &office.app.pack, id, &decision).await.map(|it| it.state)
}

/// The phrases at `home` now, and why approved ones are not among them.
async fn said(office: &Office, conn: &mut Conn, home: &Home) -> (Vec<String>, Vec<NotJoining>) {
    let words = office.app.writing.words.clone();
    let bank = bank(conn, &office.app.pack, words, &vocabularies()).await.unwrap();
    let saying = bank.words.saying(home).unwrap();
    let texts = saying.alternatives.iter().map(|it| it.source().to_owned()).collect();
    (texts, bank.left_out.into_iter().map(|(_, why)| why).collect())
}

use PhraseAction::{Approve, Refuse, Retire};

/// What every letter says needs two people; the same person twice is one, however it is typed.
#[tokio::test]
async fn one_person_does_not_do_where_two_are_needed() {
    let office = Office::at("2026-11-02T06:00:00Z").await;
    let mut tx = office.app.store.begin().await.unwrap();
    let home = home("common", "nothing-to-do");
    let text = "Thư đó không còn giá trị. {address} không phải làm theo thư đó.";
    let id = put(&office, &mut tx, &home, text).await;
    let state = says(&office, &mut tx, (&id, 1), Approve, "Trần Lan").await.unwrap();
    assert_eq!(state, PhraseState::Proved);
    assert!(!said(&office, &mut tx, &home).await.0.contains(&text.to_owned()));
    for same in ["Trần Lan", " trần  LAN ", "Tr\u{1ea7}n\u{200b} Lan"] {
        let again = says(&office, &mut tx, (&id, 2), Approve, same).await;
        assert!(matches!(again, Err(NotDecided::Again(_))), "{same:?}: {again:?}");
    }
    let nobody = says(&office, &mut tx, (&id, 3), Approve, " \u{200b} ").await;
    assert!(matches!(nobody, Err(NotDecided::Nobody)), "{nobody:?}");
    let state = says(&office, &mut tx, (&id, 4), Approve, "Lê Minh").await.unwrap();
    assert_eq!(state, PhraseState::Approved);
    assert!(said(&office, &mut tx, &home).await.0.contains(&text.to_owned()));
}

/// A state that somebody wrote into the table does not stand for approvals that nobody gave.
#[tokio::test]
async fn a_state_without_decisions_lets_nothing_join() {
    let office = Office::at("2026-11-02T06:00:00Z").await;
    let mut tx = office.app.store.begin().await.unwrap();
    let home = home(BIRTH, "birth.offer");
    let id = put(&office, &mut tx, &home, NEW).await;
    phrases::move_on(&mut tx, &id, PhraseState::Proved, PhraseState::Approved).await.unwrap();
    let (texts, why) = said(&office, &mut tx, &home).await;
    assert!(!texts.contains(&NEW.to_owned()));
    assert!(matches!(why[..], [NotJoining::Approvals(0, _)]), "{why:?}");
}

/// Approves as many times as the life event needs.
async fn approve(office: &Office, tx: &mut Tx, id: &str) {
    let needed = engine::approvals_needed(&office.app.pack, BIRTH);
    for (at, by) in (0..).zip(["Lan", "Minh"].iter().take(needed)) {
        says(office, tx, (id, at), Approve, by).await.unwrap();
    }
}

/// People who approve a lie do not make it true: the proof is asked again when it would join.
#[tokio::test]
async fn a_lie_that_people_approved_does_not_join() {
    let office = Office::at("2026-11-02T06:00:00Z").await;
    let mut tx = office.app.store.begin().await.unwrap();
    let home = home(BIRTH, "birth.offer");
    let id = put(&office, &mut tx, &home, LIE).await;
    approve(&office, &mut tx, &id).await;
    let (texts, why) = said(&office, &mut tx, &home).await;
    assert!(!texts.contains(&LIE.to_owned()));
    assert!(matches!(why[..], [NotJoining::Words(NotJoined::Unproved(_))]), "{why:?}");
}

#[tokio::test]
async fn what_was_refused_or_retired_never_comes_back() {
    let office = Office::at("2026-11-02T06:00:00Z").await;
    let mut tx = office.app.store.begin().await.unwrap();
    let home = home(BIRTH, "birth.offer");
    let refused = put(&office, &mut tx, &home, LIE).await;
    says(&office, &mut tx, (&refused, 1), Refuse, "Lan").await.unwrap();
    let retired = put(&office, &mut tx, &home, NEW).await;
    approve(&office, &mut tx, &retired).await;
    assert!(said(&office, &mut tx, &home).await.0.contains(&NEW.to_owned()));
    says(&office, &mut tx, (&retired, 9), Retire, "Lan").await.unwrap();
    // Proposed once more, they stay what they are.
    for (text, id, state) in
        [(LIE, &refused, PhraseState::Refused), (NEW, &retired, PhraseState::Retired)]
    {
        assert_eq!(&put(&office, &mut tx, &home, text).await, id);
        assert_eq!(phrases::get(&mut tx, id).await.unwrap().unwrap().state, state);
        for action in [Approve, Refuse, Retire] {
            let error = says(&office, &mut tx, (id, 20), action, "Minh").await;
            assert!(matches!(error, Err(NotDecided::State { .. })), "{error:?}");
        }
    }
    let (texts, why) = said(&office, &mut tx, &home).await;
    assert!(!texts.contains(&NEW.to_owned()) && why.is_empty());
    let gone = says(&office, &mut tx, ("phr_none", 1), Approve, "Lan").await;
    assert!(matches!(gone, Err(NotDecided::Unknown(_))));
}
