//! What a manifest may and may not say.

use super::*;

const GOOD: &str = r#"
name = "tiny"
aliases = ["t"]
role = "text"
architecture = "llama"
licence = "MIT"
context = 10
dims = 4
[[files]]
name = "a.bin"
bytes = 3
sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
[[files.from]]
kind = "hub"
repo = "owner/name"
revision = "0123456789abcdef0123456789abcdef01234567"
path = "a.bin"
[[files.from]]
kind = "package"
version = "1.0"
parts = [{ package = "tiny-part1", path = "data/a.bin" }]
"#;

fn parsed(text: &str) -> Result<ModelManifest, CatalogueError> {
    ModelManifest::parse("models/tiny/model.toml", text)
}

#[test]
fn a_manifest_is_read_whole() {
    let manifest = parsed(GOOD).unwrap();
    assert_eq!((manifest.role, manifest.default, manifest.bytes()), (Role::Text, false, 3));
    assert!(matches!(
        &manifest.files[0].from[..],
        [Source::Hub { .. }, Source::Package { platform: None, .. }]
    ));
    assert_eq!(manifest.main_file().unwrap().name, "a.bin");
}

#[test]
fn what_cannot_be_is_refused() {
    let cases = [
        ("dims = 4", "dims = 4\ncolour = 1", "not a manifest"),
        ("version = \"1.0\"", "version = \"1.0\"\nextra = 1", "not a manifest"),
        ("role = \"text\"", "role = \"oracle\"", "not a manifest"),
        ("name = \"a.bin\"", "name = \"../a.bin\"", "no plain file name"),
        ("name = \"a.bin\"", "name = \".partial\"", "no plain file name"),
        ("name = \"tiny\"", "name = \"a/b\"", "no plain name"),
        ("sha256 = \"0", "sha256 = \"Z", "64 lower-case digits"),
        ("revision = \"0", "revision = \"main0", "not a whole commit"),
        ("\"tiny-part1\"", "\"--index-url=x\"", "no plain package name"),
        ("version = \"1.0\"", "version = \"1.0 ; rm\"", "no plain package name"),
    ];
    for (old, new, expected) in cases {
        let text = GOOD.replacen(old, new, 1);
        assert_ne!(text, GOOD, "`{old}` is not in the good manifest");
        let error = parsed(&text).unwrap_err().to_string();
        assert!(error.contains(expected), "{new}: {error}");
    }
}

#[test]
fn the_embedded_catalogue_is_that_of_the_repository() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let embedded = Catalogue::embedded().unwrap();
    assert_eq!(embedded, Catalogue::load(&models).unwrap());
    for model in embedded.models() {
        assert!(models.join(&model.name).join("card.md").is_file(), "{} has no card", model.name);
    }
}

#[test]
fn models_are_found_by_name_alias_and_role() {
    let catalogue = Catalogue::embedded().unwrap();
    assert_eq!(catalogue.get("writer").unwrap().name, "qwen2.5-coder-1.5b-instruct");
    let gemma = catalogue.default_for(Role::Text).unwrap();
    assert_eq!(gemma.name, "gemma-3-270m");
    assert!(gemma.notice.as_deref().unwrap().contains("Gemma Terms of Use"));
    assert_eq!(catalogue.default_for(Role::Embedding).unwrap().dims, 384);
    assert_eq!(catalogue.defaults().count(), 2);
    let error = catalogue.get("wrtier").unwrap_err().to_string();
    assert!(error.contains("`wrtier`") && error.contains("writer"), "{error}");
}

#[test]
fn a_folder_must_have_the_name_of_its_model() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("other")).unwrap();
    std::fs::write(dir.path().join("other/model.toml"), GOOD).unwrap();
    let error = Catalogue::load(dir.path()).unwrap_err().to_string();
    assert!(error.contains("models/other/model.toml") && error.contains("`tiny`"), "{error}");
}
