//! What the library limits, the options that change it, and what the peer lacks.

use crate::contract::{report::Outcome, step::Kind, to_peer::Order, *};
use crate::support::*;

const FOUR_MIB: usize = 4 * 1024 * 1024;
/// Of a field 1 with about 4 MiB: the tag and a length in four bytes.
const FIELD_HEAD: usize = 5;

/// A message whose encoding has this many bytes.
fn sized(size: usize) -> Step {
    let mut head = vec![0x0a];
    let length = size - FIELD_HEAD;
    prost::encode_length_delimiter(length, &mut head).expect("a vector grows");
    assert_eq!(head.len(), FIELD_HEAD);
    let fill = Fill {
        byte: b'a'.into(),
        count: length as u64,
    };
    let pieces = [piece::Kind::Bytes(head.into()), piece::Kind::Fill(fill)];
    step(Kind::Message(Payload {
        pieces: pieces.map(|kind| Piece { kind: Some(kind) }).into(),
    }))
}

#[test]
fn has_the_library_limit_of_received_messages() {
    let sizes = [FOUR_MIB - 1, FOUR_MIB, FOUR_MIB + 1];
    let small_reply = Script {
        send: vec![message(&text("small"))],
        ..Script::default()
    };
    let mut pair = Pair::scripted(Shape::Unary, vec![small_reply]);
    for (id, size) in (1..).zip(sizes) {
        let result = pair.call(Call {
            method: SCRIPTED.to_owned(),
            send: vec![sized(size)],
            ..say_hello(id, "")
        });
        assert_eq!(
            result.status,
            if size > FOUR_MIB { 11 } else { 0 },
            "{size}"
        );
        if size <= FOUR_MIB {
            let handled = pair.server.wait_handled();
            assert_eq!(handled.messages[0].length, size as u64);
            assert_eq!(handled.messages[0].head.len(), 4096);
        }
    }

    let replies = sizes.map(|size| Script {
        send: vec![sized(size)],
        ..Script::default()
    });
    let mut pair = Pair::scripted(Shape::Unary, replies.into());
    for (id, size) in (1..).zip(sizes) {
        let result = pair.call(Call {
            method: SCRIPTED.to_owned(),
            whole: true,
            ..say_hello(id, "World")
        });
        if size > FOUR_MIB {
            assert_eq!((result.status, result.message_count), (11, 0));
        } else {
            assert_eq!((result.status, result.messages[0].head.len()), (0, size));
        }
    }
}

#[test]
fn honours_the_options_of_both_sides() {
    let mut pair = Pair::with(
        Listen {
            services: vec!["Greeter".to_owned()],
            options: Some(ServerOptions {
                max_receive_message_size: Some(20),
                ..ServerOptions::default()
            }),
            ..listen()
        },
        Open {
            options: Some(ChannelOptions {
                max_receive_message_size: Some(20),
                authority: Some("greeter.test".to_owned()),
                user_agent: Some("cell/1".to_owned()),
                ..ChannelOptions::default()
            }),
            ..Open::default()
        },
    );
    assert_eq!(pair.call(say_hello(1, "World")).status, 0);
    let began = pair.server.wait_began();
    let agent = String::from_utf8_lossy(values(&began.metadata, "user-agent")[0]).into_owned();
    assert!(agent.starts_with("cell/1 tonic/"), "{agent}");
    // 2 + 18 bytes go, and the reply with 2 + 7 + 18 does not.
    let result = pair.call(say_hello(2, &"n".repeat(18)));
    assert_eq!((result.status, result.message_count), (11, 0));
    assert_eq!(pair.server.wait_began().number, 2);
    // 2 + 19 bytes reach no handler.
    assert_eq!(pair.call(say_hello(3, &"n".repeat(19))).status, 11);
    assert_eq!(pair.unlisten().len(), 2);
    assert_eq!(pair.began(), 0);
}

#[test]
fn knows_no_random_feature() {
    let mut pair = Pair::greeting();
    let requires = vec!["tcp".to_owned(), "q8zk3".to_owned()];
    let refused = |refused: Refused| match refused.reason {
        Some(refused::Reason::Unsupported(unsupported)) => unsupported.feature,
        other => panic!("not unsupported: {other:?}"),
    };
    pair.server.order(Order::Listen(Listen {
        listener: 2,
        requires: requires.clone(),
        ..listen()
    }));
    assert_eq!(refused(pair.server.wait_refused()), "q8zk3");
    pair.server.order(Order::Listen(Listen {
        listener: 3,
        services: vec!["grpc.health.v2.Health".to_owned()],
        ..listen()
    }));
    assert_eq!(
        refused(pair.server.wait_refused()),
        "service:grpc.health.v2.Health"
    );
    pair.server.order(Order::Listen(Listen {
        listener: 4,
        options: Some(ServerOptions {
            min_ping_interval_ms: Some(1),
            ..ServerOptions::default()
        }),
        ..listen()
    }));
    assert_eq!(
        refused(pair.server.wait_refused()),
        "option:min_ping_interval_ms"
    );
    pair.server.order(Order::Shutdown(Shutdown {
        listener: 1,
        grace_ms: None,
        requires: requires.clone(),
    }));
    assert_eq!(refused(pair.server.wait_refused()), "q8zk3");
    pair.client.order(Order::Open(Open {
        channel: 2,
        requires: requires.clone(),
        ..Open::default()
    }));
    assert_eq!(refused(pair.client.wait_refused()), "q8zk3");

    let in_call = Call {
        requires: requires.clone(),
        ..say_hello(1, "World")
    };
    let in_step = Call {
        receive: vec![Step {
            requires,
            ..receive(0)
        }],
        ..say_hello(2, "World")
    };
    for call in [in_call, in_step] {
        let id = call.call;
        pair.client.order(Order::Call(call));
        match pair.client.outcome(id) {
            Outcome::Unsupported(unsupported) => assert_eq!(unsupported.feature, "q8zk3"),
            other => panic!("not unsupported: {other:?}"),
        }
    }
    assert_eq!(
        pair.call(say_hello(3, "World")).status,
        0,
        "all else goes on"
    );
    assert_eq!((pair.unlisten().len(), pair.began()), (1, 1));
}
