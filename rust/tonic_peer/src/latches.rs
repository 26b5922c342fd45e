//! Latches: named, closed at first, open for ever once opened.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::sync::watch;

/// A set of latches. All of them exist; most are closed.
pub struct Latches(watch::Sender<HashSet<String>>);

impl Latches {
    pub fn new() -> Self {
        Self(watch::Sender::new(HashSet::new()))
    }

    pub fn open(&self, name: &str) {
        self.0.send_modify(|open| {
            open.insert(name.to_owned());
        });
    }

    /// Returns when the latch is open.
    pub async fn opened(&self, name: &str) {
        // Cannot fail: the sender lives as long as `self`.
        let _ = self
            .0
            .subscribe()
            .wait_for(|open| open.contains(name))
            .await;
    }
}

/// The latches of each scope, made when they are first spoken of.
#[derive(Default)]
pub struct Scopes(HashMap<String, Arc<Latches>>);

impl Scopes {
    pub fn latches(&mut self, scope: &str) -> Arc<Latches> {
        let latches = self.0.entry(scope.to_owned());
        Arc::clone(latches.or_insert_with(|| Arc::new(Latches::new())))
    }

    /// Forgets a scope. Who still waits for one of its latches waits on.
    pub fn end(&mut self, scope: &str) {
        self.0.remove(scope);
    }
}
