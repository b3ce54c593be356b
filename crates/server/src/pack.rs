//! The pack that the program works with: the built-in one, or a folder that the settings name.

use std::collections::BTreeMap;
use std::path::Path;

use engine::{LawOf, Unsayable, shapes};
use include_dir::{Dir, include_dir};
use knowledge::{Everyday, EverydayError};
use rules::{Pack, PackFiles, ReadFilesError};
use writer::{Words, WordsError};

/// The pack as it was when the program was built: it runs without a checkout beside it.
static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../life-events/vn");

/// The texts of the pack in `folder`, or of the built-in one where none is named.
///
/// # Errors
/// Names the folder or the file that cannot be read.
pub fn files(folder: Option<&Path>) -> Result<PackFiles, ReadFilesError> {
    folder.map_or_else(|| Ok(embedded(&BUILT_IN).into_iter().collect()), PackFiles::read)
}

fn embedded(folder: &Dir<'_>) -> Vec<(String, String)> {
    let here = folder.files().filter_map(|file| {
        let path = file.path().to_string_lossy().replace('\\', "/");
        Some((path, file.contents_utf8()?.to_owned()))
    });
    here.chain(folder.dirs().flat_map(embedded)).collect()
}

/// The words of the pack's letters.
///
/// # Errors
/// All that is wrong with them.
pub fn words(pack: &PackFiles) -> Result<Words, WordsError> {
    let files = pack.iter().filter_map(|(path, text)| {
        let name = path.strip_prefix("words/")?;
        name.strip_suffix(".yaml").map(|_| (name.to_owned(), text.to_owned()))
    });
    Words::read(&files.collect::<Vec<_>>())
}

/// The letters that the pack calls for and that its words cannot say.
#[must_use]
pub fn unsayable(pack: &Pack, words: &Words) -> Vec<Unsayable> {
    let of = |life_event| shapes((pack, words), life_event, LawOf::EveryVersion).err();
    pack.life_events().filter_map(of).flatten().collect()
}

/// What people say and what procedures call it; nothing where the pack has no such file.
///
/// # Errors
/// Names the line that cannot be used.
pub fn everyday(pack: &PackFiles) -> Result<Everyday, EverydayError> {
    let file = pack.iter().find(|(path, _)| *path == "everyday.yaml");
    file.map_or_else(|| Ok(Everyday::default()), |(_, text)| Everyday::parse(text))
}

/// The documents of procedure and law among the pack's files.
#[must_use]
pub fn corpus(pack: &PackFiles) -> BTreeMap<String, String> {
    pack.iter()
        .filter(|(path, _)| path.starts_with("corpus/"))
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_pack_is_the_folder() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../life-events/vn");
        assert_eq!(files(None).unwrap(), files(Some(&root)).unwrap());
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = files(Some(Path::new("no/such/pack"))).unwrap_err();
        assert!(error.to_string().contains("`no/such/pack`"), "{error}");
    }
}
