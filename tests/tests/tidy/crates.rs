//! Which crates may depend on which.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context as _, Result};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};
use support::tree::root;

use crate::Findings;

/// The edges between our own crates, exactly. An edge missing here is a promise that Cargo
/// keeps for us: `rules` cannot reach a model, a clock, the network or a database.
const EDGES: [(&str, &[&str]); 10] = [
    ("domain", &[]),
    ("rules", &["domain"]),
    ("inference", &[]),
    ("knowledge", &["domain", "inference"]),
    ("writer", &["domain", "inference", "knowledge"]),
    ("storage", &["domain"]),
    ("engine", &["domain", "inference", "knowledge", "rules", "storage", "writer"]),
    ("eval", &["domain", "engine", "inference", "knowledge", "rules", "storage", "writer"]),
    (
        "server",
        &["domain", "engine", "eval", "inference", "knowledge", "rules", "storage", "writer"],
    ),
    ("tests", &["domain"]),
];

/// What would let `rules` or `domain` see more than their arguments.
const IMPURE: [&str; 21] = [
    "async-std",
    "candle-core",
    "candle-nn",
    "curl",
    "hf-hub",
    "hyper",
    "jiff-cron",
    "libsqlite3-sys",
    "mio",
    "qdrant-client",
    "rand",
    "reqwest",
    "rusqlite",
    "smol",
    "socket2",
    "sqlx",
    "sqlx-core",
    "tokenizers",
    "tokio",
    "tonic",
    "ureq",
];

/// Of this machine's platform only: what other platforms need was never fetched here.
pub(crate) fn metadata() -> Result<Metadata> {
    let told = Command::new("rustc").arg("-vV").output()?;
    let told = String::from_utf8(told.stdout)?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("`rustc -vV` names no host")?.to_owned();
    let options = ["--offline".to_owned(), "--filter-platform".to_owned(), host];
    Ok(MetadataCommand::new().current_dir(root()).other_options(options).exec()?)
}

pub(crate) fn short(package: &Package) -> &str {
    package.name.strip_prefix("cotmoc-").unwrap_or(&package.name)
}

pub(crate) fn manifest(package: &Package) -> String {
    package.manifest_path.strip_prefix(root()).unwrap_or(&package.manifest_path).to_string()
}

/// Ours that `package` depends on, by kind.
fn edges(package: &Package, dev: bool) -> BTreeSet<&str> {
    package
        .dependencies
        .iter()
        .filter(|it| it.path.is_some() && (it.kind == DependencyKind::Development) == dev)
        .filter_map(|it| it.name.strip_prefix("cotmoc-"))
        .collect()
}

#[test]
fn our_crates_depend_on_each_other_only_as_decided() -> Result<()> {
    let metadata = metadata()?;
    let mut found = Findings::default();
    for package in metadata.workspace_packages() {
        let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == short(package)) else {
            found.add(&manifest(package), 1, "a crate that the architecture does not name");
            continue;
        };
        let allowed = allowed.iter().copied().collect::<BTreeSet<_>>();
        let real = edges(package, false);
        for extra in real.difference(&allowed) {
            found.add(
                &manifest(package),
                1,
                &format!(
                    "depends on `{extra}`: take the line out, the architecture has no such edge"
                ),
            );
        }
        for missing in allowed.difference(&real) {
            found.add(&manifest(package), 1, &format!(
                "does not depend on `{missing}`: the architecture says so; change it there first"
            ));
        }
        for extra in edges(package, true).difference(&allowed) {
            found.add(
                &manifest(package),
                1,
                &format!("its tests depend on `{extra}`: move that test to a crate that may"),
            );
        }
    }
    found.none();
    Ok(())
}

/// Everything that `from` links, by normal edges.
fn closure<'m>(metadata: &'m Metadata, from: &'m PackageId) -> BTreeMap<&'m str, &'m str> {
    let names = metadata.packages.iter().map(|it| (&it.id, it)).collect::<BTreeMap<_, _>>();
    let mut reached = BTreeMap::new();
    let mut open = vec![(from, "")];
    while let Some((id, by)) = open.pop() {
        let Some(package) = names.get(id) else { continue };
        if reached.insert(package.name.as_str(), by).is_some() {
            continue;
        }
        let nodes = metadata.resolve.iter().flat_map(|it| &it.nodes).filter(|it| it.id == *id);
        for dep in nodes.flat_map(|it| &it.deps) {
            if dep.dep_kinds.iter().any(|it| it.kind == DependencyKind::Normal) {
                open.push((&dep.pkg, package.name.as_str()));
            }
        }
    }
    reached
}

#[test]
fn eligibility_cannot_reach_a_model_a_clock_the_network_or_a_database() -> Result<()> {
    let metadata = metadata()?;
    let mut found = Findings::default();
    for package in metadata.workspace_packages() {
        if !["domain", "rules"].contains(&short(package)) {
            continue;
        }
        for (name, by) in closure(&metadata, &package.id) {
            if IMPURE.contains(&name) {
                found.add(
                    &manifest(package),
                    1,
                    &format!(
                        "links `{name}` through `{by}`: take a smaller feature set or another crate"
                    ),
                );
            }
        }
    }
    found.none();
    Ok(())
}
