use wirecheck_core::judge::finding::Culprit::{Client, Server};
use wirecheck_core::judge::rules;
use wirecheck_core::wire::frame::{ACK, END_HEADERS, END_STREAM, PADDED};

use crate::breaks::{At, Break, breaks, check_all};
use crate::captures::{SAY_HELLO, TEN_CALLS, decode};
use crate::editor::{
    CLIENT, CONTINUATION, DATA, EditFrame, GOAWAY, HEADERS, PING, PUSH_PROMISE, RST_STREAM, SERVER,
    SETTINGS, WINDOW_UPDATE, add_first, edit, field,
};

pub static BREAKS: &[Break] = &[
    breaks(
        "http2/well-formed",
        || {
            let short = EditFrame::new(SERVER, PING, 0, 0, b"seven b");
            edit(SAY_HELLO).insert_after((SERVER, HEADERS, 0), [short])
        },
        Server,
        At::Bytes(b"\0\0\x07\x06\0\0\0\0\0seven b"),
    ),
    breaks(
        "http2/well-formed",
        || edit(SAY_HELLO).drop_frame(CLIENT, SETTINGS, 0),
        Client,
        At::Frame(CLIENT, WINDOW_UPDATE, 0),
    ),
    breaks(
        "http2/pseudo-header-known",
        || edit(SAY_HELLO).request(add_first(":version", "2")),
        Client,
        At::Bytes(b"\0\x08:version\x012"),
    ),
    breaks(
        "http2/pseudo-header-known",
        || edit(SAY_HELLO).trailers(add_first(":status", "200")),
        Server,
        At::Bytes(b"\0\x07:status\x03200"),
    ),
    breaks(
        "http2/pseudo-header-once",
        || edit(SAY_HELLO).request(add_first(":path", "/Greeter/SayHello")),
        Client,
        At::Bytes(b"\0\x05:path\x11/Greeter/SayHello"),
    ),
    breaks(
        "http2/pseudo-header-first",
        || {
            edit(SAY_HELLO).request(|fields| {
                fields.retain(|(name, _)| name != b":path");
                fields.push(field(":path", "/Greeter/SayHello"));
            })
        },
        Client,
        At::Bytes(b"\0\x05:path\x11/Greeter/SayHello"),
    ),
    breaks(
        "http2/stream-ids",
        || edit(SAY_HELLO).insert_after((CLIENT, DATA, 0), [request_on(4)]),
        Client,
        At::Frame(CLIENT, HEADERS, 1),
    ),
    breaks(
        "http2/stream-ids",
        || edit(SAY_HELLO).insert_after((CLIENT, DATA, 0), [request_on(5), request_on(3)]),
        Client,
        At::Frame(CLIENT, HEADERS, 2),
    ),
    breaks(
        "http2/stream-state",
        || {
            let late = EditFrame::new(CLIENT, DATA, 0, 1, b"");
            edit(SAY_HELLO).insert_after((CLIENT, DATA, 0), [late])
        },
        Client,
        At::Bytes(b"\0\0\0\0\0\0\0\0\x01"),
    ),
    breaks(
        "http2/stream-state",
        || {
            let late = EditFrame::new(SERVER, DATA, 0, 1, b"");
            edit(SAY_HELLO).insert_after((SERVER, HEADERS, 1), [late])
        },
        Server,
        At::Bytes(b"\0\0\0\0\0\0\0\0\x01"),
    ),
    breaks(
        "http2/concurrent-streams",
        // SETTINGS_MAX_CONCURRENT_STREAMS = 9, before the ACK and ten calls.
        || {
            edit(TEN_CALLS).frame(SERVER, SETTINGS, 0, |frame| {
                frame.change_bytes(|settings| settings.extend(b"\0\x03\0\0\0\x09"));
            })
        },
        Client,
        At::Frame(CLIENT, HEADERS, 9),
    ),
    breaks(
        "http2/ping-answered",
        || {
            edit(SAY_HELLO).frame(CLIENT, PING, 0, |answer| {
                assert_eq!(answer.flags, ACK);
                answer.change_bytes(|bytes| *bytes = b"pingpong".to_vec());
            })
        },
        Client,
        At::Frame(CLIENT, PING, 0),
    ),
    breaks(
        "http2/ping-answered",
        // The client leaves the PING out, but answers what came after it.
        || {
            edit(SAY_HELLO)
                .insert_after(
                    (SERVER, PING, 0),
                    [EditFrame::new(SERVER, SETTINGS, 0, 0, b"")],
                )
                .insert_after(
                    (CLIENT, PING, 0),
                    [EditFrame::new(CLIENT, SETTINGS, ACK, 0, b"")],
                )
                .drop_frame(CLIENT, PING, 0)
        },
        Client,
        At::Frame(SERVER, PING, 0),
    ),
    breaks(
        "http2/goaway-before-close",
        || edit(SAY_HELLO).closed_first_by(SERVER),
        Server,
        At::End(SERVER),
    ),
    breaks(
        "http2/early-response-resets",
        || edit(SAY_HELLO).frame(CLIENT, DATA, 0, |frame| frame.flags &= !END_STREAM),
        Server,
        At::Frame(SERVER, HEADERS, 1),
    ),
];

/// A request that stays open.
fn request_on(stream: u32) -> EditFrame {
    let fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/Greeter/SayHello"),
        (":authority", "127.0.0.1"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("user-agent", "grpc-test/1"),
    ];
    EditFrame::headers(CLIENT, 0, stream, &fields)
}

#[test]
fn each_edit_breaks_its_rule() {
    check_all(BREAKS);
}

/// A fault names its own section, and the finding has that section's words.
#[test]
fn faults_come_with_the_words_of_their_section() {
    let frame =
        |kind, flags, stream, payload: &[u8]| EditFrame::new(CLIENT, kind, flags, stream, payload);
    let cases = [
        (
            frame(DATA, 0, 0, b""),
            "RFC 9113, section 6.1",
            "DATA frames MUST be associated",
        ),
        (
            frame(DATA, PADDED, 1, &[9]),
            "RFC 9113, section 6.1",
            "the length of the padding",
        ),
        (
            frame(DATA, 0, 7, b""),
            "RFC 9113, section 5.1",
            "other than HEADERS or PRIORITY",
        ),
        (
            frame(HEADERS, END_HEADERS, 3, &[0x80]),
            "RFC 7541, section 6.1",
            "decoding error",
        ),
        (
            frame(HEADERS, END_HEADERS, 3, &[0xff, 0x7f]),
            "RFC 7541, section 2.3.3",
            "both tables",
        ),
        (
            frame(HEADERS, END_HEADERS, 3, &[0, 9, b'x']),
            "RFC 7541, section 5.2",
            "octets",
        ),
        (
            frame(RST_STREAM, 0, 1, &[0; 5]),
            "RFC 9113, section 6.4",
            "other than 4 octets",
        ),
        (
            frame(SETTINGS, ACK, 0, &[0; 6]),
            "RFC 9113, section 6.5",
            "badly formed",
        ),
        (
            frame(SETTINGS, 0, 0, &[0, 5, 0, 0, 0, 1]),
            "RFC 9113, section 6.5.2",
            "frame size",
        ),
        (
            frame(GOAWAY, 0, 1, &[0; 8]),
            "RFC 9113, section 6.8",
            "applies to the connection",
        ),
        (
            frame(WINDOW_UPDATE, 0, 0, &[0; 4]),
            "RFC 9113, section 6.9",
            "increment of 0",
        ),
        (
            frame(CONTINUATION, END_HEADERS, 1, b""),
            "RFC 9113, section 6.10",
            "preceded by",
        ),
        (
            frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2]),
            "RFC 9113, section 8.4",
            "push",
        ),
    ];
    for (broken, name, words) in cases {
        let edited = edit(SAY_HELLO).insert_after((CLIENT, PING, 0), [broken]);
        let findings = rules::check(&decode(&edited.capture()));
        let sections = findings.iter().filter_map(|finding| finding.section);
        let named: Vec<_> = sections.filter(|section| section.name == name).collect();
        assert!(
            named.iter().any(|section| section.quote.contains(words)),
            "{name}: {findings:#?}"
        );
    }
}
