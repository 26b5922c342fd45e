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
];

#[test]
fn each_edit_breaks_its_rule() {
    check_all(BREAKS);
}
