//! The master keys that wrap the keys of people: from a file of their own, or from a program that
//! asks a key-management service for them.
//!
//! Both give the same text: a key a line, 64 hex digits, the one that wraps first. They never lie
//! in the configuration, the environment, a log or an error.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use storage::vault::{Chance, DRAWN, MASTER, MasterKey, MasterKeys, Ring, Vault, VaultError};
use zeroize::Zeroizing;

use super::{SecretError, refuse_if_open};
use crate::chance;
use crate::config::Secrets;

/// What a file or a program gives when it is not what it should be.
#[derive(Debug, thiserror::Error)]
enum RingError {
    #[error("line {line} of the master keys is not 64 hex digits")]
    Line { line: usize },
    #[error("there is no master key")]
    Empty,
    #[error("`{program}`, which should print the master keys, could not be started")]
    Start { program: String, source: std::io::Error },
    #[error("`{program}`, which should print the master keys, ended with {status}")]
    Failed { program: String, status: std::process::ExitStatus },
}

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// The vault that the settings name. A file that is missing is made, with one key in it.
pub fn vault(settings: &Secrets) -> Result<Vault, VaultError> {
    let draw: Chance = || Ok(chance::bytes::<DRAWN>()?);
    match &settings.master_keys_command {
        Some(line) => Vault::open(Program(line.clone()), draw),
        None => Vault::open(KeysFile(settings.master_keys_file.clone()), draw),
    }
}

/// The options of a database that nobody keeps, with a master key that is forgotten with it.
pub fn throwaway() -> anyhow::Result<storage::Options> {
    let key = Zeroizing::new(chance::bytes::<MASTER>()?);
    let ring = Ring::new(vec![MasterKey::new(&key)]).ok_or(RingError::Empty)?;
    let draw: Chance = || Ok(chance::bytes::<DRAWN>()?);
    Ok(storage::Options { vault: Some(Vault::open(ring, draw)?), ..storage::Options::default() })
}

/// A file with a key a line.
struct KeysFile(PathBuf);

impl MasterKeys for KeysFile {
    fn load(&self) -> Result<Ring, Fault> {
        let path = &self.0;
        if !path.exists() {
            super::make(path)?;
        }
        refuse_if_open(path)?;
        let text = read(path)?;
        Ok(ring(&text)?)
    }
}

pub(super) fn read(path: &Path) -> Result<Zeroizing<String>, SecretError> {
    let text = std::fs::read_to_string(path);
    text.map(Zeroizing::new).map_err(|source| SecretError::Read { path: path.to_owned(), source })
}

/// A program with its arguments, split at blanks and not read by a shell.
struct Program(String);

impl MasterKeys for Program {
    fn load(&self) -> Result<Ring, Fault> {
        let mut words = self.0.split_whitespace();
        let program = words.next().unwrap_or_default().to_owned();
        let run = Command::new(&program).args(words).stdin(Stdio::null()).output();
        let run = run.map_err(|source| RingError::Start { program: program.clone(), source })?;
        let stdout = Zeroizing::new(run.stdout);
        if !run.status.success() {
            return Err(RingError::Failed { program, status: run.status }.into());
        }
        let text = Zeroizing::new(String::from_utf8_lossy(&stdout).into_owned());
        Ok(ring(&text)?)
    }
}

fn ring(text: &str) -> Result<Ring, RingError> {
    let mut keys = Vec::new();
    for (place, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let bytes = unhex(line.trim()).ok_or(RingError::Line { line: place + 1 })?;
        keys.push(MasterKey::new(&bytes));
    }
    Ring::new(keys).ok_or(RingError::Empty)
}

pub(super) fn unhex(digits: &str) -> Option<Zeroizing<[u8; MASTER]>> {
    if digits.len() != MASTER * 2 || !digits.is_ascii() {
        return None;
    }
    let mut bytes = Zeroizing::new([0; MASTER]);
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(place * 2..place * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Puts a new key before the others in the file, whole or not at all, and answers its name.
pub fn add_master_key(path: &Path) -> Result<String, SecretError> {
    let held = if path.exists() { read(path)? } else { Zeroizing::default() };
    let new = Zeroizing::new(chance::token::<MASTER>()?);
    let text = Zeroizing::new(format!("{}\n{}", *new, *held));
    super::replace(path, text.as_bytes())?;
    let bytes = unhex(&new).unwrap_or_default();
    Ok(MasterKey::new(&bytes).id().to_owned())
}

/// Leaves only the first key in the file.
pub fn keep_first_master_key(path: &Path) -> Result<(), SecretError> {
    let held = read(path)?;
    let first = held.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    super::replace(path, first.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(folder: &Path, command: Option<String>) -> Secrets {
        Secrets {
            pseudonym_key_file: folder.join("pseudonym.key"),
            master_keys_file: folder.join("master.keys"),
            master_keys_command: command,
            log_key_file: folder.join("log.key"),
        }
    }

    fn ids(vault: &Vault) -> Vec<String> {
        vault.ring().ids().map(str::to_owned).collect()
    }

    #[test]
    fn the_first_run_makes_a_key_and_a_rotation_puts_another_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = secrets(folder.path(), None);
        let vault = vault(&secrets).unwrap();
        let first = ids(&vault);
        assert_eq!(first.len(), 1);
        let new = add_master_key(&secrets.master_keys_file).unwrap();
        vault.reload().unwrap();
        assert_eq!(ids(&vault), [new.clone(), first[0].clone()]);
        keep_first_master_key(&secrets.master_keys_file).unwrap();
        vault.reload().unwrap();
        assert_eq!(ids(&vault), [new]);
        refuse_if_open(&secrets.master_keys_file).unwrap();
    }

    #[test]
    fn a_program_gives_the_same_keys_as_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let from_file = vault(&secrets(folder.path(), None)).unwrap();
        let cat = format!("cat {}", folder.path().join("master.keys").display());
        let from_program = vault(&secrets(folder.path(), Some(cat))).unwrap();
        assert_eq!(ids(&from_file), ids(&from_program));
        for wrong in ["false", "/nowhere/program", "echo 00ff", "true"] {
            let error = vault(&secrets(folder.path(), Some(wrong.to_owned()))).unwrap_err();
            assert!(!format!("{error:?}").contains("00ff"), "{error:?}");
        }
    }
}
