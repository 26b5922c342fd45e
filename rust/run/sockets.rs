//! Paths for Unix sockets: short, each of its own, gone with the run.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;

/// The most bytes of a path that the contract allows, below the 107 of
/// `sockaddr_un` on Linux and the 103 elsewhere.
const LONGEST_PATH: usize = 99;
/// Room for the name of a socket.
const LONGEST_NAME: usize = 12;

/// A folder for the Unix sockets of a run, made when the first is asked for.
#[derive(Debug, Default)]
pub struct Sockets {
    folder: OnceLock<TempDir>,
    count: AtomicU64,
}

impl Sockets {
    /// A path that nothing has had.
    ///
    /// # Errors
    ///
    /// The folder cannot be made.
    pub fn next(&self) -> io::Result<PathBuf> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        Ok(self.folder()?.join(number.to_string()))
    }

    fn folder(&self) -> io::Result<&Path> {
        if let Some(folder) = self.folder.get() {
            return Ok(folder.path());
        }
        let made = short_folder(&std::env::temp_dir())?;
        // Of two that are made at once, one is dropped again.
        Ok(self.folder.get_or_init(|| made).path())
    }
}

/// A folder in the usual place, or in `/tmp` where its path would be too long
/// for a socket.
fn short_folder(usual: &Path) -> io::Result<TempDir> {
    let builder = || {
        let mut builder = tempfile::Builder::new();
        builder.prefix("wc-").rand_bytes(6);
        builder
    };
    let fits = |folder: &TempDir| {
        let path = folder.path().as_os_str().len();
        path + 1 + LONGEST_NAME <= LONGEST_PATH
    };
    match builder().tempdir_in(usual) {
        Ok(folder) if fits(&folder) => Ok(folder),
        _ => builder().tempdir_in("/tmp"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_is_given_twice() {
        let sockets = Sockets::default();
        let first = sockets.next().expect("a path");
        let second = sockets.next().expect("a path");
        assert_ne!(first, second);
        let folder = first.parent().expect("a folder").to_owned();
        assert!(folder.is_dir());
        drop(sockets);
        assert!(!folder.exists());
    }

    #[test]
    fn a_long_temporary_folder_is_passed_by() {
        let long = tempfile::tempdir().expect("a folder");
        let long = long.path().join("a".repeat(LONGEST_PATH));
        std::fs::create_dir(&long).expect("a new folder");
        let short = short_folder(&long).expect("a folder");
        assert!(short.path().starts_with("/tmp"), "{short:?}");
    }
}
