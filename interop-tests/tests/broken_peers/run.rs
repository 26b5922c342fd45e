//! One run of the program with a broken peer.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use libtest_mimic::Failed;
use tempfile::TempDir;
use wirecheck_core::model::run::{Cell, Run};
use wirecheck_interop_tests::prerequisite::project_root;

use super::processes::Marked;
use super::table::{Language, Role, Row};

/// What the broken peer is called: nobody can tell its fault by that.
pub const SUSPECT: &str = "suspect";
const HONEST: &str = "rust-tonic";
/// The cell of two honest peers. It shares one of them with the suspect.
const HEALTHY: &str = "rust-tonic/rust-tonic/greeter/say-hello";

/// A run that has ended.
pub struct Finished {
    pub exit: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub run: Run,
    /// The suspect's cell.
    pub cell: Cell,
    /// The cell of two honest peers.
    pub healthy: Cell,
    /// Processes of the run that did not end with it.
    pub left: Vec<String>,
    /// The folder of the run; it goes with this.
    pub folder: TempDir,
}

/// The program, as `make test` names it, or where `cargo build` puts it.
pub fn wirecheck() -> PathBuf {
    match std::env::var_os("WIRECHECK_BIN") {
        Some(path) => path.into(),
        None => PathBuf::from(env!("CARGO_BIN_EXE_broken-peer")).with_file_name("wirecheck"),
    }
}

/// The interpreter of the project's environment.
pub fn python() -> PathBuf {
    project_root().join(".venv/bin/python")
}

/// Runs the suspect's cell and the healthy one.
pub fn run(row: &Row) -> Result<Finished, Failed> {
    let folder = tempfile::tempdir()?;
    let runs = folder.path().join("report/runs");
    let marked = Marked::new();
    let suspect = match row.role {
        Role::Client => format!("{SUSPECT}/{HONEST}/{}", row.case),
        Role::Server => format!("{HONEST}/{SUSPECT}/{}", row.case),
    };
    let output = Command::new(wirecheck())
        .current_dir(project_root())
        .env(Marked::VARIABLE, marked.value())
        .env_remove("CI")
        .env("WIRECHECK_GITHUB", "never")
        .args(["run", "--no-build", "--color", "never", "--timeout", "7s"])
        .arg("--runs")
        .arg(&runs)
        .arg("--peer")
        .arg(format!("{SUSPECT}={}", command(row)))
        .args([suspect.as_str(), HEALTHY])
        .output()?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let left = marked.left_running();
    let text = std::fs::read(runs.join("latest/run.json"))
        .map_err(|error| format!("there is no report: {error}\n{stdout}\n{stderr}"))?;
    let run: Run = serde_json::from_slice(&text)?;
    Ok(Finished {
        exit: output.status.code(),
        stdout,
        stderr,
        cell: cell(&run, &suspect)?,
        healthy: cell(&run, HEALTHY)?,
        run,
        left,
        folder,
    })
}

/// Relative where that can be, so that what is printed does not depend on where
/// the checkout is.
fn from_root(path: &str) -> String {
    let path = Path::new(path);
    path.strip_prefix(project_root())
        .unwrap_or(path)
        .display()
        .to_string()
}

fn command(row: &Row) -> String {
    let program = match row.language {
        Language::Python => {
            vec![
                ".venv/bin/python".to_owned(),
                "-P".to_owned(),
                "interop-tests/broken/broken.py".to_owned(),
            ]
        }
        Language::Rust => vec![from_root(env!("CARGO_BIN_EXE_broken-peer"))],
    };
    let argv = program.iter().map(String::as_str).chain([row.fault]);
    shlex::try_join(argv).expect("no path holds a zero byte")
}

fn cell(run: &Run, id: &str) -> Result<Cell, Failed> {
    let found = run.cells.iter().find(|cell| cell.id == id);
    found
        .cloned()
        .ok_or_else(|| format!("the report has no cell {id}").into())
}
