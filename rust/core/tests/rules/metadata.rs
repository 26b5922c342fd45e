use wirecheck_core::judge::finding::Culprit::{Client, Server};

use crate::breaks::{At, Break, breaks, check_all};
use crate::captures::{BASE64, SAY_HELLO, TRUE_BINARY};
use crate::editor::{CLIENT, HEADERS, SERVER, SETTINGS, add, edit, set};

pub static BREAKS: &[Break] = &[
    breaks(
        "metadata/name-characters",
        || edit(SAY_HELLO).request(add("X-Token", "1")),
        Client,
        At::Bytes(b"X-Token"),
    ),
    breaks(
        "metadata/name-characters",
        || edit(SAY_HELLO).trailers(add("x token", "1")),
        Server,
        At::Bytes(b"x token"),
    ),
    breaks(
        "metadata/ascii-value",
        || edit(SAY_HELLO).request(set("x-name", "Zoë")),
        Client,
        At::Bytes("Zoë".as_bytes()),
    ),
    breaks(
        "metadata/ascii-value",
        || edit(SAY_HELLO).response(set("x-name", "a\nb")),
        Server,
        At::Bytes(b"a\nb"),
    ),
    breaks(
        "metadata/empty-value",
        || edit(SAY_HELLO).request(add("x-empty", "")),
        Client,
        At::Bytes(b"\0\x07x-empty\0"),
    ),
    breaks(
        "metadata/value-whitespace",
        || edit(SAY_HELLO).response(add("x-padded", " a")),
        Server,
        At::Bytes(b" a"),
    ),
    breaks(
        "metadata/reserved-name",
        || edit(SAY_HELLO).request(add("grpc-shop", "1")),
        Client,
        At::Bytes(b"grpc-shop"),
    ),
    breaks(
        "metadata/connection-specific",
        || edit(SAY_HELLO).request(add("connection", "close")),
        Client,
        At::Bytes(b"\0\x0aconnection\x05close"),
    ),
    breaks(
        "metadata/connection-specific",
        || edit(SAY_HELLO).response(add("te", "trailers")),
        Server,
        At::Bytes(b"\0\x02te\x08trailers"),
    ),
    breaks(
        "metadata/content-coding",
        || edit(SAY_HELLO).request(set("grpc-accept-encoding", "identity,,gzip")),
        Client,
        At::Bytes(b"identity,,gzip"),
    ),
    breaks(
        "metadata/content-coding",
        || edit(SAY_HELLO).response(set("grpc-encoding", "gzip,deflate")),
        Server,
        At::Bytes(b"gzip,deflate"),
    ),
    breaks(
        "metadata/list-size",
        || edit(SAY_HELLO).request(add("x-long", &"a".repeat(8 * 1024))),
        Client,
        At::Frame(CLIENT, HEADERS, 0),
    ),
    breaks(
        "metadata/list-size",
        // Longer than a frame may be, so that CONTINUATION follows.
        || edit(SAY_HELLO).trailers(add("x-long", &"a".repeat(20 * 1024))),
        Server,
        At::Frame(SERVER, HEADERS, 1),
    ),
    breaks(
        "metadata/message-type",
        || edit(SAY_HELLO).request(add("grpc-message-type", "hello.1Request")),
        Client,
        At::Bytes(b"hello.1Request"),
    ),
    breaks(
        "metadata/binary-base64",
        || edit(BASE64).request(add("x-token-bin", "_-8")),
        Client,
        At::Bytes(b"_-8"),
    ),
    breaks(
        "metadata/binary-base64",
        || edit(BASE64).response(add("x-token-bin", "AAEC,AAEC=")),
        Server,
        At::Bytes(b"AAEC,AAEC="),
    ),
    breaks(
        "metadata/binary-unpadded",
        || edit(BASE64).request(add("x-token-bin", "q80=")),
        Client,
        At::Bytes(b"q80="),
    ),
    breaks(
        "metadata/true-binary",
        || edit(BASE64).request(add("x-token-bin", "\0raw")),
        Client,
        At::Bytes(b"\0raw"),
    ),
    breaks(
        "metadata/true-binary",
        // The server takes its announcement back: 0xFE03 = 0.
        || {
            edit(TRUE_BINARY)
                .request(add("x-token-bin", "\0\x01\x02"))
                .frame(SERVER, SETTINGS, 0, |frame| {
                    frame.change_bytes(|settings| {
                        let last = settings.len() - 1;
                        assert_eq!(settings[last - 5..], [0xfe, 0x03, 0, 0, 0, 1]);
                        settings[last] = 0;
                    })
                })
        },
        Client,
        At::Bytes(b"\0\x01\x02"),
    ),
];

#[test]
fn each_edit_breaks_its_rule() {
    check_all(BREAKS);
}
