//! A client, a tap and a server in one process, and captures in plain words.

use std::future::Future;
use std::io;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wirecheck::tap::{CaptureLog, Captured, Endpoint, Held, Tap, TapOptions};
use wirecheck_core::wire::capture::{Direction, Event, Reader};
use wirecheck_core::wire::frame::PREFACE;

pub use wirecheck_core::wire::capture::Direction::{ClientToServer, ServerToClient};

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;

/// Ends a test that hangs; nothing is measured by it.
pub async fn within<T>(work: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(60);
    tokio::time::timeout(limit, work)
        .await
        .expect("the test hangs")
}

/// The patience of a close that is expected to end in order.
pub const PATIENT: Duration = Duration::from_secs(60);

/// A tap in front of a listener that the test accepts from.
pub struct Rig {
    pub tap: Tap,
    pub listener: TcpListener,
    /// Where the capture goes when it is spilled.
    pub folder: TempDir,
}

impl Rig {
    pub async fn open() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut TapOptions)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = TapOptions::new(folder.path().join("cell.wirecap"));
        change(&mut options);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = Endpoint::Tcp(listener.local_addr().unwrap());
        let tap = Tap::open(&Endpoint::any_port(), upstream, options)
            .await
            .unwrap();
        Self {
            tap,
            listener,
            folder,
        }
    }

    /// Both ends of a new connection through the tap.
    pub async fn connect(&self) -> (TcpStream, TcpStream) {
        let client = TcpStream::connect(self.tap.address()).await.unwrap();
        let (server, _) = self.listener.accept().await.unwrap();
        client.set_nodelay(true).unwrap();
        server.set_nodelay(true).unwrap();
        (client, server)
    }

    /// Both ends of a new connection, on which the client has greeted.
    pub async fn connect_http2(&self) -> (TcpStream, TcpStream) {
        let (mut client, mut server) = self.connect().await;
        client.write_all(PREFACE).await.unwrap();
        expect(&mut server, PREFACE).await;
        (client, server)
    }

    /// Closes in order and reads the capture.
    pub async fn close(self) -> (Captured, Story) {
        let captured = self.tap.close(PATIENT, Held::LetGo).await;
        assert!(!captured.forced, "the connections did not end");
        let story = Story::of(&captured);
        (captured, story)
    }
}

/// Reads exactly these bytes.
pub async fn expect(stream: &mut TcpStream, bytes: &[u8]) {
    let mut got = vec![0; bytes.len()];
    stream.read_exact(&mut got).await.unwrap();
    assert_eq!(got, bytes);
}

/// Reads FIN.
pub async fn expect_end(stream: &mut TcpStream) {
    assert_eq!(stream.read(&mut [0; 64]).await.unwrap(), 0);
}

/// Reads RST, after whatever comes before it.
pub async fn expect_reset(stream: &mut TcpStream) -> Vec<u8> {
    let mut before = Vec::new();
    let error = stream
        .read_to_end(&mut before)
        .await
        .expect_err("a reset, not an end");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    before
}

/// Has the tap's connection run, by a round of bytes through the direction
/// that is not under test, and then asserts that nothing has come to `idle`
/// the other way.
pub async fn expect_nothing_after_fence(idle: &mut TcpStream, other: &mut TcpStream) {
    let fence = frame(PING, 0, 0, &[7; 8]);
    for _ in 0..3 {
        idle.write_all(&fence).await.unwrap();
        expect(other, &fence).await;
    }
    let error = idle.try_read(&mut [0; 1]).expect_err("nothing to read");
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
}

/// An HTTP/2 frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A capture, with the bytes that came one after the other joined.
#[derive(Debug, Default, PartialEq)]
pub struct Story {
    /// What happened, in order: `1 opened`, `1 > 12` for bytes from the
    /// client, `1 < 12` for bytes from the server.
    pub lines: Vec<String>,
    /// All bytes of a connection and direction.
    bytes: std::collections::BTreeMap<(u32, Direction), Vec<u8>>,
    pub times: Vec<u64>,
}

impl Story {
    pub fn of(captured: &Captured) -> Self {
        Self::of_log(&captured.log)
    }

    pub fn of_log(log: &CaptureLog) -> Self {
        let mut reader = Reader::new(log.open().unwrap()).unwrap();
        let mut story = Self::default();
        let mut run = None;
        while let Some(record) = reader.next_record().unwrap() {
            let id = record.connection;
            story.times.push(record.at_ns);
            if let Event::Bytes(direction, bytes) = record.event {
                if run != Some((id, direction)) {
                    run = Some((id, direction));
                    let arrow = if direction == ClientToServer {
                        '>'
                    } else {
                        '<'
                    };
                    story.lines.push(format!("{id} {arrow}"));
                }
                let all = story.bytes.entry((id, direction)).or_default();
                all.extend_from_slice(bytes);
                continue;
            }
            run = None;
            story
                .lines
                .push(format!("{id} {}", in_words(&record.event)));
        }
        story
    }

    pub fn bytes(&self, connection: u32, direction: Direction) -> &[u8] {
        self.bytes
            .get(&(connection, direction))
            .map_or(&[], Vec::as_slice)
    }
}

fn in_words(event: &Event<'_>) -> String {
    match event {
        Event::Opened => "opened".to_owned(),
        Event::HalfClosed(ClientToServer) => "client ended".to_owned(),
        Event::HalfClosed(ServerToClient) => "server ended".to_owned(),
        Event::Reset(ClientToServer) => "client reset".to_owned(),
        Event::Reset(ServerToClient) => "server reset".to_owned(),
        Event::Closed => "closed".to_owned(),
        Event::LeftOut(ClientToServer, count) => format!("client left out {count}"),
        Event::LeftOut(ServerToClient, count) => format!("server left out {count}"),
        Event::Bytes(..) => unreachable!("bytes are joined"),
    }
}
