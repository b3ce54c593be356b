//! The tree of the project as the tidy tests read it: every file that people wrote.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// What is made, not written: never read by a tidy test.
const MADE: [&str; 4] = [".git", "target", "var", "node_modules"];

/// The folder that holds the workspace.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Where tests keep what people may want to look at afterwards.
#[must_use]
pub fn output() -> PathBuf {
    root().join("target/tests")
}

/// A file of the tree, read.
#[derive(Debug, Clone)]
pub struct Source {
    /// From the root, with `/`.
    pub path: String,
    /// Its text; files that are not UTF-8 are left out of the tree.
    pub text: String,
}

impl Source {
    /// Whether the file's name ends in `.end`.
    #[must_use]
    pub fn is(&self, end: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|it| it == end)
    }

    /// Whether the file is Rust that runs outside tests.
    #[must_use]
    pub fn is_shipped_rust(&self) -> bool {
        self.is("rs") && self.path.contains("/src/") && !self.path.ends_with("/tests.rs")
    }

    /// Lines with their numbers, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(at, line)| (at + 1, line))
    }

    /// The lines before the file's own tests.
    pub fn lines_before_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().take_while(|(_, line)| line.trim() != "#[cfg(test)]")
    }
}

/// Every text file of the tree, sorted by path.
///
/// # Errors
///
/// When a folder or a file cannot be read.
pub fn sources() -> Result<Vec<Source>> {
    let mut found = Vec::new();
    walk(root(), &mut found)?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<Source>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !MADE.contains(&name.as_str()) {
                walk(&path, found)?;
            }
            continue;
        }
        let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
        if let Ok(text) = String::from_utf8(bytes) {
            let path = path.strip_prefix(root()).unwrap_or(&path).to_string_lossy();
            found.push(Source { path: path.replace('\\', "/"), text });
        }
    }
    Ok(())
}
