//! One connection on a line.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::watch::{Receiver, Sender};
use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::relay::{Line, Op, Relay};

use super::journal::Journal;
use crate::tap::Endpoint;
use crate::tap::socket::{Reader, Socket, Writer};

/// Bytes of one read.
const READ: usize = 64 * 1024;
/// How long both sides may take to end a connection that is closed to them, so
/// that nothing unread makes a reset of it.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// A connection and what is done to it.
pub(super) struct Connection {
    journal: Arc<Journal>,
    relay: Mutex<Relay>,
    fate: Sender<Fate>,
}

/// How a connection is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// When both sides have ended it.
    Open,
    /// In order, to both sides.
    Close,
    /// By a reset, to both sides.
    Reset,
}

impl Connection {
    pub fn new(journal: Arc<Journal>, relay: Relay) -> Self {
        Self {
            journal,
            relay: Mutex::new(relay),
            fate: Sender::new(Fate::Open),
        }
    }

    /// Connects to the upstream and passes on what comes until both directions
    /// have ended. Dropping the future resets both sides.
    pub async fn serve(self, client: Socket, upstream: Endpoint, within: Duration) {
        let connected = tokio::time::timeout(within, Socket::connect(&upstream)).await;
        let connected = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        match connected {
            Ok(server) => self.pass(Pair::new(client, server)).await,
            Err(error) => {
                self.journal.failed(&error);
                client.reset_on_close();
            }
        }
    }

    async fn pass(&self, mut pair: Pair) {
        let fate = {
            let (from_client, to_client) = pair.client.split();
            let (from_server, to_server) = pair.server.split();
            let mut told = self.fate.subscribe();
            let both = async {
                tokio::try_join!(
                    self.way(Direction::ClientToServer)
                        .forward(from_client, to_server),
                    self.way(Direction::ServerToClient)
                        .forward(from_server, to_client),
                )
            };
            tokio::select! {
                biased;
                fate = decided(&mut told) => fate,
                ended = both => match ended {
                    Ok((Left::InOrder, Left::InOrder)) => Fate::Close,
                    _ => Fate::Reset,
                },
            }
        };
        if fate == Fate::Close {
            pair.close().await;
        }
        // Dropping the pair resets what was not closed.
    }

    fn way(&self, direction: Direction) -> Way<'_> {
        Way {
            connection: self,
            direction,
            pace: None,
        }
    }

    /// What is to be done with what a side sent, or with its end.
    fn decide(&self, ask: impl FnOnce(&mut Relay) -> Vec<Op>) -> Vec<Op> {
        let mut relay = self.relay();
        let before = relay.applied().to_vec();
        let ops = ask(&mut relay);
        self.journal.add(&relay, &before);
        ops
    }

    fn relay(&self) -> MutexGuard<'_, Relay> {
        // A relay that panicked is not asked again; what it counted still counts.
        self.relay.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for the end that a fault wants.
async fn decided(fate: &mut Receiver<Fate>) -> Fate {
    // The sender belongs to the connection that waits here.
    let decided = fate.wait_for(|fate| *fate != Fate::Open).await;
    decided.map_or(Fate::Reset, |fate| *fate)
}

/// Both sockets. They end in a reset, unless they are closed before.
struct Pair {
    client: Socket,
    server: Socket,
    in_order: bool,
}

impl Pair {
    fn new(client: Socket, server: Socket) -> Self {
        Self {
            client,
            server,
            in_order: false,
        }
    }

    /// Ends both in order: what they still send is read, so that the end is no
    /// reset.
    async fn close(mut self) {
        let sides = async { tokio::join!(end(&mut self.client), end(&mut self.server)) };
        // Who does not end in time is left to the operating system.
        let _ = tokio::time::timeout(CLOSE_WITHIN, sides).await;
        self.in_order = true;
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        if !self.in_order {
            self.client.reset_on_close();
            self.server.reset_on_close();
        }
    }
}

async fn end(socket: &mut Socket) {
    let (mut from, mut to) = socket.split();
    // Fails only where the connection is gone already.
    let _ = to.shutdown().await;
    drain(&mut from).await;
}

/// Reads to the end and throws away.
async fn drain(from: &mut Reader<'_>) {
    let mut buffer = vec![0; READ];
    while let Ok(1..) = from.read(&mut buffer).await {}
}

/// The sender of a direction has reset the connection.
struct Broken;

/// How a direction was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// It has ended, or nothing of it is to pass any more.
    InOrder,
    /// Its receiver is gone. What that one sent before is still passed on in
    /// the other direction.
    Unread,
}

/// One direction.
struct Way<'a> {
    connection: &'a Connection,
    direction: Direction,
    /// Octets that pass in each such time.
    pace: Option<(usize, Duration)>,
}

/// Does anything of this direction pass from now on?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goes {
    On,
    /// It is read and thrown away.
    Nowhere,
    /// Nobody is there who would read it.
    Unread,
}

impl Way<'_> {
    async fn forward(mut self, mut from: Reader<'_>, mut to: Writer<'_>) -> Result<Left, Broken> {
        let mut buffer = Vec::with_capacity(READ);
        loop {
            let ops = self
                .connection
                .decide(|relay| relay.take(self.direction, &buffer));
            match self.carry_out(ops, &mut to).await {
                Goes::On => {}
                Goes::Nowhere => {
                    drain(&mut from).await;
                    return Ok(Left::InOrder);
                }
                Goes::Unread => return Ok(Left::Unread),
            }
            buffer.clear();
            match from.read_buf(&mut buffer).await {
                Ok(1..) => {}
                Ok(0) => return Ok(self.end(&mut to).await),
                Err(_) => return Err(Broken),
            }
        }
    }

    /// The sender has ended its direction in order.
    async fn end(&mut self, to: &mut Writer<'_>) -> Left {
        let ops = self.connection.decide(|relay| relay.end(self.direction));
        match self.carry_out(ops, to).await {
            Goes::On if to.shutdown().await.is_err() => Left::Unread,
            Goes::On | Goes::Nowhere => Left::InOrder,
            Goes::Unread => Left::Unread,
        }
    }

    async fn carry_out(&mut self, ops: Vec<Op>, to: &mut Writer<'_>) -> Goes {
        for op in ops {
            let goes = match op {
                Op::Pass(octets) => self.write(&octets, to).await,
                Op::Line(line) => self.happens(&line, to).await,
            };
            if goes != Goes::On {
                return goes;
            }
        }
        Goes::On
    }

    async fn write(&self, octets: &[u8], to: &mut Writer<'_>) -> Goes {
        let (size, pause) = self.pace.unwrap_or((octets.len().max(1), Duration::ZERO));
        for piece in octets.chunks(size) {
            if to.write_all(piece).await.is_err() {
                return Goes::Unread;
            }
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
        Goes::On
    }

    async fn happens(&mut self, line: &Line, to: &mut Writer<'_>) -> Goes {
        match line {
            Line::Delay(time) => tokio::time::sleep(*time).await,
            Line::Throttle { octets, each } => self.pace = Some(((*octets).max(1), *each)),
            // Nothing is read any more; the other direction, or who closes the
            // line, ends the connection.
            Line::Stall => std::future::pending().await,
            Line::BlackHole => return Goes::Nowhere,
            Line::HalfClose => {
                // Fails only where the receiver is gone, which is what was wanted.
                let _ = to.shutdown().await;
                return Goes::Nowhere;
            }
            Line::Close => self.decide(Fate::Close).await,
            Line::Reset => self.decide(Fate::Reset).await,
        }
        Goes::On
    }

    /// Has the whole connection end; nothing passes meanwhile.
    async fn decide(&self, fate: Fate) {
        self.connection.fate.send_replace(fate);
        std::future::pending().await
    }
}
