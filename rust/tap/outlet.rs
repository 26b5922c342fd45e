//! Where the log of a tap goes: into memory, and from there to a file once it
//! has grown beyond a limit.

use std::fs::File;
use std::io::{self, Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What is handed to the disk at once, in bytes: enough for the cost of the
/// hand-over to vanish beside that of the write.
const SEGMENT: usize = 256 * 1024;

/// Bytes on their way to the disk beyond which the traffic waits for it.
pub(super) const MAX_BACKLOG: usize = 4 * 1024 * 1024;

/// Takes the bytes of a log. Writing to it never blocks and never fails: a
/// thread of its own writes the file, and [`Backlog`] holds up the traffic.
pub(super) struct Outlet {
    file: PathBuf,
    spill_after: usize,
    tail: Vec<u8>,
    disk: Option<Disk>,
    backlog: Backlog,
    runtime: Handle,
}

impl Outlet {
    /// Must be called within a tokio runtime; it lends the disk its thread.
    pub(super) fn new(file: &Path, spill_after: usize, backlog: Backlog) -> Self {
        Self {
            file: file.to_owned(),
            spill_after,
            tail: Vec::new(),
            disk: None,
            backlog,
            runtime: Handle::current(),
        }
    }

    /// Waits until all bytes are in the file, if they outgrew the memory.
    pub(super) async fn finish(mut self) -> Stored {
        if self.disk.is_some() {
            self.spill();
        }
        match self.disk {
            None => Stored {
                log: CaptureLog::Memory(self.tail),
                failure: None,
            },
            Some(disk) => Stored {
                log: CaptureLog::File(self.file),
                failure: disk.finish().await.err(),
            },
        }
    }

    fn spill(&mut self) {
        let disk = self
            .disk
            .get_or_insert_with(|| Disk::start(&self.runtime, &self.file, &self.backlog));
        let empty = disk.empty_segment();
        let full = std::mem::replace(&mut self.tail, empty);
        self.backlog.add(full.len());
        disk.write(full);
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tail.extend_from_slice(bytes);
        let limit = match self.disk {
            None => self.spill_after,
            Some(_) => SEGMENT,
        };
        if self.tail.len() > limit {
            self.spill();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A thread that writes segments to a file in their order.
struct Disk {
    full: mpsc::Sender<Vec<u8>>,
    empty: mpsc::Receiver<Vec<u8>>,
    thread: JoinHandle<io::Result<()>>,
}

impl Disk {
    fn start(runtime: &Handle, file: &Path, backlog: &Backlog) -> Self {
        let (full, segments) = mpsc::channel();
        let (give_back, empty) = mpsc::channel();
        let (file, backlog) = (file.to_owned(), backlog.clone());
        let thread =
            runtime.spawn_blocking(move || write_segments(&file, &segments, &give_back, &backlog));
        Self {
            full,
            empty,
            thread,
        }
    }

    /// A segment that was written before, or a new one: fresh memory costs
    /// more than the copy into it.
    fn empty_segment(&self) -> Vec<u8> {
        self.empty.try_recv().unwrap_or_default()
    }

    fn write(&self, segment: Vec<u8>) {
        // The thread reads until this sender is gone, also after an error.
        let _ = self.full.send(segment);
    }

    async fn finish(self) -> io::Result<()> {
        drop(self.full);
        self.thread.await.map_err(io::Error::other)?
    }
}

/// Writes until there are no more segments. After a failure the rest is only
/// taken from the backlog, so that the traffic goes on.
fn write_segments(
    file: &Path,
    segments: &mpsc::Receiver<Vec<u8>>,
    give_back: &mpsc::Sender<Vec<u8>>,
    backlog: &Backlog,
) -> io::Result<()> {
    let mut file = File::create(file);
    for mut segment in segments {
        if let Ok(output) = &mut file
            && let Err(error) = output.write_all(&segment)
        {
            file = Err(error);
        }
        backlog.take(segment.len());
        segment.clear();
        // The log may have ended; then nobody wants it.
        let _ = give_back.send(segment);
    }
    file.map(drop)
}

/// How many bytes are on their way to the disk.
#[derive(Clone)]
pub(super) struct Backlog(Arc<watch::Sender<usize>>);

impl Backlog {
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    /// Returns once the disk has caught up, in most cases at once.
    pub(super) async fn wait_for_room(&self) {
        let has_room = |bytes: &usize| *bytes < MAX_BACKLOG;
        if !has_room(&self.0.borrow()) {
            // Fails when the sender is gone, which `self` holds.
            let _ = self.0.subscribe().wait_for(has_room).await;
        }
    }

    pub(super) fn add(&self, count: usize) {
        self.0.send_modify(|bytes| *bytes += count);
    }

    pub(super) fn take(&self, count: usize) {
        self.0.send_modify(|bytes| *bytes -= count);
    }
}

/// A finished log.
pub(super) struct Stored {
    pub(super) log: CaptureLog,
    pub(super) failure: Option<io::Error>,
}

/// Where a capture is; in both places it has the format of
/// [`wirecheck_core::wire::capture`].
#[derive(Debug)]
pub enum CaptureLog {
    /// It stayed small enough for memory.
    Memory(Vec<u8>),
    /// It was written to this file.
    File(PathBuf),
}

impl CaptureLog {
    /// The capture's bytes from their beginning, for
    /// [`capture::Reader`](wirecheck_core::wire::capture::Reader).
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(match self {
            Self::Memory(bytes) => Box::new(Cursor::new(bytes)),
            Self::File(path) => Box::new(io::BufReader::new(File::open(path)?)),
        })
    }

    /// Has the capture in a file: writes it to `path` if it is in memory, and
    /// moves its file there otherwise. Blocks.
    ///
    /// # Errors
    /// When `path` cannot be written; a capture in memory is lost then.
    pub fn save(self, path: &Path) -> io::Result<()> {
        match self {
            Self::Memory(bytes) => std::fs::write(path, bytes),
            Self::File(file) if file == path => Ok(()),
            Self::File(file) => std::fs::rename(file, path),
        }
    }
}
