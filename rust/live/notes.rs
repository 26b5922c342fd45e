//! What is to be said of a connection that carries no gRPC: what spoke on it,
//! or that nobody did.

use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::exchange::{Connection, Fault};

/// The section that the first bytes of a connection break if they are not
/// HTTP/2.
const PREFACE: &str = "RFC 9113, section 3.4";

/// What a side speaks that is not HTTP/2 in plaintext, if this fault says so.
pub(super) fn foreign(connection: u32, fault: &Fault) -> Option<String> {
    if !fault.fatal || fault.section != PREFACE {
        return None;
    }
    let who = sender(fault.direction);
    let told = match fault.what.split_once("looks like ") {
        Some((_, what)) if what.contains("TLS") => format!(
            "the {who} speaks TLS: it is passed on, but cannot be read; a tap needs both sides \
             in plaintext"
        ),
        Some(_) => format!("the {who} speaks HTTP/1.1, not gRPC"),
        None => format!(
            "the {who} speaks something else than HTTP/2: {}",
            fault.what
        ),
    };
    Some(format!("connection {connection}: {told}"))
}

/// What is missing on a connection that has ended.
pub(super) fn silent(connection: &Connection) -> Option<String> {
    let reset = |direction| connection.side(direction).end.is_some_and(|end| end.reset);
    let told = match (connection.client.bytes, connection.server.bytes) {
        (0, 0) => "ended before either side had sent anything",
        (0, _) => "the client sent nothing",
        (_, 0) if reset(Direction::ServerToClient) => {
            "the server reset it before it had sent anything"
        }
        (_, 0) => "the server sent nothing",
        _ => return None,
    };
    Some(format!("connection {}: {told}", connection.id))
}

fn sender(direction: Direction) -> &'static str {
    match direction {
        Direction::ClientToServer => "client",
        Direction::ServerToClient => "server",
    }
}
