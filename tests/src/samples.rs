//! The pack's samples as the tests need them: where they are, and whose numbers must not leak.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::tree;

/// The pack that the tests run on.
#[must_use]
pub fn pack() -> PathBuf {
    tree::root().join("life-events/vn")
}

/// A file of its samples.
#[must_use]
pub fn sample(name: &str) -> PathBuf {
    pack().join("samples").join(name)
}

/// Every personal number of the samples: none of them may stand in a log.
///
/// # Errors
///
/// When the samples cannot be read or hold no number at all.
pub fn personal_numbers() -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for name in ["families.yaml", "timeline.jsonl", "bad.jsonl"] {
        let text = fs::read_to_string(sample(name)).with_context(|| name.to_owned())?;
        let words = text.split(|it: char| !it.is_ascii_digit());
        found.extend(words.filter(|it| it.len() == 12 && it.starts_with("999")).map(str::to_owned));
    }
    ensure!(found.len() > 10, "the samples hold {} personal numbers only", found.len());
    Ok(found)
}

/// The personal numbers of the samples that stand in `text`.
///
/// # Errors
///
/// When the samples cannot be read.
pub fn leaked(text: &str) -> Result<Vec<String>> {
    Ok(personal_numbers()?.into_iter().filter(|it| text.contains(it.as_str())).collect())
}

/// Copies a folder with all that is in it.
///
/// # Errors
///
/// When something cannot be read or written.
pub fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
