//! Streams: lanes side by side, in all shapes and through both interfaces.

use crate::contract::{from_peer::Event, report::Outcome, step::Kind, to_peer::Order, *};
use crate::support::*;

/// Answers two messages with three, each lane in its own time.
fn three_for_two() -> Script {
    Script {
        send: vec![
            step(Kind::Headers(Headers {
                metadata: vec![metadatum("x-head", b"1")],
            })),
            message(&text("one")),
            message(&text("two")),
            wait_step("all in"),
            message(&text("three")),
            step(Kind::Status(Status {
                trailing: vec![metadatum("x-end", b"1")],
                ..status(0, "")
            })),
        ],
        receive: vec![named("all in", receive(0))],
        whole: false,
    }
}

fn two_messages() -> Vec<Step> {
    vec![message(&text("a")), message(&text("b"))]
}

#[test]
fn streams_both_ways_in_both_interfaces() {
    for api in [Api::Idiomatic, Api::Stream] {
        let mut pair = Pair::scripted(Shape::Bidirectional, vec![three_for_two()]);
        let result = pair.call(Call {
            api: api.into(),
            ..stream(1, Shape::Bidirectional, two_messages(), vec![])
        });
        assert_eq!((result.status, result.message_count), (0, 3), "{result:?}");
        assert!(!result.merged);
        let heads: Vec<_> = result
            .messages
            .iter()
            .map(|seen| seen.head.to_vec())
            .collect();
        assert_eq!(heads, [text("one"), text("two"), text("three")]);
        assert_eq!(values(&result.leading, "x-head"), [b"1"]);
        assert_eq!(values(&result.trailing, "x-end"), [b"1"]);
        let handled = pair.server.wait_handled();
        assert_eq!(
            (handled.message_count, handled.request_end()),
            (2, RequestEnd::HalfClosed)
        );
        assert_eq!(handled.call_end(), CallEnd::Returned);
    }
}

#[test]
fn streams_one_way_in_both_interfaces() {
    let gathers = Script {
        send: vec![wait_step("all in"), message(&text("done"))],
        receive: vec![named("all in", receive(0))],
        ..Script::default()
    };
    let counts = Script {
        send: vec![message(&text("one")), message(&text("two"))],
        ..Script::default()
    };
    for api in [Api::Idiomatic, Api::Stream] {
        let shape = Shape::ClientStreaming;
        let mut pair = Pair::scripted(shape, vec![gathers.clone()]);
        let result = pair.call(Call {
            api: api.into(),
            ..stream(1, shape, two_messages(), vec![])
        });
        assert_eq!((result.status, result.message_count), (0, 1));
        assert_eq!(result.merged, api == Api::Idiomatic);
        assert_eq!(pair.server.wait_handled().message_count, 2);

        let shape = Shape::ServerStreaming;
        let mut pair = Pair::scripted(shape, vec![counts.clone()]);
        let result = pair.call(Call {
            api: api.into(),
            ..stream(1, shape, vec![message(&text("a"))], vec![])
        });
        assert_eq!(
            (result.status, result.message_count, result.merged),
            (0, 2, false)
        );
        let handled = pair.server.wait_handled();
        assert_eq!(
            (handled.message_count, handled.request_end()),
            (1, RequestEnd::HalfClosed)
        );
    }
}

#[test]
fn plays_ping_pong_by_waits_between_lanes() {
    let pongs = Script {
        send: vec![
            wait_step("ping 1"),
            message(&text("pong 1")),
            wait_step("ping 2"),
            message(&text("pong 2")),
        ],
        receive: vec![
            named("ping 1", receive(1)),
            named("ping 2", receive(1)),
            receive(0),
        ],
        ..Script::default()
    };
    let mut pair = Pair::scripted(Shape::Bidirectional, vec![pongs]);
    let send = vec![
        message(&text("ping 1")),
        wait_step("pong 1"),
        message(&text("ping 2")),
        wait_step("pong 2"),
        named("closed", step(Kind::HalfClose(HalfClose {}))),
    ];
    let receive_lane = vec![named("pong 1", receive(1)), named("pong 2", receive(1))];
    let result = pair.call(stream(1, Shape::Bidirectional, send, receive_lane));
    assert_eq!((result.status, result.message_count), (0, 2));
    assert_eq!((result.stood_at_send, result.stood_at_receive), (5, 2));
    for name in ["pong 1", "pong 2", "closed"] {
        pair.client.wait_reached(name);
    }
    pair.server.wait_reached("ping 1");
    pair.server.wait_reached("ping 2");
    assert_eq!(
        pair.server.wait_handled().request_end(),
        RequestEnd::HalfClosed
    );
}

#[test]
fn awaits_headers_that_come_before_any_message() {
    let script = Script {
        send: vec![
            step(Kind::Headers(Headers::default())),
            wait_released("headers are in"),
            message(&text("reply")),
        ],
        ..Script::default()
    };
    let mut pair = Pair::scripted(Shape::Unary, vec![script]);
    let await_headers = named("headers", step(Kind::AwaitHeaders(AwaitHeaders {})));
    let call = stream(
        1,
        Shape::Unary,
        vec![message(&text("World"))],
        vec![await_headers],
    );
    pair.client.order(Order::Call(call.clone()));
    pair.client.wait_reached("headers");
    pair.release("headers are in");
    assert_eq!(pair.client.result(1).message_count, 1);

    // tonic's unary interface has no headers to wait for.
    pair.client.order(Order::Call(Call {
        call: 2,
        api: Api::Idiomatic.into(),
        ..call
    }));
    match pair.client.outcome(2) {
        Outcome::Unsupported(unsupported) => assert_eq!(unsupported.feature, "await-headers"),
        other => panic!("not unsupported: {other:?}"),
    }
}

#[test]
fn keeps_a_stream_open_until_it_is_cancelled() {
    let script = Script {
        send: vec![message(&text("one")), named("held", wait_released("never"))],
        receive: vec![named("ended", receive(0)), wait_released("never")],
        ..Script::default()
    };
    let mut pair = Pair::scripted(Shape::Bidirectional, vec![script]);
    let cancels = vec![
        receive(1),
        wait_released("go"),
        step(Kind::Cancel(Cancel {})),
    ];
    let send = vec![
        message(&text("a")),
        wait_released("never"),
        message(&text("b")),
    ];
    pair.client
        .order(Order::Call(stream(1, Shape::Bidirectional, send, cancels)));
    pair.server.wait_reached("held");
    pair.release("go");
    let result = pair.client.result(1);
    assert_eq!((result.status, result.message_count), (1, 1));
    assert_eq!((result.stood_at_send, result.stood_at_receive), (2, 3));
    let handled = pair.server.wait_handled();
    assert_eq!(
        (handled.message_count, handled.call_end()),
        (1, CallEnd::Dropped)
    );
}

#[test]
fn ends_a_call_whose_send_lane_still_waits() {
    let fails = Script {
        send: vec![step(Kind::Status(status(9, "too early")))],
        ..Script::default()
    };
    let mut pair = Pair::scripted(Shape::ClientStreaming, vec![fails]);
    let send = vec![
        message(&text("a")),
        wait_released("never"),
        message(&text("b")),
    ];
    for (id, api) in [(1, Api::Idiomatic), (2, Api::Stream)] {
        let result = pair.call(Call {
            api: api.into(),
            ..stream(id, Shape::ClientStreaming, send.clone(), vec![])
        });
        assert_eq!((result.status, result.message.as_str()), (9, "too early"));
        assert_eq!(result.stood_at_send, 2);
        let handled = pair.server.wait_handled();
        assert_eq!(handled.request_end(), RequestEnd::Unread);
    }
}

#[test]
fn ends_the_handler_with_the_error_of_its_request() {
    let script = Script {
        send: vec![wait_released("never")],
        receive: vec![receive(0)],
        ..Script::default()
    };
    let mut pair = Pair::scripted(Shape::ClientStreaming, vec![script]);
    let send = vec![message(&text("a")), raw(&[0x0a, 1, 0xff])];
    let result = pair.call(stream(1, Shape::ClientStreaming, send, vec![]));
    assert_eq!(result.status, 13);
    let handled = pair.server.wait_handled();
    assert_eq!(
        (handled.message_count, handled.request_end()),
        (2, RequestEnd::Error)
    );
    assert!(handled.messages[1].codec_error.contains("UTF-8"));
    assert_eq!(handled.detail, result.message);
}

#[test]
fn counts_more_messages_than_it_tells() {
    let replies = (0..1500)
        .map(|number| message(&text(&format!("{number}"))))
        .collect();
    let script = Script {
        send: replies,
        ..Script::default()
    };
    let mut pair = Pair::scripted(Shape::ServerStreaming, vec![script]);
    let result = pair.call(stream(
        1,
        Shape::ServerStreaming,
        vec![message(&[])],
        vec![],
    ));
    assert_eq!(
        (result.status, result.message_count, result.messages.len()),
        (0, 1500, 1000)
    );
    assert_eq!(result.messages[999].head, text("999"));
}

#[test]
fn runs_lanes_side_by_side_under_flow_control() {
    // 1 MiB each way, many times the windows: one lane after the other would stop.
    const COUNT: u32 = 256;
    let fill = Fill {
        byte: b'a'.into(),
        count: 65_533,
    };
    let pieces = [
        piece::Kind::Bytes(vec![0x0a, 0xfd, 0xff, 0x03].into()),
        piece::Kind::Fill(fill),
    ];
    let large = step(Kind::Message(Payload {
        pieces: pieces.map(|kind| Piece { kind: Some(kind) }).into(),
    }));
    let script = Script {
        send: vec![large.clone(); COUNT as usize],
        receive: vec![receive(0)],
        ..Script::default()
    };
    let mut pair = Pair::scripted(Shape::Bidirectional, vec![script]);
    let send = vec![large; COUNT as usize];
    let result = pair.call(stream(1, Shape::Bidirectional, send, vec![]));
    assert_eq!((result.status, result.message_count), (0, u64::from(COUNT)));
    assert_eq!(pair.server.wait_handled().message_count, u64::from(COUNT));
}

#[test]
fn forgets_the_latches_of_a_scope() {
    let waits = Script {
        send: vec![named("waiting", wait_released("go"))],
        ..Script::default()
    };
    let mut pair = Pair::scripted(Shape::ClientStreaming, vec![waits]);
    let release_first = |scope: &str| {
        Order::Release(Release {
            scope: scope.to_owned(),
            name: "send".to_owned(),
        })
    };
    let call = |id, scope: &str| Call {
        scope: scope.to_owned(),
        ..stream(
            id,
            Shape::ClientStreaming,
            vec![named("at", wait_released("send"))],
            vec![],
        )
    };
    // Released before it is waited for: a latch is open for ever.
    pair.client.order(release_first("one"));
    pair.client.order(Order::Call(call(1, "one")));
    pair.client.wait_reached("at");
    // Another scope has latches of its own, and an ended one has them closed again.
    pair.client.order(Order::EndScope(EndScope {
        scope: "one".to_owned(),
    }));
    for (id, scope) in [(2, "one"), (3, "two")] {
        pair.client.order(Order::Call(call(id, scope)));
        pair.client.wait_reached("at");
        pair.client.order(Order::Abort(Abort {
            what: Some(abort::What::Call(id)),
        }));
        let result = pair.client.result(id);
        assert!(result.aborted);
        assert_eq!(result.stood_at_send, 1);
    }
    pair.release("go");
    assert_eq!(pair.client.result(1).stood_at_send, 1);
    let is_reached = |event: &Event| matches!(event, Event::Reached(_)).then_some(());
    pair.server.wait(is_reached);
}
