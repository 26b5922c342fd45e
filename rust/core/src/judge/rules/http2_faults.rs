//! Bytes that could not be read as HTTP/2 or HPACK, and frames that the state
//! of their stream does not allow. The decoder finds them; here they become
//! findings with the words of the section that they break.

use super::Rule;
use super::breach::Breach;
use super::scope::{Spot, fully_read};
use super::spec::{rfc7541, rfc9113};
use crate::judge::finding::{Culprit, Level, Section, Where};
use crate::wire::exchange::{Connection, Exchange, Fault};

pub(super) static WELL_FORMED: Rule = Rule {
    id: "http2/well-formed",
    level: Level::Must,
    about: "frames and header blocks are what HTTP/2 and HPACK say",
    section: rfc9113!(
        "5.4.1",
        "A connection error is any error that prevents further processing of the frame layer or \
         corrupts any connection state."
    ),
    find: |exchange, breaches| {
        for (connection, fault) in faults(exchange) {
            let other_rule = [STREAM_IDS.section.name, STREAM_STATE.section.name];
            if !other_rule.contains(&fault.section) && !OWN_LIMITS.contains(&fault.section) {
                breaches.push(breach(connection, fault));
            }
        }
    },
};

/// What the decoder does not follow any further, and no rule forbids.
const OWN_LIMITS: [&str; 2] = ["RFC 9113, section 10.5.1", "RFC 7541, section 7.3"];

pub(super) static STREAM_IDS: Rule = Rule {
    id: "http2/stream-ids",
    level: Level::Must,
    about: "the client's stream identifiers are odd, and each is higher than those before",
    section: rfc9113!(
        "5.1.1",
        "The identifier of a newly established stream MUST be numerically greater than all streams \
         that the initiating endpoint has opened or reserved."
    ),
    find: |exchange, breaches| {
        for (connection, fault) in faults(exchange) {
            if fault.section == STREAM_IDS.section.name {
                breaches.push(breach(connection, fault));
            }
        }
    },
};

pub(super) static STREAM_STATE: Rule = Rule {
    id: "http2/stream-state",
    level: Level::Must,
    about: "nothing on a stream that is not open, or that its sender has ended or reset",
    section: rfc9113!(
        "5.1",
        "An endpoint MUST NOT send frames other than PRIORITY on a closed stream."
    ),
    find: |exchange, breaches| {
        let all_read: Vec<_> = fully_read(exchange).map(|read| read.id).collect();
        for (connection, fault) in faults(exchange) {
            // A stream is no more than seemingly idle where the frames that
            // opened it were left out or could not be decoded.
            let is_sure = !fault.what.contains(IDLE) || all_read.contains(&connection.id);
            if fault.section == STREAM_STATE.section.name && is_sure {
                breaches.push(breach(connection, fault));
            }
        }
    },
};

/// How the decoder calls a stream that nobody has opened.
const IDLE: &str = "idle";

fn faults(exchange: &Exchange) -> impl Iterator<Item = (&Connection, &Fault)> {
    let connections = exchange.connections.iter();
    connections.flat_map(|connection| {
        let faults = connection.faults.iter();
        faults.map(move |fault| (connection, fault))
    })
}

fn breach(connection: &Connection, fault: &Fault) -> Breach {
    let breach = Breach::new(spot(connection, fault), fault.what.as_str());
    match section_of(fault) {
        Some(section) => breach.section(section),
        None => breach,
    }
}

fn spot(connection: &Connection, fault: &Fault) -> Spot {
    let frame = connection.frames.iter().position(|frame| {
        frame.direction == fault.direction && frame.range.contains(&fault.range.start)
    });
    Spot {
        culprit: Culprit::sender(fault.direction),
        place: Where {
            connection: Some(connection.id),
            stream: (fault.stream != 0).then_some(fault.stream),
            frame,
            direction: Some(fault.direction),
            byte_range: Some(fault.range.clone()),
            at_ns: Some(fault.at_ns),
            ..Where::default()
        },
    }
}

/// The words of the section that a fault names. Where a section says more than
/// one thing, the first whose keyword the fault has.
fn section_of(fault: &Fault) -> Option<Section> {
    let known = SECTIONS
        .iter()
        .find(|(keyword, section)| section.name == fault.section && fault.what.contains(keyword));
    known.map(|(_, section)| *section)
}

#[rustfmt::skip]
static SECTIONS: &[(&str, Section)] = &[
    ("", rfc9113!("3.4", "Clients and servers MUST treat an invalid connection preface as a connection error of type PROTOCOL_ERROR.")),
    ("", rfc9113!("4.2", "An endpoint MUST send an error code of FRAME_SIZE_ERROR if a frame exceeds the size defined in SETTINGS_MAX_FRAME_SIZE, exceeds any limit defined for the frame type, or is too small to contain mandatory frame data.")),
    ("", rfc9113!("4.3.1", "Once an endpoint acknowledges a change to SETTINGS_HEADER_TABLE_SIZE that reduces the maximum below the current size of the dynamic table, its HPACK encoder MUST start the next field block with a Dynamic Table Size Update instruction that sets the dynamic table to a size that is less than or equal to the reduced maximum; see Section 4.2 of [COMPRESSION].")),
    ("END_STREAM", rfc9113!("5.1", "A stream that is in the \"half-closed (local)\" state cannot be used for sending frames other than WINDOW_UPDATE, PRIORITY, and RST_STREAM.")),
    (IDLE, rfc9113!("5.1", "Receiving any frame other than HEADERS or PRIORITY on a stream in this state MUST be treated as a connection error (Section 5.4.1) of type PROTOCOL_ERROR.")),
    ("even", rfc9113!("5.1.1", "Streams initiated by a client MUST use odd-numbered stream identifiers; those initiated by the server MUST use even-numbered stream identifiers.")),
    ("padding", rfc9113!("6.1", "If the length of the padding is the length of the frame payload or greater, the recipient MUST treat this as a connection error (Section 5.4.1) of type PROTOCOL_ERROR.")),
    ("", rfc9113!("6.1", "DATA frames MUST be associated with a stream.")),
    ("padding", rfc9113!("6.2", "If the length of the padding is the length of the frame payload or greater, the recipient MUST treat this as a connection error (Section 5.4.1) of type PROTOCOL_ERROR.")),
    ("", rfc9113!("6.2", "HEADERS frames MUST be associated with a stream.")),
    ("payload", rfc9113!("6.3", "A PRIORITY frame with a length other than 5 octets MUST be treated as a stream error (Section 5.4.2) of type FRAME_SIZE_ERROR.")),
    ("", rfc9113!("6.3", "The PRIORITY frame always identifies a stream.")),
    ("payload", rfc9113!("6.4", "A RST_STREAM frame with a length other than 4 octets MUST be treated as a connection error (Section 5.4.1) of type FRAME_SIZE_ERROR.")),
    ("", rfc9113!("6.4", "RST_STREAM frames MUST be associated with a stream.")),
    ("payload", rfc9113!("6.5", "A badly formed or incomplete SETTINGS frame MUST be treated as a connection error (Section 5.4.1) of type PROTOCOL_ERROR.")),
    ("", rfc9113!("6.5", "The stream identifier for a SETTINGS frame MUST be zero (0x00).")),
    ("ENABLE_PUSH", rfc9113!("6.5.2", "Any value other than 0 or 1 MUST be treated as a connection error (Section 5.4.1) of type PROTOCOL_ERROR.")),
    ("INITIAL_WINDOW_SIZE", rfc9113!("6.5.2", "Values above the maximum flow-control window size of 2^31-1 MUST be treated as a connection error (Section 5.4.1) of type FLOW_CONTROL_ERROR.")),
    ("MAX_FRAME_SIZE", rfc9113!("6.5.2", "The value advertised by an endpoint MUST be between this initial value and the maximum allowed frame size (2^24-1 or 16,777,215 octets), inclusive.")),
    ("padding", rfc9113!("6.6", "If the length of the padding is the length of the frame payload or greater, the recipient MUST treat this as a connection error (Section 5.4.1) of type PROTOCOL_ERROR.")),
    ("", rfc9113!("6.6", "PUSH_PROMISE frames MUST only be sent on a peer-initiated stream that is in either the \"open\" or \"half-closed (remote)\" state.")),
    ("payload", rfc9113!("6.7", "Receipt of a PING frame with a length field value other than 8 MUST be treated as a connection error (Section 5.4.1) of type FRAME_SIZE_ERROR.")),
    ("", rfc9113!("6.7", "PING frames are not associated with any individual stream.")),
    ("", rfc9113!("6.8", "The GOAWAY frame applies to the connection, not a specific stream.")),
    ("payload", rfc9113!("6.9", "A WINDOW_UPDATE frame with a length other than 4 octets MUST be treated as a connection error (Section 5.4.1) of type FRAME_SIZE_ERROR.")),
    ("", rfc9113!("6.9", "A receiver MUST treat the receipt of a WINDOW_UPDATE frame with a flow-control window increment of 0 as a stream error (Section 5.4.2) of type PROTOCOL_ERROR; errors on the connection flow-control window MUST be treated as a connection error (Section 5.4.1).")),
    ("", rfc9113!("6.10", "A CONTINUATION frame MUST be preceded by a HEADERS, PUSH_PROMISE or CONTINUATION frame without the END_HEADERS flag set.")),
    ("", rfc9113!("8.4", "A client cannot push.")),
    ("", rfc7541!("2.3.3", "Indices strictly greater than the sum of the lengths of both tables MUST be treated as a decoding error.")),
    ("", rfc7541!("4.2", "This dynamic table size update MUST occur at the beginning of the first header block following the change to the dynamic table size.")),
    ("", rfc7541!("5.1", "Integer encodings that exceed implementation limits -- in value or octet length -- MUST be treated as decoding errors.")),
    ("EOS", rfc7541!("5.2", "A Huffman-encoded string literal containing the EOS symbol MUST be treated as a decoding error.")),
    ("7 bits", rfc7541!("5.2", "A padding strictly longer than 7 bits MUST be treated as a decoding error.")),
    ("padding", rfc7541!("5.2", "A padding not corresponding to the most significant bits of the code for the EOS symbol MUST be treated as a decoding error.")),
    ("", rfc7541!("5.2", "The number of octets used to encode the string literal, encoded as an integer with a 7-bit prefix (see Section 5.1).")),
    ("", rfc7541!("6.1", "It MUST be treated as a decoding error if found in an indexed header field representation.")),
    ("", rfc7541!("6.3", "The new maximum size MUST be lower than or equal to the limit determined by the protocol using HPACK.")),
];
