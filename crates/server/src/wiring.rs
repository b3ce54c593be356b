//! From the settings to an engine. Each command asks for what it needs: taking events in and
//! reading must not wait for a model, wording a message must.

use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use domain::Clock;
use engine::{App, Brake, Operation, Queue, Writing};
use knowledge::Search;
use rules::{Pack, PackFiles};
use storage::{Dialect, Options, Store};
use writer::{Vocabulary, VocabularyError, Wording, Words};

use crate::config::Config;
use crate::{channels, pack, phrases, prompts, secrets};

/// What to do where the tables are missing or of an earlier version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tables {
    /// Say so: the command only reads.
    Expected,
    /// Make them in an SQLite file, which is ours alone. A server is shared, and its operator
    /// decides when.
    MadeInFile,
    /// Make them.
    Made,
}

/// An open database, and whether its tables were brought up to date just now.
#[derive(Debug)]
pub struct Opened {
    /// The database.
    pub store: Store,
    /// Whether something was done for it.
    pub migrated: bool,
}

/// Opens the database that the settings name.
///
/// # Errors
/// Says what stands in the way, or that `cotmoc migrate` must be run first.
pub async fn store(config: &Config, tables: Tables) -> anyhow::Result<Opened> {
    let options = match options(config) {
        Ok(options) => options,
        Err(error) => {
            // Where the database cannot be had either, that is told: it is the likelier mistake.
            Store::open(&config.storage.url, &Options::default()).await?.close().await;
            return Err(error);
        }
    };
    let store = Store::open(&config.storage.url, &options).await?;
    let make = match tables {
        Tables::Expected => false,
        Tables::MadeInFile => store.dialect() == Dialect::Sqlite,
        Tables::Made => true,
    };
    let place = || format!("the tables of `{}` are not ready", without_password(config));
    let current = store.is_migrated().await.with_context(place)?;
    if make {
        // Where nothing is to be done this still takes the lock of a writer: whoever is going to
        // write learns now that the database is locked or read-only, and not in the middle.
        store.migrate().await.with_context(place)?;
    } else if !current {
        let missing = Err(anyhow!("this version's tables are missing: run `cotmoc migrate`"));
        return missing.with_context(place);
    }
    if !current {
        tracing::info!("tables brought up to date");
    }
    Ok(Opened { store, migrated: !current })
}

/// How the database is opened: with the keys that seal what names people, and the one that signs
/// the log of readings.
///
/// # Errors
/// When a key can neither be read nor made.
pub fn options(config: &Config) -> anyhow::Result<Options> {
    let vault = Some(secrets::master::vault(&config.secrets)?);
    let signer = Arc::new(secrets::log_key::log_key(&config.secrets.log_key_file)?);
    Ok(Options { vault, signer: Some(signer), ..Options::default() })
}

/// The database's address as it may be shown: who asks, and with which password, is left out.
fn without_password(config: &Config) -> String {
    let url = config.storage.url.as_str();
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        _ => url.to_owned(),
    }
}

/// The pack that the settings name, and the files that it was made of.
pub struct Country {
    /// All files, its corpus and its words too.
    pub files: PackFiles,
    /// What the rules read.
    pub pack: Arc<Pack>,
}

impl std::fmt::Debug for Country {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Country").field("pack", &self.pack.version()).finish_non_exhaustive()
    }
}

/// Reads and checks the pack.
///
/// # Errors
/// All that is wrong with it.
pub fn country(config: &Config) -> anyhow::Result<Country> {
    let files = pack::files(config.pack.path.as_deref())?;
    let pack = Pack::load(&files).context("the pack is not in order")?;
    Ok(Country { files, pack: Arc::new(pack) })
}

/// The words of letters: the pack's own, and the phrases beside them that people approved. What
/// was approved and does not stand any more is left out, with a warning.
///
/// # Errors
/// When the pack's words are not in order, or the database cannot be read.
pub async fn words(store: &Store, country: &Country) -> anyhow::Result<Words> {
    let bank = phrases::bank(&mut *store.read().await?, country).await?;
    for (phrase, why) in bank.left_out {
        tracing::warn!(phrase, "an approved phrase is in no letter: {why}");
    }
    Ok(bank.words)
}

/// What words messages: the words and the prompts, and what is given beside them.
///
/// # Errors
/// When the prompts are not in order.
pub fn writing(
    config: &Config,
    words: Words,
    model: Option<Box<dyn Wording>>,
    passages: Option<Search>,
) -> anyhow::Result<Writing> {
    Ok(Writing {
        words,
        prompts: prompts::built_in()?,
        model,
        passages,
        samples: config.writer.samples,
    })
}

/// The vocabularies by which free sentences are proved: one file of the pack a language.
///
/// # Errors
/// Names the file that is not in order.
pub fn vocabularies(files: &PackFiles) -> Result<Vec<Vocabulary>, VocabularyError> {
    let own = files.iter().filter(|(path, _)| is_vocabulary(path));
    own.map(|(path, text)| Vocabulary::parse(path, text)).collect()
}

fn is_vocabulary(path: &str) -> bool {
    path.strip_prefix("support/").is_some_and(|name| name.strip_suffix(".yaml").is_some())
}

/// The engine.
///
/// # Errors
/// When the pseudonym key can neither be read nor made, or a channel is not set up right.
pub fn engine(
    config: &Config,
    country: &Country,
    store: Store,
    clock: Arc<dyn Clock>,
    writing: Writing,
) -> anyhow::Result<App> {
    let operation = Operation {
        queue: Queue::up_to(config.worker.queue_limit),
        carriers: channels::carriers(config, &clock)?,
        contact: channels::contact(&config.contact)?,
        brake: Brake {
            factor: config.brake.factor,
            least: config.brake.least,
            history_days: config.brake.history_days,
            known_days: config.brake.known_days,
        },
        ..Operation::default()
    };
    Ok(App {
        store,
        pack: Arc::clone(&country.pack),
        clock,
        key: secrets::pseudonym_key(&config.secrets.pseudonym_key_file)?,
        writing: Arc::new(writing),
        operation: Arc::new(operation),
    })
}

/// The engine without a model and without passages: it takes events in and answers questions.
///
/// # Errors
/// As [`words`], [`writing`] and [`engine`].
pub async fn engine_without_models(
    config: &Config,
    country: &Country,
    store: Store,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<App> {
    let words = words(&store, country).await?;
    let writing = writing(config, words, None, None)?;
    engine(config, country, store, clock, writing)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// With the database at `url`, and what it would make elsewhere in `folder`.
    fn config(url: &str, folder: &Path) -> Config {
        let secret = |setting: &str| {
            let file = folder.join(setting).display().to_string();
            (format!("COTMOC_SECRETS__{setting}"), file)
        };
        let variables = [
            ("COTMOC_STORAGE__URL".to_owned(), url.to_owned()),
            secret("PSEUDONYM_KEY_FILE"),
            secret("MASTER_KEYS_FILE"),
            secret("LOG_KEY_FILE"),
        ];
        Config::load(None, variables).unwrap()
    }

    #[tokio::test]
    async fn whoever_only_reads_is_told_that_the_tables_are_missing() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}/cotmoc.db", folder.path().display());
        let config = config(&url, folder.path());
        let error = format!("{:#}", store(&config, Tables::Expected).await.unwrap_err());
        assert!(error.contains("cotmoc.db") && error.contains("`cotmoc migrate`"), "{error}");
        assert!(store(&config, Tables::MadeInFile).await.unwrap().migrated);
        assert!(!store(&config, Tables::Expected).await.unwrap().migrated);
    }

    #[test]
    fn a_password_is_never_shown() {
        let shown = without_password(&config("postgres://u:p@ss@db/x", Path::new("")));
        assert_eq!(shown, "postgres://db/x");
    }

    #[test]
    fn words_are_of_life_events_that_the_built_in_pack_has() {
        let config = Config::load(None, []).unwrap();
        let country = country(&config).unwrap();
        let words = pack::words(&country.files).unwrap();
        let written: Vec<&str> = words.life_events().collect();
        for id in &written {
            assert!(country.pack.life_event(id).is_some(), "words for {id}, which is not there");
        }
        for life_event in country.pack.life_events() {
            assert!(
                written.contains(&life_event.id.value.as_str()),
                "no words for {:?}",
                life_event.id
            );
        }
    }
}
