//! The prompts, as they were when the program was built: it runs without a checkout beside it.

use include_dir::{Dir, include_dir};
use writer::{PromptError, Prompts, Rephrasings};

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../prompts");

/// The built-in prompts.
///
/// # Errors
/// When one is not of the right form.
pub fn built_in() -> Result<Prompts, PromptError> {
    Prompts::read(&files())
}

/// The built-in prompts by which phrases are said otherwise.
///
/// # Errors
/// When one is not of the right form.
pub fn rephrasings() -> Result<Rephrasings, PromptError> {
    Rephrasings::read(&files())
}

fn files() -> Vec<(String, String)> {
    let files = BUILT_IN.files().filter_map(|file| {
        let name = file.path().file_name()?.to_string_lossy().into_owned();
        Some((name, file.contents_utf8()?.to_owned()))
    });
    files.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Language;

    #[test]
    fn there_is_a_prompt_for_each_language() {
        let prompts = built_in().unwrap();
        for language in ["vi", "en", "fr"] {
            assert!(prompts.get(language.parse().unwrap()).is_some(), "{language}");
        }
        let other = rephrasings().unwrap();
        assert!(other.get(Language::VI).is_some() && other.get(Language::EN).is_some());
    }
}
