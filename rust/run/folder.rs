//! `.wirecheck/runs`: one folder a run, the newest ones kept.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use wirecheck_core::model::read::{ReadError, read};
use wirecheck_core::model::run::Run;

/// Where runs are if nobody says.
pub const RUNS: &str = ".wirecheck/runs";
/// The schema of somebody's own services, in the folder of a run.
pub const SCHEMA: &str = "schema.binpb";
/// Runs that are kept, this one included.
const KEEP: usize = 10;

/// The folder of one run.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    id: String,
}

/// The folder of a run cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the run's folder `{}`: {source}", path.display())]
pub struct FolderError {
    /// Which.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

impl RunFolder {
    /// Makes the folder of a new run below `runs`, which ignores itself in git.
    ///
    /// # Errors
    ///
    /// See [`FolderError`].
    pub fn create(runs: &Path) -> Result<Self, FolderError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| FolderError { path, source }
        };
        std::fs::create_dir_all(runs).map_err(failed(runs))?;
        // In here and not above: what stands beside a folder that a user named is theirs.
        let ignore = runs.join(".gitignore");
        if !ignore.exists() {
            std::fs::write(&ignore, "*\n").map_err(failed(&ignore))?;
        }
        let (path, id) = fresh(runs).map_err(failed(runs))?;
        for part in ["captures", "logs"] {
            std::fs::create_dir(path.join(part)).map_err(failed(&path))?;
        }
        prune(runs, &id);
        Ok(Self { path, id })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The run's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The folder of the peers' logs.
    pub fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }

    /// Keeps the schema of somebody's own services, as a serialized
    /// `google.protobuf.FileDescriptorSet`, for whoever looks at the run later.
    ///
    /// # Errors
    ///
    /// See [`FolderError`].
    pub fn keep_schema(&self, descriptor_set: &[u8]) -> Result<(), FolderError> {
        let path = self.path.join(SCHEMA);
        std::fs::write(&path, descriptor_set).map_err(|source| FolderError { path, source })
    }

    /// Writes `run.json` and points `latest` at this run.
    ///
    /// # Errors
    ///
    /// See [`FolderError`].
    pub fn save(&self, run: &Run) -> Result<PathBuf, FolderError> {
        let path = self.path.join("run.json");
        let failed = |source: io::Error| FolderError {
            path: path.clone(),
            source,
        };
        let partial = self.path.join("run.json.partial");
        let file = io::BufWriter::new(std::fs::File::create(&partial).map_err(failed)?);
        serde_json::to_writer_pretty(file, run).map_err(|error| failed(error.into()))?;
        std::fs::rename(&partial, &path).map_err(failed)?;
        self.point_latest().map_err(failed)?;
        Ok(path)
    }

    fn point_latest(&self) -> io::Result<()> {
        let runs = self.path.parent().unwrap_or(&self.path);
        let link = runs.join(format!(".latest-{}", self.id));
        std::os::unix::fs::symlink(&self.id, &link)?;
        std::fs::rename(&link, runs.join("latest"))
    }
}

/// A run cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is none.
    #[error("there is no run to look at: cannot read `{}`: {source}", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
        /// Why it cannot be read.
        source: io::Error,
    },
    /// The file is something else.
    #[error("cannot read `{}`: {source}", path.display())]
    Wrong {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        source: ReadError,
    },
}

/// A run as it was written, and where it stands.
#[derive(Debug)]
pub struct Loaded {
    /// The run.
    pub run: Run,
    /// The bytes of its `run.json`.
    pub text: Vec<u8>,
    /// The folder that the paths in it start from.
    pub folder: PathBuf,
}

/// Reads a run: `latest`, an id, or a path to a `run.json`.
///
/// # Errors
///
/// There is none, or it cannot be read.
pub fn load(runs: &Path, name: &str) -> Result<Loaded, LoadError> {
    let is_path = name.ends_with(".json") || name.contains('/') || Path::new(name).is_file();
    let path = match is_path {
        true => PathBuf::from(name),
        false => runs.join(name).join("run.json"),
    };
    let text = std::fs::read(&path).map_err(|source| LoadError::Missing {
        path: path.clone(),
        source,
    })?;
    let run = read(&text).map_err(|source| LoadError::Wrong {
        path: path.clone(),
        source,
    })?;
    let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
    Ok(Loaded { run, text, folder })
}

/// The ids of the runs that are kept, the newest first.
pub fn ids(runs: &Path) -> Vec<String> {
    let folders = by_age(runs).into_iter().rev();
    let name = |path: PathBuf| Some(path.file_name()?.to_str()?.to_owned());
    folders.filter_map(|(_, path)| name(path)).collect()
}

/// A folder that did not exist: four hex digits, more where they are taken.
fn fresh(runs: &Path) -> io::Result<(PathBuf, String)> {
    let text = format!("{:?} {}", SystemTime::now(), std::process::id());
    let digest: String = Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    for length in 4..digest.len() {
        let path = runs.join(&digest[..length]);
        match std::fs::create_dir(&path) {
            Ok(()) => return Ok((path, digest[..length].to_owned())),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Removes the oldest runs. What cannot be removed stays.
fn prune(runs: &Path, current: &str) {
    let mut folders = by_age(runs);
    folders.retain(|(_, folder)| !folder.ends_with(current));
    let too_many = (folders.len() + 1).saturating_sub(KEEP);
    for (_, folder) in folders.into_iter().take(too_many) {
        let _ = std::fs::remove_dir_all(folder);
    }
}

/// The folders of the runs with the time of their last change, the oldest first.
fn by_age(runs: &Path) -> Vec<(SystemTime, PathBuf)> {
    let entries = std::fs::read_dir(runs).into_iter().flatten().flatten();
    let mut folders: Vec<(SystemTime, PathBuf)> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    folders.sort();
    folders
}

/// The time now, RFC 3339, UTC, to the second.
pub fn now_rfc3339() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

#[cfg(test)]
mod tests {
    use wirecheck_core::model::run::SCHEMA_VERSION;

    use super::*;

    #[test]
    fn only_the_newest_runs_are_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let runs = folder.path().join(".wirecheck/runs");
        let run = Run {
            schema_version: SCHEMA_VERSION,
            ..Run::default()
        };
        for _ in 0..KEEP + 3 {
            RunFolder::create(&runs)
                .expect("a run")
                .save(&run)
                .expect("saved");
        }
        let kept = std::fs::read_dir(&runs)
            .expect("readable")
            .flatten()
            .filter(|entry| entry.file_type().unwrap().is_dir());
        assert_eq!(kept.count(), KEEP);
        assert!(load(&runs, "latest").is_ok());
        assert_eq!(
            std::fs::read_to_string(runs.join(".gitignore")).expect("written"),
            "*\n"
        );
    }
}
