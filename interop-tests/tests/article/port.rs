//! The article's port: who has it is named, and users of it wait for each other.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::checkout::{LIMIT, root, tour, venv_python};

const ADDRESS: &str = "127.0.0.1:50051";

static TURN: Mutex<()> = Mutex::new(());

/// Lets the tests of this program have the port one after the other.
pub fn turn() -> MutexGuard<'static, ()> {
    // A test that failed has left nothing behind that the next one would meet.
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The lock that every user of the port takes, `make article` included.
fn locked_port() -> File {
    let path = std::env::temp_dir().join("wirecheck-port-50051.lock");
    let file = File::options()
        .read(true)
        .open(&path)
        .or_else(|_| File::create(&path))
        .expect("the lock file can be opened");
    file.lock().expect("the port's lock is free in the end");
    file
}

#[test]
fn whoever_has_the_port_is_named_and_nothing_is_run() {
    let _turn = turn();
    let _lock = locked_port();
    let _taken = TcpListener::bind(ADDRESS).expect("the port is free under its lock");

    // This test holds the lock of the machine, so the tour gets a folder, and a lock, of its own.
    let own = tempfile::tempdir().expect("a temporary folder");
    let assert = tour().env("TMPDIR", own.path()).assert().code(3).stdout("");
    let stderr = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();

    let pid = std::process::id();
    let first = stderr.lines().next().unwrap_or_default();
    assert!(
        first.starts_with("error: port 50051 is taken by `"),
        "{stderr}"
    );
    assert!(first.ends_with(&format!("` (pid {pid})")), "{stderr}");
    assert!(
        stderr.contains(&format!("hint: kill {pid}, then: make article")),
        "{stderr}"
    );
}

#[test]
fn a_tour_waits_for_the_port_and_says_what_for() {
    let _turn = turn();
    let lock = locked_port();
    let mut tour = Tour::start();

    let lock_file = std::env::temp_dir().join("wirecheck-port-50051.lock");
    let waiting = tour.stderr.recv_timeout(LIMIT).expect("a line on stderr");
    assert_eq!(
        waiting,
        format!(
            "waiting for port 50051: another program holds {}",
            lock_file.display()
        )
    );

    drop(lock);
    assert_eq!(tour.wait(), Some(0));
}

#[test]
fn an_interrupted_tour_ends_its_server() {
    let _turn = turn();
    let mut tour = Tour::start();
    let serving = |line: &String| line.contains("server.py &");
    while !serving(
        &tour
            .stdout
            .recv_timeout(LIMIT)
            .expect("the tour starts a server"),
    ) {}

    let killed = Command::new("kill")
        .arg(tour.child.id().to_string())
        .status();
    assert!(killed.expect("kill is there").success());

    assert_eq!(tour.wait(), Some(130));
    let _lock = locked_port();
    assert!(
        TcpStream::connect(ADDRESS).is_err(),
        "a server is left on the port"
    );
}

/// A tour that runs while the test looks at its lines; it never outlives the test.
struct Tour {
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Tour {
    fn start() -> Self {
        let mut child = Command::new(venv_python())
            .arg(root().join("python/article_tour"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let stdout = lines(child.stdout.take().expect("it is piped"));
        let stderr = lines(child.stderr.take().expect("it is piped"));
        Self {
            child,
            stdout,
            stderr,
        }
    }

    /// Waits for the end of the tour: both pipes close, then comes the status.
    fn wait(&mut self) -> Option<i32> {
        for pipe in [&self.stdout, &self.stderr] {
            while pipe.recv_timeout(LIMIT).is_ok() {}
        }
        self.child.wait().expect("it is our child").code()
    }
}

impl Drop for Tour {
    fn drop(&mut self) {
        // As Ctrl-C would, so that the tour ends its own children; after `wait` there is none.
        if let Ok(None) = self.child.try_wait() {
            let _ = Command::new("kill")
                .arg(self.child.id().to_string())
                .status();
            let _ = self.child.wait();
        }
    }
}

fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
