//! What this peer can do, and how it says that it cannot.

use crate::contract::{CouldNotTry, Role, Unsupported, refused, report};

const COMMON: &[&str] = &[
    "tcp",
    "uds",
    "ipv6",
    "tls",
    "mtls",
    "compression:gzip",
    "raw-messages",
    "types:grpc.testing",
    "dynamic-messages",
    "unknown-fields",
    "option:max_receive_message_size",
    "option:max_send_message_size",
    "option:max_header_list_size",
    "option:initial_stream_window",
    "option:initial_connection_window",
    "option:keepalive_interval_ms",
    "option:keepalive_timeout_ms",
    "option:compression",
    "option:accept_compression",
];

const CLIENT: &[&str] = &[
    "client",
    "api-idiomatic",
    "api-stream",
    "await-headers",
    "leading-metadata",
    "option:keepalive_without_calls",
    "option:authority",
    "option:user_agent",
];

const SERVER: &[&str] = &[
    "server",
    "scripts",
    "panic",
    "graceful-shutdown",
    "service:Greeter",
    "service:helloworld.Greeter",
    "service:grpc.testing.TestService",
    "service:grpc.health.v1.Health",
    "service:grpc.reflection.v1.ServerReflection",
    "service:grpc.reflection.v1alpha.ServerReflection",
    "option:max_concurrent_streams",
    "option:max_connection_age_ms",
    #[cfg(not(tonic_before_0_14_5))]
    "option:max_connection_age_grace_ms",
];

/// What this peer can do in a role, by the contract's names.
pub fn of(role: Role) -> impl Iterator<Item = &'static str> {
    let own = match role {
        Role::Client => CLIENT,
        Role::Server => SERVER,
        Role::Unspecified => &[],
    };
    own.iter().chain(COMMON).copied()
}

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

/// An error with what caused it: tonic's own says only that there was one.
pub fn in_full(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    let texts = std::iter::once(error.to_string()).chain(causes.map(ToString::to_string));
    texts.collect::<Vec<_>>().join(": ")
}

/// Refuses an order or a step that needs what this peer does not know in its role.
pub fn check(role: Role, requires: &[String]) -> Result<(), Refusal> {
    match requires
        .iter()
        .find(|name| !of(role).any(|known| known == name.as_str()))
    {
        Some(unknown) => Err(Refusal::Unsupported(unknown.clone())),
        None => Ok(()),
    }
}
