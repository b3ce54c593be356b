//! How probable the tokens of texts are, one text after the other.

use super::queue::{Current, Queue};
use super::{Reading, Token};
use crate::generate::GenerateError;
use crate::text::TextError;

pub(super) fn read(
    current: &Current,
    reading: &Reading,
    queue: &Queue,
) -> Result<Vec<Vec<Token>>, GenerateError> {
    let model = current.served.guide.model();
    let tokenizer = model.tokenizer();
    let before = tokenizer.encode_start(&reading.before).map_err(TextError::from)?;
    let prefix = current.prefixes.find(model, &before, queue)?;
    let mut out = Vec::with_capacity(reading.texts.len());
    for text in &reading.texts {
        let tokens = tokenizer.encode(text).map_err(TextError::from)?;
        let mut session = match &prefix {
            Some(prefix) => model.resume(prefix)?,
            None => model.session(),
        }
        .on_threads(queue.hands());
        // What nothing stands before has no chance that is known.
        let known = usize::from(session.is_empty()).min(tokens.len());
        let (first, rest) = tokens.split_at(known);
        let mut chances: Vec<Option<f64>> = vec![None; known];
        if known > 0 {
            session.extend(first)?;
        }
        if !rest.is_empty() {
            chances.extend(session.append_scored(rest)?.into_iter().map(Some));
        }
        let read = tokens.iter().zip(chances);
        let read = read
            .map(|(id, log_probability)| Token { bytes: tokenizer.bytes(*id), log_probability });
        out.push(read.collect());
    }
    Ok(out)
}
