//! Vectors kept on disk by what they are of.
//!
//! A file only ever grows, a group of entries at a time: the SHA-256 of model and text, then the
//! vector. So a build that was broken off has lost one group at most, and a text that came back,
//! or that two sources share, is not embedded again. An entry that was not written whole is cut off. A
//! file of vectors of another size is begun anew.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::ProceduresError;
use crate::embed::{self, Embed, NoVector};
use crate::near::Matrix;

const MAGIC: &[u8; 8] = b"COTMOCV1";
/// Magic and number of dimensions.
const HEAD: usize = 8 + 4;
const KEY: usize = 32;

type Key = [u8; KEY];

fn key(model: &str, text: &str) -> Key {
    Sha256::new().chain_update(model).chain_update([0_u8]).chain_update(text).finalize().into()
}

/// Vectors, and how many of them were made now.
pub(super) struct Made {
    pub(super) vectors: Matrix,
    pub(super) embedded: usize,
}

/// The vectors of `texts` at unit length, in their order.
pub(super) fn of(
    texts: &[String],
    embedder: &dyn Embed,
    path: &Path,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Made, ProceduresError> {
    let failed = |source| ProceduresError::Vectors { path: path.to_owned(), source };
    let model = embedder.model();
    let (mut kept, mut dimensions) = read(path).map_err(failed)?;
    let keys: Vec<Key> = texts.iter().map(|text| key(&model, text)).collect();
    let mut seen: HashSet<&Key> = HashSet::new();
    let new: Vec<(&Key, &String)> = keys
        .iter()
        .zip(texts)
        .filter(|(key, _)| !kept.contains_key(*key) && seen.insert(key))
        .collect();
    let total = texts.len();
    let mut file: Option<File> = None;
    for (done, group) in new.chunks(embed::GROUP).enumerate() {
        progress(total - new.len() + done * embed::GROUP, total);
        let named: Vec<&str> = group.iter().map(|(_, text)| text.as_str()).collect();
        let vectors = embed::group(embedder, &named, 0).map_err(|(place, why)| {
            let text = named.get(place).map(|text| (*text).to_owned()).unwrap_or_default();
            match why {
                NoVector::Failed(source) => ProceduresError::Embed { text, source },
                NoVector::Unusable => ProceduresError::Vector(text),
            }
        })?;
        let size = vectors.first().map_or(0, Vec::len);
        if file.is_none() {
            let whole = (dimensions == size).then_some(kept.len());
            if whole.is_none() {
                kept.clear();
            }
            dimensions = size;
            file = Some(open(path, size, whole).map_err(failed)?);
        }
        let entries = group.iter().zip(&vectors).flat_map(|((key, _), it)| entry(key, it));
        if let Some(file) = &mut file {
            file.write_all(&entries.collect::<Vec<u8>>()).map_err(failed)?;
        }
        kept.extend(group.iter().map(|(key, _)| **key).zip(vectors));
    }
    progress(total, total);
    let mut vectors = Matrix::of(dimensions);
    for (key, text) in keys.iter().zip(texts) {
        let vector = kept.get(key).filter(|vector| vector.len() == dimensions);
        vectors.push(vector.ok_or_else(|| ProceduresError::Vector(text.clone()))?);
    }
    Ok(Made { vectors, embedded: new.len() })
}

/// All vectors that are kept at `path`, in the order of what they are of: none where there is no
/// such file.
pub fn kept_vectors(path: &Path) -> Result<Vec<Vec<f32>>, ProceduresError> {
    let failed = |source| ProceduresError::Vectors { path: path.to_owned(), source };
    let mut kept: Vec<(Key, Vec<f32>)> = read(path).map_err(failed)?.0.into_iter().collect();
    kept.sort_unstable_by_key(|(key, _)| *key);
    Ok(kept.into_iter().map(|(_, vector)| vector).collect())
}

fn entry(key: &Key, vector: &[f32]) -> Vec<u8> {
    key.iter().copied().chain(vector.iter().flat_map(|x| x.to_le_bytes())).collect()
}

/// Opens the file behind its `whole` entries, or begins it anew.
fn open(path: &Path, dimensions: usize, whole: Option<usize>) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    if let Some(whole) = whole {
        let file = OpenOptions::new().append(true).open(path)?;
        file.set_len((HEAD + whole * (KEY + dimensions * 4)) as u64)?;
        return Ok(file);
    }
    let mut file = File::create(path)?;
    file.write_all(MAGIC)?;
    file.write_all(&u32::try_from(dimensions).unwrap_or_default().to_le_bytes())?;
    Ok(file)
}

/// What is kept, and of how many numbers; of none where there is nothing that can be used.
fn read(path: &Path) -> std::io::Result<(HashMap<Key, Vec<f32>>, usize)> {
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(mut file) => file.read_to_end(&mut bytes)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    let nothing = (HashMap::new(), 0);
    let Some((head, entries)) = bytes.split_first_chunk::<HEAD>() else { return Ok(nothing) };
    let Some((magic, size)) = head.split_first_chunk::<8>() else { return Ok(nothing) };
    let size = size.try_into().map_or(0, u32::from_le_bytes) as usize;
    if magic != MAGIC || size == 0 || size > 65_536 {
        return Ok(nothing);
    }
    let each = entries.chunks_exact(KEY + size * 4).filter_map(|entry| {
        let (key, numbers) = entry.split_first_chunk::<KEY>()?;
        let numbers = numbers.chunks_exact(4).filter_map(|c| c.try_into().ok());
        Some((*key, numbers.map(f32::from_le_bytes).collect()))
    });
    Ok((each.collect(), size))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::embed::EmbedError;

    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Embed for Counting {
        fn model(&self) -> String {
            "counting".to_owned()
        }

        fn embed_passages(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
            self.0.fetch_add(texts.len(), Ordering::Relaxed);
            Ok(texts.iter().map(|text| vec![3.0, if text.len() > 1 { 4.0 } else { 1.0 }]).collect())
        }

        fn embed_queries(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
            self.embed_passages(texts)
        }
    }

    #[test]
    fn a_build_goes_on_where_it_was_broken_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/vectors");
        let texts: Vec<String> = ["a", "bbbb", "a"].map(str::to_owned).to_vec();
        let made = |model: &Counting| of(&texts, model, &path, &mut |_, _| ()).unwrap().vectors;
        let first = Counting::default();
        let vectors = made(&first);
        assert_eq!(vectors.row(1).unwrap(), [0.6, 0.8]);
        assert_eq!(first.0.load(Ordering::Relaxed), 2, "the same text is embedded once");

        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
        let second = Counting::default();
        assert_eq!(made(&second), vectors);
        assert_eq!(second.0.load(Ordering::Relaxed), 1, "what was torn is made again");
        assert_eq!(fs::read(&path).unwrap(), bytes);

        fs::write(&path, "something else").unwrap();
        assert_eq!(made(&Counting::default()), vectors);
        assert_eq!(made(&second), vectors);
        assert_eq!(second.0.load(Ordering::Relaxed), 1);
        assert_eq!(kept_vectors(&path).unwrap().len(), 2);
        assert!(kept_vectors(&folder.path().join("none")).unwrap().is_empty());
    }
}
