//! One set of models for all of a process: the letters, and whoever asks through the API.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use inference::remote;
use inference::serve::{Settings, Workers};
use knowledge::{Embed, EmbedError};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle as Runtime;
use writer::{ServedModel, Wording};

use super::{Late, LateEmbedder, LateText, LateWording, late_embedder, late_text};
use crate::config::{Config, Remote};
use crate::{chance, channels};

/// The models that the settings name. Nothing is read before it is asked for.
pub struct Models {
    dir: PathBuf,
    settings: Settings,
    text: Late<LateText>,
    embedder: Late<(String, LateEmbedder)>,
}

impl std::fmt::Debug for Models {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Models").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl Models {
    /// Those of `config`.
    #[must_use]
    pub fn new(config: &Config) -> Arc<Self> {
        let given = &config.models;
        let settings =
            Settings { workers: given.workers, queue: given.queue, ..Settings::default() };
        let (text, embedder) = (Late::new(), Late::new());
        Arc::new(Self { dir: given.dir.clone(), settings, text, embedder })
    }

    /// With a text model that is at work already, called `name`; `dir` is where others are.
    #[must_use]
    pub fn at_work(dir: PathBuf, name: &str, workers: Workers) -> Arc<Self> {
        let text = LateText {
            name: name.to_owned(),
            path: PathBuf::new(),
            hash: String::new(),
            settings: Settings::default(),
            at_work: Late::of(workers),
        };
        let (text, embedder) = (Late::of(text), Late::new());
        Arc::new(Self { dir, settings: Settings::default(), text, embedder })
    }

    /// What words letters: the model of this machine, checked and not loaded yet, or that of
    /// `remote`, which is not asked yet. `runtime` carries the questions to it.
    ///
    /// # Errors
    /// Says which file is missing or wrong and which command mends it, or which setting.
    pub fn wording(&self, remote: &Remote, runtime: &Runtime) -> anyhow::Result<Box<dyn Wording>> {
        match &remote.url {
            Some(url) => Ok(Box::new(elsewhere(url, remote, runtime)?)),
            None => Ok(Box::new(LateWording(self.text()?))),
        }
    }

    pub(super) fn text(&self) -> anyhow::Result<Arc<LateText>> {
        self.text.get(|| late_text(&self.dir, self.settings))
    }

    /// The text model, if somebody has asked for it.
    pub(super) fn text_at_work(&self) -> Option<Arc<LateText>> {
        self.text.peek()
    }

    /// The embedding model under its name.
    pub(super) fn embedder(&self) -> anyhow::Result<Arc<(String, LateEmbedder)>> {
        self.embedder.get(|| late_embedder(&self.dir, NonZeroUsize::MIN))
    }

    /// The embedding model as a search asks it.
    ///
    /// # Errors
    /// Says which file is missing or wrong and which command mends it.
    pub fn embed(&self) -> anyhow::Result<Arc<dyn Embed>> {
        Ok(Arc::new(Shared(self.embedder()?)))
    }
}

/// The embedding model that everybody in this process shares.
struct Shared(Arc<(String, LateEmbedder)>);

impl Embed for Shared {
    fn model(&self) -> String {
        self.0.1.model()
    }

    fn embed_passages(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.0.1.embed_passages(texts)
    }

    fn embed_queries(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.0.1.embed_queries(texts)
    }
}

/// A model of another server. Its file is not here to be hashed, so where it is and what it is
/// called there stand for it.
fn elsewhere(url: &str, given: &Remote, runtime: &Runtime) -> anyhow::Result<ServedModel> {
    ensure!(!given.model.is_empty(), "`remote.url` is set and `remote.model` is not");
    let key = given.key_file.as_deref().map(channels::secret).transpose()?;
    let extra = given.extra.as_deref().map(serde_json::from_str).transpose();
    let settings = remote::Settings {
        key,
        public: given.allow_public,
        chances: given.chances,
        at_once: given.at_once,
        extra: extra.context("`remote.extra` is no JSON object")?.unwrap_or_default(),
        ..remote::Settings::of(url, &given.model)
    };
    let remote = remote::Remote::new(settings, runtime.clone(), Instant::now)
        .context("`remote` is not right")?;
    let hash = chance::hex(&Sha256::digest(format!("{}\0{url}", given.model)));
    Ok(ServedModel::new(remote.into(), hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(settings: &[(&str, &str)]) -> Config {
        let variables = settings
            .iter()
            .map(|(key, value)| (format!("COTMOC_REMOTE__{key}"), (*value).to_owned()));
        Config::load(None, variables).unwrap()
    }

    #[tokio::test]
    async fn another_server_words_where_the_settings_name_one() {
        let wording = |settings: &[(&str, &str)]| {
            let config = given(settings);
            let made = Models::new(&config).wording(&config.remote, &Runtime::current());
            made.map(|it| it.hash().to_owned()).map_err(|error| format!("{error:#}"))
        };
        let (url, model) = (("URL", "http://10.1.2.3:8466/v1"), ("MODEL", "gemma"));
        let hash = wording(&[url, model]).unwrap();
        assert_eq!(hash.len(), 64);
        assert_ne!(hash, wording(&[url, ("MODEL", "qwen")]).unwrap());
        let outside = ("URL", "https://1.1.1.1/v1");
        assert!(wording(&[outside, model]).unwrap_err().contains("outside of private networks"));
        assert!(wording(&[outside, model, ("ALLOW_PUBLIC", "true")]).is_ok());
        assert!(wording(&[url]).unwrap_err().contains("`remote.model` is not"));
        assert!(wording(&[url, model, ("EXTRA", "[]")]).unwrap_err().contains("no JSON object"));
        assert!(wording(&[url, model, ("KEY_FILE", "/none")]).unwrap_err().contains("/none"));
    }
}
