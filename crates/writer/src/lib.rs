#![doc = include_str!("../README.md")]

mod candidates;
mod citation;
mod fingerprint;
mod hygiene;
mod lint;
mod manners;
mod model;
mod phrase;
mod plan;
mod prompt;
mod proof;
mod proved;
mod render;
mod slot;
mod support;
mod template;
mod words;
mod write;

pub use candidates::{candidates, grammar};
pub use citation::{CitationFault, citable, cited_as};
pub use hygiene::Fault;
pub use lint::{LintError, MOST_WORDS};
pub use manners::{Address, Days, Manners};
pub use model::{Ask, Candidate, LETTERS, SHORTLIST, ServedModel, Wording, WordingError, served};
pub use phrase::{Phrase, PhraseError};
pub use plan::{By, COMMON_SLOTS, DraftState, Law, Plan, PlanError, PlanInput, Point};
pub use prompt::{Prompt, PromptError, Prompts};
pub use proof::{Reason, Unproved, prove};
pub use render::{RenderError, To};
pub use slot::{Slot, SlotKind, clean};
pub use support::{
    Carried, Carrier, Ground, Limits, Measures, NotCarried, Support, SupportError, Vocabulary,
    VocabularyError,
};
pub use template::{TemplateError, Writer, approved};
pub use words::{
    Broken, DeadlineKind, DraftKind, Joining, LetterKind, NotJoined, Place, Words, WordsError,
    WordsFault,
};
pub use write::{
    COMMON, Home, NotTaken, Proposals, Proposed, Range, Rephrase, Rephrasings, Saying, Tally,
    ask_id, phrase_id, propose, rephrase_grammar, take,
};
