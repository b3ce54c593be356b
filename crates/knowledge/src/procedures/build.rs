//! An index of procedures, made of a pack's own documents and of what sources tell.
//!
//! One procedure is told once. Where a source tells of one that the pack describes (they have one
//! national code), the pack's words win, and the source adds who handles it and what it is called
//! there. Of two sources the first wins.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use super::abbreviations::Miner;
use super::file::{Head, Searched, Writer};
use super::{Entry, Everyday, ProceduresError, bm25, entry, file, said, vectors};
use crate::corpus::{Document, Kind};
use crate::embed::Embed;
use crate::index::IndexError;
use crate::near::Matrix;
use crate::restore::Learning;
use crate::source::Procedure;

/// How many times more a title counts where marks are given back: what people ask for is named as
/// titles name it, and paragraphs are many times as long.
const TITLES: usize = 10;

/// What became of a procedure that a source told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// It is in the index.
    Taken,
    /// The pack tells of it, in its own words.
    OursWins {
        /// The pack's document.
        id: String,
    },
    /// A source before this one told of it.
    Twin,
}

/// An index of procedures that is being made.
pub struct ProceduresBuild<'a> {
    embedder: &'a dyn Embed,
    writer: Writer,
    ours: BTreeMap<String, Procedure>,
    /// Ids of ours by national code.
    codes: HashMap<String, Vec<String>>,
    told: HashSet<String>,
    titles: Vec<String>,
    cards: Vec<String>,
    entries: Vec<Entry>,
    miner: Miner,
    everyday: Everyday,
    words: bm25::Builder,
    learning: Learning,
}

/// What a build did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProceduresBuilt {
    /// Documents in the index.
    pub documents: usize,
    /// Texts that were embedded now; the others had their vectors.
    pub embedded: usize,
    /// SHA-256 of the index, in hex.
    pub hash: String,
}

/// What an index was made of, as told when it was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeOf {
    /// The model.
    pub model: String,
    /// What whoever built it said of its sources.
    pub sources: String,
}

impl MadeOf {
    /// Reads it from the index at `path`, and looks at nothing else there.
    pub fn read(path: &Path) -> Result<Self, IndexError> {
        let Head { model, made_of } = file::head(path)?;
        Ok(Self { model, sources: made_of })
    }
}

impl<'a> ProceduresBuild<'a> {
    /// Begins an index at `path`, which takes the place of what is there once it is whole.
    /// `made_of` is kept in it: what the sources are, so that a change can be seen.
    pub fn begin(
        own: &[Document],
        embedder: &'a dyn Embed,
        path: &Path,
        made_of: &str,
    ) -> Result<Self, ProceduresError> {
        let head = Head { model: embedder.model(), made_of: made_of.to_owned() };
        let mut codes: HashMap<String, Vec<String>> = HashMap::new();
        for document in own.iter().filter(|it| it.kind == Kind::Procedure) {
            let ids = document.code.iter().map(|code| (code.clone(), document.id.clone()));
            for (code, id) in ids {
                codes.entry(code).or_default().push(id);
            }
        }
        let ours = own.iter().map(|it| (it.id.clone(), Procedure::ours(it))).collect();
        Ok(Self {
            embedder,
            writer: Writer::begin(path, &head)?,
            ours,
            codes,
            told: HashSet::new(),
            titles: Vec::new(),
            cards: Vec::new(),
            entries: Vec::new(),
            miner: Miner::default(),
            everyday: Everyday::default(),
            words: bm25::Builder::default(),
            learning: Learning::default(),
        })
    }

    /// The same with what people say and what it means.
    #[must_use]
    pub fn with_everyday(self, everyday: Everyday) -> Self {
        Self { everyday, ..self }
    }

    /// Takes in what a source tells of one procedure.
    pub fn add(&mut self, procedure: &Procedure) -> Result<Added, ProceduresError> {
        let code = procedure.document.code.clone().unwrap_or_default();
        let ids = self.codes.get(&code).cloned().unwrap_or_default();
        for id in &ids {
            if let Some(ours) = self.ours.get_mut(id) {
                ours.learn_from(procedure.clone());
            }
        }
        if let Some(id) = ids.into_iter().next() {
            return Ok(Added::OursWins { id });
        }
        if !self.told.insert(procedure.document.id.clone()) {
            return Ok(Added::Twin);
        }
        self.write(procedure)?;
        Ok(Added::Taken)
    }

    fn write(&mut self, procedure: &Procedure) -> Result<(), ProceduresError> {
        self.titles.push(procedure.called());
        self.cards.push(procedure.card());
        self.entries.push(entry(procedure));
        self.miner.read(procedure);
        let said = said(procedure);
        self.words.add(&procedure.document.title, &procedure.called(), &said);
        self.learning.read(&said);
        for _ in 0..TITLES {
            self.learning.read(&procedure.document.title);
        }
        Ok(self.writer.record(procedure)?)
    }

    /// Embeds titles and cards and puts the index in its place. Vectors are kept in the file
    /// `vectors` by the text and the model they are of, so that a build that was broken off goes
    /// on where it was; `progress` is told how many texts have theirs, of how many.
    pub fn finish(
        mut self,
        vectors: &Path,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<ProceduresBuilt, ProceduresError> {
        for procedure in std::mem::take(&mut self.ours).into_values() {
            self.write(&procedure)?;
        }
        let documents = self.titles.len();
        if documents == 0 {
            return Err(ProceduresError::Empty);
        }
        let mut texts = std::mem::take(&mut self.titles);
        texts.append(&mut self.cards);
        let made = vectors::of(&texts, self.embedder, vectors, progress)?;
        let (mut titles, mut cards) = (Matrix::default(), Matrix::default());
        for (at, row) in made.vectors.rows().enumerate() {
            if at < documents { titles.push(row) } else { cards.push(row) }
        }
        let searched = Searched {
            entries: self.entries,
            abbreviations: self.miner.learnt(),
            everyday: self.everyday,
            bm25: self.words.build(),
            counts: self.learning.finish(),
            titles,
            cards,
        };
        let hash = self.writer.finish(&searched)?;
        Ok(ProceduresBuilt { documents, embedded: made.embedded, hash })
    }
}
