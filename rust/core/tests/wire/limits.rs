//! What lies beyond a limit is counted and said.

use wirecheck_core::wire::capture::{Event, Record};
use wirecheck_core::wire::decode::{Decoder, decode_capture};
use wirecheck_core::wire::exchange::{Exchange, Limits};
use wirecheck_core::wire::frame::{END_HEADERS, END_STREAM};

use super::outline::path;
use super::script::{CLIENT, CONTINUATION, DATA, HEADERS, PING, SERVER, Script, block, message};

fn cuts(exchange: &Exchange) -> Vec<(&str, u64)> {
    exchange
        .cuts
        .iter()
        .map(|cut| (cut.what.as_str(), cut.limit))
        .collect()
}

#[test]
fn frames_beyond_the_limit_have_no_index() {
    let script = Script::opened().frame(CLIENT, PING, 0, 0, &[0; 8]).frame(
        CLIENT,
        DATA,
        END_STREAM,
        1,
        &message(b"x"),
    );
    let exchange = script.exchange(Limits {
        frames: 4,
        ..Limits::default()
    });
    assert_eq!(cuts(&exchange), [("frames of connection 1", 4)]);
    assert_eq!(exchange.connections[0].frames.len(), 4);
    let end = exchange.connections[0].streams[0]
        .request
        .end_stream
        .as_ref()
        .unwrap();
    assert_eq!((end.frame, end.range.clone()), (None, 59..74));
}

#[test]
fn streams_beyond_the_limit_are_no_faults() {
    let mut script = Script::begun();
    for stream in [1, 3, 5] {
        script = script
            .frame(CLIENT, HEADERS, END_HEADERS, stream, b"")
            .frame(CLIENT, DATA, END_STREAM, stream, b"");
    }
    let exchange = script.exchange(Limits {
        streams: 1,
        ..Limits::default()
    });
    assert_eq!(cuts(&exchange), [("streams of connection 1", 1)]);
    assert_eq!(exchange.connections[0].streams.len(), 1);
    assert_eq!(exchange.connections[0].faults, []);
}

#[test]
fn fields_beyond_the_limit_are_counted() {
    let fields = block(&[("a", "1"), ("b", "2"), ("c", "3")]);
    let script = Script::begun().frame(CLIENT, HEADERS, END_HEADERS, 1, &fields);
    let exchange = script.exchange(Limits {
        fields: 2,
        ..Limits::default()
    });
    let list = &exchange.connections[0].streams[0].request.headers[0];
    assert_eq!(
        (list.fields.len(), list.fields_cut, list.list_bytes),
        (2, 1, 3 * 34)
    );
    assert_eq!(
        cuts(&exchange),
        [("fields of a header list in connection 1", 2)]
    );
}

#[test]
fn a_block_beyond_the_limit_ends_the_direction() {
    let mut script = Script::begun().frame(CLIENT, HEADERS, 0, 1, &[0x82; 60]);
    for _ in 0..3 {
        script = script.frame(CLIENT, CONTINUATION, 0, 1, &[0x82; 60]);
    }
    let exchange = script.exchange(Limits {
        block_bytes: 100,
        ..Limits::default()
    });
    assert_eq!(
        cuts(&exchange),
        [("bytes of a header block in connection 1", 100)]
    );
    let connection = &exchange.connections[0];
    assert_eq!(connection.faults.len(), 1);
    assert!(connection.faults[0].fatal);
    assert_eq!(connection.client.bytes, 33 + 4 * 69);
}

#[test]
fn messages_beyond_the_limit_are_counted() {
    let bytes: Vec<u8> = (0..5).flat_map(|_| message(b"abc")).collect();
    let script = Script::opened().frame(CLIENT, DATA, END_STREAM, 1, &bytes);
    let limits = Limits {
        messages: 2,
        message_head: 2,
        ..Limits::default()
    };
    let exchange = script.exchange(limits);
    let request = &exchange.connections[0].streams[0].request;
    assert_eq!(
        (
            request.messages.len(),
            request.message_count,
            request.data_bytes
        ),
        (2, 5, 40)
    );
    assert_eq!(
        (
            request.messages[0].head.as_ref(),
            request.messages[0].length
        ),
        (&b"ab"[..], 3)
    );
    assert!(request.messages[0].sha256.is_some());
    assert_eq!(
        cuts(&exchange),
        [("messages of a stream in connection 1", 2)]
    );
}

#[test]
fn ranges_of_a_message_beyond_the_limit_are_cut() {
    let mut script = Script::opened();
    for byte in message(b"abc") {
        script = script.frame(CLIENT, DATA, 0, 1, &[byte]);
    }
    let exchange = script.exchange(Limits {
        segments: 3,
        ..Limits::default()
    });
    let message = &exchange.connections[0].streams[0].request.messages[0];
    assert_eq!((message.segments.len(), message.complete), (3, true));
    assert_eq!(
        cuts(&exchange),
        [("byte ranges of a message in connection 1", 3)]
    );
}

#[test]
fn payloads_and_faults_beyond_the_limit_are_cut() {
    let script = Script::begun()
        .frame(SERVER, 0xfa, 0, 0, b"abcdefghijkl")
        .frame(SERVER, 8, 0, 0, &[0; 4])
        .frame(SERVER, 8, 0, 0, &[0; 4]);
    let exchange = script.exchange(Limits {
        frame_payload: 9,
        faults: 1,
        ..Limits::default()
    });
    assert_eq!(
        cuts(&exchange),
        [
            ("payload bytes of a frame in connection 1", 9),
            ("faults of connection 1", 1)
        ]
    );
    assert_eq!(exchange.connections[0].faults.len(), 1);
}

#[test]
fn connections_beyond_the_limit_are_left_out() {
    let mut decoder = Decoder::new(Limits {
        connections: 2,
        ..Limits::default()
    });
    for connection in 1..=4 {
        decoder.feed(Record {
            connection,
            at_ns: 0,
            event: Event::Opened,
        });
    }
    let exchange = decoder.finish();
    assert_eq!(exchange.connections.len(), 2);
    assert_eq!(cuts(&exchange), [("connections", 2)]);
}

#[test]
fn bytes_that_the_capture_left_out_are_counted() {
    let mut decoder = Decoder::new(Limits::default());
    let feed = |decoder: &mut Decoder, event| {
        decoder.feed(Record {
            connection: 1,
            at_ns: 0,
            event,
        })
    };
    feed(&mut decoder, Event::Bytes(SERVER, &[0, 0, 0]));
    feed(&mut decoder, Event::LeftOut(SERVER, 1000));
    feed(&mut decoder, Event::HalfClosed(SERVER));
    let exchange = decoder.finish();
    assert_eq!(exchange.connections[0].server.bytes, 1003);
    assert_eq!(
        cuts(&exchange),
        [("bytes of connection 1 from the server", 3)]
    );
}

#[test]
fn a_truncated_capture_is_decoded_as_far_as_it_goes() {
    let file = std::fs::read(path("python-grpcio.python-grpcio.say-hello")).unwrap();
    let exchange = decode_capture(&file[..file.len() - 1], Limits::default()).unwrap();
    assert_eq!(exchange.connections[0].streams.len(), 1);
    let end = file.len() as u64 - 17;
    assert_eq!(
        cuts(&exchange),
        [("bytes of the capture, which ends inside a record", end)]
    );
}

#[test]
fn memory_bounds_what_the_other_limits_allow_together() {
    let mut script = Script::begun();
    for stream in (1..2000).step_by(2) {
        let fields = block(&[("name", "value"); 20]);
        script = script
            .frame(CLIENT, HEADERS, END_HEADERS, stream, &fields)
            .frame(CLIENT, DATA, END_STREAM, stream, &message(&[7; 10_000]));
    }
    let limits = Limits {
        memory: 200_000,
        ..Limits::default()
    };
    let exchange = script.exchange(limits);
    assert_eq!(
        cuts(&exchange),
        [("bytes of memory for the exchange", 200_000)]
    );
    let connection = &exchange.connections[0];
    let kept: usize = connection
        .streams
        .iter()
        .flat_map(|stream| &stream.request.messages)
        .map(|message| message.head.len())
        .sum();
    let fields: usize = connection
        .streams
        .iter()
        .flat_map(|stream| &stream.request.headers)
        .map(|list| list.fields.len())
        .sum();
    assert!(kept > 0 && fields > 0);
    assert!(kept + fields * 10 + size_of_val(&connection.frames[..]) < 200_000);
    assert_eq!(connection.faults, []);
}
