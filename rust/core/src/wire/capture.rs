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
//!
//! A record holds at most [`MAX_RECORD`] bytes; longer reads are written as
//! more records of the same time.

use std::io::{self, Read, Write};

/// What a capture begins with; the last byte is the version.
pub const MAGIC: &[u8; 8] = b"WIRECAP\x01";

/// The most bytes that one record holds.
pub const MAX_RECORD: usize = 1024 * 1024;

const HEADER: usize = 17;

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

/// Why a capture could not be read. Offsets count bytes of the file from 0.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The file does not begin with `WIRECAP`.
    #[error("not a capture: it does not begin with `WIRECAP`")]
    NotACapture,
    /// The version is another one than 1.
    #[error("capture version {version} is not known, only 1 is")]
    Version {
        /// The version byte.
        version: u8,
    },
    /// The file ends inside a record. What came before is whole.
    #[error("capture ends inside the record at offset {offset}")]
    Truncated {
        /// Where that record begins.
        offset: u64,
    },
    /// A record is longer than [`MAX_RECORD`].
    #[error("record at offset {offset} declares {length} bytes, at most {MAX_RECORD} are allowed")]
    TooLong {
        /// Where the record begins.
        offset: u64,
        /// The length it declares.
        length: u32,
    },
    /// An event number that the format does not define.
    #[error("record at offset {offset} has the unknown event {event}")]
    UnknownEvent {
        /// Where the record begins.
        offset: u64,
        /// The number.
        event: u8,
    },
    /// A length that does not fit the event.
    #[error("record at offset {offset} with event {event} cannot hold {length} bytes")]
    WrongLength {
        /// Where the record begins.
        offset: u64,
        /// The event number.
        event: u8,
        /// The length it declares.
        length: u32,
    },
    /// Reading failed.
    #[error("capture cannot be read at offset {offset}")]
    Io {
        /// Where.
        offset: u64,
        /// Why.
        source: io::Error,
    },
}

/// Writes a capture. It makes small writes, so give it a buffered one.
#[derive(Debug)]
pub struct Writer<W> {
    output: W,
}

impl<W: Write> Writer<W> {
    /// Begins a capture.
    ///
    /// # Errors
    /// When `output` fails.
    pub fn new(mut output: W) -> io::Result<Self> {
        output.write_all(MAGIC)?;
        Ok(Self { output })
    }

    /// Appends a record; bytes beyond [`MAX_RECORD`] become further records of
    /// the same time.
    ///
    /// # Errors
    /// When the output fails. The capture then ends inside a record.
    pub fn write(&mut self, record: &Record<'_>) -> io::Result<()> {
        match record.event {
            Event::Bytes(direction, bytes) => bytes
                .chunks(MAX_RECORD)
                .try_for_each(|chunk| self.write_one(record, 1 + number(direction), chunk)),
            Event::LeftOut(direction, count) => {
                self.write_one(record, 8 + number(direction), &count.to_le_bytes())
            }
            Event::Opened => self.write_one(record, 0, &[]),
            Event::HalfClosed(direction) => self.write_one(record, 3 + number(direction), &[]),
            Event::Reset(direction) => self.write_one(record, 5 + number(direction), &[]),
            Event::Closed => self.write_one(record, 7, &[]),
        }
    }

    /// Writes out what the output buffers, and gives the output back.
    ///
    /// # Errors
    /// When flushing fails.
    pub fn finish(mut self) -> io::Result<W> {
        self.output.flush()?;
        Ok(self.output)
    }

    fn write_one(&mut self, record: &Record<'_>, event: u8, bytes: &[u8]) -> io::Result<()> {
        let mut header = [0; HEADER];
        header[..4].copy_from_slice(&record.connection.to_le_bytes());
        header[4..12].copy_from_slice(&record.at_ns.to_le_bytes());
        header[12] = event;
        header[13..].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
        self.output.write_all(&header)?;
        self.output.write_all(bytes)
    }
}

/// Appends a record as a capture has it, without what a capture begins with:
/// for who hands records on in memory. [`records`] reads them.
pub fn append(record: &Record<'_>, to: &mut Vec<u8>) {
    Writer { output: to }
        .write(record)
        .expect("memory takes every write");
}

/// The records that [`append`] made, up to the first that is not whole.
pub fn records(mut bytes: &[u8]) -> impl Iterator<Item = Record<'_>> {
    std::iter::from_fn(move || {
        let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
        let found = RecordHeader::parse(header, 0).ok()?;
        let (content, behind) = rest.split_at_checked(found.length as usize)?;
        bytes = behind;
        Some(found.record(content))
    })
}

/// Reads a capture record by record into one buffer that it uses again.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    offset: u64,
    buffer: Vec<u8>,
    ended: bool,
}

impl<R: Read> Reader<R> {
    /// Reads the first eight bytes.
    ///
    /// # Errors
    /// When they are not those of a capture of version 1.
    pub fn new(mut input: R) -> Result<Self, CaptureError> {
        let mut magic = [0; MAGIC.len()];
        let got = read_up_to(&mut input, &mut magic)
            .map_err(|source| CaptureError::Io { offset: 0, source })?;
        if got < MAGIC.len() || magic[..7] != MAGIC[..7] {
            return Err(CaptureError::NotACapture);
        }
        if magic[7] != MAGIC[7] {
            return Err(CaptureError::Version { version: magic[7] });
        }
        Ok(Self {
            input,
            offset: MAGIC.len() as u64,
            buffer: Vec::new(),
            ended: false,
        })
    }

    /// The next record, or `None` at the end of the file and after an error.
    ///
    /// # Errors
    /// [`CaptureError::Truncated`] when the file ends inside a record, others
    /// when the record is not one. Records before it were whole.
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>, CaptureError> {
        if self.ended {
            return Ok(None);
        }
        match self.read_record() {
            Ok(Some(found)) => Ok(Some(found.record(&self.buffer))),
            Ok(None) => {
                self.ended = true;
                Ok(None)
            }
            Err(error) => {
                self.ended = true;
                Err(error)
            }
        }
    }

    fn read_record(&mut self) -> Result<Option<RecordHeader>, CaptureError> {
        let start = self.offset;
        let mut header = [0; HEADER];
        match self.fill(&mut header)? {
            0 => return Ok(None),
            HEADER => {}
            _ => return Err(CaptureError::Truncated { offset: start }),
        }
        let found = RecordHeader::parse(&header, start)?;
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(found.length as usize, 0);
        let got = self.fill(&mut buffer);
        self.buffer = buffer;
        if got? < found.length as usize {
            return Err(CaptureError::Truncated { offset: start });
        }
        Ok(Some(found))
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, CaptureError> {
        let got = read_up_to(&mut self.input, buffer).map_err(|source| CaptureError::Io {
            offset: self.offset,
            source,
        })?;
        self.offset += got as u64;
        Ok(got)
    }
}

/// The fixed part of a record, checked.
struct RecordHeader {
    connection: u32,
    at_ns: u64,
    event: u8,
    length: u32,
}

impl RecordHeader {
    fn parse(header: &[u8; HEADER], offset: u64) -> Result<Self, CaptureError> {
        let (connection, rest) = split(header);
        let (at_ns, rest) = split(rest);
        let (&event, length) = rest.split_first().expect("5 bytes are left");
        let (length, _) = split(length);
        let found = Self {
            connection: u32::from_le_bytes(connection),
            at_ns: u64::from_le_bytes(at_ns),
            event,
            length: u32::from_le_bytes(length),
        };
        found.check(offset)?;
        Ok(found)
    }

    fn check(&self, offset: u64) -> Result<(), CaptureError> {
        let Self { event, length, .. } = *self;
        match event {
            1 | 2 if length as usize > MAX_RECORD => Err(CaptureError::TooLong { offset, length }),
            1 | 2 => Ok(()),
            0 | 3..=7 if length != 0 => Err(CaptureError::WrongLength {
                offset,
                event,
                length,
            }),
            8 | 9 if length != 8 => Err(CaptureError::WrongLength {
                offset,
                event,
                length,
            }),
            0..=9 => Ok(()),
            _ => Err(CaptureError::UnknownEvent { offset, event }),
        }
    }

    fn record<'a>(&self, bytes: &'a [u8]) -> Record<'a> {
        let event = match self.event {
            0 => Event::Opened,
            1 | 2 => Event::Bytes(direction(self.event - 1), bytes),
            3 | 4 => Event::HalfClosed(direction(self.event - 3)),
            5 | 6 => Event::Reset(direction(self.event - 5)),
            7 => Event::Closed,
            _ => Event::LeftOut(
                direction(self.event - 8),
                u64::from_le_bytes(split(bytes).0),
            ),
        };
        Record {
            connection: self.connection,
            at_ns: self.at_ns,
            event,
        }
    }
}

fn split<const N: usize>(bytes: &[u8]) -> ([u8; N], &[u8]) {
    let (head, rest) = bytes.split_first_chunk().expect("the length was checked");
    (*head, rest)
}

fn number(direction: Direction) -> u8 {
    match direction {
        Direction::ClientToServer => 0,
        Direction::ServerToClient => 1,
    }
}

fn direction(number: u8) -> Direction {
    match number {
        0 => Direction::ClientToServer,
        _ => Direction::ServerToClient,
    }
}

/// Reads until `buffer` is full or the input ends; how many bytes came.
fn read_up_to(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match input.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(count) => got += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

#[cfg(test)]
mod tests;
