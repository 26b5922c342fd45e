//! Ctrl-C, and what service managers send: a run ends in order, and at once when told twice.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use wirecheck_interop_tests::prerequisite::project_root;

use super::processes::Marked;
use super::wirecheck::{Place, cell, program};

/// `first` ends by itself; nobody releases the handler of `never`.
const SUITE: &str = r#"
suite: endless
about: One call that ends, and one that does not.
cases:
  - name: first
    about: An ordinary call.
    call: /Greeter/SayHello
    send: [{ name: World }]
    expect:
      receive: [{ message: "Hello, World" }]
  - name: never
    about: The handler waits for what never comes.
    limit: 60s
    server:
      listeners:
        main:
          scripts:
            /Greeter/SayHello:
              send:
                - { wait: { released: never } }
                - message: { message: too late }
    call: /Greeter/SayHello
    send: [{ name: World }]
    expect:
      receive: [{ message: too late }]
"#;

const ENDED: &str = "rust-tonic/rust-tonic/endless/first";
/// Of another pair, so that the line of the first pair tells that `first` has ended.
const ENDLESS: &str = "second/rust-tonic/endless/never";

#[test]
fn ctrl_c_ends_a_run_in_order() {
    assert_ends_in_order(Signal::INT);
}

#[test]
fn term_ends_a_run_in_order() {
    assert_ends_in_order(Signal::TERM);
}

fn assert_ends_in_order(signal: Signal) {
    let place = Place::new();
    let mut running = Running::start(&place, &honest());
    running.wait_for("rust-tonic/rust-tonic");
    running.send(signal);
    let (exit, stderr) = running.end();
    assert_eq!(exit, Some(130), "{stderr}");
    assert!(stderr.contains("incomplete: interrupted"), "{stderr}");
    let run = place.last();
    assert_eq!((run.exit, run.complete), (130, false));
    assert_eq!(run.incomplete_reason.as_deref(), Some("interrupted"));
    assert_eq!(cell(&run, ENDED).outcome, "pass", "what had ended is kept");
    let never = cell(&run, ENDLESS);
    assert_eq!(never.outcome, "not-run");
    assert_eq!(
        never.reason.as_ref().map(|reason| reason.code.as_str()),
        Some("stopped")
    );
    assert_eq!(running.marked.left_running(), Vec::<String>::new());
}

/// A peer that stays, with a process that it started, holds up an end in order: the second
/// signal must not wait for that, and must leave neither.
#[test]
fn told_twice_it_ends_at_once() {
    let place = Place::new();
    let stubborn = format!(
        "second={} ignores-stop",
        quoted(env!("CARGO_BIN_EXE_broken-peer"))
    );
    let mut running = Running::start(&place, &stubborn);
    running.wait_for("rust-tonic/rust-tonic");
    running.send(Signal::INT);
    running.wait_for("once more kills");
    running.send(Signal::INT);
    let (exit, stderr) = running.end();
    assert_eq!(exit, Some(130), "{stderr}");
    assert!(
        !place.runs().join("latest").exists(),
        "it ended in order\n{stderr}"
    );
    assert_eq!(running.marked.left_running(), Vec::<String>::new());
}

/// The built-in peer under another name.
fn honest() -> String {
    let program = program();
    let program = program.to_str().expect("UTF-8");
    format!("second={} peer rust-tonic", quoted(program))
}

fn quoted(program: &str) -> String {
    shlex::try_quote(program)
        .expect("no path holds a zero byte")
        .into_owned()
}

/// A run that has been started.
struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
    seen: String,
    marked: Marked,
}

impl Running {
    fn start(place: &Place, peer: &str) -> Self {
        let cases = place.write("endless.yaml", SUITE);
        let marked = Marked::new();
        let mut child = Command::new(program())
            .current_dir(project_root())
            .env(Marked::VARIABLE, marked.value())
            .env_remove("WIRECHECK_TIMEOUT")
            .env("WIRECHECK_GITHUB", "never")
            .args(["run", "--no-build", "--color", "never", "--peer", peer])
            .arg("--cases")
            .arg(cases)
            .arg("--runs")
            .arg(place.runs())
            .args([ENDED, ENDLESS])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program is built; `make test` builds it");
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        Self {
            child,
            stderr,
            seen: String::new(),
            marked,
        }
    }

    /// Reads to a line that has this text. The case's own limit bounds the wait: then the
    /// run ends, and its stderr with it.
    fn wait_for(&mut self, text: &str) {
        loop {
            let mut line = String::new();
            let length = self.stderr.read_line(&mut line).expect("readable");
            self.seen.push_str(&line);
            assert_ne!(length, 0, "no line has `{text}`:\n{}", self.seen);
            if line.contains(text) {
                return;
            }
        }
    }

    fn send(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).expect("a process id");
        let id = Pid::from_raw(id).expect("not zero");
        kill_process(id, signal).expect("it runs");
    }

    /// The exit code and all of stderr.
    fn end(&mut self) -> (Option<i32>, String) {
        let status = self.child.wait().expect("it ends");
        self.stderr
            .read_to_string(&mut self.seen)
            .expect("readable");
        (status.code(), self.seen.clone())
    }
}

/// A test that failed on its way leaves no run behind.
impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
