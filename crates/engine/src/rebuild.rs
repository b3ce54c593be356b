//! What is derived, made again from the facts and from when they were looked at.
//!
//! Facts keep when we learnt them, so a decision can be taken again as of any moment. What else it
//! takes is which moments those were: each is noted as a turn, in the transaction that stores what
//! came of it. Going through the turns in order, with the clock of each, leads to the same
//! milestones, suggestions, drafts, receipts and due days, byte for byte.
//!
//! Not made again, because they follow from nothing that is stored: templates and messages, which
//! a model words; deliveries, which are what was done; outcomes and refusals, which are what
//! people said.

use std::collections::BTreeMap;

use domain::{Lifecycle as _, MilestoneId, SubjectId, SuggestionId, SuggestionState, Trace};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::rebuild::{self, Compared};
use storage::{Conn, due, suggestions, turns};

use crate::decide::Occasion;
use crate::memory::Memory;
use crate::{App, EngineError};

/// How many turns are read at once.
const PAGE: u32 = 500;

/// What was looked at in one turn. Ids only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "turn", rename_all = "snake_case")]
pub(crate) enum Turn {
    /// Life events of subjects were decided.
    Decide {
        /// Each with its subject.
        of: Vec<(String, SubjectId)>,
    },
    /// The suggestions of a milestone were worked out.
    Suggest {
        /// Which.
        milestone: MilestoneId,
    },
    /// A suggestion was moved by what its recipient did.
    Move {
        /// Which.
        suggestion: SuggestionId,
        /// Where to.
        to: SuggestionState,
    },
    /// The day of subjects came, and waits no more.
    Came {
        /// Each with its life event.
        of: Vec<(String, SubjectId)>,
    },
}

/// What came of making everything again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rebuilt {
    /// The version of the pack that decided now.
    pub pack: String,
    /// Turns that were gone through.
    pub turns: u64,
    /// Turns that another version of the pack decided: with any, nothing can be compared.
    pub other_pack: u64,
    /// What became of each derived table.
    pub tables: BTreeMap<&'static str, Compared>,
    /// Whether the tables are now what came out.
    pub written: bool,
}

impl Rebuilt {
    /// Whether every row that is there came out the same. A draft that came out and is not there
    /// any more went at the end of its retention.
    #[must_use]
    pub fn is_faithful(&self) -> bool {
        self.other_pack == 0
            && self.tables.iter().all(|(table, it)| {
                it.changed == 0 && it.gone == 0 && (it.new == 0 || *table == "drafts")
            })
    }
}

impl App {
    /// Makes all that is derived again and compares it with what is there. Nothing is changed,
    /// unless `write`: then the tables are what came out. Both in one transaction, which holds up
    /// whoever else wants to write.
    #[tracing::instrument(name = "engine.rebuild", skip_all)]
    pub async fn rebuild(&self, write: bool) -> Result<Rebuilt, EngineError> {
        let mut rebuilt = Rebuilt { pack: self.pack.version().to_owned(), ..Rebuilt::default() };
        let mut tx = self.store.begin().await?;
        rebuild::set_aside(&mut tx).await?;
        let mut after = 0;
        loop {
            let page = turns::page(&mut tx, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.number;
            for turn in &page {
                rebuilt.turns += 1;
                if turn.pack == self.pack.version() {
                    self.take_turn(&mut tx, turn).await?;
                } else {
                    rebuilt.other_pack += 1;
                }
            }
        }
        rebuilt.tables = rebuild::compare(&mut tx).await?;
        // What another pack decided cannot be made again: the rows that are there are better.
        if write && rebuilt.other_pack == 0 {
            tx.commit().await?;
            rebuilt.written = true;
        } else {
            tx.rollback().await?;
        }
        Ok(rebuilt)
    }

    async fn take_turn(&self, conn: &mut Conn, turn: &turns::Turn) -> Result<(), EngineError> {
        let occasion = Occasion { trace: &turn.trace, now: turn.at, again: true };
        let mut memory = Memory::default();
        match serde_json::from_value(turn.body.clone()).map_err(EngineError::Work)? {
            Turn::Decide { of } => {
                for (life_event, subject) in of {
                    self.decide(conn, &mut memory, (&life_event, subject), occasion).await?;
                }
            }
            Turn::Suggest { milestone } => {
                self.suggest(conn, &mut memory, milestone, occasion).await?;
            }
            Turn::Move { suggestion, to } => {
                // Of whoever was erased meanwhile there is nothing to move.
                if let Some(held) = suggestions::get(conn, suggestion).await?
                    && held.state.next().contains(&to)
                {
                    suggestions::move_state(conn, suggestion, held.state, to, turn.at).await?;
                }
            }
            Turn::Came { of } => {
                for (life_event, subject) in of {
                    due::clear(conn, subject, &life_event).await?;
                }
            }
        }
        self.enter(conn, memory.ledger, turn.at).await
    }

    /// Notes a turn, in the transaction that stores what came of it.
    pub(crate) async fn note_turn(
        &self,
        conn: &mut Conn,
        turn: &Turn,
        (now, trace): (Timestamp, &Trace),
    ) -> Result<(), EngineError> {
        let body = serde_json::to_value(turn).map_err(EngineError::Work)?;
        turns::record(conn, now, self.pack.version(), &[(trace.clone(), body)]).await?;
        Ok(())
    }
}
