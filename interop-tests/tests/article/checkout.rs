//! Where things are, and how the article's programs are started.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;

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
