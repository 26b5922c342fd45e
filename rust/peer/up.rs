//! A peer that takes part, whatever it is.

use std::sync::Arc;

use super::fault::PeerFault;
use super::foreign::Server;
use super::link::Link;
use super::log::Log;
use super::spec::ForeignClient;

/// A peer that is ready.
#[derive(Debug, Clone)]
pub enum Up {
    /// One that keeps the contract.
    Peer(Arc<Link>),
    /// A foreign server.
    Server(Arc<Server>),
    /// A foreign client; it runs once for each cell.
    Client(Arc<ForeignClient>),
    /// A scripted peer; it is made anew for each cell.
    Scripted,
}

impl Up {
    /// Whether it can still be used.
    pub fn is_alive(&self) -> bool {
        match self {
            Self::Peer(link) => link.is_alive(),
            Self::Server(server) => server.is_alive(),
            Self::Client(_) | Self::Scripted => true,
        }
    }

    /// Waits until it is gone, and says why.
    pub async fn gone(&self) -> PeerFault {
        match self {
            Self::Peer(link) => link.gone().await,
            Self::Server(server) => server.gone().await,
            Self::Client(_) | Self::Scripted => std::future::pending().await,
        }
    }

    /// Ends it in order, and by force if it does not.
    ///
    /// # Errors
    ///
    /// A peer of the contract had to be forced, or left something behind. A
    /// foreign one has promised nothing; only its container may be left.
    pub async fn stop(&self) -> Result<(), PeerFault> {
        match self {
            Self::Peer(link) => link.stop().await,
            Self::Server(server) => server.stop().await,
            Self::Client(_) | Self::Scripted => Ok(()),
        }
    }

    /// Ends it at once, for this fault.
    pub async fn kill(&self, fault: &PeerFault) {
        match self {
            Self::Peer(link) => link.kill(Some(fault.clone())).await,
            // What is left behind then is told of when the peer is looked at.
            Self::Server(server) => drop(server.kill().await),
            Self::Client(_) | Self::Scripted => {}
        }
    }

    /// Its log, where it has one for the whole run.
    pub fn log(&self) -> Option<&Log> {
        match self {
            Self::Peer(link) => Some(&link.log),
            Self::Server(server) => Some(&server.log),
            Self::Client(_) | Self::Scripted => None,
        }
    }

    /// The talk with it, if there is one.
    pub fn link(&self) -> Option<&Link> {
        match self {
            Self::Peer(link) => Some(link),
            Self::Server(_) | Self::Client(_) | Self::Scripted => None,
        }
    }
}
