//! The copy of a peer's sources, kept as they are in the project: a file that
//! is as it should be keeps its time, so that nothing is built anew.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Library, VersionError};

/// What a peer is made of, below the project.
struct Sources {
    files: &'static [&'static str],
    folders: &'static [&'static str],
}

/// What says which versions it is made of, and is changed in the copy.
pub fn locks(library: Library) -> &'static [&'static str] {
    match library {
        Library::Tonic => &["Cargo.toml", "Cargo.lock", "rust/tonic_peer/Cargo.toml"],
        // The requirements are written anew.
        Library::Grpcio => &[],
        Library::GrpcGo => &["go/go.mod", "go/go.sum"],
        Library::GrpcJs => &["node/package.json", "node/package-lock.json"],
    }
}

fn sources(library: Library) -> Sources {
    let (files, folders): (&[&str], &[&str]) = match library {
        Library::Tonic => (
            &["rust/tonic_peer/build.rs"],
            &["proto", "rust/tonic_peer/src"],
        ),
        Library::Grpcio => (&["python/setup_env.py"], &["proto", "python/peers"]),
        Library::GrpcGo => (
            &["scripts/setup.sh", "go/setup_env.sh"],
            &["proto", "go/generate", "go/peers"],
        ),
        Library::GrpcJs => (
            &[
                "scripts/setup.sh",
                "node/setup_env.sh",
                "node/.npmrc",
                "node/grpc-js.js",
            ],
            &["proto", "node/src"],
        ),
    };
    Sources { files, folders }
}

/// Makes the copy what the sources are now, the locks apart.
///
/// # Errors
///
/// A file cannot be read or written.
pub fn sync(library: Library, home: &Path, copy: &Path) -> Result<(), VersionError> {
    let sources = sources(library);
    let mut wanted: BTreeSet<PathBuf> = sources.files.iter().map(PathBuf::from).collect();
    for folder in sources.folders {
        wanted.extend(files_below(home, Path::new(folder))?);
    }
    for file in &wanted {
        put(home, copy, file)?;
    }
    for folder in sources.folders {
        let there = files_below(copy, Path::new(folder))?;
        for stray in there.into_iter().filter(|file| !wanted.contains(file)) {
            let stray = copy.join(stray);
            fs::remove_file(&stray).map_err(at(&stray))?;
        }
    }
    Ok(())
}

/// Puts one file into the copy, with its mode.
///
/// # Errors
///
/// It cannot be read or written.
pub fn put(home: &Path, copy: &Path, file: &Path) -> Result<(), VersionError> {
    let (from, to) = (home.join(file), copy.join(file));
    let text = fs::read(&from).map_err(at(&from))?;
    if fs::read(&to).is_ok_and(|there| there == text) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(at(folder))?;
    }
    fs::copy(&from, &to).map_err(at(&to))?;
    Ok(())
}

/// The files below a folder of the project, as paths from there, without tests
/// and what is made of the sources.
fn files_below(root: &Path, folder: &Path) -> Result<Vec<PathBuf>, VersionError> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let place = root.join(&folder);
        for entry in fs::read_dir(&place).map_err(at(&place))? {
            let entry = entry.map_err(at(&place))?;
            let path = folder.join(entry.file_name());
            match entry.file_type().map_err(at(&place))?.is_dir() {
                true if path.ends_with("__pycache__") => {}
                true => folders.push(path),
                false if is_test(&path) => {}
                false => files.push(path),
            }
        }
    }
    Ok(files)
}

fn is_test(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.ends_with("_test.go"))
}

/// An error of a file.
pub fn at(path: &Path) -> impl FnOnce(io::Error) -> VersionError {
    let path = path.to_owned();
    move |source| VersionError::File { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: [Library; 4] = [
        Library::Tonic,
        Library::Grpcio,
        Library::GrpcGo,
        Library::GrpcJs,
    ];

    #[test]
    fn a_copy_follows_its_sources() {
        let home = Path::new(env!("CARGO_MANIFEST_DIR"));
        for library in SHIPPED {
            let copy = tempfile::tempdir().expect("a folder");
            let copy = copy.path();
            sync(library, home, copy).expect("copied");
            let stray = copy.join("proto/gone.proto");
            fs::write(&stray, "").expect("written");
            let schema = copy.join("proto/hello.proto");
            let before = fs::metadata(&schema).and_then(|file| file.modified());
            sync(library, home, copy).expect("copied again");
            assert!(!stray.exists(), "what is gone there is gone here");
            let after = fs::metadata(&schema).and_then(|file| file.modified());
            assert_eq!(before.expect("a time"), after.expect("a time"));
            for lock in locks(library) {
                assert!(home.join(lock).is_file(), "{lock}");
                assert!(!copy.join(lock).exists(), "{lock}");
            }
        }
    }
}
