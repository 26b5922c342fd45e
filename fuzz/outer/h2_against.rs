//! Our decoding against h2: calls between h2's client and server over memory,
//! each as the input says, and what passed decoded by us. Both have to have
//! read the same.
//!
//! Input: settings of both sides, how many calls, then those.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};
use tokio::runtime::Builder;
use tokio::task::{JoinSet, LocalSet};
use wirecheck_core::wire::capture::{Direction, Event, Record};
use wirecheck_core::wire::decode::Decoder;
use wirecheck_core::wire::exchange::{Exchange, Half, Limits};

use super::input::Input;

const NAMES: [&str; 8] = [
    "te",
    "content-type",
    "grpc-status",
    "grpc-message",
    "trace-bin",
    "authorization",
    "x-id",
    "user-agent",
];

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let settings = [Settings::from(&mut input), Settings::from(&mut input)];
    let calls: Vec<Call> = (0..=input.below(6))
        .map(|_| Call::from(&mut input))
        .collect();
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let (tape, told) = LocalSet::new().block_on(&runtime, talk(settings, calls));
    let exchange = decode(&tape);
    let connection = &exchange.connections[0];
    assert_eq!(connection.faults, [], "h2 speaks HTTP/2");
    assert_eq!(connection.streams.len(), told.len());
    for stream in &connection.streams {
        let told = &told[&stream.id];
        assert_eq!(
            Side::of(&stream.request),
            told.request,
            "request {}",
            stream.id
        );
        assert_eq!(
            Side::of(&stream.response),
            told.response,
            "response {}",
            stream.id
        );
    }
}

struct Settings {
    window: u32,
    frame_size: u32,
    table_size: u32,
}

impl Settings {
    fn from(input: &mut Input<'_>) -> Self {
        Self {
            window: 1 + u32::from(input.number()),
            frame_size: 16_384 + u32::from(input.number()),
            table_size: u32::from(input.number() % 8_192),
        }
    }
}

/// What is sent on a stream.
struct Call {
    request: Fields,
    data: Vec<Vec<u8>>,
    response: Fields,
    answer: Vec<Vec<u8>>,
    end: End,
}

/// How a side ends a stream.
enum End {
    /// With its headers, and no data.
    AtOnce,
    /// With trailers.
    Trailers(Fields),
    /// With an error.
    Reset(u32),
}

type Fields = HeaderMap;

impl Call {
    fn from(input: &mut Input<'_>) -> Self {
        let messages = |input: &mut Input<'_>| -> Vec<Vec<u8>> {
            (0..input.below(4)).map(|_| message(input)).collect()
        };
        Self {
            request: fields(input),
            data: messages(input),
            response: fields(input),
            answer: messages(input),
            end: match input.below(3) {
                0 => End::AtOnce,
                1 => End::Trailers(fields(input)),
                _ => End::Reset(u32::from(input.byte() % 14)),
            },
        }
    }
}

/// A gRPC message with its prefix: octets of the input over and over.
fn message(input: &mut Input<'_>) -> Vec<u8> {
    let length = usize::from(input.number()) % 40_000;
    let octets = [input.short(), &[0]].concat();
    let flag = input.byte();
    let prefix = [&[flag][..], &(length as u32).to_be_bytes()].concat();
    prefix
        .into_iter()
        .chain(octets.into_iter().cycle().take(length))
        .collect()
}

fn fields(input: &mut Input<'_>) -> Fields {
    let mut fields = HeaderMap::new();
    for _ in 0..input.below(8) {
        let name = HeaderName::from_static(NAMES[input.below(NAMES.len())]);
        if let Ok(mut value) = HeaderValue::from_bytes(input.short()) {
            value.set_sensitive(input.chance());
            fields.append(name, value);
        }
    }
    // h2 takes no other `te` in a request.
    if fields.contains_key("te") {
        fields.insert("te", HeaderValue::from_static("trailers"));
    }
    fields
}

/// What one side sent on a stream, as the other one read it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Side {
    lists: Vec<Vec<(String, Vec<u8>)>>,
    data: Vec<Vec<u8>>,
    reset: Option<u32>,
}

#[derive(Debug, Default)]
struct Told {
    request: Side,
    response: Side,
}

impl Side {
    /// As we read it. Pseudo-header fields that h2 hides are left out.
    fn of(half: &Half) -> Self {
        let shown = |name: &[u8]| !name.starts_with(b":") || name == b":path" || name == b":status";
        let lists = half.headers.iter().map(|list| {
            let fields = list.fields.iter().filter(|field| shown(&field.name));
            let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
            sorted(
                fields
                    .map(|field| (text(&field.name), field.value.to_vec()))
                    .collect(),
            )
        });
        let data = half.messages.iter().map(|message| {
            assert!(message.complete);
            let prefix = [&[message.flag][..], &message.length.to_be_bytes()].concat();
            [&prefix, &message.head[..]].concat()
        });
        Self {
            lists: lists.collect(),
            data: data.collect(),
            reset: half.reset.as_ref().map(|(_, error)| error.0),
        }
    }

    fn list(&mut self, pseudo: (&str, &str), fields: &HeaderMap) {
        let mut list = texts(fields);
        list.push((pseudo.0.to_owned(), pseudo.1.as_bytes().to_vec()));
        self.lists.push(sorted(list));
    }
}

fn texts(fields: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    let fields = fields.iter();
    fields
        .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
        .collect()
}

fn sorted(mut list: Vec<(String, Vec<u8>)>) -> Vec<(String, Vec<u8>)> {
    list.sort();
    list
}

type Tape = Vec<(Direction, Vec<u8>)>;
type AllTold = BTreeMap<u32, Told>;

/// Plays all calls at a time; what passed, and what each side read.
async fn talk(settings: [Settings; 2], calls: Vec<Call>) -> (Tape, AllTold) {
    let tape = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::new(Mutex::new(AllTold::new()));
    let calls = Arc::new(calls);
    let (near, far) = duplex(64 * 1024);
    let taped = |io, direction| Taped {
        io,
        direction,
        tape: tape.clone(),
    };
    let [of_client, of_server] = settings;
    let server = serve(
        taped(far, Direction::ServerToClient),
        of_server,
        calls.clone(),
        told.clone(),
    );
    let server = tokio::task::spawn_local(server);
    ask(
        taped(near, Direction::ClientToServer),
        of_client,
        &calls,
        &told,
    )
    .await;
    server.await.expect("the server ends");
    let taken = std::mem::take(&mut *tape.lock().expect("the tape"));
    let told = std::mem::take(&mut *told.lock().expect("what was told"));
    (taken, told)
}

async fn ask(io: Taped, settings: Settings, calls: &Arc<Vec<Call>>, told: &Arc<Mutex<AllTold>>) {
    let (mut send, connection) = h2::client::Builder::new()
        .initial_window_size(settings.window)
        .max_frame_size(settings.frame_size)
        .header_table_size(settings.table_size)
        .handshake::<_, Bytes>(io)
        .await
        .expect("h2 meets h2");
    let connection = tokio::task::spawn_local(connection);
    let mut open = JoinSet::new();
    for (index, call) in calls.iter().enumerate() {
        send = send.ready().await.expect("streams are free");
        let mut request = Request::post(format!("http://h/{index}"));
        *request.headers_mut().expect("a request") = call.request.clone();
        let request = request.body(()).expect("a request");
        let has_no_data = call.data.is_empty();
        let (response, body) = send.send_request(request, has_no_data).expect("it is sent");
        if !has_no_data {
            put(body, &call.data, true);
        }
        let told = told.clone();
        open.spawn_local(async move {
            let stream = response.stream_id().as_u32();
            let mut side = Side::default();
            match response.await {
                Ok(response) => {
                    side.list((":status", response.status().as_str()), response.headers());
                    take(response.into_body(), &mut side).await;
                }
                Err(error) => side.reset = error.reason().map(u32::from),
            }
            told.lock()
                .expect("told")
                .entry(stream)
                .or_default()
                .response = side;
        });
    }
    while open.join_next().await.is_some() {}
    drop(send);
    let _ = connection.await;
}

async fn serve(io: Taped, settings: Settings, calls: Arc<Vec<Call>>, told: Arc<Mutex<AllTold>>) {
    let mut connection = h2::server::Builder::new()
        .initial_window_size(settings.window)
        .max_frame_size(settings.frame_size)
        .handshake::<_, Bytes>(io)
        .await
        .expect("h2 meets h2");
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let (calls, told) = (calls.clone(), told.clone());
        tokio::task::spawn_local(async move {
            let stream = respond.stream_id().as_u32();
            let mut side = Side::default();
            let path = request.uri().path().to_owned();
            side.list((":path", &path), request.headers());
            take(request.into_body(), &mut side).await;
            told.lock()
                .expect("told")
                .entry(stream)
                .or_default()
                .request = side;
            let call = &calls[path[1..].parse::<usize>().expect("a call")];
            let mut response = Response::new(());
            *response.headers_mut() = call.response.clone();
            let ends = matches!(call.end, End::AtOnce);
            let mut body = respond.send_response(response, ends).expect("it is sent");
            match &call.end {
                End::AtOnce => {}
                End::Trailers(trailers) => {
                    let mut body = put(body, &call.answer, false);
                    body.send_trailers(trailers.clone()).expect("they are sent");
                }
                End::Reset(code) => body.send_reset(Reason::from(*code)),
            }
        });
    }
}

fn put(mut body: SendStream<Bytes>, messages: &[Vec<u8>], ends: bool) -> SendStream<Bytes> {
    for (index, message) in messages.iter().enumerate() {
        let is_last = ends && index + 1 == messages.len();
        body.send_data(message.clone().into(), is_last)
            .expect("it is sent");
    }
    body
}

/// Reads a body to its end, and gives its windows back.
async fn take(mut body: RecvStream, side: &mut Side) {
    let mut all = Vec::new();
    while let Some(data) = body.data().await {
        match data {
            Ok(data) => {
                all.extend_from_slice(&data);
                let _ = body.flow_control().release_capacity(data.len());
            }
            Err(error) => {
                side.reset = error.reason().map(u32::from);
                break;
            }
        }
    }
    if side.reset.is_none() {
        match body.trailers().await {
            Ok(Some(trailers)) => side.lists.push(sorted(texts(&trailers))),
            Ok(None) => {}
            Err(error) => side.reset = error.reason().map(u32::from),
        }
    }
    let mut rest = &all[..];
    while rest.len() >= 5 {
        let length = u32::from_be_bytes([rest[1], rest[2], rest[3], rest[4]]) as usize;
        let (message, behind) = rest.split_at(5 + length);
        side.data.push(message.to_vec());
        rest = behind;
    }
    assert!(rest.is_empty(), "h2 lost a part of a message");
}

fn decode(tape: &Tape) -> Exchange {
    let mut decoder = Decoder::new(Limits::default());
    for (direction, bytes) in tape {
        decoder.feed(Record {
            connection: 1,
            at_ns: 0,
            event: Event::Bytes(*direction, bytes),
        });
    }
    decoder.finish()
}

/// One end of the connection, with all that it sends on a tape.
struct Taped {
    io: DuplexStream,
    direction: Direction,
    tape: Arc<Mutex<Tape>>,
}

impl AsyncRead for Taped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Taped {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, octets);
        if let Poll::Ready(Ok(count)) = &written {
            let run = (self.direction, octets[..*count].to_vec());
            self.tape.lock().expect("the tape").push(run);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
