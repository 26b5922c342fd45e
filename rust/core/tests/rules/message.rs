use wirecheck_core::judge::finding::Culprit::{Client, Server};

use crate::breaks::{At, Break, breaks, check_all};
use crate::captures::{SAY_HELLO, STREAMING};
use crate::editor::{CLIENT, SERVER, edit, set};

pub static BREAKS: &[Break] = &[
    breaks(
        "message/flag",
        || edit(SAY_HELLO).data(CLIENT, 0, |data| data[0] = 2),
        Client,
        At::Bytes(b"\x02"),
    ),
    breaks(
        "message/flag",
        || edit(STREAMING).data(SERVER, 2, |data| data[0] = 0x80),
        Server,
        At::Bytes(b"\x80"),
    ),
    breaks(
        "message/flag-without-encoding",
        || edit(SAY_HELLO).data(CLIENT, 0, |data| data[0] = 1),
        Client,
        At::Bytes(b"\x01"),
    ),
    breaks(
        "message/flag-without-encoding",
        || {
            edit(SAY_HELLO)
                .response(set("grpc-encoding", "identity"))
                .data(SERVER, 0, |data| data[0] = 1)
        },
        Server,
        At::Bytes(b"\x01"),
    ),
    breaks(
        "message/complete",
        || edit(SAY_HELLO).data(CLIENT, 0, |data| data.truncate(9)),
        Client,
        At::Bytes(b"\0\0\0\0\x07\x0a\x05Wo"),
    ),
    breaks(
        "message/complete",
        || edit(SAY_HELLO).data(CLIENT, 0, |data| data.extend(b"\0\0\0")),
        Client,
        At::Bytes(b"\0\0\0"),
    ),
    breaks(
        "message/complete",
        || edit(STREAMING).data(SERVER, 2, |data| data[4] += 1),
        Server,
        At::Bytes(b"\0\0\0\0\x0f\x0a\x0cHello, World"),
    ),
    breaks(
        "message/decompresses",
        || {
            edit(SAY_HELLO)
                .response(set("grpc-encoding", "gzip"))
                .data(SERVER, 0, |data| data[0] = 1)
        },
        Server,
        At::Bytes(b"\x01\0\0\0\x0e\x0a\x0cHello, World"),
    ),
    breaks(
        "message/undisclosed-encoding",
        || {
            edit(SAY_HELLO)
                .response(set("grpc-encoding", "snappy"))
                .data(SERVER, 0, |data| data[0] = 1)
        },
        Server,
        At::Bytes(b"snappy"),
    ),
    breaks(
        "message/accepted-encoding",
        || {
            edit(SAY_HELLO)
                .request(set("grpc-encoding", "gzip"))
                .data(CLIENT, 0, |data| *data = GZIP_WORLD.to_vec())
                .response(set("grpc-accept-encoding", "identity,deflate"))
        },
        Server,
        At::Bytes(b"identity,deflate"),
    ),
];

/// The message of `say-hello`, compressed.
const GZIP_WORLD: &[u8] = b"\x01\0\0\0\x1b\x1f\x8b\x08\0\0\0\0\0\x02\x03\xe3b\x0d\xcf/\xcaI\x01\0\xd9\xd8\x45\x54\x07\0\0\0";

#[test]
fn each_edit_breaks_its_rule() {
    check_all(BREAKS);
}
