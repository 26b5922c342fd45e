//! Which processes a run has left: each of them has in its environment what the
//! program was started with.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a process that was killed may take to go.
const LIMIT: Duration = Duration::from_secs(5);

/// The mark of one run's processes.
pub struct Marked(String);

impl Marked {
    /// The variable that carries the mark.
    pub const VARIABLE: &'static str = "WIRECHECK_TEST_MARK";

    /// A mark that no other run has.
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(format!("{}-{number}", std::process::id()))
    }

    /// The variable's value.
    pub fn value(&self) -> &str {
        &self.0
    }

    /// The command lines of the marked processes that do not go.
    pub fn left_running(&self) -> Vec<String> {
        let end = Instant::now() + LIMIT;
        loop {
            let running = self.running();
            if running.is_empty() || Instant::now() > end {
                return running;
            }
            // The kernel tells nobody but its parent that a process is gone.
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn running(&self) -> Vec<String> {
        let entry = format!("{}={}", Self::VARIABLE, self.0);
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        processes
            .map(|process| process.path())
            .filter(|process| has(process, &entry))
            .map(|process| command_line(&process))
            .collect()
    }
}

/// A process that has ended but was not waited for has no environment any more.
fn has(process: &Path, entry: &str) -> bool {
    let environment = fs::read(process.join("environ")).unwrap_or_default();
    environment
        .split(|byte| *byte == 0)
        .any(|variable| variable == entry.as_bytes())
}

fn command_line(process: &Path) -> String {
    let line = fs::read(process.join("cmdline")).unwrap_or_default();
    let line = String::from_utf8_lossy(&line).replace('\0', " ");
    format!("{} {}", process.display(), line.trim_end())
}
