//! The tree that the parser makes: what was written, with places, macros already expanded.

/// A piece of the text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// One expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expr {
    pub(crate) place: Place,
    /// How many expressions the longest way down passes, this one included.
    pub(crate) height: usize,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(String),
    Bytes(Vec<u8>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Literal(Literal),
    /// A name; a leading dot means that the container is not looked into.
    Ident(String),
    /// `operand.field`; `test` is `has(operand.field)`; `optional` is `operand.?field`.
    Select {
        operand: Box<Expr>,
        field: String,
        test: bool,
        optional: bool,
    },
    /// A function or an operator, which is a function with a name that nobody can write.
    Call {
        target: Option<Box<Expr>>,
        function: String,
        args: Vec<Expr>,
        at: Place,
    },
    List(Vec<Item>),
    Map(Vec<Entry>),
    /// `Name{field: value}`
    Message {
        name: String,
        fields: Vec<(String, Expr)>,
    },
    Fold(Box<Fold>),
}

/// An item of a list; `optional` is `?item`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    pub(crate) value: Expr,
    pub(crate) optional: bool,
}

/// An entry of a map; `optional` is `?key: value`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: Expr,
    pub(crate) value: Expr,
    pub(crate) optional: bool,
}

/// A macro: something done with each item of a list or a map, or a value given a name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fold {
    pub(crate) how: How,
    pub(crate) range: Expr,
    /// The name of the place in the list or the key in the map, where two names were given.
    pub(crate) key: Option<String>,
    /// The name of the item (of a map: the key, where one name was given).
    pub(crate) item: String,
    /// Which items count.
    pub(crate) only: Option<Expr>,
    pub(crate) body: Expr,
}

/// What a macro makes of its items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
    TransformMap,
    TransformMapEntry,
    /// `cel.bind(item, range, body)`
    Bind,
    OptMap,
    OptFlatMap,
}

impl How {
    /// The name as written. `two` is whether two names were given.
    pub(crate) fn name(self, two: bool) -> &'static str {
        match (self, two) {
            (Self::All, _) => "all",
            (Self::Exists, _) => "exists",
            (Self::ExistsOne, false) => "exists_one",
            (Self::ExistsOne, true) => "existsOne",
            (Self::Map, false) => "map",
            (Self::Map, true) => "transformList",
            (Self::Filter, _) => "filter",
            (Self::TransformMap, _) => "transformMap",
            (Self::TransformMapEntry, _) => "transformMapEntry",
            (Self::Bind, _) => "bind",
            (Self::OptMap, _) => "optMap",
            (Self::OptFlatMap, _) => "optFlatMap",
        }
    }
}

/// The functions behind operators.
pub(crate) mod operator {
    pub(crate) const AND: &str = "_&&_";
    pub(crate) const OR: &str = "_||_";
    pub(crate) const NOT: &str = "!_";
    pub(crate) const NEGATE: &str = "-_";
    pub(crate) const CHOOSE: &str = "_?_:_";
    pub(crate) const EQUAL: &str = "_==_";
    pub(crate) const NOT_EQUAL: &str = "_!=_";
    pub(crate) const LESS: &str = "_<_";
    pub(crate) const LESS_OR_EQUAL: &str = "_<=_";
    pub(crate) const GREATER: &str = "_>_";
    pub(crate) const GREATER_OR_EQUAL: &str = "_>=_";
    pub(crate) const ADD: &str = "_+_";
    pub(crate) const SUBTRACT: &str = "_-_";
    pub(crate) const MULTIPLY: &str = "_*_";
    pub(crate) const DIVIDE: &str = "_/_";
    pub(crate) const REMAINDER: &str = "_%_";
    pub(crate) const IN: &str = "@in";
    pub(crate) const INDEX: &str = "_[_]";
    pub(crate) const OPTIONAL_INDEX: &str = "_[?_]";
}

impl Expr {
    /// The dotted name that this is, where it is nothing but names and dots.
    pub(crate) fn path(&self) -> Option<String> {
        match &self.kind {
            Kind::Ident(name) => Some(name.clone()),
            Kind::Select { operand, field, test: false, optional: false } => {
                operand.path().map(|head| format!("{head}.{field}"))
            }
            _ => None,
        }
    }

    /// The children in order of writing.
    pub(crate) fn children(&self) -> Vec<&Self> {
        match &self.kind {
            Kind::Literal(_) | Kind::Ident(_) => Vec::new(),
            Kind::Select { operand, .. } => vec![operand],
            Kind::Call { target, args, .. } => {
                target.iter().map(|target| &**target).chain(args).collect()
            }
            Kind::List(items) => items.iter().map(|item| &item.value).collect(),
            Kind::Map(entries) => entries.iter().flat_map(|e| [&e.key, &e.value]).collect(),
            Kind::Message { fields, .. } => fields.iter().map(|(_, value)| value).collect(),
            Kind::Fold(fold) => {
                let range = std::iter::once(&fold.range);
                range.chain(fold.only.as_ref()).chain([&fold.body]).collect()
            }
        }
    }
}
