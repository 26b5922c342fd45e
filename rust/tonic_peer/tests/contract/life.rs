//! From `Start` to the end, and what a broken contract gets.

use crate::contract::{from_peer::Event, refused, report::Outcome, to_peer::Order, *};
use crate::support::*;

const BROKEN_CONTRACT: Option<i32> = Some(70);

#[test]
fn says_what_it_is() {
    for (role, own, other) in [
        (Role::Client, "client", "server"),
        (Role::Server, "server", "client"),
    ] {
        let (_peer, ready) = Peer::start(role);
        assert_eq!(
            (ready.contract_version, ready.peer.as_str()),
            (1, "rust-tonic")
        );
        let names: Vec<_> = ready
            .versions
            .iter()
            .map(|version| version.name.as_str())
            .collect();
        assert_eq!(names, ["rust", "tonic", "prost", "h2", "hyper"]);
        for version in &ready.versions {
            assert!(version.version.split('.').count() >= 3, "{version:?}");
        }
        let has = |feature| ready.features.iter().any(|name| name == feature);
        assert!(has(own) && has("raw-messages") && has("option:max_receive_message_size"));
        assert!(!has(other) && !has("reset") && !has("option:min_ping_interval_ms"));
    }
}

#[test]
fn stops_when_told_and_at_the_end_of_stdin() {
    let (mut peer, _) = Peer::start(Role::Server);
    peer.listen(listen());
    peer.order(Order::Stop(Stop {}));
    // After `Stop` nothing is carried out and nothing is said.
    peer.order(Order::Unlisten(Unlisten { listener: 1 }));
    peer.end_stdin();
    assert_eq!(peer.rest(), []);
    assert_eq!(peer.exit_code(), Some(0));
}

#[test]
fn ends_with_stdin_alone() {
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
    pair.client.end_stdin();
    assert_eq!(pair.client.exit_code(), Some(0));
    pair.server.end_stdin();
    let rest = pair.server.rest();
    assert!(
        matches!(&rest[..], [Event::Handled(handled)] if handled.number == 1),
        "the handler that was held has ended: {rest:?}"
    );
    assert_eq!(pair.server.exit_code(), Some(0));
}

#[test]
fn answers_another_version_with_its_own_and_does_no_more() {
    let mut peer = Peer::spawn("server");
    peer.order(Order::Start(Start {
        contract_version: 2,
        role: Role::Server.into(),
    }));
    peer.order(Order::Listen(listen()));
    peer.end_stdin();
    let rest = peer.rest();
    assert!(matches!(&rest[..], [Event::Ready(ready)] if ready.contract_version == 1));
    assert_eq!(peer.exit_code(), Some(0));
}

#[test]
fn ends_on_what_is_no_frame() {
    let text = b"Hello, World\n";
    let too_long = [0x81, 0x80, 0x80, 0x04, 0x0d];
    let length_without_end = [0xff; 8];
    let empty = [0];
    let cut_magic = [2, 0x0d, 0x31];
    let no_message = [6, 0x0d, 0x31, 0x4b, 0x43, 0x57, 0xff];
    let inputs: [&[u8]; 6] = [
        text,
        &too_long,
        &length_without_end,
        &empty,
        &cut_magic,
        &no_message,
    ];
    for input in inputs {
        let (mut peer, _) = Peer::start(Role::Client);
        peer.write(input);
        assert_eq!(peer.exit_code(), BROKEN_CONTRACT, "{input:x?}");
    }
}

#[test]
fn ends_on_a_frame_that_stays_half_read() {
    let (mut peer, _) = Peer::start(Role::Client);
    peer.write(&[100, 0x0d, 0x31, 0x4b, 0x43, 0x57]);
    assert_eq!(peer.exit_code(), BROKEN_CONTRACT);
}

#[test]
fn ends_on_orders_before_start() {
    let mut peer = Peer::spawn("client");
    peer.order(Order::Open(Open::default()));
    assert_eq!(peer.exit_code(), BROKEN_CONTRACT);
}

#[test]
fn ends_on_the_other_role() {
    let mut peer = Peer::spawn("client");
    peer.order(Order::Start(Start {
        contract_version: 1,
        role: Role::Server.into(),
    }));
    assert_eq!(peer.exit_code(), BROKEN_CONTRACT);
}

#[test]
fn refuses_what_the_other_role_does() {
    let unsupported = |feature: &str| {
        Some(refused::Reason::Unsupported(Unsupported {
            feature: feature.to_owned(),
        }))
    };
    let (mut client, _) = Peer::start(Role::Client);
    client.order(Order::Listen(listen()));
    assert_eq!(client.wait_refused().reason, unsupported("server"));

    let (mut server, _) = Peer::start(Role::Server);
    server.order(Order::Open(Open::default()));
    assert_eq!(server.wait_refused().reason, unsupported("client"));
    server.order(Order::Call(say_hello(1, "World")));
    assert!(matches!(
        server.outcome(1),
        Outcome::Unsupported(unsupported) if unsupported.feature == "client"
    ));
}

#[test]
fn refuses_what_is_not_there() {
    let (mut client, _) = Peer::start(Role::Client);
    client.order(Order::Close(Close { channel: 9 }));
    client.order(Order::Unlisten(Unlisten { listener: 9 }));
    for order in [refused::Order::Channel(9), refused::Order::Listener(9)] {
        let refused = client.wait_refused();
        assert_eq!(refused.order, Some(order));
        assert!(matches!(
            refused.reason,
            Some(refused::Reason::CouldNotTry(_))
        ));
    }
}

#[test]
fn says_how_it_is_used() {
    let program = env!("CARGO_BIN_EXE_tonic-peer");
    let output = std::process::Command::new(program)
        .output()
        .expect("the peer starts");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(output.stderr, b"usage: tonic-peer client|server\n");
}
