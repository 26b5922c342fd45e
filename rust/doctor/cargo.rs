//! What a Rust peer is built with: whether its tonic and its prost belong
//! together, by its Cargo.lock.

use std::path::{Path, PathBuf};

use super::{Check, Verdict};

/// Which prost a tonic works with, by their 0.x versions: types of another one
/// do not implement the same traits.
const BELONG: [(u64, u64); 6] = [(14, 14), (13, 13), (12, 13), (11, 12), (10, 12), (9, 11)];

/// Crates that generate code for the tonic of the same 0.x version.
const BUILDERS: [&str; 2] = ["tonic-build", "tonic-prost-build"];

/// Checks of a peer that cargo builds: its command lies in a `target` folder.
pub fn checks(subject: &str, argv: &[String], folder: &Path) -> Vec<Check> {
    let is_built = argv
        .first()
        .is_some_and(|program| program.contains("target/"));
    let lock = is_built
        .then(|| lock_above(&folder.join(&argv[0])))
        .flatten();
    let Some(text) = lock.and_then(|path| std::fs::read_to_string(path).ok()) else {
        return Vec::new();
    };
    versions(&text)
        .map(|check| check_versions(subject, &check))
        .into_iter()
        .collect()
}

/// The Cargo.lock beside the `target` folder that a program lies in.
fn lock_above(program: &Path) -> Option<PathBuf> {
    let mut above = program.ancestors();
    let target = above.find(|path| path.file_name().is_some_and(|name| name == "target"))?;
    let lock = target.parent()?.join("Cargo.lock");
    lock.is_file().then_some(lock)
}

/// The 0.x versions of tonic and of prost in a lock file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Versions {
    tonic: Vec<(u64, String)>,
    prost: Vec<(u64, String)>,
    /// What generates code for tonic when a project is built.
    builders: Vec<(&'static str, u64, String)>,
}

fn versions(lock: &str) -> Option<Versions> {
    let lock: toml::Table = lock.parse().ok()?;
    let packages = lock.get("package")?.as_array()?;
    let of = |wanted: &str| -> Vec<(u64, String)> {
        let named = packages
            .iter()
            .filter(|package| package.get("name").and_then(toml::Value::as_str) == Some(wanted));
        let versions = named.filter_map(|package| package.get("version")?.as_str());
        versions
            .filter_map(|version| {
                let minor = version.strip_prefix("0.")?.split('.').next()?;
                Some((minor.parse().ok()?, version.to_owned()))
            })
            .collect()
    };
    let versions = Versions {
        tonic: of("tonic"),
        prost: of("prost"),
        builders: BUILDERS
            .into_iter()
            .flat_map(|name| {
                of(name)
                    .into_iter()
                    .map(move |(minor, text)| (name, minor, text))
            })
            .collect(),
    };
    (!versions.tonic.is_empty()).then_some(versions)
}

fn check_versions(subject: &str, versions: &Versions) -> Check {
    let shown = |name: &str, versions: &[(u64, String)]| {
        let versions: Vec<&str> = versions.iter().map(|(_, text)| text.as_str()).collect();
        format!("{name} {}", versions.join(" and "))
    };
    let found = format!(
        "{}, {}",
        shown("tonic", &versions.tonic),
        shown("prost", &versions.prost)
    );
    let belongs = versions.tonic.iter().all(|(tonic, _)| {
        let wanted = BELONG.iter().find(|(known, _)| known == tonic);
        // A version that is not known here is no fault.
        wanted.is_none_or(|(_, prost)| versions.prost.iter().any(|(have, _)| have == prost))
    });
    let other = versions
        .builders
        .iter()
        .find(|(_, builder, _)| versions.tonic.iter().all(|(tonic, _)| tonic != builder));
    if let Some((name, _, version)) = other {
        let found = format!("{found}, {name} {version}");
        let mend = format!("let {name} have the 0.x version of tonic: `cargo update`");
        return Check::fix(subject, "crates", found, mend);
    }
    if !belongs || versions.tonic.len() > 1 {
        let mend =
            "let tonic, tonic-prost-build and prost have the same 0.x version: `cargo update`";
        return Check {
            verdict: if belongs { Verdict::Warn } else { Verdict::Fix },
            ..Check::fix(subject, "crates", found, mend)
        };
    }
    Check::ok(subject, "crates", found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(packages: &[(&str, &str)]) -> Option<Verdict> {
        let entries = packages.iter().map(|(name, version)| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n")
        });
        let lock = format!("version = 4\n{}", entries.collect::<String>());
        versions(&lock).map(|versions| check_versions("shop", &versions).verdict)
    }

    #[test]
    fn tonic_and_prost_must_belong_together() {
        assert_eq!(
            verdict(&[("tonic", "0.14.9"), ("prost", "0.14.4")]),
            Some(Verdict::Ok)
        );
        assert_eq!(
            verdict(&[("tonic", "0.12.3"), ("prost", "0.13.5")]),
            Some(Verdict::Ok)
        );
        assert_eq!(
            verdict(&[("tonic", "0.14.9"), ("prost", "0.13.5")]),
            Some(Verdict::Fix)
        );
        let two = [
            ("tonic", "0.14.9"),
            ("tonic", "0.12.3"),
            ("prost", "0.14.4"),
            ("prost", "0.13.5"),
        ];
        assert_eq!(verdict(&two), Some(Verdict::Warn));
        assert_eq!(verdict(&[("serde", "1.0.0")]), None);
        let builder = |version| {
            let tonic = [("tonic", "0.14.9"), ("prost", "0.14.4")];
            verdict(&[&tonic[..], &[("tonic-build", version)]].concat())
        };
        assert_eq!(builder("0.14.2"), Some(Verdict::Ok));
        assert_eq!(builder("0.12.3"), Some(Verdict::Fix));
    }
}
