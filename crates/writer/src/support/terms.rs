//! The terms of a sentence: what each means, and what it does.

/// What a term does in a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Says nothing of its own.
    Nothing,
    /// Says something.
    Word,
    /// Is a value.
    Slot,
    /// Is the reader.
    Reader,
    /// Turns the meaning of what follows.
    Turn,
    /// Turns the meaning of what stands before.
    Behind,
    /// Links what follows to what stands before.
    Link,
}

/// A term as it was read: what it means, and what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) meaning: String,
    pub(super) role: Role,
}

/// A term of a sentence, and how many tokens it is made of.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) term: Term,
    pub(super) tokens: usize,
}

impl Span {
    pub(super) fn of(meaning: &str, role: Role) -> Self {
        Self { term: Term { meaning: meaning.to_owned(), role }, tokens: 1 }
    }
}

/// Wordings that say the same though their words stand in other places: "what you may do is" and
/// "you may".
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Frame(Vec<(String, Vec<Term>)>);

impl Frame {
    /// One more wording, read as `terms`.
    pub(super) fn add(&mut self, way: String, terms: Vec<Term>) {
        self.0.push((way, terms));
    }

    /// Whether one of its wordings is read as `terms`.
    pub(super) fn has(&self, terms: &[Term]) -> bool {
        self.0.iter().any(|(_, known)| known == terms)
    }

    /// How many of `terms`, from the first on, are its longest wording that stands there.
    pub(super) fn begins(&self, terms: &[Term]) -> Option<usize> {
        let fits = self.0.iter().filter(|(_, way)| terms.starts_with(way));
        fits.map(|(_, way)| way.len()).max()
    }

    /// Its wordings.
    pub(super) fn ways(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(text, _)| text.as_str())
    }

    /// Whether it holds who does something: it is a clause, and stands where one begins.
    pub(super) fn is_clause(&self) -> bool {
        self.meaning().iter().any(|term| term.role == Role::Reader)
    }

    /// What it is read as, however it is worded.
    pub(super) fn meaning(&self) -> &[Term] {
        self.0.first().map(|(_, terms)| terms.as_slice()).unwrap_or_default()
    }
}
