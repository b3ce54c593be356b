//! How probable a text is after another: the model as a judge of wording.
//!
//! Measured on small models, ranking by log-likelihood is right where writing is not, so
//! this is the part of the model that is relied on.

use crate::text::{Prefix, TextError, TextModel};

/// How probable one continuation is.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// Sum of the natural log-probabilities of its tokens.
    pub log_probability: f64,
    /// How many tokens it has.
    pub tokens: usize,
}

impl Score {
    /// Per token, so that texts of different length can be compared.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a text has few tokens")]
    pub fn mean(&self) -> f64 {
        self.log_probability / self.tokens.max(1) as f64
    }
}

/// Scores each text as the continuation of `prefix`, which is computed only once, earlier.
///
/// The border between prefix and text is a border between tokens: let the prefix end, or the
/// text begin, with a space or a newline. An empty text has probability 1.
pub fn score(model: &TextModel, prefix: &Prefix, texts: &[&str]) -> Result<Vec<Score>, TextError> {
    texts
        .iter()
        .map(|text| {
            let tokens = model.tokenizer().encode(text)?;
            if tokens.is_empty() {
                return Ok(Score { log_probability: 0.0, tokens: 0 });
            }
            let each = model.resume(prefix)?.append_scored(&tokens)?;
            Ok(Score { log_probability: each.iter().sum(), tokens: tokens.len() })
        })
        .collect()
}

/// The perplexity of `text` from the start of a document: lower is more probable.
#[expect(clippy::cast_precision_loss, reason = "a text has few tokens")]
pub fn perplexity(model: &TextModel, text: &str) -> Result<f64, TextError> {
    let tokens = model.tokenizer().encode_start(text)?;
    let (first, rest) = tokens.split_first().ok_or(TextError::Empty)?;
    let mut session = model.session()?;
    session.append(&[*first])?;
    let each = session.append_scored(rest)?;
    Ok((-each.iter().sum::<f64>() / each.len() as f64).exp())
}
