use wirecheck_core::judge::finding::Culprit::Server;

use crate::breaks::{At, Break, breaks, check_all};
use crate::captures::{FAIL, SAY_HELLO, UNKNOWN_METHOD};
use crate::editor::{HEADERS, SERVER, add, edit, remove, set};

pub static BREAKS: &[Break] = &[
    breaks(
        "status/present",
        || edit(SAY_HELLO).trailers(remove("grpc-status")),
        Server,
        At::Frame(SERVER, HEADERS, 1),
    ),
    breaks(
        "status/present",
        || edit(UNKNOWN_METHOD).trailers(remove("grpc-status")),
        Server,
        At::Frame(SERVER, HEADERS, 0),
    ),
    breaks(
        "status/only-in-trailers",
        || edit(SAY_HELLO).response(add("grpc-status", "0")),
        Server,
        At::Bytes(b"\0\x0bgrpc-status\x010"),
    ),
    breaks(
        "status/once",
        || edit(SAY_HELLO).trailers(add("grpc-status", "13")),
        Server,
        At::Bytes(b"\0\x0bgrpc-status\x0213"),
    ),
    breaks(
        "status/decimal",
        || edit(SAY_HELLO).trailers(set("grpc-status", "00")),
        Server,
        At::Bytes(b"00"),
    ),
    breaks(
        "status/decimal",
        || edit(UNKNOWN_METHOD).trailers(set("grpc-status", "UNIMPLEMENTED")),
        Server,
        At::Bytes(b"UNIMPLEMENTED"),
    ),
    breaks(
        "status/decimal",
        || edit(SAY_HELLO).trailers(set("grpc-status", "")),
        Server,
        At::Bytes(b""),
    ),
    breaks(
        "status/known-code",
        || edit(UNKNOWN_METHOD).trailers(set("grpc-status", "17")),
        Server,
        At::Bytes(b"17"),
    ),
    breaks(
        "status/message-encoding",
        || edit(FAIL).trailers(set("grpc-message", "100%")),
        Server,
        At::Bytes(b"100%"),
    ),
    breaks(
        "status/message-encoding",
        || edit(FAIL).trailers(set("grpc-message", "zu groß")),
        Server,
        At::Bytes("zu groß".as_bytes()),
    ),
    breaks(
        "status/message-utf8",
        || edit(FAIL).trailers(set("grpc-message", "%FF")),
        Server,
        At::Bytes(b"%FF"),
    ),
    breaks(
        "status/message-hex-case",
        || edit(FAIL).trailers(set("grpc-message", "%c3%9F")),
        Server,
        At::Bytes(b"%c3%9F"),
    ),
    breaks(
        "status/message-over-encoded",
        || edit(FAIL).trailers(set("grpc-message", "too%20long")),
        Server,
        At::Bytes(b"too%20long"),
    ),
    breaks(
        "status/message-empty",
        || edit(FAIL).trailers(set("grpc-message", "")),
        Server,
        At::Bytes(b"\0\x0cgrpc-message\0"),
    ),
    breaks(
        "status/message-with-ok",
        || edit(SAY_HELLO).trailers(set("grpc-message", "fine")),
        Server,
        At::Bytes(b"fine"),
    ),
];

#[test]
fn each_edit_breaks_its_rule() {
    check_all(BREAKS);
}
