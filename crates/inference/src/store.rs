//! The folder that holds the models' files, and whether they are what they should be.

use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::manifest::{ModelFile, ModelManifest};

/// The file beside a model that says which of its files were hashed, and when changed.
const STAMP: &str = ".verified";
const BUFFER: usize = 1 << 20;

/// Why the store cannot be looked at.
#[derive(Debug, thiserror::Error)]
#[error("cannot read `{}`", path.display())]
pub struct StoreError {
    path: PathBuf,
    source: std::io::Error,
}

/// A model whose files are not all there and sound.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// One of its files is missing or wrong.
    #[error("model `{model}`: file `{file}` {state}; run `cotmoc models pull {model}`")]
    File {
        /// The model.
        model: String,
        /// Its file.
        file: String,
        /// What is wrong.
        state: State,
    },
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How a file of the store stands to its manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The content is right.
    Ok,
    /// It is not there.
    Missing,
    /// It is there but shorter or longer: a copy that broke off, most likely.
    WrongSize {
        /// What the manifest says.
        expected: u64,
        /// What is there.
        got: u64,
    },
    /// It has the right length and another content.
    WrongHash {
        /// What the manifest says.
        expected: String,
        /// What is there.
        got: String,
    },
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ok => write!(f, "is in order"),
            Self::Missing => write!(f, "is missing"),
            Self::WrongSize { expected, got } => {
                write!(f, "has {got} bytes instead of {expected}")
            }
            Self::WrongHash { expected, got } => {
                write!(f, "has the sha256 {got} instead of {expected}")
            }
        }
    }
}

/// How carefully to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Trust a hash that was taken earlier, if length and time of change are still the same.
    Stamped,
    /// Hash every byte again.
    Full,
}

/// The folder that holds the models' files: `<store>/<model>/<file>`.
#[derive(Debug, Clone)]
pub struct Store {
    dir: PathBuf,
}

impl Store {
    /// The store in `dir`, which need not exist yet.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// Its folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The folder of `model`.
    #[must_use]
    pub fn folder(&self, model: &ModelManifest) -> PathBuf {
        self.dir.join(&model.name)
    }

    /// Where `file` of `model` is or will be.
    #[must_use]
    pub fn path(&self, model: &ModelManifest, file: &ModelFile) -> PathBuf {
        self.folder(model).join(&file.name)
    }

    /// The paths of all files of `model`, if they are there and sound.
    pub fn ready(&self, model: &ModelManifest) -> Result<Vec<PathBuf>, NotReady> {
        for (file, state) in model.files.iter().zip(self.check(model, Check::Stamped)?) {
            if state != State::Ok {
                return Err(NotReady::File {
                    model: model.name.clone(),
                    file: file.name.clone(),
                    state,
                });
            }
        }
        Ok(model.files.iter().map(|file| self.path(model, file)).collect())
    }

    /// The state of each file of `model`, in the manifest's order.
    pub fn check(&self, model: &ModelManifest, how: Check) -> Result<Vec<State>, StoreError> {
        let folder = self.folder(model);
        model.files.iter().map(|file| check_file(&folder, file, how)).collect()
    }
}

fn check_file(folder: &Path, file: &ModelFile, how: Check) -> Result<State, StoreError> {
    let path = folder.join(&file.name);
    let fault = |source| StoreError { path: path.clone(), source };
    let metadata = match std::fs::metadata(&path) {
        Ok(metadata) => metadata,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(State::Missing),
        Err(e) => return Err(fault(e)),
    };
    if metadata.len() != file.bytes {
        return Ok(State::WrongSize { expected: file.bytes, got: metadata.len() });
    }
    let line = stamp_line(file, &metadata);
    if how == Check::Stamped && line.is_some() && line == stamped(folder, &file.name) {
        return Ok(State::Ok);
    }
    let got = hash_file(&path).map_err(fault)?;
    if got != file.sha256 {
        return Ok(State::WrongHash { expected: file.sha256.clone(), got });
    }
    stamp(folder, file);
    Ok(State::Ok)
}

/// Remembers that `file` was hashed and found right. A store that cannot be written to is
/// hashed at each start; nothing else is lost.
pub(crate) fn stamp(folder: &Path, file: &ModelFile) {
    let Some(line) = std::fs::metadata(folder.join(&file.name))
        .ok()
        .and_then(|metadata| stamp_line(file, &metadata))
    else {
        return;
    };
    let old = std::fs::read_to_string(folder.join(STAMP)).unwrap_or_default();
    let mut lines: Vec<&str> =
        old.lines().filter(|line| !line.ends_with(&format!(" {}", file.name))).collect();
    lines.push(&line);
    if let Err(error) = std::fs::write(folder.join(STAMP), lines.join("\n") + "\n") {
        tracing::debug!(%error, "the hash of a model file cannot be remembered");
    }
}

fn stamped(folder: &Path, name: &str) -> Option<String> {
    let stamps = std::fs::read_to_string(folder.join(STAMP)).ok()?;
    let line = stamps.lines().find(|line| line.ends_with(&format!(" {name}")))?;
    Some(line.to_owned())
}

fn stamp_line(file: &ModelFile, metadata: &Metadata) -> Option<String> {
    let changed = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(format!("{} {} {} {}", file.sha256, file.bytes, changed.as_nanos(), file.name))
}

fn hash_file(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = file.read(&mut buffer)?;
        match buffer.get(..count) {
            Some(read) if count > 0 => hasher.update(read),
            _ => return Ok(hex(hasher)),
        }
    }
}

/// The digest in lower-case hexadecimal.
pub(crate) fn hex(hasher: Sha256) -> String {
    use std::fmt::Write;
    hasher.finalize().iter().fold(String::new(), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}
