//! The packets of a pcapng or pcap file, one at a time.

use std::io::Read;

use pcap_parser::traits::{PcapNGPacketBlock as _, PcapReaderIterator};
use pcap_parser::{
    Block, InterfaceDescriptionBlock, LegacyPcapBlock, PcapBlockOwned, PcapError, PcapHeader,
    create_reader,
};

use super::ImportError;
use super::packet::Link;

/// The bytes that are read at once.
const BUFFER: usize = 1 << 20;
/// The longest block, in bytes: far more than a packet is.
const LONGEST: usize = 32 << 20;
/// Interfaces of a section that are told apart.
const MOST_INTERFACES: usize = 65_536;
/// Units of a second, if an interface does not say.
const MICROSECONDS: u64 = 1_000_000;

/// A packet as it was captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    /// Nanoseconds since 1970-01-01.
    pub at_ns: u64,
    pub link: Link,
    pub bytes: &'a [u8],
    /// Bytes of it that were not kept.
    pub cut: u32,
}

/// Reads blocks through a buffer.
pub(super) struct Blocks<'r> {
    reader: Box<dyn PcapReaderIterator + 'r>,
    meaning: Meaning,
    capacity: usize,
    packets: u64,
}

/// What the blocks before say of those that follow.
#[derive(Debug, Default)]
struct Meaning {
    interfaces: Vec<Interface>,
}

#[derive(Debug, Clone, Copy)]
struct Interface {
    link: Link,
    /// Units of a time in a second.
    resolution: u64,
    /// The most bytes of a packet that are kept; 0 for all.
    snap_length: u32,
}

impl<'r> Blocks<'r> {
    pub fn new(file: impl Read + 'r) -> Result<Self, ImportError> {
        let reader = create_reader(BUFFER, file).map_err(|error| damaged(&error, 0))?;
        Ok(Self {
            reader,
            meaning: Meaning::default(),
            capacity: BUFFER,
            packets: 0,
        })
    }

    /// Packets that were read.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Gives the next packet to `take`; `false` at the end, [`None`] if that is
    /// inside a block.
    ///
    /// # Errors
    ///
    /// The file is damaged.
    pub fn next(&mut self, take: impl FnOnce(Packet<'_>)) -> Result<Option<bool>, ImportError> {
        loop {
            let wanted = match self.reader.next() {
                Ok((length, block)) => {
                    let Some(packet) = self.meaning.read(block) else {
                        self.reader.consume(length);
                        continue;
                    };
                    self.packets += 1;
                    take(packet);
                    self.reader.consume(length);
                    return Ok(Some(true));
                }
                Err(PcapError::Eof) => return Ok(Some(false)),
                Err(PcapError::UnexpectedEof) => return Ok(None),
                Err(PcapError::Incomplete(_)) => false,
                Err(PcapError::BufferTooSmall) => true,
                Err(error) => return Err(damaged(&error, self.packets)),
            };
            self.refill(wanted)?;
        }
    }

    fn refill(&mut self, needs_room: bool) -> Result<(), ImportError> {
        if needs_room {
            if self.capacity >= LONGEST {
                return Err(damaged(&PcapError::<&[u8]>::BufferTooSmall, self.packets));
            }
            self.capacity = (self.capacity * 2).min(LONGEST);
            self.reader.grow(self.capacity);
        }
        let before = self.reader.data().len();
        if let Err(error) = self.reader.refill() {
            let error = error.to_owned_vec();
            return Err(damaged(&error, self.packets));
        }
        let is_stuck = self.reader.data().len() == before && !self.reader.reader_exhausted();
        match is_stuck {
            // What it asks for does not fit: make room, or say that it is too long.
            true if self.capacity < LONGEST => self.refill(true),
            true => Err(damaged(&PcapError::<&[u8]>::BufferTooSmall, self.packets)),
            false => Ok(()),
        }
    }
}

impl Meaning {
    fn read<'a>(&mut self, block: PcapBlockOwned<'a>) -> Option<Packet<'a>> {
        match block {
            PcapBlockOwned::LegacyHeader(header) => self.begin(&header),
            PcapBlockOwned::Legacy(packet) => return self.legacy(&packet),
            PcapBlockOwned::NG(Block::SectionHeader(_)) => self.interfaces.clear(),
            PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => self.add(&interface),
            PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                let interface = self.interfaces.get(packet.if_id as usize)?;
                let units = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                let bytes = whole(packet.data, packet.caplen);
                return Some(interface.packet(units, bytes, packet.origlen));
            }
            PcapBlockOwned::NG(Block::SimplePacket(packet)) => {
                let interface = self.interfaces.first()?;
                let kept = match interface.snap_length {
                    0 => packet.orig_len(),
                    most => packet.orig_len().min(most),
                };
                let bytes = whole(packet.data, kept);
                return Some(interface.packet(0, bytes, packet.origlen));
            }
            PcapBlockOwned::NG(_) => {}
        }
        None
    }

    /// A pcap file has one interface.
    fn begin(&mut self, header: &PcapHeader) {
        let resolution = match header.magic_number {
            0xa1b2_3c4d | 0x4d3c_b2a1 => 1_000_000_000,
            _ => MICROSECONDS,
        };
        self.interfaces = vec![Interface {
            // The upper bits say how long the checksum of a frame is.
            link: Link(header.network.0 & 0xffff),
            resolution,
            snap_length: header.snaplen,
        }];
    }

    fn legacy<'a>(&self, packet: &LegacyPcapBlock<'a>) -> Option<Packet<'a>> {
        let interface = self.interfaces.first()?;
        let seconds = u64::from(packet.ts_sec) * interface.resolution;
        let units = seconds + u64::from(packet.ts_usec);
        Some(interface.packet(units, packet.data, packet.origlen))
    }

    fn add(&mut self, interface: &InterfaceDescriptionBlock<'_>) {
        if self.interfaces.len() < MOST_INTERFACES {
            self.interfaces.push(Interface {
                link: Link(interface.linktype.0),
                resolution: resolution(interface.if_tsresol),
                snap_length: interface.snaplen,
            });
        }
    }
}

impl Interface {
    fn packet<'a>(&self, units: u64, bytes: &'a [u8], length: u32) -> Packet<'a> {
        let nanoseconds = u128::from(units) * 1_000_000_000 / u128::from(self.resolution);
        Packet {
            at_ns: u64::try_from(nanoseconds).unwrap_or(u64::MAX),
            link: self.link,
            bytes,
            cut: length.saturating_sub(bytes.len() as u32),
        }
    }
}

/// Units in a second (pcapng, section 4.2, `if_tsresol`).
fn resolution(exponent: u8) -> u64 {
    let base: u64 = if exponent & 0x80 == 0 { 10 } else { 2 };
    let units = base.checked_pow(u32::from(exponent & 0x7f));
    units.unwrap_or(MICROSECONDS)
}

/// The bytes of a packet, without what fills up its block.
fn whole(data: &[u8], length: u32) -> &[u8] {
    data.get(..length as usize).unwrap_or(data)
}

fn damaged<I>(error: &PcapError<I>, packets: u64) -> ImportError {
    let why = match error {
        PcapError::BufferTooSmall => "a block is longer than 32 MiB",
        PcapError::ReadError => "it cannot be read further",
        PcapError::Eof | PcapError::UnexpectedEof | PcapError::Incomplete(_) => {
            "it ends inside its header"
        }
        PcapError::HeaderNotRecognized => "its header is none",
        PcapError::NomError(..) | PcapError::OwnedNomError(..) => "a block is none",
    };
    let after = match packets {
        0 => "before the first packet".to_owned(),
        1 => "after 1 packet".to_owned(),
        packets => format!("after {packets} packets"),
    };
    ImportError::Damaged { after, why }
}
