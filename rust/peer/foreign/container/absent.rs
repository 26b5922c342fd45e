//! A build without the cargo feature `containers`: an image is told that.

use std::net::SocketAddr;

use super::ContainerFault;
use crate::peer::fault::PeerFault;
use crate::peer::foreign::running::Running;
use crate::peer::log::Log;
use crate::peer::spec::Image;

/// Always the fault.
///
/// # Errors
///
/// This was built without containers.
pub async fn engine() -> Result<String, ContainerFault> {
    Err(ContainerFault::BuiltWithout)
}

/// Always the fault.
///
/// # Errors
///
/// This was built without containers.
pub async fn look(_image: &Image) -> Result<String, ContainerFault> {
    Err(ContainerFault::BuiltWithout)
}

/// Always the fault.
///
/// # Errors
///
/// This was built without containers.
pub async fn start(
    _image: &Image,
    _peer: &str,
    _log: &Log,
) -> Result<(SocketAddr, Running), PeerFault> {
    Err(ContainerFault::BuiltWithout.into())
}

/// There is none.
pub async fn all_gone() {}

/// There is none.
pub fn remove_all() {}
