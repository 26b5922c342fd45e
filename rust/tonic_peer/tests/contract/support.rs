//! A harness in small: it starts peers, gives orders and waits for events.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use prost::Message as _;

use crate::contract::{from_peer::Event, step::Kind, to_peer::Order, *};

/// How long anything may take on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(30);

/// A running peer. It is killed with the test that started it.
pub struct Peer {
    pub child: Child,
    stdin: Option<ChildStdin>,
    events: Receiver<Event>,
    /// What came while something else was waited for.
    passed: Vec<Event>,
}

impl Peer {
    /// A process that has not had `Start` yet.
    pub fn spawn(role: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tonic-peer"))
            .arg(role)
            // A told panic is no reason for pages of log.
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the peer starts");
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("stdout is piped");
        let (sender, events) = mpsc::channel();
        thread::spawn(move || read_events(stdout, &sender));
        Self {
            child,
            stdin,
            events,
            passed: Vec::new(),
        }
    }

    /// A peer that has said `Ready`.
    pub fn start(role: Role) -> (Self, Ready) {
        let mut peer = Self::spawn(match role {
            Role::Server => "server",
            _ => "client",
        });
        peer.order(Order::Start(Start {
            contract_version: 1,
            role: role.into(),
        }));
        let ready = peer.wait(|event| match event {
            Event::Ready(ready) => Some(ready.clone()),
            _ => None,
        });
        (peer, ready)
    }

    pub fn order(&mut self, order: Order) {
        let envelope = ToPeer {
            magic: 0x5743_4B31,
            order: Some(order),
        };
        self.write(&envelope.encode_length_delimited_to_vec());
    }

    /// Writes bytes as they are.
    pub fn write(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        stdin.write_all(bytes).expect("the peer reads");
    }

    pub fn end_stdin(&mut self) {
        self.stdin = None;
    }

    /// Takes the first event that `pick` takes, now or when it comes.
    pub fn wait<T>(&mut self, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
        for place in 0..self.passed.len() {
            if let Some(picked) = pick(&self.passed[place]) {
                self.passed.remove(place);
                return picked;
            }
        }
        let end = Instant::now() + LIMIT;
        while let Ok(event) = self
            .events
            .recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            match pick(&event) {
                Some(picked) => return picked,
                None => self.passed.push(event),
            }
        }
        panic!("no such event; these came instead: {:#?}", self.passed);
    }

    /// All events until stdout ends.
    pub fn rest(&mut self) -> Vec<Event> {
        let mut rest = std::mem::take(&mut self.passed);
        let end = Instant::now() + LIMIT;
        loop {
            match self
                .events
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(event) => rest.push(event),
                Err(mpsc::RecvTimeoutError::Disconnected) => return rest,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("stdout does not end"),
            }
        }
    }

    /// Waits for the end of the process; its exit code.
    pub fn exit_code(mut self) -> Option<i32> {
        // stdout ends with the process, and that wait has a limit.
        self.rest();
        self.child.wait().expect("the peer is a child").code()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_events(mut stdout: ChildStdout, events: &Sender<Event>) {
    while let Some(length) = read_length(&mut stdout) {
        let mut envelope = vec![0; length];
        stdout.read_exact(&mut envelope).expect("a whole frame");
        assert_eq!(envelope[..5], [0x0d, 0x31, 0x4b, 0x43, 0x57]);
        let envelope = FromPeer::decode(&envelope[..]).expect("an envelope");
        let event = envelope.event.expect("a known event");
        if events.send(event).is_err() {
            return;
        }
    }
}

fn read_length(stdout: &mut ChildStdout) -> Option<usize> {
    let mut length = 0;
    for shift in [0, 7, 14, 21] {
        let mut byte = [0];
        if stdout.read(&mut byte).expect("stdout can be read") == 0 {
            return None;
        }
        length |= usize::from(byte[0] & 0x7f) << shift;
        if byte[0] & 0x80 == 0 {
            return Some(length);
        }
    }
    panic!("an envelope of {length} bytes or more");
}

/// A client and a server with one listener (1) and one channel (1) to it.
pub struct Pair {
    pub client: Peer,
    pub server: Peer,
}

impl Pair {
    pub fn new(listen: Listen) -> Self {
        Self::with(listen, Open::default())
    }

    /// With the greeters of both packages.
    pub fn greeting() -> Self {
        Self::new(Listen {
            services: vec!["Greeter".to_owned(), "helloworld.Greeter".to_owned()],
            ..listen()
        })
    }

    /// With one scripted method, see [`SCRIPTED`].
    pub fn scripted(shape: Shape, scripts: Vec<Script>) -> Self {
        Self::new(Listen {
            scripts: vec![method_scripts(shape, scripts)],
            ..listen()
        })
    }

    pub fn with(listen: Listen, open: Open) -> Self {
        let (mut server, _) = Peer::start(Role::Server);
        let (mut client, _) = Peer::start(Role::Client);
        let address = server.listen(listen);
        client.open(Open {
            channel: 1,
            target: address,
            ..open
        });
        Self { client, server }
    }

    /// Makes a call and waits for its result.
    pub fn call(&mut self, call: Call) -> Result {
        let id = call.call;
        self.client.order(Order::Call(call));
        self.client.result(id)
    }

    /// Ends listener 1; what came of its handlers before that.
    pub fn unlisten(&mut self) -> Vec<Handled> {
        self.server.order(Order::Unlisten(Unlisten { listener: 1 }));
        let mut handled = Vec::new();
        self.server.wait(|event| match event {
            Event::Unlistened(unlistened) => Some(unlistened.still_running),
            _ => None,
        });
        self.server.passed.retain(|event| match event {
            Event::Handled(one) => {
                handled.push(one.clone());
                false
            }
            _ => true,
        });
        handled
    }

    /// How many handlers began, of what was not waited for.
    pub fn began(&self) -> usize {
        let is_began = |event: &&Event| matches!(event, Event::Began(_));
        self.server.passed.iter().filter(is_began).count()
    }

    pub fn release(&mut self, name: &str) {
        let release = Release {
            scope: "cell".to_owned(),
            name: name.to_owned(),
        };
        self.client.order(Order::Release(release.clone()));
        self.server.order(Order::Release(release));
    }
}

impl Peer {
    /// Opens a listener; its target for a channel.
    pub fn listen(&mut self, listen: Listen) -> String {
        let uds = matches!(
            listen
                .transport
                .as_ref()
                .and_then(|transport| transport.kind.as_ref()),
            Some(transport::Kind::Uds(_))
        );
        let id = listen.listener;
        self.order(Order::Listen(listen));
        let address = self.wait(|event| match event {
            Event::Listening(listening) if listening.listener == id => {
                Some(listening.address.clone())
            }
            _ => None,
        });
        if uds {
            format!("unix:{address}")
        } else {
            address
        }
    }

    pub fn open(&mut self, open: Open) {
        let id = open.channel;
        self.order(Order::Open(open));
        self.wait(|event| match event {
            Event::Opened(opened) if opened.channel == id => Some(()),
            _ => None,
        });
    }

    pub fn outcome(&mut self, call: u64) -> report::Outcome {
        self.wait(|event| match event {
            Event::Report(report) if report.call == call => report.outcome.clone(),
            _ => None,
        })
    }

    pub fn result(&mut self, call: u64) -> Result {
        match self.outcome(call) {
            report::Outcome::Result(result) => result,
            other => panic!("no result: {other:?}"),
        }
    }

    pub fn wait_began(&mut self) -> Began {
        self.wait(|event| match event {
            Event::Began(began) => Some(began.clone()),
            _ => None,
        })
    }

    pub fn wait_handled(&mut self) -> Handled {
        self.wait(|event| match event {
            Event::Handled(handled) => Some(handled.clone()),
            _ => None,
        })
    }

    pub fn wait_reached(&mut self, step: &str) {
        self.wait(|event| match event {
            Event::Reached(reached) if reached.step == step => Some(()),
            _ => None,
        });
    }

    pub fn wait_refused(&mut self) -> Refused {
        self.wait(|event| match event {
            Event::Refused(refused) => Some(refused.clone()),
            _ => None,
        })
    }
}

/// The path of the scripted method; its types are those of `Greeter`.
pub const SCRIPTED: &str = "/wirecheck.test.Scripted/Run";

pub fn listen() -> Listen {
    Listen {
        listener: 1,
        transport: Some(Transport {
            kind: Some(transport::Kind::Tcp(Tcp::default())),
        }),
        scope: "cell".to_owned(),
        ..Listen::default()
    }
}

pub fn method_scripts(shape: Shape, scripts: Vec<Script>) -> MethodScripts {
    MethodScripts {
        method: SCRIPTED.to_owned(),
        shape: shape.into(),
        request_type: "HelloRequest".to_owned(),
        response_type: "HelloReply".to_owned(),
        scripts,
    }
}

/// A call of the greeter without a package.
pub fn say_hello(call: u64, name: &str) -> Call {
    Call {
        call,
        channel: 1,
        method: "/Greeter/SayHello".to_owned(),
        shape: Shape::Unary.into(),
        request_type: "HelloRequest".to_owned(),
        response_type: "HelloReply".to_owned(),
        send: vec![message(&text(name))],
        scope: "cell".to_owned(),
        ..Call::default()
    }
}

/// A call of the scripted method through the streaming interface.
pub fn stream(call: u64, shape: Shape, send: Vec<Step>, receive: Vec<Step>) -> Call {
    Call {
        method: SCRIPTED.to_owned(),
        shape: shape.into(),
        api: Api::Stream.into(),
        send,
        receive,
        ..say_hello(call, "")
    }
}

/// `HelloRequest` and `HelloReply` are encoded alike: a string in field 1.
pub fn text(text: &str) -> Vec<u8> {
    let mut bytes = vec![0x0a];
    prost::encode_length_delimiter(text.len(), &mut bytes).expect("a vector grows");
    bytes.extend(text.as_bytes());
    bytes
}

pub fn step(kind: Kind) -> Step {
    Step {
        kind: Some(kind),
        ..Step::default()
    }
}

pub fn named(name: &str, step: Step) -> Step {
    Step {
        name: name.to_owned(),
        ..step
    }
}

pub fn payload(bytes: &[u8]) -> Payload {
    Payload {
        pieces: vec![Piece {
            kind: Some(piece::Kind::Bytes(Bytes::copy_from_slice(bytes))),
        }],
    }
}

pub fn message(bytes: &[u8]) -> Step {
    step(Kind::Message(payload(bytes)))
}

pub fn raw(bytes: &[u8]) -> Step {
    step(Kind::Raw(payload(bytes)))
}

pub fn receive(count: u32) -> Step {
    step(Kind::Receive(Receive { count }))
}

pub fn wait_released(name: &str) -> Step {
    let event = wait::Event::Released(name.to_owned());
    step(Kind::Wait(Wait { event: Some(event) }))
}

pub fn wait_step(name: &str) -> Step {
    let event = wait::Event::Step(name.to_owned());
    step(Kind::Wait(Wait { event: Some(event) }))
}

pub fn status(code: u32, message: &str) -> Status {
    Status {
        code,
        message: message.to_owned(),
        ..Status::default()
    }
}

pub fn metadatum(key: &str, value: &[u8]) -> Metadatum {
    Metadatum {
        key: key.to_owned(),
        value: Bytes::copy_from_slice(value),
    }
}

/// The values of a key, in their order.
pub fn values<'a>(metadata: &'a [Metadatum], key: &str) -> Vec<&'a [u8]> {
    let of_key = metadata.iter().filter(|entry| entry.key == key);
    of_key.map(|entry| &entry.value[..]).collect()
}
