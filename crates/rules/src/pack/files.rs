//! The files of a pack as texts, wherever they come from.
//!
//! The binary embeds a pack, `cotmoc check PATH` reads a folder, tests write texts inline.
//! All three meet here, so that everything behind works on text alone and stays pure.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::limits::{self, more_than};

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
    /// It holds more than a pack may.
    #[error("`{}`: {message}", path.display())]
    TooMuch {
        /// Where the limit was reached.
        path: PathBuf,
        /// Which limit.
        message: String,
    },
    /// Something that is no file has a file's name.
    #[error("`{}` is not a file", path.display())]
    NotAFile {
        /// Which.
        path: PathBuf,
    },
}

/// What belongs to a pack. Other files in the folder are not read and not hashed.
const ENDINGS: [&str; 4] = ["yaml", "json", "jsonl", "md"];

impl PackFiles {
    /// Every file of a pack below `folder`. Hidden files are left out.
    pub fn read(folder: &Path) -> Result<Self, ReadFilesError> {
        let mut walk = Walk { root: folder, entries: 0, bytes: 0, files: BTreeMap::new() };
        walk.folder(folder, 1)?;
        let files = walk.files;
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

/// A walk through the folders of a pack. Links are followed, since that is how some systems mount
/// files; the limits end those that lead back.
struct Walk<'a> {
    root: &'a Path,
    entries: usize,
    bytes: usize,
    files: BTreeMap<String, String>,
}

impl Walk<'_> {
    /// A folder that lies `depth` deep in the pack.
    fn folder(&mut self, folder: &Path, depth: usize) -> Result<(), ReadFilesError> {
        if depth > limits::FOLDERS {
            return Err(too_much(folder, limits::FOLDERS, "folders in one another"));
        }
        for entry in std::fs::read_dir(folder).map_err(|source| failed(folder, source))? {
            let path = entry.map_err(|source| failed(folder, source))?.path();
            if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
                continue;
            }
            self.entries += 1;
            if self.entries > limits::FILES {
                return Err(too_much(&path, limits::FILES, "files in one pack"));
            }
            if path.is_dir() {
                self.folder(&path, depth + 1)?;
            } else if path
                .extension()
                .and_then(|e| e.to_str())
                .is_some_and(|e| ENDINGS.contains(&e))
            {
                self.file(&path)?;
            }
        }
        Ok(())
    }

    /// A file. Never more of it is read than it may hold, however large it says it is.
    fn file(&mut self, path: &Path) -> Result<(), ReadFilesError> {
        let io = |source| failed(path, source);
        // A pipe would be waited for.
        if !path.metadata().map_err(io)?.is_file() {
            return Err(ReadFilesError::NotAFile { path: path.to_owned() });
        }
        let mut text = String::new();
        let most = u64::try_from(limits::FILE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
        File::open(path).map_err(io)?.take(most).read_to_string(&mut text).map_err(io)?;
        if text.len() > limits::FILE_BYTES {
            return Err(too_much(path, limits::FILE_BYTES, "bytes in one file"));
        }
        self.bytes += text.len();
        if self.bytes > limits::PACK_BYTES {
            return Err(too_much(path, limits::PACK_BYTES, "bytes in all files of the pack"));
        }
        let inside = path.strip_prefix(self.root).unwrap_or(path);
        let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
        self.files.insert(parts.join("/"), text);
        Ok(())
    }
}

fn failed(path: &Path, source: io::Error) -> ReadFilesError {
    ReadFilesError::Io { path: path.to_owned(), source }
}

fn too_much(path: &Path, limit: usize, what: &str) -> ReadFilesError {
    ReadFilesError::TooMuch { path: path.to_owned(), message: more_than(limit, what) }
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
    #[test]
    fn a_folder_that_never_ends_is_refused_with_the_limit() {
        type Fill = fn(&Path);
        let fill: [(&str, Fill); 4] = [
            ("more than 8 folders in one another", |root| {
                std::fs::create_dir_all(root.join("a/b/c/d/e/f/g/h/i")).unwrap();
            }),
            ("more than 5,000 files in one pack", |root| {
                for number in 0..=limits::FILES {
                    File::create(root.join(format!("{number}.txt"))).unwrap();
                }
            }),
            ("more than 2,097,152 bytes in one file", |root| {
                let file = File::create(root.join("holes.yaml")).unwrap();
                file.set_len(1 << 40).unwrap();
            }),
            ("more than 16,777,216 bytes in all files of the pack", |root| {
                for number in 0..9 {
                    let text = "x".repeat(limits::FILE_BYTES);
                    std::fs::write(root.join(format!("{number}.md")), text).unwrap();
                }
            }),
        ];
        for (limit, fill) in fill {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("pack.yaml"), "id: x").unwrap();
            fill(folder.path());
            let error = PackFiles::read(folder.path()).unwrap_err().to_string();
            assert!(error.ends_with(limit), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_back_end_and_what_is_no_file_is_not_opened() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pack.yaml"), "id: x").unwrap();
        for name in ["a", "b", "c"] {
            symlink(".", folder.path().join(name)).unwrap();
        }
        let error = PackFiles::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("more than "), "{error}");

        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pack.yaml"), "id: x").unwrap();
        symlink("/dev/zero", folder.path().join("zero.yaml")).unwrap();
        let error = PackFiles::read(folder.path()).unwrap_err().to_string();
        assert!(error.ends_with("zero.yaml` is not a file"), "{error}");
    }
}
