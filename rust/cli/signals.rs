//! Ctrl-C, and what service managers send.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use wirecheck_core::model::exit::Exit;

use crate::peer;

/// SIGINT and SIGTERM, which mean the same.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// From now on they do not end the program.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// The next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Ends the program at the first signal, with all that it has started: for
/// commands that have nothing to keep.
pub async fn end_at_the_first() {
    if let Ok(mut signals) = Signals::new() {
        signals.next().await;
        end_now().await;
    }
}

/// Ends the program, with all that it has started.
pub async fn end_now() {
    // It waits for a container engine, in a runtime of its own.
    let _ = tokio::task::spawn_blocking(peer::end_all).await;
    std::process::exit(i32::from(Exit::Interrupted.code()));
}
