//! One connection through the tap: what comes from one side goes to the other.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch::Receiver;
use wirecheck_core::wire::capture::Direction;

use super::hold::Queue;
use super::ledger::Ledger;
use super::socket::{Endpoint, Reader, Socket, Writer};

/// The size of the first reads, in bytes: calls are mostly smaller.
const SMALL_READ: usize = 16 * 1024;

/// The size of reads once one came full, in bytes.
const LARGE_READ: usize = 128 * 1024;

/// How much is held of one direction, in bytes, before the tap stops reading
/// it and its sender feels it. One read may go beyond.
pub(super) const MAX_HELD: usize = 256 * 1024;

/// A connection in the ledger; dropping it notes that it has ended.
pub(super) struct Entry {
    pub(super) ledger: Arc<Ledger>,
    pub(super) id: u32,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.ledger.closed(self.id);
    }
}

/// Connects to the upstream and forwards until both directions have ended.
/// Dropping the future resets both sides.
pub(super) async fn serve(
    entry: Entry,
    client: Socket,
    upstream: Endpoint,
    connect_within: Duration,
) {
    match connect(&upstream, connect_within).await {
        Ok(server) => Pair::new(client, server).forward(&entry).await,
        Err(error) => {
            entry.ledger.refuse(entry.id, &error);
            client.reset_on_close();
        }
    }
}

async fn connect(upstream: &Endpoint, within: Duration) -> io::Result<Socket> {
    let connected = tokio::time::timeout(within, Socket::connect(upstream)).await;
    connected.unwrap_or_else(|_| {
        let why = format!("it does not accept within {} s", within.as_secs());
        Err(io::Error::new(io::ErrorKind::TimedOut, why))
    })
}

/// Both sockets of a connection. They end in a reset, unless they are known
/// to have ended in order.
struct Pair {
    client: Socket,
    server: Socket,
    in_order: bool,
}

/// One side reset the connection, so the other is reset too.
struct Broken;

impl Pair {
    fn new(client: Socket, server: Socket) -> Self {
        Self {
            client,
            server,
            in_order: false,
        }
    }

    async fn forward(mut self, entry: &Entry) {
        let (from_client, to_client) = self.client.split();
        let (from_server, to_server) = self.server.split();
        let requests = Lane::new(entry, Direction::ClientToServer);
        let responses = Lane::new(entry, Direction::ServerToClient);
        let ended = tokio::try_join!(
            requests.forward(from_client, to_server),
            responses.forward(from_server, to_client),
        );
        self.in_order = ended.is_ok();
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

/// One direction of a connection.
struct Lane<'a> {
    ledger: &'a Ledger,
    id: u32,
    queue: Queue,
    read_size: usize,
    released: Receiver<()>,
}

impl<'a> Lane<'a> {
    fn new(entry: &'a Entry, direction: Direction) -> Self {
        Self {
            ledger: &entry.ledger,
            id: entry.id,
            queue: Queue::new(direction),
            read_size: SMALL_READ,
            released: entry.ledger.releases(),
        }
    }

    async fn forward(mut self, mut from: Reader<'_>, mut to: Writer<'_>) -> Result<(), Broken> {
        while !self.is_finished() {
            let passable = self.next(&mut from).await?;
            let sent = to.write_all(&self.queue.bytes[..passable]).await;
            if sent.is_err() {
                return self.receiver_broke();
            }
            self.queue.pass(passable);
            self.ledger.wait_for_disk().await;
        }
        self.pass_end(to).await
    }

    fn is_finished(&self) -> bool {
        self.queue.ended && self.queue.bytes.is_empty()
    }

    /// Waits until bytes come or a hold is released. Returns how many bytes
    /// of the queue may pass then.
    async fn next(&mut self, from: &mut Reader<'_>) -> Result<usize, Broken> {
        let held = self.queue.bytes.len();
        if held == 0 {
            let read = read(from, &mut self.queue.bytes, self.read_size).await;
            return Ok(self.take_in(0, read));
        }
        if self.queue.ended || held >= MAX_HELD {
            self.wait_for_release().await;
            return self.look_again();
        }
        tokio::select! {
            read = read(from, &mut self.queue.bytes, SMALL_READ) => Ok(self.take_in(held, read)),
            _ = self.released.changed() => self.look_again(),
        }
    }

    fn take_in(&mut self, fresh: usize, read: io::Result<usize>) -> usize {
        if let Ok(count @ 1..) = read {
            if count == self.read_size {
                self.read_size = LARGE_READ;
            }
            return self.ledger.arrived(self.id, &mut self.queue, fresh);
        }
        self.queue.ended = true;
        let direction = self.queue.direction;
        self.ledger.ended(self.id, direction, read.is_err());
        // What waited for the rest of a header has to go without it.
        self.ledger
            .passable(self.id, &mut self.queue)
            .unwrap_or_default()
    }

    async fn wait_for_release(&mut self) {
        // Fails when the ledger is gone, which this borrows.
        let _ = self.released.changed().await;
    }

    fn look_again(&mut self) -> Result<usize, Broken> {
        let passable = self.ledger.passable(self.id, &mut self.queue);
        passable.ok_or(Broken)
    }

    async fn pass_end(self, mut to: Writer<'_>) -> Result<(), Broken> {
        if !self.ledger.finish(self.id, self.queue.direction) {
            return Err(Broken);
        }
        match to.shutdown().await {
            Ok(()) => Ok(()),
            Err(_) => self.receiver_broke(),
        }
    }

    /// Leaves the connection to the other direction, which may have bytes to
    /// pass on that were sent before it broke.
    fn receiver_broke(&self) -> Result<(), Broken> {
        let will_notice = self.ledger.receiver_broke(self.id, self.queue.direction);
        if will_notice { Ok(()) } else { Err(Broken) }
    }
}

/// Appends one read of at most `size` bytes to the buffer.
async fn read(from: &mut Reader<'_>, buffer: &mut Vec<u8>, size: usize) -> io::Result<usize> {
    buffer.reserve(size);
    from.take(size as u64).read_buf(buffer).await
}
