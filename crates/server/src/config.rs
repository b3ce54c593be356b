//! Configuration: one commented file of defaults, then the operator's file, then the
//! environment. A key that nobody knows is an error that names it, because a setting that
//! is silently ignored is found out on the worst day.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

mod outward;

pub use outward::{Brake, Contact, Email, Gateway, Nats, Remote, Webhook};

/// Every key with its default and a comment: what `--config` files are written from.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

/// What the names of environment variables begin with.
const PREFIX: &str = "COTMOC_";
/// The variable that names the file, which is not a setting itself.
const FILE_VARIABLE: &str = "COTMOC_CONFIG";

/// All settings.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The address of the API and the pages.
    pub server: Server,
    /// Where state is kept.
    pub storage: Storage,
    /// Where the model files are.
    pub models: Models,
    /// Another server that words messages.
    pub remote: Remote,
    /// Where passages are searched.
    pub knowledge: Knowledge,
    /// How messages are worded.
    pub writer: Writer,
    /// How work is done.
    pub worker: Worker,
    /// When a life event is stopped by itself.
    pub brake: Brake,
    /// How people may be disturbed.
    pub contact: Contact,
    /// A portal that is called.
    pub webhook: Webhook,
    /// A stream of events.
    pub nats: Nats,
    /// A mail server.
    pub email: Email,
    /// A gateway for text messages.
    pub sms: Gateway,
    /// A gateway for notifications.
    pub push: Gateway,
    /// Which pack is used.
    pub pack: Pack,
    /// Where the pseudonym key is.
    pub secrets: Secrets,
    /// How people sign in outside the demo.
    pub sign_in: SignIn,
    /// What is logged, and how.
    pub telemetry: Telemetry,
}

/// `[server]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port.
    pub listen: SocketAddr,
    /// Whether people reach the pages over https only.
    pub behind_tls: bool,
    /// How many connections may be open at once.
    pub connections: usize,
}

/// `[storage]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// `sqlite://…` or `postgres://…`.
    pub url: String,
}

/// `[models]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Models {
    /// The folder of the model files.
    pub dir: PathBuf,
    /// Whether they answer other programs too.
    pub serve: bool,
    /// How many threads word texts.
    pub workers: usize,
    /// How many questions may wait.
    pub queue: usize,
}

/// `[knowledge]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knowledge {
    /// The file of the index of passages; beside it are those of procedures. They can be rebuilt
    /// at any time.
    pub index: PathBuf,
    /// Manifests of procedures that others describe.
    pub sources: Vec<PathBuf>,
    /// Whether there is a page to try questions on.
    pub page: bool,
    /// A Qdrant server; `None` searches in the process.
    #[serde(deserialize_with = "empty_is_none")]
    pub qdrant_url: Option<String>,
}

/// `[writer]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Writer {
    /// How many wordings the model offers beside the likeliest one.
    pub samples: u64,
    /// Whether there is a page to decide about phrases on.
    pub page: bool,
}

/// `[worker]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    /// What the worker calls itself in the job table; `None` makes a name of its process.
    #[serde(deserialize_with = "empty_is_none")]
    pub name: Option<String>,
    /// When the day's work is looked up: five fields as cron writes them, in the pack's zone.
    pub timetable: String,
    /// How many messages are sent side by side.
    pub sends_at_once: u32,
    /// How many jobs may be due and wait before events are refused.
    pub queue_limit: u64,
}

/// `[pack]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// A folder; `None` is the pack that is built in.
    #[serde(deserialize_with = "empty_is_none")]
    pub path: Option<PathBuf>,
}

/// `[secrets]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// The file of the pseudonym key.
    pub pseudonym_key_file: PathBuf,
    /// The file of the master keys, a key a line.
    pub master_keys_file: PathBuf,
    /// A program that prints the master keys, in place of the file.
    #[serde(deserialize_with = "empty_is_none")]
    pub master_keys_command: Option<String>,
    /// The file of the key that signs the log of readings.
    pub log_key_file: PathBuf,
}

/// `[sign_in]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The OpenID Connect issuer.
    #[serde(deserialize_with = "empty_is_none")]
    pub oidc_issuer: Option<String>,
    /// Our id there.
    #[serde(deserialize_with = "empty_is_none")]
    pub oidc_client_id: Option<String>,
}

/// `[telemetry]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// For people or for machines.
    pub format: Format,
    /// Where a worker tells its metrics; `None` nowhere.
    #[serde(deserialize_with = "empty_is_none")]
    pub metrics_listen: Option<String>,
    /// The collector that spans are sent to; `None` sends none.
    #[serde(deserialize_with = "empty_is_none")]
    pub traces_url: Option<String>,
    /// Which share of all traces is sent.
    pub traces_share: f64,
    /// What to log.
    pub filter: String,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

fn empty_is_none<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: From<String>,
{
    let text = String::deserialize(from)?;
    Ok(if text.is_empty() { None } else { Some(text.into()) })
}

/// What is wrong with the configuration, and where.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("could not read the configuration `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{place} is not valid TOML")]
    Syntax {
        /// The file.
        place: String,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// No setting has this name.
    #[error("{place} sets `{key}`, which is no setting{}", near.as_ref().map(|n| format!(": did you mean `{n}`?")).unwrap_or_default())]
    UnknownKey {
        /// The file or the environment variable.
        place: String,
        /// The key's path.
        key: String,
        /// The nearest key that exists.
        near: Option<String>,
    },
    /// The value has the wrong type.
    #[error("{place} gives `{key}` {found}, it must be {wanted}")]
    WrongType {
        /// The file or the environment variable.
        place: String,
        /// The key's path.
        key: String,
        /// What was given.
        found: &'static str,
        /// What it must be.
        wanted: &'static str,
    },
    /// The value has the right type and is still wrong.
    #[error("the configuration is wrong")]
    Value(#[source] Box<toml::de::Error>),
}

impl Config {
    /// Reads the defaults, then `file`, then the `COTMOC_SECTION__KEY` pairs of `environment`.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let settings = Self::layers(file, environment)?;
        settings.try_into().map_err(|error| ConfigError::Value(Box::new(error)))
    }

    /// The same as a table, without what stands before the `@` of an address.
    pub fn settings(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Table, ConfigError> {
        let mut settings = Self::layers(file, environment)?;
        settings.iter_mut().for_each(|(_, value)| hide_passwords(value));
        Ok(settings)
    }

    fn layers(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Table, ConfigError> {
        let defaults = parse("the built-in defaults", DEFAULTS)?;
        let mut settings = defaults.clone();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
            let place = format!("`{}`", path.display());
            let given = parse(&place, &text)?;
            overlay(&place, &mut settings, given, "")?;
        }
        for (name, text) in environment {
            if let Some(given) = from_variable(&name, &text, &defaults)? {
                overlay(&format!("`{name}`"), &mut settings, given, "")?;
            }
        }
        Ok(settings)
    }
}

fn hide_passwords(value: &mut Value) {
    match value {
        Value::String(text) => {
            let parts = text.split_once("://").zip(text.rsplit_once('@'));
            if let Some(((scheme, _), (_, host))) = parts {
                *text = format!("{scheme}://…@{host}");
            }
        }
        Value::Table(table) => table.iter_mut().for_each(|(_, value)| hide_passwords(value)),
        _ => {}
    }
}

fn parse(place: &str, text: &str) -> Result<Table, ConfigError> {
    text.parse().map_err(|source: toml::de::Error| ConfigError::Syntax {
        place: place.to_owned(),
        source: Box::new(source),
    })
}

/// Lays `given` over `settings`, which holds every key there is.
fn overlay(
    place: &str,
    settings: &mut Table,
    given: Table,
    within: &str,
) -> Result<(), ConfigError> {
    for (name, value) in given {
        let key = if within.is_empty() { name.clone() } else { format!("{within}.{name}") };
        let near = nearest(&name, settings).map(|near| match within {
            "" => near,
            _ => format!("{within}.{near}"),
        });
        let Some(slot) = settings.get_mut(&name) else {
            return Err(ConfigError::UnknownKey { place: place.to_owned(), key, near });
        };
        match (slot, value) {
            (Value::Table(inner), Value::Table(value)) => overlay(place, inner, value, &key)?,
            (slot, value) if slot.same_type(&value) => *slot = value,
            (slot, value) => {
                return Err(ConfigError::WrongType {
                    place: place.to_owned(),
                    key,
                    found: kind(&value),
                    wanted: kind(slot),
                });
            }
        }
    }
    Ok(())
}

/// The setting that one environment variable gives, `None` where it is none of ours.
fn from_variable(name: &str, text: &str, defaults: &Table) -> Result<Option<Table>, ConfigError> {
    if name == FILE_VARIABLE {
        return Ok(None);
    }
    let Some((section, key)) = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once("__"))
    else {
        return Ok(None);
    };
    let (section, key) = (section.to_lowercase(), key.to_lowercase());
    let default = defaults.get(&section).and_then(|table| table.get(&key));
    let value = match default {
        Some(Value::Boolean(_)) => text.parse().ok().map(Value::Boolean),
        Some(Value::Integer(_)) => text.parse().ok().map(Value::Integer),
        Some(Value::Float(_)) => text.parse().ok().map(Value::Float),
        Some(Value::Array(_)) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Some(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
        }
        _ => Some(Value::String(text.to_owned())),
    };
    let value = value.ok_or_else(|| ConfigError::WrongType {
        place: format!("`{name}`"),
        key: format!("{section}.{key}"),
        found: "another text",
        wanted: default.map_or("a text", kind),
    })?;
    let inner = Table::from_iter([(key, value)]);
    Ok(Some(Table::from_iter([(section, Value::Table(inner))])))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "`true` or `false`",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a section",
    }
}

/// The key of `table` that is most like `name`, where one is at most three edits away.
fn nearest(name: &str, table: &Table) -> Option<String> {
    table
        .keys()
        .map(|key| (edits(name, key), key))
        .filter(|(distance, _)| *distance <= 3)
        .min()
        .map(|(_, key)| key.clone())
}

/// Levenshtein's distance, row by row.
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (line, a) in from.chars().enumerate() {
        let mut corner = line;
        let mut left = line + 1;
        let mut next = vec![left];
        for (b, above) in to.chars().zip(row.iter().skip(1)) {
            left = (corner + usize::from(a != b)).min(left + 1).min(above + 1);
            corner = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
