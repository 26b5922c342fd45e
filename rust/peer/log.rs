//! A peer's log: what it writes to stderr, kept in a file within a limit, and
//! its last lines in memory.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

/// The most bytes of a log that are kept. A peer that floods its log is read on,
/// so that it does not stand still, and cut.
const MAX_BYTES: u64 = 1024 * 1024;
/// The lines that a failure shows.
const TAIL_LINES: usize = 12;
/// The most characters of a line that a failure shows.
const TAIL_COLUMNS: usize = 240;

/// A peer's log.
#[derive(Debug, Clone)]
pub struct Log {
    path: PathBuf,
    /// The text that is waited for.
    wanted: Option<String>,
    found: watch::Sender<bool>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    tail: VecDeque<String>,
    partial: Vec<u8>,
    left_out: u64,
}

impl Log {
    /// A log that is kept in this file.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            wanted: None,
            found: watch::Sender::new(false),
            state: Arc::default(),
        }
    }

    /// Likewise, in which a line with this text is waited for.
    pub fn watching(path: PathBuf, text: &str) -> Self {
        Self {
            wanted: Some(text.to_owned()),
            ..Self::new(path)
        }
    }

    /// Waits until the line has come. The caller bounds the time.
    pub async fn until_found(&self) {
        // It cannot fail: the sender is here.
        let _ = self.found.subscribe().wait_for(|found| *found).await;
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The last lines, without control characters.
    pub fn tail(&self) -> Vec<String> {
        let state = self.lock();
        let partial = String::from_utf8_lossy(&state.partial).into_owned();
        let partial = (!partial.trim().is_empty()).then(|| printable(&partial));
        state.tail.iter().cloned().chain(partial).collect()
    }

    /// Bytes beyond the limit that were not kept.
    pub fn left_out(&self) -> u64 {
        self.lock().left_out
    }

    /// Reads the log to its end.
    pub async fn drain(self, mut from: impl AsyncRead + Unpin) {
        // A peer that is started again writes on: why it died stands there.
        let mut options = File::options();
        let opened = options.create(true).append(true).open(&self.path);
        let mut file = opened.await.ok();
        let mut kept = 0u64;
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let read = match from.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(read) => read,
            };
            let room = usize::try_from(MAX_BYTES - kept)
                .unwrap_or(usize::MAX)
                .min(read);
            kept += room as u64;
            self.note(&buffer[..read], (read - room) as u64);
            if let Some(file) = &mut file {
                // A log that cannot be written still has its tail.
                let _ = file.write_all(&buffer[..room]).await;
            }
        }
        if let Some(mut file) = file {
            let left_out = self.left_out();
            if left_out > 0 {
                let _ = file
                    .write_all(format!("\n... {left_out} bytes more were left out\n").as_bytes())
                    .await;
            }
            let _ = file.flush().await;
        }
    }

    fn note(&self, bytes: &[u8], left_out: u64) {
        let mut state = self.lock();
        state.left_out += left_out;
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = (4 * TAIL_COLUMNS).saturating_sub(state.partial.len());
            state
                .partial
                .extend_from_slice(&piece[..piece.len().min(room)]);
            if let Some(wanted) = &self.wanted
                && String::from_utf8_lossy(&state.partial).contains(wanted)
            {
                self.found.send_replace(true);
            }
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut state.partial);
                state
                    .tail
                    .push_back(printable(&String::from_utf8_lossy(&line)));
                if state.tail.len() > TAIL_LINES {
                    state.tail.pop_front();
                }
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A line of a peer is not trusted: escape sequences would reach the terminal.
fn printable(line: &str) -> String {
    let line: String = line.trim_end().chars().take(TAIL_COLUMNS).collect();
    line.chars()
        .map(|c| {
            if c.is_control() && c != '\t' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_flood_is_cut_and_its_tail_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = Log::new(folder.path().join("peer.log"));
        let mut flood = b"line \x1b[31m\n".repeat(300_000);
        flood.extend_from_slice(b"last words");
        log.clone().drain(flood.as_slice()).await;
        assert_eq!(log.tail().last().map(String::as_str), Some("last words"));
        assert!(!log.tail()[0].contains('\x1b'));
        assert!(std::fs::metadata(log.path()).expect("a file").len() < MAX_BYTES + 100);
        assert_eq!(log.left_out(), flood.len() as u64 - MAX_BYTES);
    }

    #[tokio::test]
    async fn who_is_started_again_writes_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("peer.log");
        for words in ["I die\n", "I live\n"] {
            Log::new(path.clone()).drain(words.as_bytes()).await;
        }
        let kept = std::fs::read_to_string(path).expect("a file");
        assert_eq!(kept, "I die\nI live\n");
    }
}
