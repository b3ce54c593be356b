//! The same rules over very many people.
//!
//! [`Case`](crate::Case) decides one life event of one subject and says why: it looks facts up by
//! name and writes a receipt. Here nobody asks why. Everything that has a name is settled once,
//! when the rules are bound for three dates ([`Population::new`]): an attribute is a column, a
//! role a place in a list, a condition's variable a column of a role. What is known of a subject
//! is settled once too, while it is loaded: the word that counts on each attribute ([`Row`]).
//! What is left for each person and life event is comparing.
//!
//! Both ways give the same answers; `tests/it/population.rs` holds them to it with random facts
//! under all life events of the real pack.
//!
//! Most life events do not concern most people: where no day of the clock counts and nothing
//! that an event tells is known, nothing has begun, and the rest is not looked at
//! ([`Rule::may_begin`]).

mod bind;
mod columns;
mod decide;
mod many;
mod mask;
mod row;
mod rule;
mod scene;
mod table;

use std::collections::BTreeSet;

use domain::{AsOf, SubjectId, SubjectKind, Told, Value};

use crate::pack::Pack;

use columns::Columns;
pub use decide::{Decided, Finding, Opened};
pub use many::{DecidedAll, OpenedTo};
pub use mask::{Findings, Mask};
pub use row::{Row, Rows};
pub use rule::Rule;
pub use scene::Scene;
pub use table::Table;

/// The rules of a pack, bound for three dates.
#[derive(Debug)]
pub struct Population<'p> {
    pack: &'p Pack,
    as_of: AsOf,
    columns: Columns<'p>,
    rules: Vec<Rule<'p>>,
}

impl<'p> Population<'p> {
    /// Binds all life events of `pack`.
    #[must_use]
    pub fn new(pack: &'p Pack, as_of: AsOf) -> Self {
        let mut columns = Columns::new(pack);
        let events = pack.life_events();
        let rules = events.filter_map(|event| Rule::new(pack, event, &as_of, &mut columns));
        let rules = rules.collect();
        Self { pack, as_of, columns, rules }
    }

    /// The three dates.
    #[must_use]
    pub fn as_of(&self) -> AsOf {
        self.as_of
    }

    /// The pack.
    #[must_use]
    pub fn pack(&self) -> &'p Pack {
        self.pack
    }

    /// All life events, by id.
    #[must_use]
    pub fn rules(&self) -> &[Rule<'p>] {
        &self.rules
    }

    /// The life events that happen to subjects of this kind.
    pub fn rules_of(&self, kind: SubjectKind) -> impl Iterator<Item = &Rule<'p>> {
        self.rules.iter().filter(move |rule| rule.kind() == kind)
    }

    /// The attributes that any rule reads: nothing else need be loaded.
    #[must_use]
    pub fn attributes(&self) -> BTreeSet<&'p str> {
        self.columns.names()
    }

    /// Settles what `told` says of `subject`, as one of this kind. `row` is used again.
    pub fn load<'t>(
        &self,
        row: &mut Row,
        subject: SubjectId,
        kind: SubjectKind,
        told: impl IntoIterator<Item = Told<'t>>,
    ) {
        row.settle(subject, kind, self.columns.of(kind), &self.as_of, told);
    }

    /// The word on an attribute, if any rule reads it.
    #[must_use]
    pub fn value<'r>(&self, row: &'r Row, attribute: &str) -> Option<&'r Value> {
        row.value(self.columns.of(row.kind()).named(attribute)?.0)
    }

    /// Decides every life event that has begun for the subject of `row`.
    pub fn decide<R: Rows + ?Sized>(
        &self,
        row: &Row,
        rows: &R,
        see: &mut dyn FnMut(&Rule<'p>, Decided<'p>),
    ) {
        for rule in self.rules_of(row.kind()).filter(|rule| rule.may_begin(row)) {
            let scene = Scene::new(rule, row, rows);
            if rule.has_begun(&scene) {
                see(rule, rule.decide(&scene));
            }
        }
    }
}
