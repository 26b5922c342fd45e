//! One expectation of a case, held against what was seen.

use super::finding::Finding;

/// One expectation and whether it was met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The dotted path of the case's key, such as `calls.call.status`.
    pub path: String,
    /// Whether it was met.
    pub state: State,
}

/// Whether an expectation was met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It was.
    Met,
    /// The meaning is as expected, the bytes are others.
    Lax(Box<Finding>),
    /// It was not.
    Broken(Box<Finding>),
    /// The bytes could not be read, for the reason given.
    Unreadable(String),
    /// Nobody was there to see it, for the reason given.
    Unobservable(String),
}

impl Check {
    pub(super) fn met(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            state: State::Met,
        }
    }

    pub(super) fn broken(path: impl Into<String>, finding: Finding) -> Self {
        Self {
            path: path.into(),
            state: State::Broken(Box::new(finding)),
        }
    }
}
