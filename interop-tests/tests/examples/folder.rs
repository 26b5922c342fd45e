//! A folder in which commands are typed.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use wirecheck_core::model::run::Run;
use wirecheck_interop_tests::prerequisite::project_root;

use crate::program::{Answer, rust};

/// The shop's schema.
pub const SHOP: &str = "examples/rust-server-python-client/proto";
/// The rewrite's.
pub const ORDERS: &str = "examples/python-to-rust-rewrite/proto";

/// A folder of one's own, in which commands are typed.
pub struct Folder(TempDir);

impl Folder {
    /// An empty one.
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Types `wirecheck ARGUMENTS` in it.
    pub fn wirecheck(&self, arguments: &[&str]) -> Answer {
        let mut command = assert_cmd::Command::from_std(rust("wirecheck"));
        command.current_dir(self.path()).args(arguments);
        for name in ["CI", "GITHUB_ACTIONS", "CLICOLOR_FORCE", "WIRECHECK_RUNS"] {
            command.env_remove(name);
        }
        let output = command.output().expect("the program can be started");
        Answer {
            exit: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// The latest run in it.
    pub fn last(&self) -> Run {
        let text = fs::read(self.path().join(".wirecheck/runs/latest/run.json")).expect("a run");
        serde_json::from_slice(&text).expect("a run of this version")
    }

    /// Writes a file into it.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).expect("a file");
    }
}

/// A path below the root of the checkout.
pub fn absolute(path: &str) -> String {
    project_root().join(path).display().to_string()
}
