//! A peer that works, but that only KILL ends, with a process that it started.

use std::env;
use std::io;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};
use wirecheck_tonic_peer::Role;

/// The argument that makes this program the process that the peer starts.
pub const GRANDCHILD: &str = "grandchild";
/// How long it goes on, should the harness fail to end it.
const LIFE: Duration = Duration::from_secs(300);

/// Does all that an honest peer does, and stays when it should end.
pub fn run(role: Role) -> ExitCode {
    if let Err(error) = start_grandchild().and_then(|()| ignore_term()) {
        eprintln!("broken-peer: {error}");
        return ExitCode::FAILURE;
    }
    wirecheck_tonic_peer::run(role);
    stay()
}

/// Does nothing, and does not end at TERM either.
pub fn linger() -> ExitCode {
    match ignore_term() {
        Ok(()) => stay(),
        Err(_) => ExitCode::FAILURE,
    }
}

fn start_grandchild() -> io::Result<()> {
    Command::new(env::current_exe()?)
        .args([GRANDCHILD, "server"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .map(drop)
}

/// A handler that does nothing takes the place of the end. It stays installed
/// after the runtime that it was asked for in.
fn ignore_term() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let _entered = runtime.enter();
    signal(SignalKind::terminate()).map(drop)
}

fn stay() -> ExitCode {
    let end = Instant::now() + LIFE;
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        thread::park_timeout(left);
    }
    ExitCode::SUCCESS
}
