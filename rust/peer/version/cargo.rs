//! The manifests of a tonic peer's copy: a workspace of one member, with the
//! versions that were asked for and those that go with them.

use std::path::{Path, PathBuf};

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, Value};

/// The crates of tonic's own repository, which are published together.
const FAMILY: [&str; 6] = [
    "tonic",
    "tonic-health",
    "tonic-reflection",
    "tonic-types",
    CODEC,
    CODEGEN,
];
/// Since 0.14 these two are what ties tonic to prost.
const CODEC: &str = "tonic-prost";
const CODEGEN: &str = "tonic-prost-build";
/// Before, the code generator was this crate, by the same interface.
const OLD_CODEGEN: &str = "tonic-build";
const SPLIT: (u32, u32) = (0, 14);

/// What goes with the prost that tonic had before [`SPLIT`].
const OLD_PROST: [(&str, &str); 5] = [
    ("prost", "0.13"),
    ("prost-types", "0.13"),
    ("prost-build", "0.13"),
    ("prost-reflect", "0.15"),
    ("protox", "0.8"),
];
/// Since 0.13 the feature for TLS is named after what carries it out.
const TLS: &str = "tls-ring";
const OLD_TLS: &str = "tls";
const TLS_SPLIT: (u32, u32) = (0, 13);
/// Since 0.13 tonic connects to Unix sockets by itself. A connector for an older
/// one makes its streams with this crate and feature, by the version that tonic
/// itself has.
const CONNECTOR: (&str, &str, &str) = ("hyper-util", "0.1", "tokio");
const CONNECTOR_SPLIT: (u32, u32) = (0, 13);

/// What a workspace says of its members and of how they are built.
const OF_WORKSPACE: [&str; 2] = ["workspace", "profile"];

/// Which tonic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tonic {
    /// The first two numbers of its version.
    pub numbers: (u32, u32),
    /// How it is had.
    pub from: From,
}

/// How a library is had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// From the registry: what is required of the version.
    Requirement(String),
    /// From folders: each crate with its own.
    Folders(Vec<(String, PathBuf)>),
}

impl Tonic {
    fn is_old(&self) -> bool {
        self.numbers < SPLIT
    }
}

/// The manifest of the copy's workspace, from that of the project.
///
/// # Errors
///
/// What is not there, or no TOML.
pub fn workspace(text: &str, tonic: &Tonic) -> Result<String, String> {
    let mut document = parsed(text)?;
    document.retain(|key, _| OF_WORKSPACE.contains(&key));
    let workspace = document.get_mut("workspace").and_then(Item::as_table_mut);
    let workspace = workspace.ok_or("it has no `[workspace]`")?;
    workspace.remove("default-members");
    workspace.insert("members", Item::from(Array::from_iter(["rust/tonic_peer"])));
    let dependencies = workspace
        .get_mut("dependencies")
        .and_then(Item::as_table_mut);
    let dependencies = dependencies.ok_or("it has no `[workspace.dependencies]`")?;
    let with_path = |item: &Item| item.get("path").is_some();
    dependencies.retain(|_, item| !with_path(item));
    choose(dependencies, tonic);
    Ok(document.to_string())
}

/// The manifest of the peer's copy, from that of the project.
///
/// # Errors
///
/// What is not there, or no TOML.
pub fn package(text: &str, tonic: &Tonic) -> Result<String, String> {
    let mut document = parsed(text)?;
    // The tests stay at home.
    document.remove("dev-dependencies");
    for key in ["dependencies", "build-dependencies"] {
        let dependencies = document.get_mut(key).and_then(Item::as_table_mut);
        choose(dependencies.ok_or(format!("it has no `[{key}]`"))?, tonic);
    }
    if tonic.numbers < CONNECTOR_SPLIT {
        document["dependencies"][CONNECTOR.0] = connector();
    }
    Ok(document.to_string())
}

fn connector() -> Item {
    let (_, version, feature) = CONNECTOR;
    let features = Array::from_iter([feature]);
    Item::from(InlineTable::from_iter([
        ("version", Value::from(version)),
        ("default-features", Value::from(false)),
        ("features", Value::from(features)),
    ]))
}

fn parsed(text: &str) -> Result<DocumentMut, String> {
    let document = text.parse::<DocumentMut>();
    document.map_err(|error| error.message().to_owned())
}

/// Puts the versions into a table of dependencies. One that inherits the
/// workspace's is left alone.
fn choose(dependencies: &mut Table, tonic: &Tonic) {
    if tonic.is_old() {
        dependencies.remove(CODEC);
    }
    let names: Vec<String> = dependencies
        .iter()
        .map(|(name, _)| name.to_owned())
        .collect();
    for name in names {
        let item = &mut dependencies[&name];
        if name == "tonic" && tonic.numbers < TLS_SPLIT {
            rename_feature(item, TLS, OLD_TLS);
        }
        if item.get("workspace").is_some() {
            continue;
        }
        let old = OLD_PROST
            .iter()
            .find(|(old, _)| *old == name && tonic.is_old());
        if let Some((_, version)) = old {
            *item = with(item, "version", *version);
        }
        if FAMILY.contains(&name.as_str()) {
            *item = of_family(&name, item, tonic);
        }
    }
}

fn of_family(name: &str, item: &Item, tonic: &Tonic) -> Item {
    let is_codegen = name == CODEGEN && tonic.is_old();
    let package = if is_codegen { OLD_CODEGEN } else { name };
    let mut item = match &tonic.from {
        From::Requirement(version) => with(item, "version", version.as_str()),
        From::Folders(folders) => {
            let folder = folders.iter().find(|(name, _)| name == package);
            let folder = folder.map(|(_, folder)| folder.display().to_string());
            // What is not there the build will name.
            let item = with(item, "path", folder.unwrap_or_default());
            without(item, "version")
        }
    };
    if is_codegen {
        item = with(&item, "package", OLD_CODEGEN);
        // What the newer crate is for was a feature of the older one.
        let features = item.get_mut("features").and_then(Item::as_value_mut);
        if let Some(features) = features.and_then(Value::as_array_mut) {
            features.push("prost");
        }
    }
    item
}

/// A dependency with one more key; one that was only a version becomes a table.
fn with(item: &Item, key: &str, value: impl Into<Value>) -> Item {
    let mut table = match item.as_value() {
        Some(Value::InlineTable(table)) => table.clone(),
        Some(version) => InlineTable::from_iter([("version", version.clone())]),
        None => InlineTable::new(),
    };
    table.insert(key, value.into());
    Item::from(table)
}

fn rename_feature(dependency: &mut Item, from: &str, to: &str) {
    let features = dependency.get_mut("features").and_then(Item::as_value_mut);
    let Some(features) = features.and_then(Value::as_array_mut) else {
        return;
    };
    let at = features
        .iter()
        .position(|feature| feature.as_str() == Some(from));
    if let Some(at) = at {
        features.replace(at, to);
    }
}

fn without(mut item: Item, key: &str) -> Item {
    if let Some(table) = item.as_inline_table_mut() {
        table.remove(key);
    }
    item
}

/// The crates that `cargo metadata` tells of, each with its folder, and the
/// first two numbers of tonic's version.
pub fn of_folders(metadata: &[u8]) -> Option<Tonic> {
    let metadata: serde_json::Value = serde_json::from_slice(metadata).ok()?;
    let packages = metadata.get("packages")?.as_array()?;
    let mut folders = Vec::new();
    let mut version = None;
    for package in packages {
        let name = package.get("name")?.as_str()?;
        let manifest = Path::new(package.get("manifest_path")?.as_str()?);
        if name == "tonic" {
            version = super::numbers(package.get("version")?.as_str()?);
        }
        folders.push((name.to_owned(), manifest.parent()?.to_owned()));
    }
    Some(Tonic {
        numbers: version?,
        from: From::Folders(folders),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKSPACE: &str = include_str!("../../../Cargo.toml");
    const PACKAGE: &str = include_str!("../../tonic_peer/Cargo.toml");

    fn tonic(minor: u32, from: From) -> Tonic {
        Tonic {
            numbers: (0, minor),
            from,
        }
    }

    fn dependencies(text: &str, keys: &[&str]) -> Table {
        let document: DocumentMut = text.parse().expect("TOML");
        let mut item = document.as_item();
        for key in keys {
            item = item.get(key).expect(key);
        }
        item.as_table().expect("a table").clone()
    }

    #[test]
    fn an_older_tonic_comes_with_its_prost() {
        let old = tonic(12, From::Requirement("=0.12.3".into()));
        let text = workspace(WORKSPACE, &old).expect("a manifest");
        let found = dependencies(&text, &["workspace", "dependencies"]);
        let of = |name: &str, key: &str| found[name][key].as_str().map(str::to_owned);
        assert_eq!(of("tonic", "version").as_deref(), Some("=0.12.3"));
        assert_eq!(of("prost", "version").as_deref(), Some("0.13"));
        assert_eq!(of("protox", "version").as_deref(), Some("0.8"));
        assert_eq!(of(CODEGEN, "package").as_deref(), Some(OLD_CODEGEN));
        let features = found[CODEGEN]["features"].as_array().expect("features");
        assert!(
            features
                .iter()
                .any(|feature| feature.as_str() == Some("prost"))
        );
        assert!(!found.contains_key(CODEC));
        // Others are left alone.
        assert_eq!(found["http"].as_str(), Some("1"));
        assert!(!found.contains_key("wirecheck-core"));

        let package = package(PACKAGE, &old).expect("a manifest");
        let found = dependencies(&package, &["dependencies"]);
        assert!(!found.contains_key(CODEC) && found.contains_key("tonic"));
        assert_eq!(found["prost-reflect"]["version"].as_str(), Some("0.15"));
        let features = found["tonic"]["features"].as_array().expect("features");
        let has = |name| {
            features
                .iter()
                .any(|feature| feature.as_str() == Some(name))
        };
        assert!(has("tls") && !has("tls-ring"));
        assert!(!package.contains("dev-dependencies"));
        let features = found["hyper-util"]["features"]
            .as_array()
            .expect("features");
        assert_eq!(features.iter().count(), 1);
    }

    #[test]
    fn a_newer_tonic_changes_only_its_own_crates() {
        let new = tonic(14, From::Requirement("~0.14".into()));
        let text = workspace(WORKSPACE, &new).expect("a manifest");
        let found = dependencies(&text, &["workspace", "dependencies"]);
        assert_eq!(found[CODEC]["version"].as_str(), Some("~0.14"));
        assert_eq!(found["prost"].as_str(), Some("0.14.4"));
        assert!(found[CODEGEN].get("package").is_none());
        let package = package(PACKAGE, &new).expect("a manifest");
        assert!(!package.contains("hyper-util"));
    }

    #[test]
    fn folders_take_the_place_of_versions() {
        let metadata = br#"{"packages": [
            {"name": "tonic", "version": "0.15.0-dev", "manifest_path": "/t/tonic/Cargo.toml"},
            {"name": "tonic-health", "version": "0.15.0", "manifest_path": "/t/health/Cargo.toml"}
        ]}"#;
        let found = of_folders(metadata).expect("tonic");
        assert_eq!(found.numbers, (0, 15));
        let text = workspace(WORKSPACE, &found).expect("a manifest");
        let found = dependencies(&text, &["workspace", "dependencies"]);
        assert_eq!(found["tonic"]["path"].as_str(), Some("/t/tonic"));
        assert_eq!(found["tonic-health"]["path"].as_str(), Some("/t/health"));
        assert!(found["tonic"].get("version").is_none());
        assert!(of_folders(b"{}").is_none());
    }
}
