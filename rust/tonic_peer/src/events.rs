//! What the peer says: a queue of events, and the thread that writes them.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::BROKEN_CONTRACT;
use crate::contract::from_peer::Event;
use crate::frames::encode_event;

/// The way out for events, in the order in which they are sent.
///
/// The queue has no bound: handlers report in `drop`, where nothing can be
/// waited for, and reading orders must never wait for writing events. What can
/// pile up is bounded by the calls and listeners that the harness asks for.
#[derive(Clone)]
pub struct Events {
    queue: mpsc::Sender<Entry>,
    silent: Arc<AtomicBool>,
}

enum Entry {
    Event(Event),
    /// Answered when all that came before it is written.
    Mark(mpsc::Sender<()>),
}

impl Events {
    /// Says it to the harness, sooner or later.
    pub fn send(&self, event: Event) {
        // Only a peer that is ending has no writer.
        let _ = self.queue.send(Entry::Event(event));
    }

    /// Nothing more is written, not even what is in the queue.
    pub fn silence(&self) {
        self.silent.store(true, Ordering::Relaxed);
    }

    /// Waits until everything is written, but no longer than `limit`: at the
    /// end of stdin nobody may be reading any more.
    pub fn drain(&self, limit: Duration) {
        let (done, written) = mpsc::channel();
        if self.queue.send(Entry::Mark(done)).is_ok() {
            let _ = written.recv_timeout(limit);
        }
    }
}

/// Keeps the real stdout for frames and points file descriptor 1 at stderr, so
/// that nothing that a library prints gets among the frames.
pub fn take_stdout() -> io::Result<Events> {
    let frames = File::from(rustix::io::fcntl_dupfd_cloexec(io::stdout(), 3)?);
    rustix::stdio::dup2_stdout(io::stderr())?;

    let (queue, entries) = mpsc::channel();
    let silent = Arc::new(AtomicBool::new(false));
    let events = Events {
        queue,
        silent: Arc::clone(&silent),
    };
    thread::Builder::new()
        .name("events".to_owned())
        .spawn(move || write_events(&entries, &silent, frames))?;
    Ok(events)
}

fn write_events(entries: &mpsc::Receiver<Entry>, silent: &AtomicBool, mut frames: File) {
    for entry in entries {
        match entry {
            Entry::Event(_) if silent.load(Ordering::Relaxed) => {}
            Entry::Event(event) => {
                if let Err(error) = frames.write_all(&encode_event(event)) {
                    // Whoever read the frames is gone, so nobody would end this process.
                    eprintln!("rust-tonic: cannot write to stdout: {error}");
                    std::process::exit(BROKEN_CONTRACT.into());
                }
            }
            Entry::Mark(done) => {
                let _ = done.send(());
            }
        }
    }
}
