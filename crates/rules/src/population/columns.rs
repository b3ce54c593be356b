//! Attributes as columns: by kind of subject, numbered in the order in which rules ask for them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::SubjectKind;

use crate::pack::Pack;
use crate::pack::country::Attribute;

/// The place of an attribute in the rows of one kind of subject.
pub(super) type Column = u16;

/// The number of a kind of event.
pub(super) type Kind = u16;

/// That an event of some kind told something: what begins a life event.
pub(super) type Mark = (Column, Kind);

/// The columns of all kinds.
#[derive(Debug)]
pub(super) struct Columns<'p> {
    pack: &'p Pack,
    kinds: BTreeMap<SubjectKind, Of<'p>>,
    none: Of<'p>,
}

/// The columns of one kind.
#[derive(Debug, Default)]
pub(super) struct Of<'p> {
    by_name: HashMap<&'p str, Column>,
    columns: Vec<About<'p>>,
    /// The kinds of events that may begin something, by number.
    events: HashMap<&'p str, Kind>,
}

/// What is kept of one attribute.
#[derive(Debug)]
pub(super) struct About<'p> {
    /// What the pack says of it.
    pub(super) definition: &'p Attribute,
    /// Whether some condition asks when it was told.
    pub(super) timed: bool,
    /// Whether an event may begin something by telling it.
    pub(super) marks: bool,
}

impl<'p> Columns<'p> {
    pub(super) fn new(pack: &'p Pack) -> Self {
        Self { pack, kinds: BTreeMap::new(), none: Of::default() }
    }

    /// The columns of `kind`.
    pub(super) fn of(&self, kind: SubjectKind) -> &Of<'p> {
        self.kinds.get(&kind).unwrap_or(&self.none)
    }

    /// The column of `attribute`, made where there is none; `None` where the pack does not know
    /// the attribute.
    pub(super) fn column(&mut self, kind: SubjectKind, attribute: &'p str) -> Option<Column> {
        let definition = self.pack.attribute(kind, attribute)?;
        let of = self.kinds.entry(kind).or_default();
        if let Some(column) = of.by_name.get(attribute) {
            return Some(*column);
        }
        let column = Column::try_from(of.columns.len()).ok()?;
        of.columns.push(About { definition, timed: false, marks: false });
        of.by_name.insert(attribute, column);
        Some(column)
    }

    /// What is kept of a column that [`Self::column`] gave.
    pub(super) fn about(&mut self, kind: SubjectKind, column: Column) -> Option<&mut About<'p>> {
        self.kinds.get_mut(&kind)?.columns.get_mut(usize::from(column))
    }

    /// The number of a kind of event that begins something for subjects of `kind`.
    pub(super) fn event(&mut self, kind: SubjectKind, event: &'p str) -> Option<Kind> {
        let of = self.kinds.entry(kind).or_default();
        let next = Kind::try_from(of.events.len()).ok()?;
        Some(*of.events.entry(event).or_insert(next))
    }

    /// The names of all columns.
    pub(super) fn names(&self) -> BTreeSet<&'p str> {
        self.kinds.values().flat_map(|of| of.by_name.keys().copied()).collect()
    }
}

impl<'p> Of<'p> {
    pub(super) fn len(&self) -> usize {
        self.columns.len()
    }

    /// The column of `attribute`, if any rule reads it.
    pub(super) fn named(&self, attribute: &str) -> Option<(Column, &About<'p>)> {
        let column = *self.by_name.get(attribute)?;
        Some((column, self.columns.get(usize::from(column))?))
    }

    /// The number of a kind of event, if any begins something.
    pub(super) fn event(&self, kind: &str) -> Option<Kind> {
        self.events.get(kind).copied()
    }
}
