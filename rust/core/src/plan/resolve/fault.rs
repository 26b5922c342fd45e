//! What cannot be understood in a case, with its path below what is looked at.

use super::super::load::Loaded;
use super::super::source::{Problem, Segment};

/// What is wrong, and where below the value that is being looked at.
#[derive(Debug)]
pub(in crate::plan) struct Fault {
    path: Vec<Segment>,
    message: String,
    hint: Option<String>,
}

impl Fault {
    pub(in crate::plan) fn new(message: impl Into<String>) -> Self {
        Self {
            path: Vec::new(),
            message: message.into(),
            hint: None,
        }
    }

    pub(in crate::plan) fn hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    /// The same fault, seen from one level further up.
    pub(in crate::plan) fn under(mut self, segment: impl Into<Segment>) -> Self {
        self.path.insert(0, segment.into());
        self
    }

    /// The fault with its place in the text that the user wrote.
    pub(super) fn within(self, loaded: &Loaded) -> Problem {
        let range = loaded.tree.range(&self.path);
        let problem = loaded.source.problem(range, self.message);
        problem.with_hint(self.hint)
    }
}

pub(in crate::plan) type Resolved<T> = Result<T, Fault>;

/// Resolves each item of a list, with its index in the fault's path.
pub(in crate::plan) fn each<T, U>(
    items: &[T],
    key: &str,
    resolve: impl Fn(&T) -> Resolved<U>,
) -> Resolved<Vec<U>> {
    let resolved = items.iter().enumerate();
    resolved
        .map(|(index, item)| resolve(item).map_err(|fault| fault.under(index).under(key)))
        .collect()
}
