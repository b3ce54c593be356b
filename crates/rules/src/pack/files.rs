//! The files of a pack as texts, wherever they come from.
//!
//! The binary embeds a pack, `cotmoc check PATH` reads a folder, tests write texts inline.
//! All three meet here, so that everything behind works on text alone and stays pure.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Paths inside the pack, `/` between folders, and the text of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackFiles(BTreeMap<String, String>);

/// A folder that could not be read as a pack.
#[derive(Debug, thiserror::Error)]
pub enum ReadFilesError {
    /// The folder or a file in it cannot be read.
    #[error("cannot read `{}`", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is nothing of a pack in it.
    #[error("`{}` holds no `pack.yaml`: is it the folder of a pack?", path.display())]
    NotAPack {
        /// The folder.
        path: PathBuf,
    },
}

/// What belongs to a pack. Other files in the folder are not read and not hashed.
const ENDINGS: [&str; 4] = ["yaml", "json", "jsonl", "md"];

impl PackFiles {
    /// Every file of a pack below `folder`. Hidden files are left out.
    pub fn read(folder: &Path) -> Result<Self, ReadFilesError> {
        let mut files = BTreeMap::new();
        read_into(folder, folder, &mut files)?;
        if !files.contains_key("pack.yaml") {
            return Err(ReadFilesError::NotAPack { path: folder.to_owned() });
        }
        Ok(Self(files))
    }

    /// The text of `path`.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// All files in order of their path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The files directly in `folder` whose name ends in `ending`, as (path, stem, text).
    pub(crate) fn in_folder<'a>(
        &'a self,
        folder: &'a str,
        ending: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str, &'a str)> {
        self.iter().filter_map(move |(path, text)| {
            let name = path.strip_prefix(folder)?.strip_prefix('/')?;
            let stem = name.strip_suffix(ending)?;
            (!stem.contains('/')).then_some((path, stem, text))
        })
    }

    /// The files of life events, provinces and services: what a day can make wrong.
    pub(crate) fn dated(&self) -> Self {
        let dated = |path: &str| {
            path.ends_with("/life-event.yaml")
                || path.contains("/places/")
                || path.starts_with("services/")
        };
        self.iter().filter(|(path, _)| dated(path)).collect()
    }

    /// sha256 over paths and texts, in hexadecimal: names exactly this pack in receipts.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        for (path, text) in &self.0 {
            // Lengths go in too, so that no two packs read the same to the hash.
            for part in [path, text] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part.as_bytes());
            }
        }
        let digits =
            |byte: &u8| [byte >> 4, byte & 15].map(|half| char::from_digit(half.into(), 16));
        hash.finalize().iter().flat_map(digits).flatten().collect()
    }
}

impl<P: Into<String>, T: Into<String>> FromIterator<(P, T)> for PackFiles {
    fn from_iter<I: IntoIterator<Item = (P, T)>>(files: I) -> Self {
        Self(files.into_iter().map(|(path, text)| (path.into(), text.into())).collect())
    }
}

fn read_into(
    root: &Path,
    folder: &Path,
    files: &mut BTreeMap<String, String>,
) -> Result<(), ReadFilesError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ReadFilesError::Io { path, source }
    };
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if hidden {
            continue;
        }
        if path.is_dir() {
            read_into(root, &path, files)?;
        } else if path.extension().and_then(|e| e.to_str()).is_some_and(|e| ENDINGS.contains(&e)) {
            let text = std::fs::read_to_string(&path).map_err(failed(&path))?;
            let inside = path.strip_prefix(root).unwrap_or(&path);
            let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
            files.insert(parts.join("/"), text);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_reads_like_the_same_texts_and_any_change_changes_the_hash() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("forms")).unwrap();
        std::fs::write(folder.path().join("pack.yaml"), "id: x").unwrap();
        std::fs::write(folder.path().join("forms/A.yaml"), "id: A").unwrap();
        std::fs::write(folder.path().join(".hidden.yaml"), "").unwrap();
        std::fs::write(folder.path().join("notes.txt"), "").unwrap();

        let read = PackFiles::read(folder.path()).unwrap();
        let same: PackFiles =
            [("pack.yaml", "id: x"), ("forms/A.yaml", "id: A")].into_iter().collect();
        assert_eq!(read, same);
        let moved: PackFiles =
            [("pack.yaml", "id: xi"), ("forms/A.yaml", "d: A")].into_iter().collect();
        assert_ne!(read.hash(), moved.hash());
        assert_eq!(read.in_folder("forms", ".yaml").count(), 1);
    }

    #[test]
    fn a_folder_without_a_pack_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let error = PackFiles::read(folder.path()).unwrap_err();
        assert!(error.to_string().ends_with("holds no `pack.yaml`: is it the folder of a pack?"));
        assert!(PackFiles::read(&folder.path().join("missing")).is_err());
    }
}
