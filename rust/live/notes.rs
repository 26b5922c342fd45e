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

#[cfg(test)]
mod tests {
    use wirecheck_core::wire::exchange::{Side, SideEnd};

    use super::*;

    fn fault(what: &str, section: &'static str) -> Fault {
        Fault {
            direction: Direction::ServerToClient,
            stream: 0,
            range: 0..9,
            at_ns: 0,
            what: what.to_owned(),
            section,
            fatal: true,
        }
    }

    #[test]
    fn what_is_not_http2_is_called_by_its_name() {
        let said = |what| foreign(3, &fault(what, PREFACE)).expect("something to say");
        let tls = said("these are no HTTP/2 frames: this looks like a TLS alert");
        assert!(
            tls.starts_with("connection 3: the server speaks TLS"),
            "{tls}"
        );
        let http1 = said("these are no HTTP/2 frames: this looks like an HTTP/1.1 response");
        assert_eq!(http1, "connection 3: the server speaks HTTP/1.1, not gRPC");
        let other = said("the client preface is missing");
        assert!(other.ends_with("the client preface is missing"), "{other}");
        assert_eq!(
            foreign(3, &fault("a bad index", "RFC 7541, section 2.3.3")),
            None
        );
    }

    #[test]
    fn a_side_that_says_nothing_is_named() {
        let connection = |client: u64, server: u64, reset| Connection {
            id: 1,
            opened_ns: 0,
            closed_ns: Some(1),
            client: Side {
                bytes: client,
                ..Side::default()
            },
            server: Side {
                bytes: server,
                end: Some(SideEnd { at_ns: 1, reset }),
                leftover: None,
            },
            frames: Vec::new(),
            streams: Vec::new(),
            faults: Vec::new(),
            tls: None,
        };
        let said = |client, server, reset| silent(&connection(client, server, reset));
        assert_eq!(said(24, 9, false), None);
        for (sides, told) in [
            (
                (0, 0, false),
                "connection 1: ended before either side had sent anything",
            ),
            ((0, 9, false), "connection 1: the client sent nothing"),
            ((24, 0, false), "connection 1: the server sent nothing"),
            (
                (24, 0, true),
                "connection 1: the server reset it before it had sent anything",
            ),
        ] {
            assert_eq!(said(sides.0, sides.1, sides.2).as_deref(), Some(told));
        }
    }
}
