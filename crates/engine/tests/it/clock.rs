//! A clock that is wrong: set back an hour while something happens, and forward a year.

use domain::{Letter, MilestoneState};
use serde_json::{Value, json};

use crate::support::{IN_MEMORY, Office, event, postgres, registers};

const MY: &str = "999300100041";

/// Runs one check on each database.
async fn on_both(check: impl AsyncFn(Office)) {
    for address in [Some(IN_MEMORY.to_owned()), postgres().await].into_iter().flatten() {
        check(Office::in_database("2026-11-10T03:00:00Z", &address).await).await;
    }
}

/// The mother of the sample `cs-0004` lives elsewhere.
fn moved() -> Value {
    let mut moved = registers()
        .into_iter()
        .find(|it| {
            it["type"] == "vn.residence.residence-recorded.v1" && it["data"]["person"]["pin"] == MY
        })
        .unwrap();
    moved["id"] = json!("ct-moved");
    moved["data"]["since"] = json!("2026-11-09");
    moved["data"]["residence"]["detail"] = json!("thôn Khác");
    moved
}

/// The certificate of that birth is taken back.
fn cancelled() -> Value {
    let mut cancelled = event("hcs-0001");
    cancelled["time"] = json!("2026-11-10T09:00:00+07:00");
    cancelled
}

#[tokio::test]
async fn a_clock_that_is_set_back_an_hour_makes_nobody_forget_what_was_told() {
    on_both(async |office| {
        office.told(&registers()).await;
        office.told(&[event("cs-0004")]).await;
        let mother = office.person(MY);
        assert_eq!(office.letters_to(mother).await, [Letter::First]);

        office.moves_to("2026-11-10T02:00:00Z");
        // What is told now is later than what was told before, whatever the clock says.
        office.told(&[moved()]).await;
        let [birth] = office.births().await.try_into().unwrap();
        assert_eq!(birth.state, MilestoneState::Reached);
        assert_eq!(office.letters_to(mother).await, [Letter::First], "nothing is taken back");
        let rebuilt = office.app.rebuild(false).await.unwrap();
        assert!(rebuilt.is_faithful(), "{:#?}", rebuilt.tables);

        office.told(&[cancelled()]).await;
        let [birth] = office.births().await.try_into().unwrap();
        assert_eq!(birth.state, MilestoneState::Withdrawn);
        // The hour comes again; nobody is told again.
        office.moves_to("2026-11-10T03:00:00Z");
        office.told(&[event("cs-0004"), moved(), cancelled()]).await;
        assert_eq!(office.letters_to(mother).await, [Letter::First, Letter::Correction]);
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_is_set_forward_a_year_tells_nobody_twice() {
    on_both(async |office| {
        office.told(&registers()).await;
        office.told(&[event("cs-0004")]).await;
        let mother = office.person(MY);
        office.moves_to("2027-11-10T03:00:00Z");
        office.new_day().await;
        let letters = office.letters_to(mother).await;
        // Its deadline is long past: no reminder of it is sent a year late.
        assert_eq!(letters, [Letter::First], "{letters:?}");
        // And it goes on from there.
        office.told(&[event("hcs-0001")]).await;
        let letters = office.letters_to(mother).await;
        assert_eq!(letters, [Letter::First, Letter::Correction]);
        let rebuilt = office.app.rebuild(false).await.unwrap();
        assert!(rebuilt.is_faithful(), "{:#?}", rebuilt.tables);
    })
    .await;
}
