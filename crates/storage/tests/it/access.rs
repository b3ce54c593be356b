//! Keys, sessions, the log of reads.

use domain::VN;
use jiff::civil::date;
use jiff::tz::TimeZone;
use storage::Store;
use storage::access_log::{self, Access, DayOfReads};
use storage::portal_keys::{self, PortalKey};
use storage::sessions;

use crate::both::on_both;
use crate::fixtures::{a_birth, at, child, later, mother, noon};

on_both! {
    a_key_opens_until_it_is_revoked,
    a_session_lasts_until_it_expires_or_is_closed,
    a_person_sees_who_read_their_data_and_on_which_day,
}

async fn a_key_opens_until_it_is_revoked(store: Store) {
    let mut tx = store.begin().await.unwrap();
    let key = PortalKey {
        id: "key_1".to_owned(),
        name: "Cổng dịch vụ công".to_owned(),
        scopes: vec!["events:write".to_owned()],
        created_at: noon(),
        revoked_at: None,
    };
    assert!(portal_keys::add(&mut tx, &key, &[7; 32]).await.unwrap());
    assert!(!portal_keys::add(&mut tx, &key, &[8; 32]).await.unwrap());
    let twin = PortalKey { id: "key_2".to_owned(), ..key.clone() };
    assert!(!portal_keys::add(&mut tx, &twin, &[7; 32]).await.unwrap());
    assert_eq!(portal_keys::by_hash(&mut tx, &[7; 32]).await.unwrap(), Some(key.clone()));
    assert_eq!(portal_keys::by_hash(&mut tx, &[8; 32]).await.unwrap(), None);

    assert!(portal_keys::revoke(&mut tx, "key_1", later(1)).await.unwrap());
    assert!(!portal_keys::revoke(&mut tx, "key_1", later(2)).await.unwrap());
    assert_eq!(portal_keys::by_hash(&mut tx, &[7; 32]).await.unwrap(), None);
    let revoked = PortalKey { revoked_at: Some(later(1)), ..key };
    assert_eq!(portal_keys::list(&mut tx).await.unwrap(), [revoked]);
}

async fn a_session_lasts_until_it_expires_or_is_closed(store: Store) {
    let mut tx = store.begin().await.unwrap();
    a_birth(&mut tx).await;
    sessions::open(&mut tx, &[1; 32], mother(), noon(), later(60)).await.unwrap();
    assert_eq!(sessions::find(&mut tx, &[1; 32], later(59)).await.unwrap(), Some(mother()));
    assert_eq!(sessions::find(&mut tx, &[1; 32], later(60)).await.unwrap(), None);
    assert_eq!(sessions::find(&mut tx, &[2; 32], noon()).await.unwrap(), None);
    assert!(sessions::close(&mut tx, &[1; 32]).await.unwrap());
    assert!(!sessions::close(&mut tx, &[1; 32]).await.unwrap());
    assert_eq!(sessions::find(&mut tx, &[1; 32], noon()).await.unwrap(), None);
}

async fn a_person_sees_who_read_their_data_and_on_which_day(store: Store) {
    let mut tx = store.begin().await.unwrap();
    // 17:30 in UTC is already the next day in Viet Nam.
    let evening = at("2026-11-03T17:30:00Z");
    let read = |at, subject| Access {
        at,
        subject,
        reader: "key_1".to_owned(),
        what: "draft".to_owned(),
        purpose: "LE-BIRTH".to_owned(),
        legal_basis: "Điều 16".to_owned(),
    };
    for access in [
        read(noon(), mother()),
        read(noon(), mother()),
        read(later(1), mother()),
        read(evening, mother()),
        read(noon(), child()),
    ] {
        access_log::record(&mut tx, &[access]).await.unwrap();
    }
    let since = noon();
    let found = access_log::of_subject(&mut tx, mother(), since, 9).await.unwrap();
    assert_eq!(found, [read(evening, mother()), read(later(1), mother()), read(noon(), mother())]);

    let zone = TimeZone::get(VN).unwrap();
    let days = access_log::calendar(&mut tx, mother(), since, &zone).await.unwrap();
    let day = |day, reads| DayOfReads {
        day,
        reader: "key_1".to_owned(),
        purpose: "LE-BIRTH".to_owned(),
        reads,
    };
    assert_eq!(days, [day(date(2026, 11, 4), 1), day(date(2026, 11, 3), 2)]);
}

/// A reading of a draft.
pub(crate) fn reading(subject: domain::SubjectId, at: jiff::Timestamp) -> Access {
    Access {
        at,
        subject,
        reader: "key_1".to_owned(),
        what: "draft".to_owned(),
        purpose: "LE-BIRTH".to_owned(),
        legal_basis: "Điều 16".to_owned(),
    }
}
