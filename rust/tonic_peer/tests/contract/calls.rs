//! Unary calls: what the greeter suite needs.

use bytes::Bytes;
use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet};

use crate::contract::{from_peer::Event, report::Outcome, step::Kind, to_peer::Order, *};
use crate::support::*;

#[test]
fn greets_by_both_paths() {
    let mut pair = Pair::greeting();
    for (id, path) in [
        (1, "/Greeter/SayHello"),
        (2, "/helloworld.Greeter/SayHello"),
    ] {
        let package = if id == 1 { "" } else { "helloworld." };
        let result = pair.call(Call {
            method: path.to_owned(),
            request_type: format!("{package}HelloRequest"),
            response_type: format!("{package}HelloReply"),
            ..say_hello(id, "World")
        });
        assert_eq!((result.status, result.message_count), (0, 1));
        assert_eq!(result.messages[0].head, text("Hello, World"));
        assert_eq!(result.messages[0].length, 14);
        assert!(result.merged && result.duration_ns > 0);
        assert_eq!((result.stood_at_send, result.stood_at_receive), (1, 0));

        let began = pair.server.wait_began();
        assert_eq!((began.number, began.method.as_str()), (id, path));
        let handled = pair.server.wait_handled();
        assert_eq!(handled.number, id);
        assert_eq!(handled.messages[0].head, text("World"));
        assert_eq!(handled.request_end(), RequestEnd::HalfClosed);
        assert_eq!(handled.call_end(), CallEnd::Returned);
    }
    assert_eq!(pair.unlisten().len(), 0);
}

#[test]
fn hashes_what_it_saw() {
    let mut pair = Pair::greeting();
    let result = pair.call(say_hello(1, ""));
    // printf '\x0a\x07Hello, ' | sha256sum
    let expected = "af5b3740fe061413bec26991f09a4077";
    let hash: String = result.messages[0]
        .sha256
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(hash.len(), 64);
    assert!(hash.starts_with(expected), "{hash}");
    // An empty message is zero bytes, and is told as such.
    let handled = pair.server.wait_handled();
    assert_eq!(
        (handled.messages[0].length, handled.messages[0].head.len()),
        (0, 0)
    );
}

#[test]
fn sends_raw_bytes_as_they_are() {
    let mut pair = Pair::greeting();
    // A repeated singular field: the last one wins.
    let twice = [text("first"), text("last")].concat();
    let result = pair.call(Call {
        send: vec![raw(&twice)],
        ..say_hello(1, "")
    });
    assert_eq!(result.messages[0].head, text("Hello, last"));
    assert_eq!(pair.server.wait_handled().messages[0].head, text("last"));

    // Through the codec the same bytes become one field.
    let result = pair.call(Call {
        send: vec![message(&twice)],
        ..say_hello(2, "")
    });
    assert_eq!(result.messages[0].head, text("Hello, last"));
}

#[test]
fn refuses_invalid_utf8_on_both_sides() {
    let mut pair = Pair::greeting();
    let invalid = [0x0a, 1, 0xff];
    let result = pair.call(Call {
        send: vec![raw(&invalid)],
        ..say_hello(1, "")
    });
    assert_eq!(result.status, 13);
    assert_eq!(
        (pair.unlisten().len(), pair.began()),
        (0, 0),
        "no handler was entered"
    );

    // Its own codec does not take it either.
    pair.client.order(Order::Call(Call {
        send: vec![message(&invalid)],
        ..say_hello(2, "")
    }));
    assert!(matches!(pair.client.outcome(2), Outcome::CouldNotTry(_)));

    let script = Script {
        send: vec![raw(&invalid)],
        ..Script::default()
    };
    let mut pair = Pair::scripted(Shape::Unary, vec![script]);
    for api in [Api::Idiomatic, Api::Stream] {
        let result = pair.call(Call {
            method: SCRIPTED.to_owned(),
            api: api.into(),
            ..say_hello(api as u64 + 1, "World")
        });
        assert_eq!((result.status, result.message_count), (13, 1));
        assert!(
            result.messages[0].codec_error.contains("UTF-8"),
            "{result:?}"
        );
        assert_eq!(result.messages[0].length, 0);
    }
}

#[test]
fn leaves_unknown_methods_to_the_router() {
    let mut pair = Pair::new(Listen {
        services: vec!["Greeter".to_owned()],
        scripts: vec![method_scripts(Shape::Unary, vec![Script::default()])],
        ..listen()
    });
    let unknown = [
        "/Greeter/SayBye",
        "/Nobody/SayHello",
        "/helloworld.Greeter/SayHello",
    ];
    for (id, path) in (1..).zip(unknown) {
        let result = pair.call(Call {
            method: path.to_owned(),
            ..say_hello(id, "World")
        });
        assert_eq!(result.status, 12, "{path}");
    }
    assert_eq!((pair.unlisten().len(), pair.began()), (0, 0));
}

#[test]
fn keeps_duplicates_and_bytes_of_metadata() {
    let trailing = vec![metadatum("x-end", b"1"), metadatum("x-end-bin", &[0, 0xff])];
    let script = Script {
        send: vec![
            step(Kind::Headers(Headers {
                metadata: vec![metadatum("x-head", b"b"), metadatum("x-head", b"a")],
            })),
            message(&text("reply")),
            step(Kind::Status(Status {
                trailing,
                ..status(0, "")
            })),
        ],
        ..Script::default()
    };
    let mut pair = Pair::scripted(Shape::Unary, vec![script]);
    let sent = vec![
        metadatum("x-a", b"2"),
        metadatum("x-a", b"1"),
        metadatum("x-b-bin", &[0, 0, 0xff, 1]),
        metadatum("x-b-bin", &[]),
    ];
    let call = Call {
        metadata: sent,
        ..stream(1, Shape::Unary, vec![message(&text("World"))], vec![])
    };
    let result = pair.call(call.clone());
    assert_eq!(result.status, 0, "{result:?}");
    assert!(!result.merged);
    assert_eq!(values(&result.leading, "x-head"), [b"b", b"a"]);
    assert_eq!(values(&result.trailing, "x-end"), [b"1"]);
    assert_eq!(values(&result.trailing, "x-end-bin"), [[0, 0xff]]);

    let began = pair.server.wait_began();
    assert_eq!(values(&began.metadata, "x-a"), [b"2", b"1"]);
    assert_eq!(
        values(&began.metadata, "x-b-bin"),
        [&[0, 0, 0xff, 1][..], &[]]
    );

    let merged = pair.call(Call {
        call: 2,
        api: Api::Idiomatic.into(),
        ..call
    });
    assert!(merged.merged);
    assert_eq!(values(&merged.leading, "x-head"), [b"b", b"a"]);
    assert_eq!(values(&merged.leading, "x-end-bin"), [[0, 0xff]]);
    assert!(merged.trailing.is_empty());
}

#[test]
fn refuses_metadata_that_tonic_does_not_take() {
    let mut pair = Pair::greeting();
    pair.client.order(Order::Call(Call {
        metadata: vec![metadatum("no key", b"")],
        ..say_hello(1, "World")
    }));
    assert!(matches!(pair.client.outcome(1), Outcome::CouldNotTry(_)));
}

#[test]
fn reports_a_status_with_details() {
    let fails = Script {
        send: vec![step(Kind::Status(Status {
            details: Bytes::from_static(&[8, 3, 0xff]),
            trailing: vec![metadatum("x-end", b"1")],
            ..status(3, "no such name: 100 % ü")
        }))],
        ..Script::default()
    };
    let mut pair = Pair::scripted(Shape::Unary, vec![fails]);
    for (id, api) in [(1, Api::Idiomatic), (2, Api::Stream)] {
        let result = pair.call(Call {
            method: SCRIPTED.to_owned(),
            api: api.into(),
            ..say_hello(id, "World")
        });
        assert_eq!(
            (result.status, result.message.as_str()),
            (3, "no such name: 100 % ü")
        );
        assert_eq!(result.details, &[8, 3, 0xff][..]);
        let told = if result.merged {
            &result.leading
        } else {
            &result.trailing
        };
        assert_eq!(values(told, "x-end"), [b"1"]);
        assert_eq!(pair.server.wait_handled().call_end(), CallEnd::Returned);
    }
}

#[test]
fn lets_a_deadline_pass_in_the_handler() {
    let waits = Script {
        send: vec![named("waiting", wait_released("never"))],
        ..Script::default()
    };
    let mut pair = Pair::scripted(Shape::Unary, vec![waits]);
    let result = pair.call(Call {
        method: SCRIPTED.to_owned(),
        timeout_ns: Some(100_000_000),
        ..say_hello(1, "World")
    });
    // tonic's own deviation: DEADLINE_EXCEEDED would be 4.
    assert_eq!(
        (result.status, result.message.as_str()),
        (1, "Timeout expired")
    );
    assert!(result.duration_ns >= 100_000_000);
    let began = pair.server.wait_began();
    assert_eq!(values(&began.metadata, "grpc-timeout"), [b"100000u"]);
    let handled = pair.server.wait_handled();
    assert_eq!(handled.call_end(), CallEnd::Dropped);
    assert_eq!(handled.request_end(), RequestEnd::HalfClosed);
}

#[test]
fn cancels_once_the_handler_has_begun() {
    let waits = Script {
        send: vec![wait_released("never")],
        ..Script::default()
    };
    let mut pair = Pair::scripted(Shape::Unary, vec![waits]);
    pair.client.order(Order::Call(Call {
        method: SCRIPTED.to_owned(),
        send: vec![
            message(&text("World")),
            named("held", wait_released("began")),
            step(Kind::Cancel(Cancel {})),
        ],
        ..say_hello(1, "")
    }));
    pair.client.wait_reached("held");
    pair.server.wait_began();
    pair.release("began");
    let result = pair.client.result(1);
    assert_eq!((result.status, result.aborted), (1, false));
    assert_eq!((result.stood_at_send, result.stood_at_receive), (3, 0));
    let handled = pair.server.wait_handled();
    assert_eq!(handled.call_end(), CallEnd::Dropped);
    assert_eq!(handled.messages[0].head, text("World"));
}

#[test]
fn aborts_a_call_that_hangs() {
    let waits = Script {
        send: vec![wait_released("never")],
        ..Script::default()
    };
    let mut pair = Pair::scripted(Shape::Unary, vec![waits]);
    pair.client.order(Order::Call(Call {
        method: SCRIPTED.to_owned(),
        ..say_hello(1, "World")
    }));
    pair.server.wait_began();
    pair.client.order(Order::Abort(Abort {
        what: Some(abort::What::Call(1)),
    }));
    let result = pair.client.result(1);
    assert!(result.aborted);
    assert_eq!((result.status, result.stood_at_send), (1, 1));
    assert_eq!(pair.server.wait_handled().call_end(), CallEnd::Dropped);
}

#[test]
fn makes_a_hundred_calls_side_by_side() {
    // None ends before all have begun.
    let waits = Script {
        send: vec![wait_released("all"), message(&text("reply"))],
        ..Script::default()
    };
    let mut pair = Pair::scripted(Shape::Unary, vec![waits]);
    for id in 1..=100 {
        pair.client.order(Order::Call(Call {
            method: SCRIPTED.to_owned(),
            ..say_hello(id, &format!("call {id}"))
        }));
    }
    for _ in 1..=100 {
        pair.server.wait_began();
    }
    pair.release("all");
    for id in 1..=100 {
        let result = pair.client.result(id);
        assert_eq!(
            (result.status, &result.messages[0].head[..]),
            (0, &text("reply")[..])
        );
    }
    let mut numbers: Vec<_> = (1..=100)
        .map(|_| pair.server.wait_handled().number)
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=100).collect::<Vec<_>>());
}

#[test]
fn takes_types_from_a_descriptor_set() {
    let descriptor_set = point_schema();
    let script = Script {
        send: vec![message(&[0x08, 7])],
        ..Script::default()
    };
    let mut pair = Pair::new(Listen {
        scripts: vec![MethodScripts {
            request_type: "test.Point".to_owned(),
            response_type: "test.Point".to_owned(),
            ..method_scripts(Shape::Unary, vec![script])
        }],
        descriptor_set: descriptor_set.clone(),
        ..listen()
    });
    let result = pair.call(Call {
        method: SCRIPTED.to_owned(),
        request_type: "test.Point".to_owned(),
        response_type: "test.Point".to_owned(),
        descriptor_set,
        // Unpacked on the way in; the codec packs what it encodes.
        send: vec![message(&[0x10, 1, 0x10, 2])],
        ..say_hello(1, "")
    });
    assert_eq!(result.messages[0].head, &[0x08, 7][..]);
    assert_eq!(
        pair.server.wait_handled().messages[0].head,
        &[0x12, 2, 1, 2][..]
    );
}

#[test]
fn reports_that_nobody_listens() {
    let mut pair = Pair::greeting();
    assert_eq!(pair.call(say_hello(1, "World")).status, 0);
    pair.unlisten();
    assert_eq!(pair.call(say_hello(2, "World")).status, 14);
    pair.client.order(Order::Close(Close { channel: 1 }));
    pair.client.wait(|event| match event {
        Event::Closed(closed) if closed.channel == 1 => Some(()),
        _ => None,
    });
    pair.client.order(Order::Call(say_hello(3, "World")));
    assert!(matches!(pair.client.outcome(3), Outcome::CouldNotTry(_)));
}

/// `package test; message Point { int32 x = 1; repeated int32 path = 2; }`
fn point_schema() -> Bytes {
    let field = |name: &str, number, label: Label| FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(label.into()),
        r#type: Some(Type::Int32.into()),
        ..FieldDescriptorProto::default()
    };
    let point = DescriptorProto {
        name: Some("Point".to_owned()),
        field: vec![
            field("x", 1, Label::Optional),
            field("path", 2, Label::Repeated),
        ],
        ..DescriptorProto::default()
    };
    let file = FileDescriptorProto {
        name: Some("point.proto".to_owned()),
        package: Some("test".to_owned()),
        syntax: Some("proto3".to_owned()),
        message_type: vec![point],
        ..FileDescriptorProto::default()
    };
    FileDescriptorSet { file: vec![file] }
        .encode_to_vec()
        .into()
}
