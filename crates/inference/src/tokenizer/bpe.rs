//! Byte-level BPE (`gpt2` in GGUF), with the pre-tokenisation of the models that we ship.

use std::collections::HashMap;

use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{PreTokenizerWrapper, SplitDelimiterBehavior};

use super::TokenizerError;

/// Qwen 2 splits so; the same expression as in llama.cpp.
const QWEN2: &str = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

#[derive(Debug)]
pub(super) struct Bpe {
    tokenizer: tokenizers::Tokenizer,
    /// How each byte is spelt in the vocabulary, the other way round.
    byte_of: HashMap<char, u8>,
}

impl Bpe {
    pub(super) fn new(
        texts: &[String],
        merges: &[String],
        pre: &str,
    ) -> Result<Self, TokenizerError> {
        let damaged = |what: String| TokenizerError::Damaged(what);
        let merges = merges
            .iter()
            .map(|merge| match merge.split_once(' ') {
                Some((a, b)) => Ok((a.to_owned(), b.to_owned())),
                None => Err(damaged(format!("merge `{merge}` has one part"))),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let ids: Vocab = texts.iter().cloned().zip(0u32..).collect();
        let model = BPE::builder()
            .vocab_and_merges(ids, merges)
            .build()
            .map_err(|e| damaged(e.to_string()))?;
        // No added tokens: so the library finds no control token in a text.
        let mut tokenizer = tokenizers::Tokenizer::new(model);
        tokenizer.with_pre_tokenizer(Some(pre_tokenizer(pre)?));
        Ok(Self { tokenizer, byte_of: spelling() })
    }

    pub(super) fn encode(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        self.tokenizer
            .encode_fast(text, false)
            .map(|encoding| encoding.get_ids().to_vec())
            .map_err(TokenizerError::Encode)
    }

    pub(super) fn bytes(&self, token: &str) -> Vec<u8> {
        let spelt: Option<Vec<u8>> = token.chars().map(|c| self.byte_of.get(&c).copied()).collect();
        spelt.unwrap_or_else(|| token.as_bytes().to_vec())
    }
}

fn pre_tokenizer(pre: &str) -> Result<PreTokenizerWrapper, TokenizerError> {
    let parts: Vec<PreTokenizerWrapper> = if pre == "qwen2" {
        let split = Split::new(
            SplitPattern::Regex(QWEN2.to_owned()),
            SplitDelimiterBehavior::Isolated,
            false,
        )
        .map_err(TokenizerError::Encode)?;
        vec![split.into(), ByteLevel::new(false, true, false).into()]
    } else {
        vec![Digits::new(true).into(), ByteLevel::new(false, true, true).into()]
    };
    Ok(Sequence::new(parts).into())
}

/// GPT-2's spelling of bytes as printable characters: those that print stand for
/// themselves, the others follow from U+0100 on.
fn spelling() -> HashMap<char, u8> {
    let prints = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut next = 0x100u32;
    let mut out = HashMap::new();
    for byte in 0..=u8::MAX {
        if prints(byte) {
            out.insert(char::from(byte), byte);
        } else if let Some(c) = char::from_u32(next) {
            out.insert(c, byte);
            next += 1;
        }
    }
    out
}
