//! Takes every decision again and compares it bit for bit (invariant 5).
//!
//! A receipt names the rule, the dates and the facts. What is loaded for its dates now must lead
//! to the same rule, the same facts, the same answer and the same trace; where it does not, a
//! fact was changed that must never change, or the rules were changed without a new version.

use std::collections::BTreeSet;

use domain::{Milestone, MilestoneId, Receipt, ReceiptId, SubjectId, SuggestionId};
use storage::{Conn, access_log, milestones, receipts, suggestions};

use super::access;
use crate::known::{Loaded, load_case};
use crate::memory::Memory;
use crate::view::{Difference, Replayed};
use crate::{App, EngineError, Purpose};

/// How many receipts are read at once.
const PAGE: u32 = 200;
/// How many differences are told whole: whoever mends one mends most.
const MOST_DIFFERENCES: usize = 20;

impl App {
    /// Takes the decision of every receipt again. The readings that this takes are logged.
    #[tracing::instrument(name = "engine.replay", skip_all)]
    pub async fn replay(&self) -> Result<Replayed, EngineError> {
        let pack = self.pack.version().to_owned();
        let mut replayed = Replayed { pack, ..Replayed::default() };
        let mut read = BTreeSet::new();
        let mut after = None;
        while let Some(last) = self.replay_page(after, &mut replayed, &mut read).await? {
            after = Some(last);
        }
        let (now, reader) = (self.now(), self.reader("engine", Purpose::Accountability));
        let mut tx = self.store.begin().await?;
        for subject in read {
            access_log::record(&mut tx, &[access(now, subject, "facts", &reader)]).await?;
        }
        tx.commit().await?;
        Ok(replayed)
    }

    /// The receipts after the one given; answers the last of them, or `None` after all of them.
    async fn replay_page(
        &self,
        after: Option<ReceiptId>,
        replayed: &mut Replayed,
        read: &mut BTreeSet<SubjectId>,
    ) -> Result<Option<ReceiptId>, EngineError> {
        let mut conn = self.store.read().await?;
        let page = receipts::page(&mut conn, after, PAGE).await?;
        for receipt in &page {
            replayed.receipts += 1;
            if receipt.pack != self.pack.version() {
                replayed.other_pack += 1;
                continue;
            }
            let again = self.decide_again(&mut conn, receipt, read).await?;
            replayed.count(receipt, again.as_ref());
        }
        Ok(page.last().map(|receipt| receipt.id))
    }

    /// The decision of `receipt` at its own dates; `None` where nothing is decided there.
    async fn decide_again(
        &self,
        conn: &mut Conn,
        receipt: &Receipt,
        read: &mut BTreeSet<SubjectId>,
    ) -> Result<Option<Receipt>, EngineError> {
        let Some((life_event, subject, milestone)) = about(conn, receipt).await? else {
            return Ok(None);
        };
        let Some(life_event) = self.pack.life_event(&life_event) else { return Ok(None) };
        let as_of = receipt.as_of;
        let loaded =
            load_case(conn, &mut Memory::default(), &self.pack, (life_event, subject), as_of)
                .await?;
        read.extend(loaded.roles.values());
        let case = loaded.case(&self.pack, life_event);
        if let Some(tried) = life_event.shadow_named(&receipt.rule) {
            return Ok(Some(case.try_out(tried)));
        }
        let Some(milestone) = milestone else {
            return Ok(Some(case.decide(&|event| Loaded::began(&loaded, event)).receipt));
        };
        let Some(version) = case.version() else { return Ok(None) };
        let proposals = case.suggest(version, &milestone).into_iter();
        Ok(proposals.map(|it| it.receipt).find(|again| again.about == receipt.about))
    }
}

/// What a receipt is about: a life event of a subject, and the milestone where it is about one
/// of its suggestions.
async fn about(
    conn: &mut Conn,
    receipt: &Receipt,
) -> Result<Option<(String, SubjectId, Option<Milestone>)>, EngineError> {
    if let Ok(id) = receipt.about.parse::<MilestoneId>() {
        let milestone = milestones::get(conn, id).await?;
        return Ok(milestone.map(|it| (it.life_event, it.subject, None)));
    }
    if let Ok(id) = receipt.about.parse::<SuggestionId>() {
        let Some(suggestion) = suggestions::get(conn, id).await? else { return Ok(None) };
        let milestone = milestones::get(conn, suggestion.milestone).await?;
        return Ok(milestone.map(|it| (it.life_event.clone(), it.subject, Some(it))));
    }
    // A life event that has no identity yet goes by its name and its subject.
    let named = receipt.about.split_once('/');
    Ok(named.and_then(|(event, subject)| Some((event.to_owned(), subject.parse().ok()?, None))))
}

impl Replayed {
    fn count(&mut self, then: &Receipt, now: Option<&Receipt>) {
        let Some((what, was, is)) = difference(then, now) else {
            self.same += 1;
            return;
        };
        self.different += 1;
        if self.differences.len() < MOST_DIFFERENCES {
            self.differences.push(Difference {
                receipt: then.id,
                about: then.about.clone(),
                what,
                then: was,
                now: is,
            });
        }
    }
}

/// The first part in which two answers differ, with both sides of it.
fn difference(then: &Receipt, now: Option<&Receipt>) -> Option<(&'static str, String, String)> {
    let Some(now) = now else {
        return Some(("decision", then.rule.clone(), "nothing is decided".to_owned()));
    };
    if then == now {
        return None;
    }
    let differ = |what, was: String, is: String| (was != is).then_some((what, was, is));
    let text = |verdict: &domain::Verdict| format!("{verdict:?}");
    let ids = |facts: &[domain::FactId]| {
        facts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    differ("rule", then.rule.clone(), now.rule.clone())
        .or_else(|| differ("verdict", text(&then.verdict), text(&now.verdict)))
        .or_else(|| differ("trace", then.trace.join("; "), now.trace.join("; ")))
        .or_else(|| differ("facts", ids(&then.facts), ids(&now.facts)))
        .or_else(|| differ("decision", format!("{then:?}"), format!("{now:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{AsOf, Verdict};

    fn receipt() -> Receipt {
        let known = "2026-11-23T02:00:00Z".parse().unwrap();
        let day = jiff::civil::date(2026, 11, 23);
        let as_of = AsOf { occurred: day, known, law: day };
        Receipt {
            id: Receipt::id_of("mil_x", "LE-BIRTH@2026-09-01/when", &as_of),
            about: "mil_x".to_owned(),
            rule: "LE-BIRTH@2026-09-01/when".to_owned(),
            pack: "2026.11.0".to_owned(),
            as_of,
            facts: Vec::new(),
            verdict: Verdict::Met,
            trace: vec!["a: true".to_owned()],
        }
    }

    #[test]
    fn the_first_part_that_differs_is_named() {
        let then = receipt();
        let mut replayed = Replayed::default();
        replayed.count(&then, Some(&then));
        replayed.count(&then, Some(&Receipt { verdict: Verdict::Unmet, ..then.clone() }));
        replayed.count(&then, Some(&Receipt { trace: Vec::new(), ..then.clone() }));
        replayed.count(&then, None);
        let what: Vec<_> = replayed.differences.iter().map(|it| it.what).collect();
        assert_eq!(what, ["verdict", "trace", "decision"]);
        assert_eq!((replayed.same, replayed.different, replayed.is_faithful()), (1, 3, false));
    }
}
