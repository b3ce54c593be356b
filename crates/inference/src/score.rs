//! How probable a text is after another: the model as a judge of wording.
//!
//! Measured on small models, ranking by log-likelihood is right where writing is not, so
//! this is the part of the model that is relied on.

use crate::text::{CHUNK, Cache, Prefix, Run, SCORE_ROWS, TextError, TextModel, Work};

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
/// Texts go through the model together.
///
/// The border between prefix and text is a border between tokens: let the prefix end, or the
/// text begin, with a space or a newline. An empty text has probability 1.
pub fn score(model: &TextModel, prefix: &Prefix, texts: &[&str]) -> Result<Vec<Score>, TextError> {
    if !model.owns(&prefix.cache) {
        return Err(TextError::ForeignPrefix);
    }
    let tokens = texts.iter().map(|text| model.tokenizer().encode(text));
    let tokens = tokens.collect::<Result<Vec<_>, _>>()?;
    if prefix.last.is_empty() && tokens.iter().any(|tokens| !tokens.is_empty()) {
        return Err(TextError::Empty);
    }
    let mut out: Vec<Score> = Vec::with_capacity(texts.len());
    let mut work = Work::default();
    let mut rest = tokens.as_slice();
    while !rest.is_empty() {
        let (together, later) = rest.split_at(fitting(rest));
        out.extend(score_together(model, prefix, together, &mut work)?);
        rest = later;
    }
    Ok(out)
}

/// How many of the texts go through the model at once; one at least.
fn fitting(texts: &[Vec<u32>]) -> usize {
    let mut total = 0;
    let fit = texts.iter().take_while(|text| {
        total += text.len();
        total <= CHUNK
    });
    fit.count().max(1)
}

fn score_together(
    model: &TextModel,
    prefix: &Prefix,
    texts: &[Vec<u32>],
    work: &mut Work,
) -> Result<Vec<Score>, TextError> {
    if let [long] = texts
        && long.len() > CHUNK
    {
        let each = model.resume(prefix)?.append_scored(long)?;
        return Ok(vec![Score { log_probability: each.iter().sum(), tokens: each.len() }]);
    }
    let mut caches: Vec<Cache> = texts.iter().map(|_| prefix.cache.fork()).collect();
    let runs = caches.iter_mut().zip(texts).filter(|(_, text)| !text.is_empty());
    let mut runs: Vec<Run<'_>> = runs.map(|(cache, tokens)| Run { cache, tokens }).collect();
    model.forward(&mut runs, work)?;
    // What stands before each token: the prefix before the first of each text, and the row of
    // the token before it before any other.
    let mut places = Vec::new();
    let mut first = 0;
    for (text, tokens) in texts.iter().enumerate() {
        for (at, token) in tokens.iter().enumerate() {
            places.push((text, (at > 0).then(|| first + at - 1), *token));
        }
        first += tokens.len();
    }
    let mut out: Vec<Score> =
        texts.iter().map(|text| Score { log_probability: 0.0, tokens: text.len() }).collect();
    for some in places.chunks(SCORE_ROWS) {
        let row = |row: &Option<usize>| match row {
            Some(row) => model.last_row(work, *row),
            None => prefix.last.clone(),
        };
        let rows: Vec<f32> = some.iter().flat_map(|(_, before, _)| row(before)).collect();
        let logits = model.logits(None, &rows, work);
        for ((text, _, token), logits) in some.iter().zip(logits) {
            if let Some(score) = out.get_mut(*text) {
                score.log_probability += model.chance(logits, *token);
            }
        }
    }
    Ok(out)
}

/// The perplexity of `text` from the start of a document: lower is more probable.
#[expect(clippy::cast_precision_loss, reason = "a text has few tokens")]
pub fn perplexity(model: &TextModel, text: &str) -> Result<f64, TextError> {
    let tokens = model.tokenizer().encode_start(text)?;
    let (first, rest) = tokens.split_first().ok_or(TextError::Empty)?;
    let mut session = model.session();
    session.extend(&[*first])?;
    let each = session.append_scored(rest)?;
    Ok((-each.iter().sum::<f64>() / each.len() as f64).exp())
}
