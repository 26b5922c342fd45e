//! `wirecheck peer rust-tonic client`: this program as a peer.

use std::process::ExitCode;

use wirecheck_core::model::exit;
use wirecheck_tonic_peer::Role;

use super::arguments::PeerArguments;

/// Is the peer until the harness ends it.
pub fn run(arguments: &PeerArguments) -> ExitCode {
    let role = match arguments.role.as_str() {
        "client" => Some(Role::Client),
        "server" => Some(Role::Server),
        _ => None,
    };
    match (arguments.name.as_str(), role) {
        ("rust-tonic", Some(role)) => wirecheck_tonic_peer::run(role),
        _ => {
            eprintln!("error: usage: wirecheck peer rust-tonic client|server");
            ExitCode::from(exit::USAGE)
        }
    }
}
