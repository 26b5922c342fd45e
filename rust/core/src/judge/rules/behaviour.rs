//! Requirements that bytes alone do not prove: what a peer makes of what it got.
//! Cases hold them, by having one side say or do what they are about.

use super::spec::{COMPRESSION_ASYMMETRY, grpc, rfc9113};
use crate::judge::finding::{Level, Section};

/// A requirement that cases hold.
#[derive(Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// Stable and readable, such as `response/http-status-mapping`.
    pub id: &'static str,
    /// What breaking it means.
    pub level: Level,
    /// What it requires, in one line.
    pub about: &'static str,
    /// Where it comes from.
    pub section: Section,
}

/// The behaviour with this id.
pub fn by_id(id: &str) -> Option<&'static Behaviour> {
    ALL.iter().find(|behaviour| behaviour.id == id)
}

/// Every behaviour, in the order of the sections of [`super::all`].
pub fn all() -> &'static [Behaviour] {
    ALL
}

/// A row of gRPC's table of the codes that libraries generate.
macro_rules! statuscodes {
    ($quote:literal) => {
        Section {
            name: "gRPC Status codes",
            quote: $quote,
            link: "https://github.com/grpc/grpc/blob/master/doc/statuscodes.md",
        }
    };
}

const ERRORS: &str = "https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors";

static ALL: &[Behaviour] = &[
    Behaviour {
        id: "request/timeout-as-asked",
        level: Level::Info,
        about: "`grpc-timeout` is about the deadline that the application asked for",
        section: grpc!(
            "Requests",
            "requests",
            "If Timeout is omitted a server should assume an infinite timeout."
        ),
    },
    Behaviour {
        id: "metadata/binary-padding-accepted",
        level: Level::Must,
        about: "`-bin` values are taken padded, unpadded, and joined with commas",
        section: grpc!(
            "Requests",
            "requests",
            "Implementations MUST accept padded and un-padded values and should emit un-padded \
             values."
        ),
    },
    Behaviour {
        id: "metadata/duplicates-in-order",
        level: Level::Must,
        about: "values of one name keep their order",
        section: grpc!(
            "Requests",
            "requests",
            "Custom-Metadata header order is not guaranteed to be preserved except for values \
             with duplicate header names."
        ),
    },
    Behaviour {
        id: "metadata/odd-values-tolerated",
        level: Level::Must,
        about: "a value that HTTP allows and gRPC does not is no error",
        section: grpc!(
            "Requests",
            "requests",
            "Implementations must not error due to receiving an invalid ASCII-Value that's a \
             valid field-value in HTTP, but the precise behavior is not strictly defined: they may \
             throw the value away or accept the value."
        ),
    },
    Behaviour {
        id: "metadata/list-limit",
        level: Level::Should,
        about: "a header list beyond the limit of who receives it is an error, and no hang",
        section: grpc!(
            "Responses",
            "responses",
            "Clients may limit the size of Response-Headers, Trailers, and Trailers-Only, with a \
             default of 8 KiB each suggested."
        ),
    },
    Behaviour {
        id: "message/frame-boundaries",
        level: Level::Must,
        about: "messages are the same however they are split over DATA frames",
        section: grpc!(
            "Data Frames",
            "data-frames",
            "DATA frame boundaries have no relation to Length-Prefixed-Message boundaries and \
             implementations should make no assumptions about their alignment."
        ),
    },
    Behaviour {
        id: "message/one-request",
        level: Level::Must,
        about: "a method with one request gets exactly one, or answers UNIMPLEMENTED",
        section: statuscodes!(
            "Request cardinality violation (method requires exactly one request but client sent \
             some other number of requests)"
        ),
    },
    Behaviour {
        id: "message/one-response",
        level: Level::Must,
        about: "a call with one response gets exactly one, or ends with UNIMPLEMENTED",
        section: statuscodes!(
            "Response cardinality violation (method requires exactly one response but server sent \
             some other number of responses)"
        ),
    },
    Behaviour {
        id: "message/whole-at-end",
        level: Level::Must,
        about: "a message that ends before its length is an error to who receives it",
        section: grpc!(
            "Requests",
            "requests",
            "Length-Prefixed-Message → Compressed-Flag Message-Length Message"
        ),
    },
    Behaviour {
        id: "message/flag-refused",
        level: Level::Must,
        about: "a message with the Compressed-Flag and no coding named is INTERNAL",
        section: Section {
            name: "gRPC Compression, \"Test cases\"",
            quote: "An ill-constructed message with its Compressed-Flag bit set but lacking a \
                    grpc-encoding entry different from identity in its metadata MUST fail with \
                    `INTERNAL` status",
            link: "https://github.com/grpc/grpc/blob/master/doc/compression.md#test-cases",
        },
    },
    Behaviour {
        id: "message/compression-disabled",
        level: Level::Must,
        about: "a message that the application wants uncompressed has flag 0",
        section: Section {
            name: "gRPC Compression, \"Specific Disabling of Compression\"",
            quote: "If the user (through the previously described mechanisms) requests to disable \
                    compression the next message MUST be sent uncompressed.",
            link: "https://github.com/grpc/grpc/blob/master/doc/compression.md#specific-disabling-of-compression",
        },
    },
    Behaviour {
        id: "message/unsupported-encoding",
        level: Level::Must,
        about: "a coding that a server lacks is UNIMPLEMENTED with those that it has, one that a \
                client lacks is INTERNAL",
        section: Section {
            quote: "When a message from a client compressed with an unsupported algorithm is \
                    processed by a server, it WILL result in an `UNIMPLEMENTED` error status on \
                    the server.",
            ..COMPRESSION_ASYMMETRY
        },
    },
    Behaviour {
        id: "message/undecodable",
        level: Level::Must,
        about: "a message that cannot be decompressed or parsed is INTERNAL",
        section: statuscodes!(
            "Could not decompress, but compression algorithm supported (Client -> Server)"
        ),
    },
    Behaviour {
        id: "message/size-limit",
        level: Level::Must,
        about: "a message beyond the limit of who receives it is RESOURCE_EXHAUSTED",
        section: statuscodes!("Sent or received message was larger than configured limit"),
    },
    Behaviour {
        id: "response/http-status-mapping",
        level: Level::Must,
        about: "without `grpc-status` the HTTP status decides; where both are there, `grpc-status`",
        section: Section {
            name: "HTTP to gRPC Status Code Mapping",
            quote: "Since intermediaries are a common part of HTTP infrastructure some responses \
                    to gRPC requests may be received that do not include the grpc-status header.",
            link: "https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md",
        },
    },
    Behaviour {
        id: "response/reset-code-mapping",
        level: Level::Must,
        about: "the code of RST_STREAM decides on the status of the call",
        section: Section {
            name: "gRPC over HTTP2, \"Errors\"",
            quote: "The following mapping from RST_STREAM error codes to GRPC error codes is \
                    applied.",
            link: ERRORS,
        },
    },
    Behaviour {
        id: "status/message-lenient",
        level: Level::Must,
        about: "a `grpc-message` that is not encoded as it should be costs neither call nor text",
        section: grpc!(
            "Responses",
            "responses",
            "When decoding invalid values, implementations MUST NOT error or throw away the \
             message."
        ),
    },
    Behaviour {
        id: "status/details-lenient",
        level: Level::Should,
        about: "`grpc-status-details-bin` that cannot be read costs neither the call's status nor \
                the process",
        section: grpc!(
            "Responses",
            "responses",
            "Trailers → Status [Status-Message] *Custom-Metadata"
        ),
    },
    Behaviour {
        id: "call/library-status",
        level: Level::Must,
        about: "libraries generate the codes of the table and no others",
        section: statuscodes!("The following status codes are never generated by the library"),
    },
    Behaviour {
        id: "call/cancel-reaches-handler",
        level: Level::Must,
        about: "a client's cancellation is RST_STREAM with CANCEL, and its handler is told",
        section: grpc!(
            "Client Cancellation",
            "client-cancellation",
            "Client cancellation is performed by the client sending RST_STREAM with CANCEL error \
             code. The RPC's deadline expiring is considered a client cancellation."
        ),
    },
    Behaviour {
        id: "call/deadline-at-client",
        level: Level::Must,
        about: "a client whose deadline is over says DEADLINE_EXCEEDED, whatever the server does",
        section: statuscodes!("No response received before Deadline expires."),
    },
    Behaviour {
        id: "call/deadline-at-server",
        level: Level::Should,
        about: "a server whose deadline is over ends the call with DEADLINE_EXCEEDED or CANCEL",
        section: grpc!(
            "Client Cancellation",
            "client-cancellation",
            "When the server detects the client's deadline has expired (which implies it hasn't \
             received the client's RST_STREAM yet) the server should locally cancel the RPC and \
             send RST_STREAM with CANCEL error code."
        ),
    },
    Behaviour {
        id: "call/connection-lost",
        level: Level::Must,
        about: "a lost connection is UNAVAILABLE to the client, and cancels the handler",
        section: statuscodes!(
            "Some data transmitted (e.g., request metadata written to TCP connection) before \
             connection breaks"
        ),
    },
    Behaviour {
        id: "call/no-hidden-retry",
        level: Level::Info,
        about: "a call that may have been processed is not made again by the library",
        section: grpc!(
            "Idempotency and Retries",
            "idempotency-and-retries",
            "Unless explicitly defined to be, gRPC Calls are not assumed to be idempotent."
        ),
    },
    Behaviour {
        id: "http2/unknown-ignored",
        level: Level::Must,
        about: "frames, flags and settings of unknown types are passed over",
        section: rfc9113!(
            "5.5",
            "Implementations MUST ignore unknown or unsupported values in all extensible protocol \
             elements."
        ),
    },
    Behaviour {
        id: "http2/goaway-respected",
        level: Level::Must,
        about: "after GOAWAY no stream is opened, those below its last finish, those above are \
                UNAVAILABLE or made again",
        section: rfc9113!(
            "6.8",
            "Receivers of a GOAWAY frame MUST NOT open additional streams on the connection"
        ),
    },
    Behaviour {
        id: "http2/flow-control",
        level: Level::Must,
        about: "a message larger than the window arrives, as the window is given back",
        section: rfc9113!(
            "5.2.2",
            "Flow control is defined to protect endpoints that are operating under resource \
             constraints."
        ),
    },
    Behaviour {
        id: "http2/too-many-pings",
        level: Level::Must,
        about: "a client that pings too often gets GOAWAY with ENHANCE_YOUR_CALM and \
                too_many_pings",
        section: Section {
            name: "gRFC A8, \"Server Enforcement\"",
            quote: "Servers need to respond to misbehaving clients by sending GOAWAY with error \
                    code ENHANCE_YOUR_CALM and additional debug data of ASCII too_many_pings \
                    followed by immediately closing the connection.",
            link: "https://github.com/grpc/proposal/blob/master/A8-client-side-keepalive.md#server-enforcement",
        },
    },
    Behaviour {
        id: "http2/tls",
        level: Level::Must,
        about: "over TLS the client asks for h2, names the server and trusts only whom it should",
        section: grpc!(
            "Security",
            "security",
            "The HTTP2 specification mandates the use of TLS 1.2 or higher when TLS is used with \
             HTTP2."
        ),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::rules;

    #[test]
    fn an_id_names_one_requirement() {
        let mut ids: Vec<&str> = rules::all().iter().map(|rule| rule.id).collect();
        ids.extend(ALL.iter().map(|behaviour| behaviour.id));
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}
