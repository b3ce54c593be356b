//! Who plays which role in one life event of one subject, with what is known of each.

use std::sync::Arc;

use domain::{SubjectId, SubjectKind, Value};
use jiff::civil::Date;

use super::bind::Place;
use super::row::{Row, Rows};
use super::rule::Rule;

/// Who plays which role, and what is known of them.
pub(super) trait Players {
    /// Who plays a role.
    fn subject(&self, role: usize) -> Option<SubjectId>;

    /// Whether we have heard of whom a fact is about, so that silence may say something.
    fn knows(&self, place: Place) -> bool;

    /// The word on a fact.
    fn value(&self, place: Place) -> Option<&Value>;

    /// The days on which it was told.
    fn times(&self, place: Place) -> Arc<[Date]>;
}

/// The players of one life event of one subject.
#[derive(Debug)]
pub struct Scene<'r> {
    players: Vec<Player<'r>>,
}

/// One role: who plays it, and what is known of them.
#[derive(Debug, Clone, Copy, Default)]
struct Player<'r> {
    subject: Option<SubjectId>,
    row: Option<&'r Row>,
    /// Whether a path was followed that another, not known yet, would come before.
    is_second: bool,
}

impl<'r> Scene<'r> {
    /// Finds who plays which role, as [`Pack::resolve_roles`](crate::Pack::resolve_roles) does.
    #[must_use]
    pub fn new<R: Rows + ?Sized>(rule: &Rule<'_>, row: &'r Row, rows: &'r R) -> Self {
        let mut scene = Self { players: vec![Player::default(); rule.roles().len()] };
        scene.put(
            rule.subject(),
            Player { subject: Some(row.subject()), row: Some(row), is_second: false },
        );
        while let Some((at, subject, is_second)) = scene.next_role(rule) {
            let found = rule.roles().get(at).and_then(|role| {
                // What is known of the subject itself is at hand.
                let own = (row.subject(), row.kind()) == (subject, role.kind);
                if own { Some(row) } else { rows.row(subject, role.kind) }
            });
            scene.put(at, Player { subject: Some(subject), row: found, is_second });
        }
        scene
    }

    fn put(&mut self, role: usize, player: Player<'r>) {
        if let Some(place) = self.players.get_mut(role) {
            *place = player;
        }
    }

    /// One more role that the facts name, the first in order of the roles' names.
    fn next_role(&self, rule: &Rule<'_>) -> Option<(usize, SubjectId, bool)> {
        rule.roles().iter().enumerate().filter(|(at, _)| self.subject(*at).is_none()).find_map(
            |(at, role)| {
                let paths = role.from.iter().enumerate();
                let found = |(path, place): (usize, &Place)| {
                    Some((at, self.value(*place)?.as_subject()?, path > 0))
                };
                paths.into_iter().find_map(found)
            },
        )
    }

    /// Whether nobody plays a role in place of somebody who may still become known.
    pub(super) fn is_sure(&self) -> bool {
        self.players.iter().all(|player| !player.is_second)
    }

    /// What is known of who plays a role.
    pub(super) fn row(&self, role: usize) -> Option<&'r Row> {
        self.players.get(role)?.row
    }

    /// Those who play a role and whose rows were not at hand: with them somebody else may play
    /// it, or nobody more.
    pub fn missing<'v>(
        &'v self,
        rule: &'v Rule<'_>,
    ) -> impl Iterator<Item = (SubjectId, SubjectKind)> + 'v {
        let players = self.players.iter().zip(rule.roles());
        let missing = players.filter(|(player, _)| player.row.is_none());
        missing.filter_map(|(player, role)| Some((player.subject?, role.kind)))
    }
}

impl Players for Scene<'_> {
    fn subject(&self, role: usize) -> Option<SubjectId> {
        self.players.get(role)?.subject
    }

    fn knows(&self, place: Place) -> bool {
        self.row(place.role).is_some()
    }

    fn value(&self, place: Place) -> Option<&Value> {
        self.row(place.role)?.value(place.column)
    }

    fn times(&self, place: Place) -> Arc<[Date]> {
        self.row(place.role).map(|row| row.times(place.column)).unwrap_or_default()
    }
}
