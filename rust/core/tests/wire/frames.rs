//! Frames, field blocks and the faults of both.

use wirecheck_core::wire::exchange::Limits;
use wirecheck_core::wire::frame::{ACK, Body, END_HEADERS, END_STREAM, PADDED, PREFACE, PRIORITY};
use wirecheck_core::wire::hpack::literal;

use super::script::{
    CLIENT, CONTINUATION, DATA, GOAWAY, HEADERS, PING, PUSH_PROMISE, RST_STREAM, SERVER, SETTINGS,
    Script, WINDOW_UPDATE, block, frame,
};

#[test]
fn frames_stand_in_the_order_in_which_they_ended() {
    let ping = frame(PING, 0, 0, b"12345678");
    let script = Script::begun()
        .bytes(CLIENT, &ping[..12])
        .frame(SERVER, SETTINGS, ACK, 0, b"")
        .bytes(CLIENT, &ping[12..])
        .frame(SERVER, 0xfa, 0x55, 7, b"grease");
    let connection = script.connection();
    let frames: Vec<_> = connection
        .frames
        .iter()
        .map(|frame| {
            (
                frame.direction,
                frame.kind,
                frame.at_ns,
                frame.range.clone(),
            )
        })
        .collect();
    let expected = [
        (CLIENT, SETTINGS, 0, 24..33),
        (SERVER, SETTINGS, 1, 0..9),
        (SERVER, SETTINGS, 3, 9..18),
        (CLIENT, PING, 4, 33..50),
        (SERVER, 0xfa, 5, 18..33),
    ];
    assert_eq!(frames, expected);
    assert_eq!(connection.frames[4].body, Body::Unknown("grease".into()));
    assert_eq!(connection.faults, []);
}

#[test]
fn a_field_block_goes_on_in_continuations() {
    let fields = block(&[("a", "1"), ("bb", "22")]);
    let script = Script::begun()
        .frame(
            CLIENT,
            HEADERS,
            END_STREAM | PADDED | PRIORITY,
            1,
            &[&[2, 0, 0, 0, 0, 9], &fields[..3], &[0, 0]].concat(),
        )
        .frame(CLIENT, CONTINUATION, 0, 1, b"")
        .frame(CLIENT, CONTINUATION, END_HEADERS, 1, &fields[3..]);
    let connection = script.connection();
    assert_eq!(connection.faults, []);
    let request = &connection.stream(1).unwrap().request;
    let list = &request.headers[0];
    assert_eq!(
        (list.continuations, list.end_stream, list.list_bytes),
        (2, true, 32 + 2 + 32 + 4)
    );
    // HEADERS at 33: 9 of header, 6 before the fragment of 3, 2 of padding.
    // Two CONTINUATION headers follow, then the rest of the block at 71.
    let ranges: Vec<_> = list
        .fields
        .iter()
        .map(|field| (field.range.clone(), field.value_range.clone()))
        .collect();
    assert_eq!(ranges, [(48..73, Some(72..73)), (73..80, Some(78..80))]);
    assert_eq!(request.end_stream.as_ref().unwrap().range, 33..53);
    assert_eq!(list.place.frame, Some(2));
}

#[test]
fn a_pushed_request_is_that_of_the_promised_stream() {
    let promise = [&[0, 0, 0, 2][..], &block(&[(":path", "/x")])].concat();
    let connection = Script::opened()
        .frame(SERVER, PUSH_PROMISE, END_HEADERS, 1, &promise)
        .connection();
    let pushed = &connection.stream(2).unwrap().request.headers[0];
    assert_eq!(pushed.place.direction, SERVER);
    assert_eq!(pushed.get(":path").unwrap().value_text(), "/x");
}

#[test]
fn the_table_size_follows_the_settings_of_the_other_side() {
    let update = |size| {
        let mut block = Vec::new();
        literal::encode_size_update(&mut block, size);
        block
    };
    let raised = || Script::begun().frame(SERVER, SETTINGS, 0, 0, &[0, 1, 0, 0, 0x20, 0]);
    let uses_more = raised().frame(CLIENT, HEADERS, END_HEADERS, 1, &update(8192));
    assert_eq!(
        uses_more.faults(),
        [""; 0],
        "allowed from the announcement on"
    );
    let too_much = raised().frame(CLIENT, HEADERS, END_HEADERS, 1, &update(8193));
    assert_eq!(
        too_much.faults(),
        [
            "client 42..45: the size update at octet 0 of the header block sets 8193 octets, \
          but at most 8192 are allowed (RFC 7541, section 6.3, fatal)"
        ]
    );
    let lowered = || Script::begun().frame(SERVER, SETTINGS, 0, 0, &[0, 1, 0, 0, 0, 0]);
    let not_yet = lowered().frame(CLIENT, HEADERS, END_HEADERS, 1, &block(&[("a", "b")]));
    assert_eq!(not_yet.faults(), [""; 0], "free until the ACK");
    // The first ACK is for the SETTINGS of the preface.
    let keeps_the_size = lowered()
        .frame(CLIENT, SETTINGS, ACK, 0, b"")
        .frame(CLIENT, SETTINGS, ACK, 0, b"")
        .frame(CLIENT, HEADERS, END_HEADERS, 1, &block(&[("a", "b")]));
    assert_eq!(
        keeps_the_size.faults(),
        [
            "client 60..65: the header block does not begin with the size update to 0 that it owes \
          (RFC 9113, section 4.3.1)"
        ]
    );
}

#[test]
fn a_first_frame_must_be_settings() {
    let ping = frame(PING, 0, 0, &[0; 8]);
    let script = Script::empty()
        .bytes(CLIENT, PREFACE)
        .bytes(CLIENT, &ping)
        .bytes(SERVER, &ping);
    assert_eq!(
        script.faults(),
        [
            "client 24..41: the first frame is PING instead of SETTINGS (RFC 9113, section 3.4)",
            "server 0..17: the first frame is PING instead of SETTINGS (RFC 9113, section 3.4)",
        ]
    );
}

#[test]
fn what_is_not_http2_is_named_and_counted() {
    let tls = [0x16, 0x03, 0x01, 0x00, 0xf8, 0x01];
    let connection = Script::empty()
        .bytes(CLIENT, &tls)
        .bytes(SERVER, b"HTTP/1.1 400 Bad Request\r\n")
        .connection();
    let what: Vec<_> = connection
        .faults
        .iter()
        .map(|fault| (fault.what.as_str(), fault.fatal))
        .collect();
    assert_eq!(
        what,
        [
            (
                "these are no HTTP/2 frames: this looks like an HTTP/1.1 response",
                true
            ),
            (
                "the client preface is missing: this looks like a TLS handshake",
                true
            ),
        ]
    );
    assert_eq!((connection.client.bytes, connection.server.bytes), (6, 26));
    assert_eq!(connection.client.leftover, Some(0..6));
    assert!(connection.frames.is_empty());
}

#[test]
fn an_interrupted_field_block_ends_the_direction() {
    let script = Script::begun()
        .frame(CLIENT, HEADERS, 0, 1, b"")
        .frame(CLIENT, PING, 0, 0, &[0; 8])
        .frame(CLIENT, CONTINUATION, END_HEADERS, 1, b"")
        .frame(SERVER, PING, 0, 0, &[0; 8]);
    assert_eq!(
        script.faults(),
        [
            "client 42..59: PING on stream 0 interrupts the field block of stream 1 (RFC 9113, section 6.10, fatal)"
        ]
    );
    let connection = script.connection();
    assert_eq!(
        connection.frames.len(),
        5,
        "the CONTINUATION is only counted"
    );
    assert_eq!(connection.client.leftover, Some(59..68));
    let other_stream = Script::begun().frame(CLIENT, HEADERS, 0, 1, b"").frame(
        CLIENT,
        CONTINUATION,
        END_HEADERS,
        3,
        b"",
    );
    assert_eq!(
        other_stream.faults(),
        [
            "client 42..51: CONTINUATION on stream 3 interrupts the field block of stream 1 \
          (RFC 9113, section 6.10, fatal)"
        ]
    );
    let headers = Script::begun()
        .frame(CLIENT, HEADERS, 0, 1, &block(&[("a", "b")]))
        .frame(CLIENT, HEADERS, END_HEADERS, 3, &[0xbe])
        .connection();
    assert_eq!(headers.faults.len(), 1);
    assert!(
        headers.stream(3).is_none(),
        "its fields may not be those that were meant"
    );
    let alone = Script::opened().frame(CLIENT, CONTINUATION, END_HEADERS, 1, b"");
    assert_eq!(
        alone.faults(),
        [
            "client 42..51: CONTINUATION on stream 1 continues no field block (RFC 9113, section 6.10, fatal)"
        ]
    );
}

#[test]
fn a_header_block_that_is_no_hpack_ends_the_direction() {
    let script = Script::begun().frame(CLIENT, HEADERS, END_HEADERS, 1, &[0x82, 0xff]);
    assert_eq!(
        script.faults(),
        [
            "client 43..44: the integer at octet 1 of the header block has no end (RFC 7541, section 5.1, fatal)"
        ]
    );
    assert!(
        script
            .connection()
            .stream(1)
            .unwrap()
            .request
            .headers
            .is_empty()
    );
}

#[test]
fn frames_that_break_the_rules_of_their_type_are_faults() {
    let fault = |kind, flags, stream, payload: &[u8]| {
        let script = Script::opened().frame(CLIENT, kind, flags, stream, payload);
        let frames = script.connection().frames;
        assert_eq!(frames.len(), 4, "the frame itself is kept");
        script.faults().join("; ")
    };
    let section = |what: &str, number| {
        assert!(
            what.contains(&format!("(RFC 9113, section {number}")),
            "{what}"
        );
        what.contains("fatal")
    };
    assert!(!section(&fault(DATA, 0, 0, b""), "6.1"));
    assert!(section(&fault(DATA, PADDED, 1, &[1]), "6.1"));
    assert!(section(
        &fault(HEADERS, PADDED | END_HEADERS, 1, &[1]),
        "6.2"
    ));
    assert!(!section(&fault(RST_STREAM, 0, 1, &[0; 3]), "6.4"));
    assert!(!section(&fault(SETTINGS, 0, 0, &[0; 5]), "6.5"));
    assert!(!section(
        &fault(SETTINGS, 0, 0, &[0, 2, 0, 0, 0, 9]),
        "6.5.2"
    ));
    assert!(!section(
        &fault(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2]),
        "8.4"
    ));
    assert!(!section(&fault(PING, 0, 0, &[0; 9]), "6.7"));
    assert!(!section(&fault(GOAWAY, 0, 0, &[0; 7]), "4.2"));
    assert!(!section(&fault(WINDOW_UPDATE, 0, 0, &[0; 4]), "6.9"));
}

#[test]
fn the_frame_size_follows_the_settings_of_the_other_side() {
    let long = vec![0; 16_385];
    let unknown = |script: Script| script.frame(CLIENT, 0xfa, 0, 0, &long).faults();
    assert_eq!(
        unknown(Script::begun()),
        [
            "client 33..16427: a frame of type 0xfa has 16385 bytes of payload, the receiver allows 16384 \
          (RFC 9113, section 4.2)"
        ]
    );
    assert_eq!(
        unknown(Script::begun().frame(SERVER, SETTINGS, 0, 0, &[0, 5, 0, 0, 0x80, 0])),
        [""; 0]
    );
}

#[test]
fn bytes_of_no_whole_frame_are_left_over() {
    let connection = Script::begun()
        .bytes(CLIENT, &[0, 0, 9, 6])
        .bytes(SERVER, &[0])
        .connection();
    assert_eq!(
        (connection.client.leftover, connection.server.leftover),
        (Some(33..37), Some(9..10))
    );
    let partial = Script::empty()
        .bytes(CLIENT, &PREFACE[..10])
        .exchange(Limits::default());
    assert_eq!(partial.connections[0].client.leftover, Some(0..10));
    assert!(partial.connections[0].faults.is_empty());
}
