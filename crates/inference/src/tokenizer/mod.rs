//! The tokenizer of a text model, built from the metadata of its GGUF file alone.
//!
//! candle's helper knows one of the two kinds and gets its pre-tokenisation wrong, so both
//! are made here. [`Tokenizer::encode`] treats its whole input as text: what looks like a
//! control token in it stays text. Control tokens come only from [`Tokenizer::control`].

mod bpe;
mod spm;

use std::collections::HashMap;

use crate::gguf::{Gguf, GgufError};

use bpe::Bpe;
use spm::Spm;

/// Why a tokenizer cannot be built or cannot encode.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// The file's metadata is unusable.
    #[error("model file has no usable vocabulary")]
    File(#[from] GgufError),
    /// The metadata is there but contradicts itself.
    #[error("damaged vocabulary: {0}")]
    Damaged(String),
    /// A kind of tokenizer that is not built here.
    #[error(
        "tokenizer `{0}` is not supported; supported are `llama`, `gpt2` with `smollm` or `qwen2`"
    )]
    Unsupported(String),
    /// The tokenizer library refused a text.
    #[error("text cannot be tokenised")]
    Encode(#[source] tokenizers::Error),
}

/// What a token of the vocabulary stands for (the numbers of the format).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A piece of text.
    Normal,
    /// The token for what nothing else covers.
    Unknown,
    /// Steers the model; never text.
    Control,
    /// Text that is matched before all else, such as runs of newlines.
    User,
    /// Reserved.
    Unused,
    /// One raw byte.
    Byte(u8),
}

/// Text to tokens and back.
#[derive(Debug)]
pub struct Tokenizer {
    vocabulary: Vocabulary,
    encoder: Encoder,
}

#[derive(Debug)]
enum Encoder {
    Spm(Spm),
    Bpe(Box<Bpe>),
}

/// The tokens themselves, by id.
#[derive(Debug)]
struct Vocabulary {
    texts: Vec<String>,
    kinds: Vec<Kind>,
    bos: Option<u32>,
    eos: u32,
    add_bos: bool,
    controls: HashMap<String, u32>,
}

impl Tokenizer {
    /// Builds the tokenizer that the file's metadata describes.
    pub fn from_gguf(file: &Gguf) -> Result<Self, TokenizerError> {
        let vocabulary = Vocabulary::read(file)?;
        let model = file.text("tokenizer.ggml.model")?;
        let pre = file.text("tokenizer.ggml.pre").unwrap_or("default");
        let encoder = match (model, pre) {
            ("llama", _) => Encoder::Spm(Spm::new(
                &vocabulary.texts,
                &vocabulary.kinds,
                file.floats("tokenizer.ggml.scores")?,
                file.flag("tokenizer.ggml.add_space_prefix").unwrap_or(true),
            )?),
            ("gpt2", "smollm" | "qwen2") => Encoder::Bpe(Box::new(Bpe::new(
                &vocabulary.texts,
                file.texts("tokenizer.ggml.merges")?,
                pre,
            )?)),
            _ => return Err(TokenizerError::Unsupported(format!("{model}/{pre}"))),
        };
        Ok(Self { vocabulary, encoder })
    }

    /// The tokens of `text`, without any at its beginning or end.
    ///
    /// The caller normalises to NFC first: the models were trained on it, and decomposed
    /// Vietnamese costs more tokens and reads as other text. Nothing in `text` becomes a
    /// control token.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        match &self.encoder {
            Encoder::Spm(spm) => Ok(spm.encode(text)),
            Encoder::Bpe(bpe) => bpe.encode(text),
        }
    }

    /// The tokens of `text` as the beginning of a document: with the model's mark of the
    /// beginning, where it was trained with one.
    pub fn encode_start(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let mut tokens: Vec<u32> = self.start().into_iter().collect();
        tokens.extend(self.encode(text)?);
        Ok(tokens)
    }

    /// The text of `tokens`; control tokens are left out, broken UTF-8 becomes U+FFFD.
    #[must_use]
    pub fn decode(&self, tokens: &[u32]) -> String {
        let bytes: Vec<u8> = tokens.iter().flat_map(|id| self.bytes(*id)).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The bytes that token `id` stands for: none for control tokens and unknown ids.
    #[must_use]
    pub fn bytes(&self, id: u32) -> Vec<u8> {
        let Some((text, kind)) = self.vocabulary.get(id) else {
            return Vec::new();
        };
        match (kind, &self.encoder) {
            (Kind::Control | Kind::Unknown, _) => Vec::new(),
            (Kind::Byte(byte), _) => vec![byte],
            (Kind::User, Encoder::Bpe(_)) => text.as_bytes().to_vec(),
            (_, Encoder::Spm(_)) => text.replace(spm::SPACE, " ").into_bytes(),
            (_, Encoder::Bpe(bpe)) => bpe.bytes(text),
        }
    }

    /// The control token spelt `name`, such as `<|im_end|>`.
    #[must_use]
    pub fn control(&self, name: &str) -> Option<u32> {
        self.vocabulary.controls.get(name).copied()
    }

    /// The spelling of token `id` if it is a control token.
    #[must_use]
    pub fn control_name(&self, id: u32) -> Option<&str> {
        match self.vocabulary.get(id) {
            Some((text, Kind::Control)) => Some(text),
            _ => None,
        }
    }

    /// What a document begins with, if the model was trained with such a mark.
    #[must_use]
    pub fn start(&self) -> Option<u32> {
        self.vocabulary.bos.filter(|_| self.vocabulary.add_bos)
    }

    /// The token that ends a document or a turn.
    #[must_use]
    pub fn end(&self) -> u32 {
        self.vocabulary.eos
    }

    /// How many tokens there are.
    #[must_use]
    pub fn size(&self) -> usize {
        self.vocabulary.texts.len()
    }
}

impl Vocabulary {
    fn read(file: &Gguf) -> Result<Self, TokenizerError> {
        let texts = file.texts("tokenizer.ggml.tokens")?.to_vec();
        let types = file.ints("tokenizer.ggml.token_type")?;
        if texts.is_empty() || types.len() != texts.len() {
            return Err(TokenizerError::Damaged(format!(
                "{} tokens, {} types",
                texts.len(),
                types.len()
            )));
        }
        let kinds = texts
            .iter()
            .zip(types)
            .map(|(text, code)| kind(text, *code))
            .collect::<Result<Vec<_>, _>>()?;
        let id = |key: &str| -> Result<u32, TokenizerError> {
            let id = file.count(key)?;
            match u32::try_from(id) {
                Ok(id) if (id as usize) < texts.len() => Ok(id),
                _ => Err(TokenizerError::Damaged(format!("`{key}` is {id}"))),
            }
        };
        let bos = if file.has("tokenizer.ggml.bos_token_id") {
            Some(id("tokenizer.ggml.bos_token_id")?)
        } else {
            None
        };
        let eos = id("tokenizer.ggml.eos_token_id")?;
        let controls = (0u32..)
            .zip(&texts)
            .zip(&kinds)
            .filter(|(_, kind)| **kind == Kind::Control)
            .map(|((id, text), _)| (text.clone(), id))
            .collect();
        // What llama.cpp assumes where the file is silent.
        let spm = file.text("tokenizer.ggml.model")? == "llama";
        Ok(Self {
            add_bos: file.flag("tokenizer.ggml.add_bos_token").unwrap_or(spm),
            texts,
            kinds,
            bos,
            eos,
            controls,
        })
    }

    fn get(&self, id: u32) -> Option<(&str, Kind)> {
        let at = id as usize;
        Some((self.texts.get(at)?, *self.kinds.get(at)?))
    }
}

fn kind(text: &str, code: i64) -> Result<Kind, TokenizerError> {
    Ok(match code {
        1 => Kind::Normal,
        2 => Kind::Unknown,
        3 => Kind::Control,
        4 => Kind::User,
        5 => Kind::Unused,
        6 => {
            let byte = text
                .strip_prefix("<0x")
                .and_then(|rest| rest.strip_suffix('>'))
                .and_then(|hex| u8::from_str_radix(hex, 16).ok());
            Kind::Byte(byte.ok_or_else(|| {
                TokenizerError::Damaged(format!("byte token `{text}` is not of the form <0x41>"))
            })?)
        }
        _ => {
            return Err(TokenizerError::Damaged(format!(
                "token `{text}` is of the unknown type {code}"
            )));
        }
    })
}
