//! The log of what a tap saw: chunks of bytes as they arrived, and how
//! connections opened and ended. Decoding it again gives the exchange.
//!
//! The file begins with the eight bytes `WIRECAP\x01` (the last one is the
//! version). Then come records, all numbers little-endian:
//!
//! | bytes | field |
//! |---|---|
//! | 4 | connection, counted from 1 |
//! | 8 | nanoseconds since the tap was opened |
//! | 1 | event: 0 opened, 1 bytes client to server, 2 bytes server to client, 3 and 4 half-closed, 5 and 6 reset, 7 closed, 8 and 9 left out; of each two the first is the client's |
//! | 4 | length of what follows |
//! | n | the bytes; for 8 and 9 the number of bytes left out, in 8 bytes |

/// Which way bytes went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the client, a request.
    ClientToServer,
    /// From the server, a response.
    ServerToClient,
}

impl Direction {
    /// The other way.
    pub fn reverse(self) -> Self {
        match self {
            Self::ClientToServer => Self::ServerToClient,
            Self::ServerToClient => Self::ClientToServer,
        }
    }
}

/// One thing that a tap saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// The connection, counted from 1 within the cell.
    pub connection: u32,
    /// Nanoseconds since the tap of the cell was opened. Never less than that
    /// of the record before.
    pub at_ns: u64,
    /// What happened.
    pub event: Event<'a>,
}

/// What happened on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// The client connected.
    Opened,
    /// Bytes arrived at the tap.
    Bytes(Direction, &'a [u8]),
    /// The sender of this direction will send no more (FIN).
    HalfClosed(Direction),
    /// The sender of this direction reset the connection (RST), or it broke.
    Reset(Direction),
    /// Both directions have ended.
    Closed,
    /// Bytes that passed were left out from here on, since the capture has
    /// reached its limit: how many, written once when the direction ends.
    LeftOut(Direction, u64),
}
