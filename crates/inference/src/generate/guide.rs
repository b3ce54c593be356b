//! The grammar engine (llguidance) on a model's vocabulary.
//!
//! llguidance's adapter for the `tokenizers` crate is pinned to an older version of it, so
//! ours stands here; it also lets a SentencePiece model be guided.

use std::sync::Arc;

use llguidance::api::TopLevelGrammar;
use llguidance::{Matcher, ParserFactory};
use toktrie::{ApproximateTokEnv, InferenceCapabilities, TokEnv, TokRxInfo, TokTrie, TokenizerEnv};

use super::GenerateError;
use crate::text::TextModel;
use crate::tokenizer::Tokenizer;

/// What a text may look like.
#[derive(Debug, Clone)]
pub struct Grammar(Source);

/// As it was written.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Lark(String),
    Regex(String),
    Schema(serde_json::Value),
}

impl Grammar {
    /// A grammar in the Lark notation of llguidance, beginning at `start`.
    #[must_use]
    pub fn lark(source: &str) -> Self {
        Self(Source::Lark(source.to_owned()))
    }

    /// A regular expression that the whole text must match.
    #[must_use]
    pub fn regex(source: &str) -> Self {
        Self(Source::Regex(source.to_owned()))
    }

    /// A JSON schema that the text, one JSON value, must satisfy.
    #[must_use]
    pub fn json_schema(schema: serde_json::Value) -> Self {
        Self(Source::Schema(schema))
    }

    pub(crate) fn source(&self) -> &Source {
        &self.0
    }

    /// Whether `text` is one that the grammar describes, whole. No model is needed for it: each
    /// byte counts as a token.
    pub fn admits(&self, text: &str) -> Result<bool, GenerateError> {
        let mut factory = ParserFactory::new_simple(&ApproximateTokEnv::single_byte_env())
            .map_err(|e| GenerateError::Vocabulary(e.to_string()))?;
        factory.quiet();
        let mut matcher = self.matcher(&factory)?;
        let bytes: Vec<u32> = text.bytes().map(u32::from).collect();
        let failed = |error| GenerateError::Guide(format!("{error:#}"));
        let taken = matcher.try_consume_tokens(&bytes).map_err(failed)?;
        Ok(taken == bytes.len() && matcher.is_accepting().map_err(failed)?)
    }

    fn matcher(&self, factory: &ParserFactory) -> Result<Matcher, GenerateError> {
        let grammar = match &self.0 {
            Source::Lark(source) => TopLevelGrammar::from_lark(source.clone()),
            Source::Regex(source) => TopLevelGrammar::from_regex(source),
            Source::Schema(schema) => TopLevelGrammar::from_json_schema(schema.clone()),
        };
        let matcher = Matcher::new(factory.create_parser(grammar));
        match matcher.get_error() {
            Some(error) => Err(GenerateError::Grammar(error)),
            None => Ok(matcher),
        }
    }
}

/// The grammar engine for one model's vocabulary. It takes a second to make and is shared.
pub struct Guide {
    factory: ParserFactory,
    model: Arc<TextModel>,
}

impl std::fmt::Debug for Guide {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guide").finish_non_exhaustive()
    }
}

impl Guide {
    /// Prepares the vocabulary of `model`.
    pub fn new(model: &Arc<TextModel>) -> Result<Self, GenerateError> {
        let environment: TokEnv = Arc::new(Environment::new(model.clone())?);
        let capabilities =
            InferenceCapabilities { ff_tokens: true, ..InferenceCapabilities::default() };
        let mut factory = ParserFactory::new(&environment, capabilities, &[])
            .map_err(|e| GenerateError::Vocabulary(e.to_string()))?;
        // The engine prints to stderr at higher levels.
        factory.quiet();
        Ok(Self { factory, model: model.clone() })
    }

    /// The model whose vocabulary this is.
    #[must_use]
    pub fn model(&self) -> &Arc<TextModel> {
        &self.model
    }

    /// Says whether `grammar` compiles, without generating.
    pub fn check(&self, grammar: &Grammar) -> Result<(), GenerateError> {
        self.matcher(grammar).map(|_| ())
    }

    pub(super) fn matcher(&self, grammar: &Grammar) -> Result<Matcher, GenerateError> {
        grammar.matcher(&self.factory)
    }

    pub(super) fn text(&self, tokens: &[u32]) -> String {
        let bytes = self.factory.tok_env().tok_trie().decode(tokens);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// A model's vocabulary as the grammar engine wants it.
struct Environment {
    trie: TokTrie,
    model: Arc<TextModel>,
}

impl Environment {
    fn new(model: Arc<TextModel>) -> Result<Self, GenerateError> {
        let tokenizer = model.tokenizer();
        let size = u32::try_from(tokenizer.size())
            .map_err(|_| GenerateError::Vocabulary("it is too large".to_owned()))?;
        let words: Vec<Vec<u8>> = (0..size).map(|id| word(tokenizer, id)).collect();
        let mut info = TokRxInfo::new(size, tokenizer.end());
        info.tok_bos = tokenizer.start();
        let trie = TokTrie::from(&info, &words);
        Ok(Self { trie, model })
    }
}

impl TokenizerEnv for Environment {
    fn tok_trie(&self) -> &TokTrie {
        &self.trie
    }

    fn tokenize_bytes(&self, bytes: &[u8]) -> Vec<u32> {
        self.trie.tokenize_with_greedy_fallback(bytes, |text| {
            self.model
                .tokenizer()
                .encode(text)
                .unwrap_or_else(|_| self.trie.greedy_tokenize(text.as_bytes()))
        })
    }
}

/// The bytes of a token. Control tokens are marked, so that no text can match them.
fn word(tokenizer: &Tokenizer, id: u32) -> Vec<u8> {
    match tokenizer.control_name(id) {
        Some(name) => [&[TokTrie::SPECIAL_TOKEN_MARKER], name.as_bytes()].concat(),
        None => tokenizer.bytes(id),
    }
}
