//! Why a server cannot be started in a container.

use std::time::Duration;

/// Why a server cannot be started in a container.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContainerFault {
    /// The cargo feature `containers` is off.
    #[error("this wirecheck was built without containers")]
    BuiltWithout,
    /// Nobody answers where the engine should be.
    #[error("no container engine answers at {host}: {why}")]
    NoEngine {
        /// Where.
        host: String,
        /// What happens there.
        why: String,
    },
    /// It takes a request, and says nothing.
    #[error("the container engine at {host} hangs: no answer to `{request}` within {} s", .limit.as_secs())]
    Hangs {
        /// Where.
        host: String,
        /// What was asked.
        request: &'static str,
        /// How long it was waited for.
        limit: Duration,
    },
    /// Its loopback is not that of the tap.
    #[error("the container engine at {host} is on another machine")]
    Elsewhere {
        /// Where.
        host: String,
    },
    /// The engine does not have the image.
    #[error("image {image} is not here")]
    NoImage {
        /// The image, as it is written.
        image: String,
        /// The command that brings it here.
        get: String,
    },
    /// The engine does not start it.
    #[error("the container engine says: {0}")]
    Refused(String),
}

impl ContainerFault {
    /// What can be done about it, where the sentence does not say.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::BuiltWithout => {
                "build it with the cargo feature `containers`, which is on by default".into()
            }
            Self::NoEngine { .. } => {
                "start the engine, or set DOCKER_HOST to the address of one that runs".into()
            }
            Self::Hangs { .. } => {
                "start the engine again, or set DOCKER_HOST to the address of another".into()
            }
            Self::Elsewhere { .. } => {
                "ports are published on 127.0.0.1: set DOCKER_HOST to an engine of this machine"
                    .into()
            }
            Self::NoImage { get, .. } => get.clone(),
            Self::Refused(_) => return None,
        })
    }
}
