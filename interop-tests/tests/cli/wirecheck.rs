//! One invocation of the program.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;
use wirecheck_core::model::run::{Cell, Run};
use wirecheck_interop_tests::prerequisite::project_root;

/// What of the caller's environment would change an answer.
const MEANINGFUL: [&str; 15] = [
    "CI",
    "CLICOLOR_FORCE",
    "COLUMNS",
    "GITHUB_ACTIONS",
    "GITHUB_STEP_SUMMARY",
    "GITHUB_WORKSPACE",
    "NO_COLOR",
    "WIRECHECK_CACHE",
    "WIRECHECK_COLOR",
    "WIRECHECK_GITHUB",
    "WIRECHECK_JOBS",
    "WIRECHECK_OFFLINE",
    "WIRECHECK_RUNS",
    "WIRECHECK_SEED",
    "WIRECHECK_TIMEOUT",
];

/// The program, as `make test` names it, or where `cargo build` puts it.
pub fn program() -> PathBuf {
    match std::env::var_os("WIRECHECK_BIN") {
        Some(path) => path.into(),
        None => PathBuf::from(env!("CARGO_BIN_EXE_broken-peer")).with_file_name("wirecheck"),
    }
}

/// What a user saw.
pub struct Answer {
    pub exit: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Types `wirecheck ARGUMENTS` in the root of the checkout.
pub fn wirecheck(arguments: &[&str]) -> Answer {
    answer(&mut command(arguments))
}

/// As [`wirecheck`], not yet started.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.current_dir(project_root()).args(arguments);
    for name in MEANINGFUL {
        command.env_remove(name);
    }
    command
}

/// Runs it to its end.
pub fn answer(command: &mut Command) -> Answer {
    let output = command
        .output()
        .expect("the program is built; `make test` builds it");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program writes UTF-8");
    Answer {
        exit: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// A folder for runs and for what a test writes; it goes with this.
pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder to give as `--runs`.
    pub fn runs(&self) -> PathBuf {
        self.path().join("report/runs")
    }

    /// Writes a file, in a folder of its own, and returns that folder.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let folder = self.path().join("written");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(name), text).expect("a file");
        folder
    }

    /// Types `wirecheck run --no-build --runs HERE ARGUMENTS`.
    pub fn run(&self, arguments: &[&str]) -> Answer {
        let mut command = command(&["run", "--no-build", "--runs"]);
        answer(command.arg(self.runs()).args(arguments))
    }

    /// Types `wirecheck show --runs HERE ARGUMENTS`.
    pub fn show(&self, arguments: &[&str]) -> Answer {
        let mut command = command(&["show", "--runs"]);
        answer(command.arg(self.runs()).args(arguments))
    }

    /// Types `wirecheck WORDS --runs HERE ARGUMENTS`.
    pub fn about(&self, words: &[&str], arguments: &[&str]) -> Answer {
        answer(
            command(words)
                .arg("--runs")
                .arg(self.runs())
                .args(arguments),
        )
    }

    /// The report of the last run, as it stands in the file.
    pub fn report(&self) -> Vec<u8> {
        fs::read(self.runs().join("latest/run.json")).expect("a report")
    }

    /// The last run.
    pub fn last(&self) -> Run {
        serde_json::from_slice(&self.report()).expect("a report of this version")
    }
}

/// A cell of a run.
pub fn cell<'a>(run: &'a Run, id: &str) -> &'a Cell {
    let found = run.cells.iter().find(|cell| cell.id == id);
    found.unwrap_or_else(|| panic!("the report has no cell {id}"))
}

/// Whether a toolchain is there; what cannot be tried without it is said.
pub fn is_here(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_here = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if !is_here {
        eprintln!("not run: {program} not found");
    }
    is_here
}
