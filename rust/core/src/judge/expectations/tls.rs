//! Cells over TLS: what can be said of bytes that cannot be read.

use super::{broken, wire};
use crate::judge::check::{Check, State};
use crate::judge::finding::{Culprit, Finding, Section, Where};
use crate::judge::observed::Observation;
use crate::plan::types::{CasePlan, WireTarget};
use crate::wire::exchange::Connection;

/// What a reader is told of an expectation that needs the bytes.
const UNREADABLE: &str = "not readable (TLS)";

static ALPN: Section = Section {
    name: "RFC 9113, section 3.2",
    quote: "A client that makes a request to an \"https\" URI uses TLS with the ALPN extension. \
            HTTP/2 over TLS uses the \"h2\" protocol identifier.",
    link: "https://www.rfc-editor.org/rfc/rfc9113#section-3.2",
};

/// Every connection must be TLS, and ask for HTTP/2.
pub fn check(seen: &Observation) -> Option<Check> {
    if !seen.tls {
        return None;
    }
    let path = "tls";
    let finding = seen.exchange.connections.iter().find_map(fault_of);
    Some(match finding {
        None => Check::met(path),
        Some(finding) => Check::broken(path, finding),
    })
}

fn fault_of(connection: &Connection) -> Option<Finding> {
    let finding = |code, sentence: String| Finding {
        place: Where {
            connection: Some(connection.id),
            ..Where::default()
        },
        ..broken(code, "tls", Culprit::Client, sentence)
    };
    match &connection.tls {
        // The call says what came of it.
        None if connection.client.bytes == 0 => None,
        None => {
            let sentence = "the client does not speak TLS on a connection that is to be TLS";
            Some(finding("tls/plain-text", sentence.into()))
        }
        Some(tls) if tls.offers_h2() => None,
        Some(tls) => {
            let sentence = format!("the client does not ask for HTTP/2: {tls}");
            let finding = finding("tls/alpn-h2", sentence);
            Some(Finding {
                section: Some(ALPN),
                ..finding
            })
        }
    }
}

/// The expectations of the wire: all but the number of connections are unreadable.
pub fn unreadable(case: &CasePlan, seen: &Observation) -> Vec<Check> {
    let expect = &case.expect;
    let is_readable = |target: &WireTarget| matches!(target, WireTarget::Connections(_));
    let wire_checks = expect
        .wire
        .iter()
        .map(|expect| match is_readable(&expect.target) {
            true => wire::one(case, expect, seen),
            false => unreadable_check(wire::path(expect)),
        });
    let frames = (expect.present.iter().map(wire::present_path))
        .chain(expect.absent.iter().map(wire::absent_path));
    let survives = expect.survives.map(|_| wire::SURVIVES.to_owned());
    let others = frames.chain(survives).map(unreadable_check);
    wire_checks.chain(others).collect()
}

fn unreadable_check(path: String) -> Check {
    Check {
        path,
        state: State::Unreadable(UNREADABLE.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::exchange::{Exchange, Side};
    use crate::wire::tls::Tls;

    fn seen(tls: Option<Tls>, client_bytes: u64) -> Observation {
        let connection = Connection {
            id: 1,
            opened_ns: 0,
            closed_ns: None,
            client: Side {
                bytes: client_bytes,
                ..Side::default()
            },
            server: Side::default(),
            frames: Vec::new(),
            streams: Vec::new(),
            faults: Vec::new(),
            tls,
        };
        Observation {
            exchange: Exchange {
                connections: vec![connection],
                cuts: Vec::new(),
            },
            tls: true,
            ..Observation::default()
        }
    }

    fn found(seen: &Observation) -> Option<(String, Culprit)> {
        match check(seen)?.state {
            State::Broken(finding) => Some((finding.code, finding.culprit)),
            _ => None,
        }
    }

    #[test]
    fn a_connection_over_tls_must_ask_for_http2() {
        let asking = Tls {
            offered_alpn: vec!["h2".into()],
            ..Tls::default()
        };
        assert_eq!(found(&seen(Some(asking), 300)), None);
        let not_asking = seen(Some(Tls::default()), 300);
        let expected = ("tls/alpn-h2".to_owned(), Culprit::Client);
        assert_eq!(found(&not_asking), Some(expected));
    }

    #[test]
    fn plain_text_where_tls_was_to_be_is_the_clients() {
        let expected = ("tls/plain-text".to_owned(), Culprit::Client);
        assert_eq!(found(&seen(None, 300)), Some(expected));
        assert_eq!(found(&seen(None, 0)), None, "nothing was sent");
    }

    #[test]
    fn a_cell_in_plain_text_is_not_asked() {
        let plain = Observation {
            tls: false,
            ..seen(None, 300)
        };
        assert!(check(&plain).is_none());
    }
}
