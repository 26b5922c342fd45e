//! A tap that has been started.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use wirecheck_interop_tests::prerequisite::project_root;

use super::super::wirecheck::{Answer, program};

/// See the module. It is killed where a test fails before its end.
pub struct Tapping {
    /// Where it listens.
    pub address: String,
    child: Option<Child>,
    stderr: BufReader<ChildStderr>,
}

impl Tapping {
    /// Types `wirecheck tap --to UPSTREAM ARGUMENTS`, and waits until it listens.
    pub fn start(upstream: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(program())
            .current_dir(project_root())
            .args(["tap", "--color", "never", "--to", upstream])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program is built; `make test` builds it");
        let stderr = child.stderr.take().expect("a pipe");
        let mut stderr = BufReader::new(stderr);
        let mut line = String::new();
        stderr.read_line(&mut line).expect("readable");
        let address = line.split_whitespace().nth(1);
        Self {
            address: address.expect("where it listens").to_owned(),
            child: Some(child),
            stderr,
        }
    }

    /// Has it end; what it said.
    pub fn end(self, signal: Signal) -> Answer {
        self.send(signal);
        self.ended()
    }

    /// Sends a signal.
    pub fn send(&self, signal: Signal) {
        let child = self.child.as_ref().expect("it runs");
        let id = i32::try_from(child.id()).expect("a process id");
        let id = Pid::from_raw(id).expect("not zero");
        kill_process(id, signal).expect("it runs");
    }

    /// Reads to a line of stderr that has this text. A test that waits in vain ends with the
    /// tap, which the pipe's end shows.
    pub fn wait_for(&mut self, text: &str) {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            let length = self.stderr.read_line(&mut line).expect("readable");
            assert_ne!(length, 0, "no line has `{text}`");
        }
    }

    /// What it said, once it has ended.
    pub fn ended(mut self) -> Answer {
        let child = self.child.take().expect("it runs");
        let mut stderr = String::new();
        self.stderr.read_to_string(&mut stderr).expect("UTF-8");
        let output = child.wait_with_output().expect("it ends");
        Answer {
            exit: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr,
        }
    }
}

impl Drop for Tapping {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
