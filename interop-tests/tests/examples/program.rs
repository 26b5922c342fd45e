//! A program of an example, started as its README says.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use wirecheck_interop_tests::prerequisite::project_root;

/// Ends a client that hangs. They take a second.
const LIMIT: Duration = Duration::from_secs(60);

/// A program in Rust, which stands beside this package's own.
pub fn rust(name: &str) -> Command {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_broken-peer")).with_file_name(name);
    assert!(
        program.exists(),
        "no {}: run `cargo build --workspace` first",
        program.display()
    );
    Command::new(program)
}

/// A program in Python, by its path below `examples/`.
pub fn python(path: &str) -> Command {
    let root = project_root();
    let python = root.join(".venv/bin/python");
    assert!(python.exists(), "no .venv: run `make python` first");
    let mut command = Command::new(python);
    command.arg(root.join("examples").join(path));
    command
}

/// A server that listens; it ends with this.
pub struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts it on a port that is free, and waits for its line that says which.
    pub fn start(mut command: Command) -> Self {
        command.args(["--addr", "127.0.0.1:0"]);
        Self::start_with_stdin(command)
    }

    /// Starts one that chooses a port by itself.
    pub fn start_with_stdin(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server can be started");
        let stdout = child.stdout.take().expect("it is piped");
        let mut server = Self {
            child,
            address: String::new(),
        };
        let mut line = String::new();
        // A server that does not come up ends, which closes the pipe.
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let address = line.trim_end().strip_prefix("listening on ");
        server.address = address
            .unwrap_or_else(|| panic!("{command:?} says {line:?}"))
            .to_owned();
        server
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Runs a client against it.
    pub fn ask(&self, client: Command) -> Answer {
        let output = assert_cmd::Command::from_std(client)
            .arg(&self.address)
            // grpcio would send even 127.0.0.1 through a proxy.
            .env("no_grpc_proxy", "127.0.0.1")
            .timeout(LIMIT)
            .output()
            .expect("the client can be started");
        Answer {
            exit: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("the client prints UTF-8"),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// What a client prints that finds all as it wants it.
    pub fn satisfied(&self, client: Command) -> String {
        let answer = self.ask(client);
        assert_eq!(answer.exit, Some(0), "{}{}", answer.stdout, answer.stderr);
        answer.stdout
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a client left.
pub struct Answer {
    pub exit: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}
