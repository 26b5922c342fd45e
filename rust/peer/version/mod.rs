//! Peers with another version of their library than the one that the project
//! locks: each is built from a copy of its sources, with a lock of its own, in
//! the user's cache folder.
//!
//! Here is what can be asked for and where it goes; [`build`] makes it.

mod build;
mod cargo;
mod command;
mod copy;

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::builtin::from_folder;
use super::process::Program;
use super::spec::{Build, PeerSpec};

pub use build::build;

/// Where such a peer comes from, as `wirecheck peers` says it.
pub const SOURCE: &str = "built apart";
/// Hex digits of a digest in a folder's name.
const DIGEST_DIGITS: usize = 12;

/// Why there is no such peer, or it cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    /// It is written in a way that cannot be read.
    #[error("`{text}` is no peer: {why}")]
    Form {
        /// What was written.
        text: String,
        /// Why.
        why: &'static str,
    },
    /// There is one version of it only.
    #[error("the version of `{0}` cannot be chosen")]
    Fixed(String),
    /// Its sources are in Wirecheck's own folder, and this is not below it.
    #[error("the sources of `{0}` are not here")]
    NoSources(String),
    /// The folder does not have the library.
    #[error("`{}` has no {library}: {why}", path.display())]
    NoLibrary {
        /// The folder.
        path: PathBuf,
        /// Which library.
        library: &'static str,
        /// What was looked for.
        why: String,
    },
    /// A file cannot be read or written.
    #[error("`{}`: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A command has failed.
    #[error("`{command}` {how}{}", quoted(.tail))]
    Command {
        /// The command.
        command: String,
        /// How it ended.
        how: String,
        /// Its last lines.
        tail: Vec<String>,
    },
    /// A manifest of the project is not as expected.
    #[error("`{}` cannot be changed: {why}", path.display())]
    Manifest {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

fn quoted(tail: &[String]) -> String {
    tail.iter().map(|line| format!("\n    {line}")).collect()
}

/// The libraries whose version can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Library {
    /// Of `rust-tonic`.
    Tonic,
    /// Of `python-grpcio` and `python-grpcio-aio`, which share what is built.
    Grpcio,
    /// Of `go-grpc`.
    GrpcGo,
    /// Of `node-grpc-js`.
    GrpcJs,
}

impl Library {
    /// The library of a peer, if its version can be chosen.
    fn of(peer: &str) -> Option<Self> {
        Some(match peer {
            "rust-tonic" => Self::Tonic,
            "python-grpcio" | "python-grpcio-aio" => Self::Grpcio,
            "go-grpc" => Self::GrpcGo,
            "node-grpc-js" => Self::GrpcJs,
            _ => return None,
        })
    }

    /// Its name, as its users know it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tonic => "tonic",
            Self::Grpcio => "grpcio",
            Self::GrpcGo => "grpc-go",
            Self::GrpcJs => "grpc-js",
        }
    }
}

/// A peer, as `NAME`, `NAME@VERSION` or `NAME=path:DIR` asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The name of the peer that comes with Wirecheck.
    pub peer: String,
    /// Which version of its library.
    pub choice: Choice,
}

/// Which version of a library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The one that the project locks.
    Locked,
    /// This one; `0.12` and `1.60` are the newest of those.
    Version(String),
    /// The one in this folder.
    Folder(PathBuf),
}

const FORMS: &str = "write it as `NAME`, `NAME@VERSION` or `NAME=path:DIR`";
const VERSIONS: &str = "a version has digits and dots, as in `0.12` or `v1.60.0`";

impl Wanted {
    /// Reads what was asked for. `base` is what a folder is relative to.
    ///
    /// # Errors
    ///
    /// It has none of the three forms, or the library of the peer has one
    /// version only.
    pub fn parse(text: &str, base: &Path) -> Result<Self, VersionError> {
        let wrong = |why| VersionError::Form {
            text: text.to_owned(),
            why,
        };
        let (peer, choice) = if let Some((peer, place)) = text.split_once('=') {
            let folder = place
                .strip_prefix("path:")
                .filter(|folder| !folder.is_empty());
            let folder = folder.ok_or_else(|| wrong(FORMS))?;
            (peer, Choice::Folder(base.join(folder)))
        } else if let Some((peer, version)) = text.split_once('@') {
            let is_version = is_plain(version) && numbers(version).is_some();
            let version = is_version.then(|| version.to_owned());
            let version = version.ok_or_else(|| wrong(VERSIONS))?;
            (peer, Choice::Version(version))
        } else {
            (text, Choice::Locked)
        };
        if peer.is_empty() {
            return Err(wrong(FORMS));
        }
        if choice != Choice::Locked && Library::of(peer).is_none() {
            return Err(VersionError::Fixed(peer.to_owned()));
        }
        Ok(Self {
            peer: peer.to_owned(),
            choice,
        })
    }

    /// The name of the peer in a run, with the version in it: that of a folder
    /// is the folder's own name.
    pub fn name(&self) -> String {
        match &self.choice {
            Choice::Locked => self.peer.clone(),
            Choice::Version(version) => format!("{}@{version}", self.peer),
            Choice::Folder(folder) => {
                let name = folder.file_name().map(OsStr::to_string_lossy);
                let name = name.unwrap_or_default().to_lowercase();
                let name = name.replace(|c: char| !is_of_name(c), "-");
                format!("{}@{name}", self.peer)
            }
        }
    }
}

/// As it is typed.
impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.choice {
            Choice::Folder(folder) => write!(f, "{}=path:{}", self.peer, folder.display()),
            _ => f.write_str(&self.name()),
        }
    }
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c)
}

fn is_plain(version: &str) -> bool {
    version.chars().all(is_of_name)
}

/// The first two numbers of a version, which say what its API is.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = bare(version).split('.');
    let major = parts.next()?.parse().ok()?;
    // A development version may end there: `1.77-dev`.
    let minor = parts.next()?;
    let digits = minor
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(minor.len());
    Some((major, minor[..digits].parse().ok()?))
}

/// A version without the `v` that Go writes before it.
fn bare(version: &str) -> &str {
    version.strip_prefix('v').unwrap_or(version)
}

/// Whether it names one version, and not the newest of several.
fn is_whole(version: &str) -> bool {
    bare(version).split('.').count() > 2
}

/// A peer that is built apart.
#[derive(Debug, Clone)]
pub struct Apart {
    wanted: Wanted,
    library: Library,
    /// The folder of Wirecheck's sources.
    home: PathBuf,
    /// The folder of its copy.
    folder: PathBuf,
}

impl Apart {
    /// What was asked for, in the folder where it is or will be built; nothing
    /// for a peer as it comes with Wirecheck.
    ///
    /// # Errors
    ///
    /// The sources of the peer are not here.
    pub fn new(
        wanted: &Wanted,
        home: Option<&Path>,
        cache: &Path,
    ) -> Result<Option<Self>, VersionError> {
        let Some(library) = Library::of(&wanted.peer).filter(|_| wanted.choice != Choice::Locked)
        else {
            return Ok(None);
        };
        let home = home.ok_or_else(|| VersionError::NoSources(wanted.peer.clone()))?;
        Ok(Some(Self {
            folder: cache
                .join("versions")
                .join(folder_name(library, wanted, home)),
            wanted: wanted.clone(),
            library,
            home: home.to_owned(),
        }))
    }

    /// The peer as it is started, once `executable` has built it.
    ///
    /// # Panics
    ///
    /// Never: each library is that of a peer which comes with Wirecheck.
    pub fn spec(&self, executable: &Path) -> PeerSpec {
        let asked = self.wanted.to_string();
        let argv = ["peers", "build", &asked].map(str::to_owned);
        let build = Build {
            program: Program {
                argv: std::iter::once(executable.display().to_string())
                    .chain(argv)
                    .collect(),
                ..Program::default()
            },
            hint: format!("wirecheck peers build {asked}"),
        };
        let spec = from_folder(&self.wanted.peer, &self.folder);
        let spec = spec.expect("a peer that comes with Wirecheck");
        PeerSpec {
            name: self.wanted.name(),
            source: SOURCE.into(),
            build: spec.absent.is_none().then_some(build),
            ..spec
        }
    }

    /// The folder of its copy.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Two checkouts do not share a folder, since their sources may differ; nor do
/// two folders of a library with one name.
fn folder_name(library: Library, wanted: &Wanted, home: &Path) -> String {
    let mut digest = Sha256::new();
    digest.update(home.as_os_str().as_encoded_bytes());
    digest.update([0]);
    if let Choice::Folder(folder) = &wanted.choice {
        digest.update(folder.as_os_str().as_encoded_bytes());
    }
    let name = wanted.name();
    let version = name.split_once('@').map_or("", |(_, version)| version);
    format!(
        "{}@{version}-{}",
        library.name(),
        &hex(&digest.finalize())[..DIGEST_DIGITS]
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
