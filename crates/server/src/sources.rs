//! Sources of procedures that others keep: which manifests there are, and where their files lie.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use knowledge::Manifest;
use sha2::{Digest as _, Sha256};

use crate::chance;

/// A source whose file is there.
#[derive(Debug)]
pub struct Source {
    /// What it says of itself.
    pub manifest: Manifest,
    /// The file of records.
    pub file: PathBuf,
    text: String,
}

/// Where data are kept beside the project.
#[must_use]
pub fn beside() -> PathBuf {
    let data = std::env::var_os("COTMOC_SHARED_DATA").map(PathBuf::from);
    data.unwrap_or_else(|| PathBuf::from("../shared/data"))
}

impl Source {
    /// The source that the manifest at `path` describes.
    ///
    /// # Errors
    /// When the manifest cannot be read, or its file is not there.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let told = || format!("the source `{}`", path.display());
        let text = std::fs::read_to_string(path).with_context(told)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(text, folder).with_context(told)
    }

    /// The source that `text` describes, whose file lies in `folder` or in the folder of shared
    /// data.
    ///
    /// # Errors
    /// When the manifest cannot be read, or its file is not there.
    pub fn parse(text: String, folder: &Path) -> anyhow::Result<Self> {
        let manifest = Manifest::parse(&text)?;
        let name = Path::new(&manifest.file).file_name().map(PathBuf::from).unwrap_or_default();
        let mut places = vec![folder.join(&manifest.file), folder.join(name)];
        places.push(folder.join("..").join(&manifest.file));
        places.push(beside().join(&manifest.file));
        let Some(file) = places.iter().find(|place| place.is_file()).cloned() else {
            let places = places.iter().map(|place| format!("`{}`", place.display()));
            let places = places.collect::<Vec<_>>().join(", ");
            bail!("its file is at none of {places}: put it there, or set COTMOC_SHARED_DATA");
        };
        Ok(Self { manifest, file, text })
    }

    /// The file, open.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(&self) -> anyhow::Result<File> {
        File::open(&self.file).with_context(|| format!("cannot read `{}`", self.file.display()))
    }

    /// What tells this state of the source from every other, in hex.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn hash(&self) -> anyhow::Result<String> {
        let mut digest = Sha256::new().chain_update(&self.text).chain_update([0_u8]);
        let mut file = self.open()?;
        let mut room = vec![0_u8; 1 << 16];
        loop {
            let read = file.read(&mut room);
            let read = read.with_context(|| format!("cannot read `{}`", self.file.display()))?;
            match room.get(..read) {
                Some(bytes) if !bytes.is_empty() => digest.update(bytes),
                _ => return Ok(chance::hex(&digest.finalize())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "title: A portal\nformat: portal-procedures\nfile: deep/p.jsonl\n\
        place: vn\nsource: [portal]\nconfidence: M\nretrieved_on: 2026-07-18\n";

    #[test]
    fn a_file_is_found_beside_its_manifest_and_its_change_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("portal.yaml");
        std::fs::write(&manifest, MANIFEST).unwrap();
        let error = format!("{:#}", Source::read(&manifest).unwrap_err());
        assert!(error.contains("portal.yaml") && error.contains("COTMOC_SHARED_DATA"), "{error}");

        std::fs::write(folder.path().join("p.jsonl"), "1").unwrap();
        let source = Source::read(&manifest).unwrap();
        assert_eq!(source.file, folder.path().join("p.jsonl"));
        let before = source.hash().unwrap();
        assert_eq!((before.len(), &before), (64, &source.hash().unwrap()));
        std::fs::write(&source.file, "2").unwrap();
        assert_ne!(source.hash().unwrap(), before);
    }

    #[test]
    fn a_missing_and_a_wrong_manifest_are_named() {
        let error = format!("{:#}", Source::read(Path::new("no/portal.yaml")).unwrap_err());
        assert!(error.starts_with("the source `no/portal.yaml`"), "{error}");
        let error = Source::parse("title: A\n".to_owned(), Path::new("")).unwrap_err();
        assert!(error.to_string().contains("the manifest cannot be read, line"), "{error}");
    }
}
