//! The containers that are there, by the names that were given to them before
//! they were made: so that each can be removed whenever the program ends.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use tokio::sync::watch;

use super::ContainerFault;
use super::engine::Engine;

/// How long all that is there may take to be removed.
const LIMIT: Duration = Duration::from_secs(10);
/// How long a container may appear after it was asked for by one who did not
/// wait for the answer.
const LATE: Duration = Duration::from_secs(2);
/// Between two attempts to remove one that is not there yet.
const PAUSE: Duration = Duration::from_millis(50);

/// The names, and whether the engine has said that the container is there.
static LIVE: LazyLock<watch::Sender<BTreeMap<String, bool>>> =
    LazyLock::new(|| watch::Sender::new(BTreeMap::new()));

/// A container that is there, or is about to be. Dropping it before it was
/// [removed](Live::remove) removes it, for which the thread has to wait: that
/// is the end of a runtime or a panic.
#[derive(Debug)]
pub(super) struct Live {
    name: String,
}

impl Live {
    /// One that is about to be made.
    pub(super) fn new(name: String) -> Self {
        note(&name, false);
        Self { name }
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The engine has said that it is there.
    pub(super) fn made(&self) {
        note(&self.name, true);
    }

    /// Removes it.
    ///
    /// # Errors
    ///
    /// The engine does not; it is then given up.
    pub(super) async fn remove(self, engine: &Engine) -> Result<(), ContainerFault> {
        let is_made = LIVE.borrow().get(&self.name).copied().unwrap_or_default();
        let removed = remove(engine, &self.name, is_made).await;
        forget(&self.name);
        removed
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let is_made = LIVE.borrow().get(&self.name).copied();
        if let Some(is_made) = is_made {
            remove_now(vec![(self.name.clone(), is_made)]);
            forget(&self.name);
        }
    }
}

fn note(name: &str, is_made: bool) {
    LIVE.send_modify(|live| {
        live.insert(name.to_owned(), is_made);
    });
}

fn forget(name: &str) {
    LIVE.send_modify(|live| {
        live.remove(name);
    });
}

/// Waits until no container is left that was made here.
pub async fn all_gone() {
    let mut live = LIVE.subscribe();
    // What is left after that is told of by whoever should have removed it.
    let _ = tokio::time::timeout(LIMIT, live.wait_for(BTreeMap::is_empty)).await;
}

/// Removes every container that was made here, now: nobody is left who would.
pub fn remove_all() {
    let live: Vec<(String, bool)> = LIVE.borrow().clone().into_iter().collect();
    if !live.is_empty() {
        remove_now(live);
    }
}

/// In a thread and a runtime of its own, since the caller's may be ending.
fn remove_now(containers: Vec<(String, bool)>) {
    let removal = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            let removals = async {
                let Ok(engine) = Engine::answering().await else {
                    return;
                };
                for (name, is_made) in containers {
                    let _ = remove(&engine, &name, is_made).await;
                }
            };
            let _ = tokio::time::timeout(LIMIT, removals).await;
        });
    });
    let _ = removal.join();
}

/// One that was asked for, and of which nothing is known, may still appear.
async fn remove(engine: &Engine, name: &str, is_made: bool) -> Result<(), ContainerFault> {
    let late = tokio::time::Instant::now() + LATE;
    while !engine.remove(name).await? {
        if is_made || tokio::time::Instant::now() >= late {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
