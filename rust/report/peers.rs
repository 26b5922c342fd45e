//! Peers and their versions.

use wirecheck_core::model::run::{Peer, Run};

/// The peer of a name in a role.
pub fn find<'a>(run: &'a Run, name: &str, role: &str) -> Option<&'a Peer> {
    let mut peers = run.peers.iter();
    peers.find(|peer| peer.name == name && peer.role == role)
}

/// The versions of a peer: `grpcio 1.85.1, python 3.11.2`.
pub fn versions(peer: &Peer) -> String {
    let versions = peer.versions.iter();
    let versions: Vec<String> = versions
        .map(|part| format!("{} {}", part.name, part.version))
        .collect();
    versions.join(", ")
}

/// A peer with its versions: `python-grpcio (grpcio 1.85.1, python 3.11.2)`.
pub fn named(run: &Run, name: &str, role: &str) -> String {
    match find(run, name, role).map(versions) {
        Some(versions) if !versions.is_empty() => format!("{name} ({versions})"),
        _ => name.to_owned(),
    }
}
