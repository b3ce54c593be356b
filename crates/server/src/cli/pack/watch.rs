//! Runs something again whenever a file of a folder changes.
//!
//! By looking twice a second: it costs a few milliseconds on a pack, needs no dependency, and
//! works on every file system, those shared with another machine included.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use console::Term;

use crate::cli::output::Output;

const PAUSE: Duration = Duration::from_millis(500);

/// When each file was last written, and how long it is.
type Look = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

/// Runs `work` now and after each change below `folder`, until the process is stopped. What goes
/// wrong in it is told, and waits for the next change.
pub(super) fn watch(
    folder: &Path,
    output: Output,
    work: &mut dyn FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut seen = None;
    loop {
        let now = look(folder)?;
        if seen.as_ref() != Some(&now) {
            if !output.is_json() {
                Term::stdout().clear_screen()?;
            }
            if let Err(error) = work() {
                output.error(&error);
            }
            output.say("\nwaiting for a change; Ctrl-C ends");
            seen = Some(now);
        }
        sleep(PAUSE);
    }
}

fn look(folder: &Path) -> std::io::Result<Look> {
    let mut files = Look::new();
    look_into(folder, &mut files)?;
    Ok(files)
}

fn look_into(folder: &Path, files: &mut Look) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // Editors put a file aside while they write it: what is gone again is no fault.
        let Ok(about) = fs::metadata(&path) else { continue };
        if about.is_dir() {
            look_into(&path, files)?;
        } else {
            files.insert(path, (about.modified().ok(), about.len()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_below_the_folder_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("birth");
        fs::create_dir(&inner).unwrap();
        fs::write(inner.join("life-event.yaml"), "id: A").unwrap();
        let before = look(folder.path()).unwrap();
        assert_eq!(look(folder.path()).unwrap(), before);
        fs::write(inner.join("life-event.yaml"), "id: LE-A").unwrap();
        let after = look(folder.path()).unwrap();
        assert_ne!(after, before);
        fs::write(inner.join("examples.yaml"), "").unwrap();
        assert_ne!(look(folder.path()).unwrap(), after);
    }
}
