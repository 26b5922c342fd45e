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

/// The versions that tell most, for where there is one line: a peer says its
/// language first, then its gRPC library and its protobuf runtime.
const FIRST: usize = 3;

/// A peer with its first versions: `python-grpcio (python 3.11.2, grpcio 1.85.1)`.
pub fn in_short(run: &Run, name: &str, role: &str) -> String {
    let peer = find(run, name, role).cloned().map(|mut peer| {
        peer.versions.truncate(FIRST);
        peer
    });
    with(name, peer.as_ref())
}

/// A peer with all its versions.
pub fn named(run: &Run, name: &str, role: &str) -> String {
    with(name, find(run, name, role))
}

fn with(name: &str, peer: Option<&Peer>) -> String {
    match peer.map(versions) {
        Some(versions) if !versions.is_empty() => format!("{name} ({versions})"),
        _ => name.to_owned(),
    }
}
