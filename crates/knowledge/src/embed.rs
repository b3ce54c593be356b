//! The face of an embedding model: the index asks for nothing else.
//!
//! It stands here, and not in `inference`, so that the index can be tested with a model of
//! ten lines that gives the same vectors everywhere.

use inference::embed::Embedder;

/// Why a text could not be embedded: whatever the model says.
#[derive(Debug, thiserror::Error)]
#[error("the embedding model failed")]
pub struct EmbedError(#[from] pub Box<dyn std::error::Error + Send + Sync>);

/// Turns texts into vectors whose dot product says how near they are in meaning.
pub trait Embed: Send + Sync {
    /// What tells this model from every other: name and content hash. Vectors of two models
    /// never meet in one index.
    fn model(&self) -> String;

    /// Vectors of texts to be found.
    fn embed_passages(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError>;

    /// Vectors of texts to find them by.
    fn embed_queries(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError>;
}

/// A model loaded in the process.
#[derive(Debug)]
pub struct LoadedModel {
    name: String,
    embedder: Embedder,
}

impl LoadedModel {
    /// `name` and `sha256` are those of the file that `embedder` was loaded from.
    #[must_use]
    pub fn new(name: &str, sha256: &str, embedder: Embedder) -> Self {
        Self { name: format!("{name} {sha256}"), embedder }
    }
}

impl Embed for LoadedModel {
    fn model(&self) -> String {
        self.name.clone()
    }

    fn embed_passages(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.embedder.embed_passages(texts).map_err(|error| EmbedError(error.into()))
    }

    fn embed_queries(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.embedder.embed_queries(texts).map_err(|error| EmbedError(error.into()))
    }
}

/// How many texts are given to a model together. Their vectors do not depend on it, and the
/// model shares so many out well; what a build that is broken off loses is this many at most.
pub(crate) const GROUP: usize = 64;

/// What is wrong with a text's vector.
#[derive(Debug)]
pub(crate) enum NoVector {
    /// The model failed.
    Failed(EmbedError),
    /// It has no direction, or not the size of the others.
    Unusable,
}

/// The vectors of a group of texts, each of length one and of `dimensions` numbers, where that
/// is not 0; or which text has none, and why.
pub(crate) fn group(
    embedder: &dyn Embed,
    texts: &[&str],
    dimensions: usize,
) -> Result<Vec<Vec<f32>>, (usize, NoVector)> {
    let made = match embedder.embed_passages(texts) {
        Ok(made) if made.len() == texts.len() => made,
        // One of them is at fault: by itself it tells which.
        _ if texts.len() > 1 => return one_by_one(embedder, texts, dimensions),
        Ok(_) => return Err((0, NoVector::Unusable)),
        Err(error) => return Err((0, NoVector::Failed(error))),
    };
    let mut wanted = dimensions;
    let mut out = Vec::with_capacity(made.len());
    for (place, vector) in made.into_iter().enumerate() {
        let vector = unit(vector).filter(|it| wanted == 0 || it.len() == wanted);
        let vector = vector.ok_or((place, NoVector::Unusable))?;
        wanted = vector.len();
        out.push(vector);
    }
    Ok(out)
}

fn one_by_one(
    embedder: &dyn Embed,
    texts: &[&str],
    dimensions: usize,
) -> Result<Vec<Vec<f32>>, (usize, NoVector)> {
    let mut out: Vec<Vec<f32>> = Vec::with_capacity(texts.len());
    for (place, text) in texts.iter().enumerate() {
        let size = out.first().map_or(dimensions, Vec::len);
        out.extend(group(embedder, &[text], size).map_err(|(_, why)| (place, why))?);
    }
    Ok(out)
}

/// The vector at length one, or nothing where it has no direction.
pub(crate) fn unit(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if !length.is_normal() {
        return None;
    }
    for x in &mut vector {
        *x /= length;
    }
    Some(vector)
}
