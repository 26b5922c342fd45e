//! Compressed messages, told by how much goes over the line for them.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::contract::{to_peer::Order, *};
use crate::support::*;

const UNIMPLEMENTED: u32 = 12;
/// What a long message has, and gzip makes little of.
const LONG: usize = 100_000;
/// What goes over the line for a call apart from one long message.
const LITTLE: usize = 10_000;

fn gzip() -> Option<String> {
    Some("gzip".to_owned())
}

/// A pair with a line between, which counts what goes each way.
struct Counted {
    pair: Pair,
    requests: Arc<AtomicUsize>,
    responses: Arc<AtomicUsize>,
}

impl Counted {
    fn new(listen: Listen, options: ChannelOptions) -> Self {
        let (mut server, _) = Peer::start(Role::Server);
        let (mut client, _) = Peer::start(Role::Client);
        let [requests, responses] = [(), ()].map(|()| Arc::new(AtomicUsize::new(0)));
        let target = between(server.listen(listen), &requests, &responses);
        client.open(Open {
            channel: 1,
            target,
            options: Some(options),
            ..Open::default()
        });
        let pair = Pair { client, server };
        Self {
            pair,
            requests,
            responses,
        }
    }

    /// Makes a call that goes well; the bytes of its requests and its responses.
    fn call(&mut self, call: Call) -> (usize, usize) {
        let result = self.pair.call(call);
        assert_eq!(result.status, 0, "{result:?}");
        (
            self.requests.swap(0, Ordering::SeqCst),
            self.responses.swap(0, Ordering::SeqCst),
        )
    }
}

/// Passes one connection on to `target`; its own address.
fn between(target: String, there: &Arc<AtomicUsize>, back: &Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let (there, back) = (Arc::clone(there), Arc::clone(back));
    thread::spawn(move || {
        let (client, _) = listener.accept().expect("a connection");
        let server = TcpStream::connect(target).expect("the server");
        let [client_too, server_too] = [&client, &server].map(|end| end.try_clone().expect("fd"));
        thread::spawn(move || pass_on(client_too, server_too, &there));
        pass_on(server, client, &back);
    });
    address
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, count: &AtomicUsize) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        // Before it is passed on, so that it is counted when the call has ended.
        count.fetch_add(read, Ordering::SeqCst);
        if to.write_all(&buffer[..read]).is_err() {
            return;
        }
    }
}

fn serving(service: &str, options: ServerOptions) -> Listen {
    Listen {
        services: vec![service.to_owned()],
        options: Some(options),
        ..listen()
    }
}

fn long() -> String {
    "a".repeat(LONG)
}

/// A call of the official service for a long response.
fn official(call: u64, method: &str, types: [&str; 2], request: &[u8]) -> Call {
    let [request_type, response_type] = types.map(|name| format!("grpc.testing.{name}"));
    Call {
        method: format!("/grpc.testing.TestService/{method}"),
        request_type,
        response_type,
        send: vec![message(request)],
        ..say_hello(call, "")
    }
}

#[test]
fn compresses_all_requests_of_a_channel() {
    let accepting = ServerOptions {
        accept_compression: gzip(),
        ..ServerOptions::default()
    };
    let compressing = ChannelOptions {
        compression: gzip(),
        ..ChannelOptions::default()
    };
    let mut counted = Counted::new(serving("Greeter", accepting.clone()), compressing);
    for (id, api) in [(1, Api::Idiomatic), (2, Api::Stream), (3, Api::Idiomatic)] {
        let (requests, responses) = counted.call(Call {
            api: api.into(),
            ..say_hello(id, &long())
        });
        assert!(requests < LITTLE, "{requests}");
        assert!(responses > LONG, "{responses}");
    }
    let mut counted = Counted::new(serving("Greeter", accepting), ChannelOptions::default());
    let (requests, _) = counted.call(say_hello(1, &long()));
    assert!(requests > LONG, "{requests}");
}

#[test]
fn refuses_requests_in_a_coding_it_was_not_told_to_accept() {
    let compressing = ChannelOptions {
        compression: gzip(),
        ..ChannelOptions::default()
    };
    let mut pair = Pair::with(
        serving("Greeter", ServerOptions::default()),
        Open {
            options: Some(compressing),
            ..Open::default()
        },
    );
    assert_eq!(pair.call(say_hello(1, "World")).status, UNIMPLEMENTED);
    assert_eq!(pair.unlisten().len(), 0);
}

fn compressing() -> ServerOptions {
    ServerOptions {
        compression: gzip(),
        ..ServerOptions::default()
    }
}

fn accepting() -> ChannelOptions {
    ChannelOptions {
        accept_compression: gzip(),
        ..ChannelOptions::default()
    }
}

#[test]
fn compresses_responses_for_whom_accepts_them() {
    let mut counted = Counted::new(serving("Greeter", compressing()), accepting());
    let (_, responses) = counted.call(say_hello(1, &long()));
    assert!(responses < LITTLE, "{responses}");

    let mut counted = Counted::new(serving("Greeter", compressing()), ChannelOptions::default());
    let (_, responses) = counted.call(say_hello(1, &long()));
    assert!(responses > LONG, "{responses}");
}

#[test]
fn compresses_every_message_of_a_script() {
    let script = Script {
        send: vec![message(&text(&long())), message(&text(&long()))],
        ..Script::default()
    };
    let scripted = Listen {
        scripts: vec![method_scripts(Shape::ServerStreaming, vec![script])],
        options: Some(compressing()),
        ..listen()
    };
    let mut counted = Counted::new(scripted, accepting());
    let call = stream(1, Shape::ServerStreaming, vec![message(&[])], vec![]);
    let (_, responses) = counted.call(call);
    assert!(responses < LITTLE, "{responses}");
}

#[test]
fn compresses_the_one_response_that_is_wished_compressed() {
    let listen = serving("grpc.testing.TestService", compressing());
    let mut counted = Counted::new(listen, accepting());
    // `response_size` is 100,000; `response_compressed` is not set, false or true.
    let size = [0x10, 0xa0, 0x8d, 0x06];
    let wishes = [&[][..], &[0x32, 0], &[0x32, 2, 0x08, 1]];
    let types = ["SimpleRequest", "SimpleResponse"];
    let mut ids = 1..;
    for method in ["UnaryCall", "CacheableUnaryCall"] {
        let [unset, no, yes] = wishes.map(|wish| {
            let id = ids.next().expect("no end of numbers");
            let request = [&size[..], wish].concat();
            let (_, responses) = counted.call(official(id, method, types, &request));
            responses
        });
        assert!(unset > LONG && no > LONG, "{method}: {unset}, {no}");
        assert!(yes < LITTLE, "{method}: {yes}");
    }
}

/// tonic heeds no wish in a stream, see `Response::disable_compression`.
#[test]
fn compresses_streams_as_a_whole() {
    let listen = serving("grpc.testing.TestService", compressing());
    let mut counted = Counted::new(listen, accepting());
    // `size` is 100,000; `compressed` is false.
    let parameters = [0x08, 0xa0, 0x8d, 0x06, 0x1a, 0];
    let request = [&[0x12, 6][..], &parameters].concat();
    let types = ["StreamingOutputCallRequest", "StreamingOutputCallResponse"];
    let (_, responses) = counted.call(Call {
        shape: Shape::ServerStreaming.into(),
        ..official(1, "StreamingOutputCall", types, &request)
    });
    assert!(responses < LITTLE, "{responses}");
}

#[test]
fn names_the_option_with_a_coding_it_does_not_have() {
    let snappy = Some("snappy".to_owned());
    let (mut server, _) = Peer::start(Role::Server);
    for (send, accept, option) in [
        (snappy.clone(), None, "option:compression"),
        (None, snappy.clone(), "option:accept_compression"),
    ] {
        let options = ServerOptions {
            compression: send,
            accept_compression: accept,
            ..ServerOptions::default()
        };
        server.order(Order::Listen(serving("Greeter", options)));
        assert_eq!(lacking(server.wait_refused()), option);
    }
    let (mut client, _) = Peer::start(Role::Client);
    for (send, accept, option) in [
        (snappy.clone(), None, "option:compression"),
        (None, snappy, "option:accept_compression"),
    ] {
        client.order(Order::Open(Open {
            channel: 1,
            target: "127.0.0.1:1".to_owned(),
            options: Some(ChannelOptions {
                compression: send,
                accept_compression: accept,
                ..ChannelOptions::default()
            }),
            ..Open::default()
        }));
        assert_eq!(lacking(client.wait_refused()), option);
    }
}

fn lacking(refused: Refused) -> String {
    match refused.reason {
        Some(refused::Reason::Unsupported(Unsupported { feature })) => feature,
        other => panic!("{other:?}"),
    }
}

#[test]
fn says_that_it_cannot_leave_one_message_uncompressed() {
    let feature = "per-message-compression";
    let uncompressed = |bytes: &[u8]| Step {
        uncompressed: true,
        ..message(bytes)
    };
    let (mut server, _) = Peer::start(Role::Server);
    let script = Script {
        send: vec![uncompressed(&text("reply"))],
        ..Script::default()
    };
    server.order(Order::Listen(Listen {
        scripts: vec![method_scripts(Shape::Unary, vec![script])],
        options: Some(compressing()),
        ..listen()
    }));
    assert_eq!(lacking(server.wait_refused()), feature);

    let mut pair = Pair::greeting();
    pair.client.order(Order::Call(Call {
        send: vec![uncompressed(&text("World"))],
        ..say_hello(1, "")
    }));
    let outcome = pair.client.outcome(1);
    assert!(
        matches!(&outcome, report::Outcome::Unsupported(lack) if lack.feature == feature),
        "{outcome:?}"
    );
}
