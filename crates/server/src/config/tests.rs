//! Every key is read, and what is wrong is told with its place.

use super::*;

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn with_file(text: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    std::fs::write(&path, text).unwrap();
    Config::load(Some(&path), [])
}

#[test]
fn no_other_server_is_asked_unless_one_is_named() {
    let expected = Remote {
        url: None,
        model: String::new(),
        key_file: None,
        allow_public: false,
        chances: true,
        at_once: 8,
        extra: None,
    };
    assert_eq!(Config::load(None, []).unwrap().remote, expected);
}

/// Reads every key there is. A key in the file that no field reads, or a field that the
/// file does not show, fails here: each section is spelt out whole.
#[test]
fn every_key_has_a_default_and_is_read() {
    let Config {
        server,
        storage,
        models,
        // Looked at below.
        remote: _,
        knowledge,
        writer,
        worker,
        brake,
        contact,
        webhook,
        nats,
        email,
        sms,
        push,
        pack,
        secrets,
        sign_in,
        telemetry,
    } = Config::load(None, []).unwrap();
    let listen = "127.0.0.1:8466".parse().unwrap();
    assert_eq!(server, Server { listen, behind_tls: false, connections: 1_024 });
    assert_eq!(storage, Storage { url: "sqlite://var/cotmoc.db".into() });
    let dir = "var/models".into();
    assert_eq!(models, Models { dir, serve: false, workers: 1, queue: 256 });
    let index = "var/knowledge.index".into();
    let sources = Vec::new();
    assert_eq!(knowledge, Knowledge { index, sources, page: false, qdrant_url: None });
    assert_eq!(writer, Writer { samples: 0, page: false });
    let timetable = "5 0 * * *".into();
    let (sends_at_once, queue_limit) = (8, 1_000_000);
    assert_eq!(worker, Worker { name: None, timetable, sends_at_once, queue_limit });
    let (history_days, known_days) = (35, 7);
    assert_eq!(brake, Brake { factor: 3, least: 500, history_days, known_days });
    let Contact { from, until, most_a_week, most_a_month, .. } = contact;
    assert_eq!(
        (from.as_str(), until.as_str(), most_a_week, most_a_month),
        ("09:00", "17:00", 2, 6)
    );
    assert_eq!(webhook, Webhook { url: None, secret_file: None, allow_private: false });
    assert!(nats.inward().is_none() && nats.server().is_none() && nats.partitions == 16);
    assert!(email.url.is_none() && sms.url.is_none() && push.url.is_none());
    assert_eq!(pack, Pack { path: None });
    let (file, keys) = ("var/secret/pseudonym.key".into(), "var/secret/master.keys".into());
    let expected = Secrets {
        pseudonym_key_file: file,
        master_keys_file: keys,
        master_keys_command: None,
        log_key_file: "var/secret/log.key".into(),
    };
    assert_eq!(secrets, expected);
    assert_eq!(sign_in, SignIn { oidc_issuer: None, oidc_client_id: None });
    let filter = "info,sqlx=warn,hyper=warn".into();
    let wanted = Telemetry {
        format: Format::Text,
        metrics_listen: None,
        traces_url: None,
        traces_share: 1.0,
        filter,
    };
    assert_eq!(telemetry, wanted);
}

#[test]
fn every_key_can_be_set_from_the_environment() {
    let defaults = parse("defaults", DEFAULTS).unwrap();
    let mut seen = 0;
    for (section, keys) in &defaults {
        for (key, default) in keys.as_table().unwrap() {
            let text = match default {
                Value::Boolean(flag) => (!flag).to_string(),
                Value::Integer(number) => (number + 1).to_string(),
                Value::Float(number) => (number / 2.0).to_string(),
                _ if key == "listen" => "127.0.0.1:1".to_owned(),
                _ if key == "format" => "json".to_owned(),
                Value::String(level) if key.starts_with("detail_") => {
                    if level == "L0" { "L1" } else { "L0" }.to_owned()
                }
                _ => "changed".to_owned(),
            };
            let name = format!("COTMOC_{}__{}", section.to_uppercase(), key.to_uppercase());
            let changed = Config::load(None, [(name, text)]).unwrap();
            assert_ne!(changed, Config::load(None, []).unwrap(), "{section}.{key} is not read");
            seen += 1;
        }
    }
    assert!(seen >= 15, "only {seen} keys");
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    std::fs::write(&path, "[server]\nlisten = \"127.0.0.1:1\"\nbehind_tls = true\n").unwrap();
    let environment = variables(&[
        ("COTMOC_SERVER__LISTEN", "127.0.0.1:2"),
        ("COTMOC_WRITER__SAMPLES", "2"),
        ("COTMOC_KNOWLEDGE__SOURCES", "a.yaml, b.yaml"),
        ("COTMOC_CONFIG", "x"),
    ]);
    let config = Config::load(Some(&path), environment).unwrap();
    assert_eq!(config.writer.samples, 2);
    assert_eq!(config.knowledge.sources, [Path::new("a.yaml"), Path::new("b.yaml")]);
    assert_eq!(config.server.listen.port(), 2);
    assert!(config.server.behind_tls);
    assert_eq!(config.models.dir, Path::new("var/models"));
}

#[test]
fn what_counts_is_shown_without_passwords() {
    let environment = variables(&[("COTMOC_STORAGE__URL", "postgres://u:s3cret@db/x")]);
    let shown = Config::settings(None, environment).unwrap().to_string();
    assert!(shown.contains("postgres://…@db/x") && !shown.contains("s3cret"), "{shown}");
    assert!(shown.contains("Cột Mốc <khong-tra-loi@example.vn>"), "no address of a server");
}

#[test]
fn an_unknown_key_is_named_with_its_neighbour() {
    let error = with_file("[server]\nlisen = \"x\"\n").unwrap_err().to_string();
    assert!(error.contains("sets `server.lisen`, which is no setting"), "{error}");
    assert!(error.ends_with("did you mean `server.listen`?"), "{error}");
    let error = with_file("[sever]\nlisten = \"x\"\n").unwrap_err().to_string();
    assert!(error.ends_with("did you mean `server`?"), "{error}");

    let error = Config::load(None, variables(&[("COTMOC_SERVER__PROT", "1")])).unwrap_err();
    assert!(error.to_string().starts_with("`COTMOC_SERVER__PROT` sets `server.prot`"));
}

#[test]
fn a_wrong_value_is_named_with_its_place() {
    let error = with_file("[server]\nbehind_tls = \"yes\"\n").unwrap_err().to_string();
    assert!(error.ends_with("gives `server.behind_tls` a text, it must be `true` or `false`"));
    let environment = variables(&[("COTMOC_SERVER__LISTEN", "nowhere")]);
    let error = Config::load(None, environment).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("listen"), "{cause}");
    assert!(matches!(with_file("[server"), Err(ConfigError::Syntax { .. })));
    let error = Config::load(None, variables(&[("COTMOC_WRITER__SAMPLES", "few")])).unwrap_err();
    assert!(error.to_string().ends_with("it must be a whole number"), "{error}");
}

#[test]
fn a_missing_file_is_named() {
    let error = Config::load(Some(Path::new("/nowhere/c.toml")), []).unwrap_err();
    assert_eq!(error.to_string(), "could not read the configuration `/nowhere/c.toml`");
}
