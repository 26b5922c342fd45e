use wirecheck_core::judge::finding::Culprit::Server;
use wirecheck_core::wire::frame::END_STREAM;

use crate::breaks::{At, Break, breaks, check_all};
use crate::captures::{SAY_HELLO, UNKNOWN_METHOD};
use crate::editor::{DATA, EditFrame, HEADERS, SERVER, edit, remove, set};

pub static BREAKS: &[Break] = &[
    breaks(
        "response/http-status",
        || edit(SAY_HELLO).response(set(":status", "503")),
        Server,
        At::Bytes(b"503"),
    ),
    breaks(
        "response/http-status",
        || edit(SAY_HELLO).response(remove(":status")),
        Server,
        At::Frame(SERVER, HEADERS, 0),
    ),
    breaks(
        "response/content-type",
        || edit(SAY_HELLO).response(set("content-type", "text/html")),
        Server,
        At::Bytes(b"text/html"),
    ),
    breaks(
        "response/content-type",
        || edit(UNKNOWN_METHOD).response(remove("content-type")),
        Server,
        At::Frame(SERVER, HEADERS, 0),
    ),
    breaks(
        "response/content-subtype",
        || edit(SAY_HELLO).response(set("content-type", "application/grpc+proto")),
        Server,
        At::Bytes(b"application/grpc+proto"),
    ),
    breaks(
        "response/one-header-block",
        || {
            let more = EditFrame::headers(SERVER, 0, 1, &[("x-more", "1")]);
            edit(SAY_HELLO).insert_after((SERVER, DATA, 0), [more])
        },
        Server,
        At::Frame(SERVER, HEADERS, 1),
    ),
    breaks(
        "response/ends-with-trailers",
        || {
            edit(SAY_HELLO)
                .frame(SERVER, DATA, 0, |frame| frame.flags |= END_STREAM)
                .drop_frame(SERVER, HEADERS, 1)
        },
        Server,
        At::Frame(SERVER, DATA, 0),
    ),
    breaks(
        "response/trailers-only-error",
        || edit(UNKNOWN_METHOD).response(set("grpc-status", "0")),
        Server,
        At::Bytes(b"0"),
    ),
    breaks(
        "response/unsupported-media-type",
        || edit(SAY_HELLO).request(set("content-type", "text/plain")),
        Server,
        At::Bytes(b"200"),
    )
    .also(&["request/content-type"]),
];

#[test]
fn each_edit_breaks_its_rule() {
    check_all(BREAKS);
}
