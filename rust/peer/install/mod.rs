//! Peers that are built apart from the program, in the user's cache folder,
//! from sources that the program carries. A folder's name holds a digest of
//! them, so that two versions of the program do not meet in one folder.

mod sources;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::ValueEnum;
use etcetera::BaseStrategy as _;
use sha2::{Digest as _, Sha256};

use self::sources::Source;
use super::builtin::PYTHON_PEERS;
use super::spec::DYNAMIC;

/// Names the cache folder, before what the system says.
const CACHE: &str = "WIRECHECK_CACHE";
/// Hex digits of the digest in a folder's name.
const DIGEST_DIGITS: usize = 12;

/// A language whose peers can be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Installable {
    /// `python-grpcio` and `python-grpcio-aio`.
    Python,
}

/// Why peers are not installed or removed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The system does not say where a cache may be.
    #[error("there is no folder for caches: neither {CACHE} nor HOME is set")]
    NoCache,
    /// A file cannot be written or removed.
    #[error("`{}`: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The program that sets it up cannot be started.
    #[error("`{program}` cannot be started: {source}")]
    Start {
        /// Which.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// The set-up has said why on stderr.
    #[error("the set-up ended with {0}")]
    SetUp(std::process::ExitStatus),
}

/// The folder of Wirecheck's caches: `$WIRECHECK_CACHE`, or `wirecheck` in the
/// user's folder for caches.
pub fn cache() -> Option<PathBuf> {
    let named = std::env::var_os(CACHE).filter(|named| !named.is_empty());
    named.map(PathBuf::from).or_else(|| {
        let system = etcetera::choose_base_strategy().ok()?;
        Some(system.cache_dir().join("wirecheck"))
    })
}

/// How peers are to be installed.
#[derive(Debug, Default)]
pub struct How {
    /// The interpreter; that of the system if unset.
    pub python: Option<PathBuf>,
    /// Fetch nothing.
    pub offline: bool,
    /// A folder with packages, to be looked at before any index.
    pub wheels: Option<PathBuf>,
}

impl Installable {
    /// The word for it, as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
        }
    }

    /// What a user types to have it.
    pub fn command(self) -> String {
        format!("wirecheck peers install {}", self.name())
    }

    /// Whether this peer is one of its peers, by the name it has in a run.
    pub fn brings(self, peer: &str) -> bool {
        let name = peer.strip_suffix(DYNAMIC).unwrap_or(peer);
        match self {
            Self::Python => PYTHON_PEERS.iter().any(|(ours, _)| *ours == name),
        }
    }

    fn sources(self) -> &'static [Source] {
        match self {
            Self::Python => sources::PYTHON,
        }
    }

    /// Where this program's version of it belongs.
    pub fn folder(self, cache: &Path) -> PathBuf {
        let mut digest = Sha256::new();
        for source in self.sources() {
            // The lengths keep ("ab", "c") apart from ("a", "bc").
            for part in [source.path, source.text] {
                digest.update((part.len() as u64).to_be_bytes());
                digest.update(part);
            }
        }
        let digest: String = digest
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let digits = &digest[..DIGEST_DIGITS];
        cache
            .join("peers")
            .join(format!("{}-{digits}", self.name()))
    }

    /// Whether the set-up of a folder came to its end, and the interpreter that
    /// it was made for is still there.
    pub fn is_installed(self, folder: &Path) -> bool {
        match self {
            Self::Python => [
                ".venv/bin/python",
                ".venv/.wirecheck-stamp",
                "python/generated/.wirecheck-stamp",
            ]
            .iter()
            .all(|file| folder.join(file).exists()),
        }
    }

    /// Writes the sources and sets them up; does nothing twice. The set-up
    /// tells of its progress, and of what goes wrong, on stderr.
    ///
    /// # Errors
    ///
    /// A file cannot be written, or the set-up fails.
    pub fn install(self, folder: &Path, how: &How) -> Result<(), InstallError> {
        for source in self.sources() {
            write_if_other(&folder.join(source.path), source.text)?;
        }
        match self {
            Self::Python => set_up_python(folder, how),
        }
    }

    /// Removes every version of it that was installed, and gives the folders.
    ///
    /// # Errors
    ///
    /// A folder cannot be read or removed.
    pub fn remove(self, cache: &Path) -> Result<Vec<PathBuf>, InstallError> {
        let peers = cache.join("peers");
        let entries = match fs::read_dir(&peers) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => {
                return Err(InstallError::File {
                    path: peers,
                    source,
                });
            }
        };
        let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        folders.retain(|folder| self.is_version(folder));
        folders.sort();
        for folder in &folders {
            fs::remove_dir_all(folder).map_err(at(folder))?;
        }
        Ok(folders)
    }

    /// Whether a folder's name is one that [`Installable::folder`] gives.
    fn is_version(self, folder: &Path) -> bool {
        let name = folder.file_name().and_then(|name| name.to_str());
        let digest = name.and_then(|name| name.strip_prefix(self.name())?.strip_prefix('-'));
        digest.is_some_and(|digest| {
            digest.len() == DIGEST_DIGITS && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    }
}

/// A file that is as it should be keeps its time, so that nothing is built anew.
fn write_if_other(path: &Path, text: &str) -> Result<(), InstallError> {
    if fs::read(path).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(at(folder))?;
    }
    fs::write(path, text).map_err(at(path))
}

/// The script bounds its own time and ends what it started; Ctrl-C reaches it as
/// it reaches this program.
fn set_up_python(folder: &Path, how: &How) -> Result<(), InstallError> {
    let python = how.python.clone().unwrap_or_else(|| "python3".into());
    let mut command = Command::new(&python);
    command
        .arg(folder.join("python/setup_env.py"))
        .stdin(Stdio::null());
    if how.offline {
        command.env("PIP_NO_INDEX", "1");
    }
    if let Some(wheels) = &how.wheels {
        // The set-up runs pip in the folder of the installation.
        let wheels = fs::canonicalize(wheels).map_err(at(wheels))?;
        command.env("PIP_FIND_LINKS", wheels);
    }
    let status = command.status().map_err(|source| InstallError::Start {
        program: python.display().to_string(),
        source,
    })?;
    match status.success() {
        true => Ok(()),
        false => Err(InstallError::SetUp(status)),
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> InstallError {
    let path = path.to_owned();
    move |source| InstallError::File { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_versions_are_removed() {
        let cache = tempfile::tempdir().expect("a folder");
        let peers = cache.path().join("peers");
        let ours = Installable::Python.folder(cache.path());
        for folder in [
            ours.clone(),
            peers.join("python-mine"),
            peers.join("pythonic-0123456789ab"),
        ] {
            fs::create_dir_all(folder).expect("a new folder");
        }
        let removed = Installable::Python.remove(cache.path()).expect("removed");
        assert_eq!(removed, [ours]);
        assert_eq!(fs::read_dir(peers).expect("still there").count(), 2);
    }

    #[test]
    fn nothing_is_there_to_remove() {
        let cache = tempfile::tempdir().expect("a folder");
        let removed = Installable::Python.remove(cache.path()).expect("no error");
        assert!(removed.is_empty());
    }

    #[test]
    fn sources_that_are_there_are_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a/b.py");
        write_if_other(&file, "text").expect("written");
        let before = fs::metadata(&file)
            .and_then(|meta| meta.modified())
            .expect("a time");
        write_if_other(&file, "text").expect("left");
        let after = fs::metadata(&file)
            .and_then(|meta| meta.modified())
            .expect("a time");
        assert_eq!(before, after);
        write_if_other(&file, "other").expect("written");
        assert_eq!(fs::read_to_string(&file).expect("there"), "other");
    }

    #[test]
    fn a_folder_without_stamps_is_not_installed() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(!Installable::Python.is_installed(folder.path()));
    }
}
