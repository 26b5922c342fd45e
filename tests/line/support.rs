//! A client and a server with a line between them.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use wirecheck::line::{Line, LineOptions};
use wirecheck::tap::Endpoint;
use wirecheck_core::wire::capture::Direction;

pub const CLIENT: Direction = Direction::ClientToServer;
pub const SERVER: Direction = Direction::ServerToClient;

/// How long anything may take that is to happen; no test measures it.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub async fn in_time<T>(what: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(PATIENCE, what).await;
    done.expect("it happens in time")
}

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Where a server listens.
pub struct Place(TcpListener);

/// Both ends of one connection.
pub struct Ends {
    pub client: TcpStream,
    pub server: TcpStream,
}

impl Place {
    pub async fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.expect("a port"))
    }

    pub async fn line(&self, options: LineOptions) -> Line {
        let upstream = Endpoint::Tcp(self.0.local_addr().expect("an address"));
        opened(upstream, options).await
    }

    /// A line to a port at which nobody listens any more.
    pub async fn line_to_nobody(self) -> Line {
        let upstream = Endpoint::Tcp(self.0.local_addr().expect("an address"));
        drop(self);
        opened(upstream, LineOptions::new(Vec::new())).await
    }

    pub async fn ends(&self, line: &Line) -> Ends {
        let client = connect(line.address()).await;
        let (server, _) = in_time(self.0.accept()).await.expect("a connection");
        Ends { client, server }
    }
}

async fn opened(upstream: Endpoint, options: LineOptions) -> Line {
    let line = Line::open(&Endpoint::any_port(), upstream, options).await;
    line.expect("a port")
}

pub async fn connect(to: &Endpoint) -> TcpStream {
    let Endpoint::Tcp(address) = to else {
        panic!("a TCP address");
    };
    in_time(TcpStream::connect(address))
        .await
        .expect("it listens")
}

impl Ends {
    pub async fn with(options: LineOptions) -> (Line, Self) {
        let place = Place::new().await;
        let line = place.line(options).await;
        let ends = place.ends(&line).await;
        (line, ends)
    }

    pub async fn server_reads(&mut self, count: usize) -> Vec<u8> {
        exactly(&mut self.server, count).await
    }

    pub async fn client_reads(&mut self, count: usize) -> Vec<u8> {
        exactly(&mut self.client, count).await
    }

    pub async fn server_reads_to_the_end(&mut self) -> io::Result<Vec<u8>> {
        to_the_end(&mut self.server).await
    }

    pub async fn client_reads_to_the_end(&mut self) -> io::Result<Vec<u8>> {
        to_the_end(&mut self.client).await
    }
}

async fn exactly(from: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut octets = vec![0; count];
    in_time(from.read_exact(&mut octets))
        .await
        .expect("they come");
    octets
}

async fn to_the_end(from: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    in_time(from.read_to_end(&mut octets)).await.map(|_| octets)
}
