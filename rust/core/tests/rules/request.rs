use wirecheck_core::judge::finding::Culprit::Client;
use wirecheck_core::wire::frame::END_STREAM;

use crate::breaks::{At, Break, breaks, check_all};
use crate::captures::{DEADLINE, SAY_HELLO};
use crate::editor::{CLIENT, DATA, EditFrame, HEADERS, add, edit, field, remove, set};

const REQUEST: At = At::Frame(CLIENT, HEADERS, 0);

pub static BREAKS: &[Break] = &[
    breaks(
        "request/method",
        || edit(SAY_HELLO).request(set(":method", "GET")),
        Client,
        At::Bytes(b"GET"),
    ),
    breaks(
        "request/method",
        || edit(SAY_HELLO).request(remove(":method")),
        Client,
        REQUEST,
    ),
    breaks(
        "request/scheme",
        || edit(SAY_HELLO).request(set(":scheme", "grpc")),
        Client,
        At::Bytes(b"grpc"),
    ),
    breaks(
        "request/path",
        || edit(SAY_HELLO).request(set(":path", "Greeter/SayHello")),
        Client,
        At::Bytes(b"Greeter/SayHello"),
    ),
    breaks(
        "request/path",
        || edit(SAY_HELLO).request(set(":path", "/Greeter")),
        Client,
        At::Bytes(b"/Greeter"),
    ),
    breaks(
        "request/path",
        || edit(SAY_HELLO).request(set(":path", "/Greeter/")),
        Client,
        At::Bytes(b"/Greeter/"),
    ),
    breaks(
        "request/authority",
        || edit(SAY_HELLO).request(remove(":authority")),
        Client,
        REQUEST,
    ),
    breaks(
        "request/te-trailers",
        || edit(SAY_HELLO).request(set("te", "gzip")),
        Client,
        At::Bytes(b"gzip"),
    ),
    breaks(
        "request/te-trailers",
        || edit(SAY_HELLO).request(remove("te")),
        Client,
        REQUEST,
    ),
    breaks(
        "request/content-type",
        || edit(SAY_HELLO).request(set("content-type", "application/json")),
        Client,
        At::Bytes(b"application/json"),
    ),
    breaks(
        "request/content-type",
        || edit(SAY_HELLO).request(set("content-type", "application/grpc-web")),
        Client,
        At::Bytes(b"application/grpc-web"),
    ),
    breaks(
        "request/content-type",
        || edit(SAY_HELLO).request(add("content-type", "application/grpc+proto")),
        Client,
        At::Bytes(b"\0\x0ccontent-type\x16application/grpc+proto"),
    ),
    breaks(
        "request/timeout",
        || edit(DEADLINE).request(set("grpc-timeout", "100")),
        Client,
        At::Bytes(b"100"),
    ),
    breaks(
        "request/timeout",
        || edit(DEADLINE).request(set("grpc-timeout", "123456789n")),
        Client,
        At::Bytes(b"123456789n"),
    ),
    breaks(
        "request/timeout",
        || edit(DEADLINE).request(set("grpc-timeout", "0S")),
        Client,
        At::Bytes(b"0S"),
    ),
    breaks(
        "request/timeout",
        || edit(DEADLINE).request(add("grpc-timeout", "1S")),
        Client,
        At::Bytes(b"\0\x0cgrpc-timeout\x021S"),
    ),
    breaks(
        "request/timeout-first",
        || edit(SAY_HELLO).request(add("grpc-timeout", "1S")),
        Client,
        At::Bytes(b"\0\x0cgrpc-timeout\x021S"),
    ),
    breaks(
        "request/definition-first",
        || {
            edit(SAY_HELLO).request(|fields| {
                let te = fields.iter().position(|(name, _)| name == b"te");
                fields.insert(te.expect("te"), field("x-token", "1"));
            })
        },
        Client,
        At::Bytes(b"\0\x02te\x08trailers"),
    ),
    breaks(
        "request/user-agent",
        || edit(SAY_HELLO).request(set("user-agent", "curl/8.0")),
        Client,
        At::Bytes(b"curl/8.0"),
    ),
    breaks(
        "request/user-agent",
        || edit(SAY_HELLO).request(remove("user-agent")),
        Client,
        REQUEST,
    ),
    breaks(
        "request/no-trailers",
        || {
            let trailers = EditFrame::headers(CLIENT, END_STREAM, 1, &[("x-token", "1")]);
            let data_goes_on = |frame: &mut EditFrame| frame.flags &= !END_STREAM;
            edit(SAY_HELLO)
                .frame(CLIENT, DATA, 0, data_goes_on)
                .insert_after((CLIENT, DATA, 0), [trailers])
        },
        Client,
        At::Frame(CLIENT, HEADERS, 1),
    ),
    breaks(
        "request/ends-with-data",
        || {
            edit(SAY_HELLO)
                .frame(CLIENT, HEADERS, 0, |frame| frame.flags |= END_STREAM)
                .drop_frame(CLIENT, DATA, 0)
        },
        Client,
        REQUEST,
    ),
];

#[test]
fn each_edit_breaks_its_rule() {
    check_all(BREAKS);
}
