//! Where things are, and how the article's programs are started.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;
use tempfile::TempDir;

/// What `main.py` prints in the article.
pub const MAIN_PRINTS: &str = "b'\\n\\x05World'\nWorld\n";

/// Ends a program that hangs. They take seconds; a tour may have to build tonic first.
pub const LIMIT: Duration = Duration::from_secs(900);

/// The folder of this checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the test driver is a folder of the checkout")
        .to_owned()
}

/// The Python of `.venv`.
pub fn venv_python() -> PathBuf {
    let python = root().join(".venv/bin/python");
    assert!(python.exists(), "no .venv: run `make python` first");
    python
}

/// The Python of `.venv`, started in `folder`.
pub fn python(folder: &Path) -> Command {
    let mut command = Command::new(venv_python());
    command.current_dir(folder).timeout(LIMIT);
    command
}

/// The tour of the article's programs, as `make article` starts it.
pub fn tour() -> Command {
    let mut command = python(&root());
    command.arg("python/article_tour");
    command
}

/// Whether there is a Go, which may be missing outside CI only.
pub fn go_is_here() -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let is_here = env::split_paths(&path).any(|folder| folder.join("go").is_file());
    if !is_here {
        assert_ne!(env::var("CI").as_deref(), Ok("true"), "go not found");
        eprintln!("not run: go not found");
    }
    is_here
}

/// Makes a folder with a `cargo` and nothing else, to be a whole `PATH`. That `cargo` builds this
/// checkout, wherever it is called, and finds what is on the `PATH` of the tests.
pub fn path_with_cargo_alone() -> TempDir {
    let bin = tempfile::tempdir().expect("a folder for cargo");
    let script = format!(
        "#!/bin/sh\nexport PATH='{}'\ncd '{}' && exec '{}' \"$@\"\n",
        env::var("PATH").expect("a PATH"),
        root().display(),
        env!("CARGO")
    );
    let cargo = bin.path().join("cargo");
    fs::write(&cargo, script).expect("the script is written");
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).expect("the script may be run");
    bin
}

/// Copies a folder with all that is in it.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the copy's folder is made");
    for entry in fs::read_dir(from).expect("the folder can be read") {
        let entry = entry.expect("the folder can be read");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a file has a type").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("the file is copied");
        }
    }
}
