//! What this peer can do, and how it says that it cannot.

use crate::contract::{CouldNotTry, Unsupported, refused, report};

/// The features, the same in both roles.
pub const FEATURES: &[&str] = &[
    "client",
    "server",
    "tcp",
    "uds",
    "api-idiomatic",
    "api-stream",
    "raw-messages",
    "dynamic-messages",
    "scripts",
    "await-headers",
    "leading-metadata",
    "panic",
    "graceful-shutdown",
    "service:Greeter",
    "service:helloworld.Greeter",
    "option:max_receive_message_size",
    "option:max_send_message_size",
    "option:max_concurrent_streams",
    "option:max_header_list_size",
    "option:initial_stream_window",
    "option:initial_connection_window",
    "option:keepalive_interval_ms",
    "option:keepalive_timeout_ms",
    "option:keepalive_without_calls",
    "option:max_connection_age_ms",
    "option:max_connection_age_grace_ms",
    "option:authority",
    "option:user_agent",
];

/// Why an order is not carried out.
#[derive(Debug)]
pub enum Refusal {
    /// The peer or tonic lacks the feature of this name.
    Unsupported(String),
    /// The attempt failed, for this reason.
    CouldNotTry(String),
}

impl Refusal {
    pub fn into_reason(self) -> refused::Reason {
        match self {
            Self::Unsupported(feature) => refused::Reason::Unsupported(Unsupported { feature }),
            Self::CouldNotTry(why) => refused::Reason::CouldNotTry(CouldNotTry { why }),
        }
    }

    pub fn into_outcome(self) -> report::Outcome {
        match self {
            Self::Unsupported(feature) => report::Outcome::Unsupported(Unsupported { feature }),
            Self::CouldNotTry(why) => report::Outcome::CouldNotTry(CouldNotTry { why }),
        }
    }
}

/// Refuses an order or a step that needs what this peer does not know.
pub fn check(requires: &[String]) -> Result<(), Refusal> {
    match requires
        .iter()
        .find(|name| !FEATURES.contains(&name.as_str()))
    {
        Some(unknown) => Err(Refusal::Unsupported(unknown.clone())),
        None => Ok(()),
    }
}
