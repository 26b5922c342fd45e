//! The life of listeners, and what becomes of their handlers.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::contract::{from_peer::Event, step::Kind, to_peer::Order, *};
use crate::support::*;

/// A pair with a call whose handler waits for `go`.
fn held() -> Pair {
    let waits = Script {
        send: vec![wait_released("go"), message(&text("reply"))],
        ..Script::default()
    };
    let mut pair = Pair::scripted(Shape::Unary, vec![waits]);
    pair.client.order(Order::Call(Call {
        method: SCRIPTED.to_owned(),
        ..say_hello(1, "World")
    }));
    pair.server.wait_began();
    pair
}

fn shut_down(pair: &mut Pair, grace_ms: Option<u32>) {
    pair.server.order(Order::Shutdown(Shutdown {
        listener: 1,
        grace_ms,
        requires: vec![],
    }));
}

fn wait_shut_down(pair: &mut Pair) {
    pair.server.wait(|event| match event {
        Event::ShutDown(shut_down) if shut_down.listener == 1 => Some(()),
        _ => None,
    });
}

#[test]
fn unlistens_with_a_held_handler() {
    let mut pair = held();
    let handled = pair.unlisten();
    assert_eq!(handled.len(), 1);
    assert_eq!(handled[0].call_end(), CallEnd::Dropped);
    assert_ne!(pair.client.result(1).status, 0);
    // It is the last of the listener, also when its handlers had more to do.
    pair.release("go");
    pair.server.order(Order::Unlisten(Unlisten { listener: 1 }));
    let refused = pair.server.wait_refused();
    assert_eq!(refused.order, Some(refused::Order::Listener(1)));
    pair.server.end_stdin();
    assert_eq!(pair.server.rest(), []);
}

#[test]
fn unlistens_one_of_two() {
    let mut pair = held();
    let target = pair.server.listen(Listen {
        listener: 2,
        services: vec!["Greeter".to_owned()],
        ..listen()
    });
    pair.client.open(Open {
        channel: 2,
        target,
        ..Open::default()
    });
    assert_eq!(pair.unlisten().len(), 1);
    let result = pair.call(Call {
        channel: 2,
        ..say_hello(2, "World")
    });
    assert_eq!(result.status, 0);
    let began = pair.server.wait_began();
    assert_eq!((began.listener, began.number), (2, 1));
}

#[test]
fn shuts_down_with_a_grace_time() {
    let mut pair = held();
    shut_down(&mut pair, Some(60_000));
    pair.release("go");
    let result = pair.client.result(1);
    assert_eq!((result.status, result.message_count), (0, 1));
    wait_shut_down(&mut pair);
    let handled = pair.unlisten();
    assert_eq!(handled.len(), 1);
    assert_eq!(handled[0].call_end(), CallEnd::Returned);
    assert_eq!(pair.call(say_hello(2, "World")).status, 14);
}

#[test]
fn shuts_down_by_force_when_the_grace_time_is_over() {
    let mut pair = held();
    shut_down(&mut pair, Some(1));
    wait_shut_down(&mut pair);
    assert_ne!(pair.client.result(1).status, 0);
    let handled = pair.unlisten();
    assert_eq!(handled[0].call_end(), CallEnd::Dropped);
}

#[test]
fn shuts_down_at_once() {
    let mut pair = held();
    shut_down(&mut pair, None);
    wait_shut_down(&mut pair);
    assert_ne!(pair.client.result(1).status, 0);
    assert_eq!(pair.unlisten()[0].call_end(), CallEnd::Dropped);
}

#[test]
fn unlistens_within_a_grace_time() {
    let mut pair = held();
    shut_down(&mut pair, Some(3_600_000));
    assert_eq!(pair.unlisten()[0].call_end(), CallEnd::Dropped);
    // It was answered too, before the last word.
    wait_shut_down(&mut pair);
}

#[test]
fn aborts_what_a_listener_does() {
    let mut pair = held();
    pair.server.order(Order::Abort(Abort {
        what: Some(abort::What::Listener(1)),
    }));
    assert_eq!(pair.server.wait_handled().call_end(), CallEnd::Dropped);
    assert_ne!(pair.client.result(1).status, 0);
    assert_eq!(pair.unlisten(), []);
}

#[test]
fn panics_as_told() {
    for (lane, shape) in [(true, Shape::Unary), (false, Shape::Bidirectional)] {
        let panics = vec![step(Kind::Panic(Panic {
            message: "told to".to_owned(),
        }))];
        let script = Script {
            send: if lane {
                panics.clone()
            } else {
                vec![message(&text("one"))]
            },
            receive: if lane { vec![] } else { panics },
            ..Script::default()
        };
        let mut pair = Pair::scripted(shape, vec![script]);
        let result = pair.call(stream(1, shape, vec![message(&text("World"))], vec![]));
        assert_ne!(result.status, 0, "{result:?}");
        assert_eq!(pair.server.wait_handled().call_end(), CallEnd::Panicked);
        // The server lives on.
        let result = pair.call(stream(2, shape, vec![message(&text("World"))], vec![]));
        assert_ne!(result.status, 0);
        assert_eq!(pair.unlisten().len(), 1);
    }
}

#[test]
fn serves_on_unix_sockets() {
    let path = std::env::temp_dir().join(format!("tonic-peer-{}.sock", std::process::id()));
    let path = path.to_str().expect("a path in UTF-8");
    let mut pair = Pair::new(Listen {
        transport: Some(Transport {
            kind: Some(transport::Kind::Uds(Uds {
                path: path.to_owned(),
            })),
        }),
        services: vec!["Greeter".to_owned()],
        ..listen()
    });
    let mode = Path::new(path)
        .metadata()
        .expect("the socket is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
    assert_eq!(pair.call(say_hello(1, "World")).status, 0);
    assert_eq!(pair.unlisten().len(), 1);
    assert!(!Path::new(path).exists());
}

#[test]
fn refuses_a_socket_that_cannot_be() {
    let (mut server, _) = Peer::start(Role::Server);
    server.order(Order::Listen(Listen {
        transport: Some(Transport {
            kind: Some(transport::Kind::Uds(Uds {
                path: "/nowhere/at/all.sock".to_owned(),
            })),
        }),
        ..listen()
    }));
    let refused = server.wait_refused();
    assert!(matches!(
        refused.reason,
        Some(refused::Reason::CouldNotTry(_))
    ));
}

#[test]
fn follows_one_script_after_the_other() {
    let scripts = ["first", "last"].map(|reply| Script {
        send: vec![message(&text(reply))],
        ..Script::default()
    });
    let mut pair = Pair::scripted(Shape::Unary, scripts.into());
    for (id, reply) in [(1, "first"), (2, "last"), (3, "last")] {
        let result = pair.call(Call {
            method: SCRIPTED.to_owned(),
            ..say_hello(id, "World")
        });
        assert_eq!(result.messages[0].head, text(reply));
    }
}

#[test]
fn refuses_scripts_that_cannot_run() {
    let (mut server, _) = Peer::start(Role::Server);
    let reset = step(Kind::Reset(Reset { error_code: 8 }));
    let misplaced = step(Kind::HalfClose(HalfClose {}));
    let empty = Step::default();
    let late_headers = step(Kind::Headers(Headers::default()));
    let lanes = [
        vec![reset],
        vec![misplaced],
        vec![empty],
        vec![message(&text("reply")), late_headers],
    ];
    for (listener, send) in (1..).zip(lanes) {
        let script = Script {
            send,
            ..Script::default()
        };
        server.order(Order::Listen(Listen {
            listener,
            scripts: vec![method_scripts(Shape::Unary, vec![script])],
            ..listen()
        }));
        let refused = server.wait_refused();
        assert_eq!(refused.order, Some(refused::Order::Listener(listener)));
        match refused.reason {
            Some(refused::Reason::Unsupported(unsupported)) if listener == 1 => {
                assert_eq!(unsupported.feature, "reset");
            }
            Some(refused::Reason::CouldNotTry(_)) if listener > 1 => {}
            other => panic!("listener {listener}: {other:?}"),
        }
    }
}

#[test]
fn has_a_service_or_a_script_for_a_path() {
    let (mut server, _) = Peer::start(Role::Server);
    let script = |method: &str| MethodScripts {
        method: method.to_owned(),
        ..method_scripts(Shape::Unary, vec![Script::default()])
    };
    let twice = vec![script(SCRIPTED), script(SCRIPTED)];
    for (listener, scripts) in [(1, vec![script("/Greeter/SayHello")]), (2, twice)] {
        server.order(Order::Listen(Listen {
            listener,
            services: vec!["Greeter".to_owned()],
            scripts,
            ..listen()
        }));
        match server.wait_refused().reason {
            Some(refused::Reason::CouldNotTry(CouldNotTry { why })) => {
                assert!(why.contains("twice"), "{why}");
            }
            other => panic!("listener {listener}: {other:?}"),
        }
    }
}
