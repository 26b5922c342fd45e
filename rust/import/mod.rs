//! Captures of this and of other tools, record by record: what [`Source`]
//! reads is what a tap would have written.
//!
//! A file is never read as a whole: one block of it is in memory at a time, and
//! what [`Reassembly`](wirecheck_core::wire::tcp::Reassembly) holds.

mod blocks;
mod packet;
mod packets;

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::Path;

use wirecheck_core::wire::capture::{CaptureError, Reader};
use wirecheck_core::wire::tcp::{Assembled, Tell};

pub use packets::{Packets, Unread};

/// Why a file cannot be read as a capture.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The system says so.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It has no bytes.
    #[error("the file is empty")]
    Empty,
    /// It is a folder.
    #[error("it is a folder")]
    Folder,
    /// It is no format that is known.
    #[error("it is no capture: {0}")]
    Unknown(&'static str),
    /// It says of calls what they were, and has no bytes of them.
    #[error("it tells of calls, and has none of their bytes")]
    NoBytes,
    /// It begins as pcapng or pcap and is none.
    #[error("it is damaged {after}: {why}")]
    Damaged {
        /// After what.
        after: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It begins as one of Wirecheck's own captures and is none.
    #[error("{0}")]
    Capture(#[from] CaptureError),
}

/// A file that begins as a capture does.
pub struct Source {
    file: BufReader<File>,
    format: Format,
}

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One of Wirecheck's own.
    Wirecap,
    /// pcapng.
    Pcapng,
    /// pcap, which came before.
    Pcap,
}

impl Format {
    /// As a user calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wirecap => "wirecap",
            Self::Pcapng => "pcapng",
            Self::Pcap => "pcap",
        }
    }
}

/// What there is to say of a file that was read to its end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Left {
    /// Its end is inside a record or a packet, after so many whole ones.
    pub truncated_after: Option<u64>,
    /// Packets that were not read.
    pub unread: Unread,
}

impl Source {
    /// Opens a file and looks at its first bytes.
    ///
    /// # Errors
    ///
    /// It cannot be read, or begins as no capture does.
    pub fn open(path: &Path) -> Result<Self, ImportError> {
        let mut file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(ImportError::Folder);
        }
        let mut begin = Vec::new();
        file.by_ref().take(1_024).read_to_end(&mut begin)?;
        let format = recognize(&begin)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(Self {
            file: BufReader::new(file),
            format,
        })
    }

    /// What kind of file it is.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Reads all of it.
    ///
    /// # Errors
    ///
    /// It is damaged, or cannot be read further. What came before was told.
    pub fn read(self, tell: Tell<'_>) -> Result<Left, ImportError> {
        match self.format {
            Format::Wirecap => own(self.file, tell),
            Format::Pcapng | Format::Pcap => Packets::new(self.file)?.read(tell),
        }
    }
}

/// What a file is, by how it begins.
fn recognize(begin: &[u8]) -> Result<Format, ImportError> {
    match begin {
        [] => Err(ImportError::Empty),
        [b'W', b'I', b'R', b'E', b'C', b'A', b'P', ..] => Ok(Format::Wirecap),
        // The type of the block that a section begins with (pcapng, section 4.1).
        [0x0a, 0x0d, 0x0d, 0x0a, ..] => Ok(Format::Pcapng),
        [0xa1, 0xb2, 0xc3, 0xd4, ..]
        | [0xd4, 0xc3, 0xb2, 0xa1, ..]
        | [0xa1, 0xb2, 0x3c, 0x4d, ..]
        | [0x4d, 0x3c, 0xb2, 0xa1, ..]
        // With a longer header for each packet.
        | [0x34, 0xcd, 0xb2, 0xa1, ..] => Ok(Format::Pcap),
        [0x1f, 0x8b, ..] => Err(ImportError::Unknown("it is compressed with gzip")),
        _ if is_call(begin) => Err(ImportError::NoBytes),
        _ => Err(ImportError::Unknown(
            "it begins neither as pcapng or pcap nor as a capture of Wirecheck",
        )),
    }
}

/// The first line of what `wirecheck tap --json` writes, or its beginning.
fn is_call(begin: &[u8]) -> bool {
    begin.starts_with(b"{\"schema_version\":")
        && begin.windows(13).any(|part| part == b"\"type\":\"call\"")
}

/// Reads a capture of Wirecheck's own.
fn own(file: impl Read, tell: Tell<'_>) -> Result<Left, ImportError> {
    let mut reader = Reader::new(file)?;
    let mut records = 0;
    loop {
        match reader.next_record() {
            Ok(Some(record)) => tell(Assembled::Record(record)),
            Ok(None) => return Ok(Left::default()),
            Err(CaptureError::Truncated { .. }) => {
                return Ok(Left {
                    truncated_after: Some(records),
                    ..Left::default()
                });
            }
            Err(error) => return Err(error.into()),
        }
        records += 1;
    }
}

#[cfg(test)]
mod tests;
