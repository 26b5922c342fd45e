//! Captures as pcapng, which Wireshark and tshark open.
//!
//! A tap sees bytes and not packets, so the packets are made up around them: IPv4
//! and TCP on loopback, with a handshake, a segment or more for each read of the
//! tap, and FIN or RST where the tap saw one. Each listener is an interface with
//! a port of its own from [`SERVER_PORT`] on; Wireshark has to be told that it
//! speaks HTTP/2. Bytes that the capture left out are
//! a gap in the sequence numbers, which Wireshark shows as what it is.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::time::Duration;

use etherparse::err::packet::BuildWriteError;
use etherparse::{PacketBuilder, PacketBuilderStep, TcpHeader};
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::{DataLink, PcapError};
use wirecheck_core::wire::capture::{CaptureError, Direction, Event, Reader, Record};

/// The port of the first listener.
pub const SERVER_PORT: u16 = 50_051;
/// The port of the first connection; dynamic ports begin here (RFC 6335, section 6).
const CLIENT_PORT: u16 = 49_152;
const CLIENT_PORTS: u32 = 1 << 14;
const LOOPBACK: [u8; 4] = [127, 0, 0, 1];
const TIME_TO_LIVE: u8 = 64;
const WINDOW: u16 = u16::MAX;
/// The most bytes of a segment. With its headers a packet stays within the 65,535
/// bytes of IPv4.
const SEGMENT: usize = 60_000;
/// Times are in 10^-9 s.
const NANOSECONDS: u8 = 9;

/// Why a capture could not be written as pcapng.
#[derive(Debug, thiserror::Error)]
pub enum PcapngError {
    /// The capture cannot be read.
    #[error("the capture cannot be read: {0}")]
    Capture(#[from] CaptureError),
    /// The file cannot be written.
    #[error("the packets cannot be written: {0}")]
    Write(#[from] PcapError),
    /// The end of the file cannot be written.
    #[error("the packets cannot be written: {0}")]
    Flush(std::io::Error),
    /// A packet cannot be built.
    #[error("a packet cannot be built: {0}")]
    Packet(#[from] BuildWriteError),
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Packets.
    pub packets: u64,
    /// Connections.
    pub connections: u64,
    /// A capture ended inside a record; all that came before was written.
    pub truncated: bool,
}

/// A pcapng file that is being written.
pub struct Pcapng<W: Write> {
    file: PcapNgWriter<W>,
    /// Interfaces that have begun; packets are of the last one.
    interfaces: u32,
    /// The connections of that which are open.
    talks: HashMap<u32, Talk>,
    written: Written,
}

impl<W: Write> Pcapng<W> {
    /// Begins a file. `about` says what made it.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn new(to: W, about: &str) -> Result<Self, PcapngError> {
        let section = SectionHeaderBlock {
            options: vec![SectionHeaderOption::UserApplication(Cow::Owned(
                about.to_owned(),
            ))],
            ..SectionHeaderBlock::default()
        };
        Ok(Self {
            file: PcapNgWriter::with_section_header(to, section)?,
            interfaces: 0,
            talks: HashMap::new(),
            written: Written::default(),
        })
    }

    /// Adds what one tap saw, as an interface called `name`. `began` is when the
    /// tap was opened, since 1970-01-01 UTC.
    ///
    /// # Errors
    ///
    /// The capture cannot be read, or the file cannot be written.
    pub fn add(
        &mut self,
        capture: impl Read,
        name: &str,
        began: Duration,
    ) -> Result<(), PcapngError> {
        self.begin(name)?;
        let mut reader = Reader::new(capture)?;
        loop {
            match reader.next_record() {
                Ok(Some(record)) => self.record(&record, began)?,
                Ok(None) => break,
                Err(CaptureError::Truncated { .. }) => {
                    self.written.truncated = true;
                    break;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Ends the file.
    pub fn finish(self) -> (W, Written) {
        (self.file.into_inner(), self.written)
    }

    /// Writes out what the output buffers.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn flush(&mut self) -> Result<(), PcapngError> {
        self.file.get_mut().flush().map_err(PcapngError::Flush)
    }

    /// Begins the interface of a tap, whose records follow.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn begin(&mut self, name: &str) -> Result<(), PcapngError> {
        let block = InterfaceDescriptionBlock {
            linktype: DataLink::RAW,
            snaplen: 0,
            options: vec![
                InterfaceDescriptionOption::IfName(Cow::Borrowed(name)),
                InterfaceDescriptionOption::IfTsResol(NANOSECONDS),
            ],
        };
        self.file.write_pcapng_block(block)?;
        self.interfaces += 1;
        self.talks.clear();
        Ok(())
    }

    /// Adds what a tap saw next, to the interface that has begun. `began` is
    /// when the tap was opened, since 1970-01-01 UTC.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn record(&mut self, record: &Record<'_>, began: Duration) -> Result<(), PcapngError> {
        let interface = self.interfaces.saturating_sub(1);
        let server_port = SERVER_PORT.saturating_add(u16::try_from(interface).unwrap_or(0));
        let connections = &mut self.written.connections;
        let talk = self.talks.entry(record.connection).or_insert_with(|| {
            *connections += 1;
            Talk::new(record.connection, server_port)
        });
        let packets = talk.packets(&record.event)?;
        if record.event == Event::Closed {
            self.talks.remove(&record.connection);
        }
        for packet in packets {
            self.file.write_pcapng_block(EnhancedPacketBlock {
                interface_id: interface,
                timestamp: began + Duration::from_nanos(record.at_ns),
                original_len: u32::try_from(packet.len()).unwrap_or(u32::MAX),
                data: Cow::Owned(packet),
                options: Vec::new(),
            })?;
            self.written.packets += 1;
        }
        Ok(())
    }
}

/// One connection: its ports, and the next sequence number of each side.
struct Talk {
    client_port: u16,
    server_port: u16,
    client_next: u32,
    server_next: u32,
}

/// What a segment says beside its bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flag {
    Syn,
    Ack,
    Push,
    Fin,
    Rst,
}

type Packet = Result<Vec<u8>, BuildWriteError>;

impl Talk {
    fn new(connection: u32, server_port: u16) -> Self {
        let nth = connection.saturating_sub(1) % CLIENT_PORTS;
        Self {
            client_port: CLIENT_PORT + u16::try_from(nth).expect("less than the ports there are"),
            server_port,
            client_next: 0,
            server_next: 0,
        }
    }

    fn packets(&mut self, event: &Event<'_>) -> Result<Vec<Vec<u8>>, BuildWriteError> {
        use Direction::{ClientToServer, ServerToClient};
        let packets: Vec<Packet> = match *event {
            Event::Opened => vec![
                self.segment(ClientToServer, Flag::Syn, &[]),
                self.segment(ServerToClient, Flag::Syn, &[]),
                self.segment(ClientToServer, Flag::Ack, &[]),
            ],
            Event::Bytes(direction, bytes) => bytes
                .chunks(SEGMENT)
                .map(|part| self.segment(direction, Flag::Push, part))
                .collect(),
            Event::HalfClosed(direction) => vec![
                self.segment(direction, Flag::Fin, &[]),
                self.segment(direction.reverse(), Flag::Ack, &[]),
            ],
            Event::Reset(direction) => vec![self.segment(direction, Flag::Rst, &[])],
            Event::LeftOut(direction, bytes) => {
                // Sequence numbers are counted modulo 2^32 (RFC 9293, section 3.4).
                *self.next(direction) = self.next(direction).wrapping_add(bytes as u32);
                Vec::new()
            }
            Event::Closed => Vec::new(),
        };
        packets.into_iter().collect()
    }

    /// A segment from the sender of this direction, which acknowledges all that
    /// the other side has sent.
    fn segment(&mut self, direction: Direction, flag: Flag, bytes: &[u8]) -> Packet {
        let sequence = *self.next(direction);
        let acknowledged = *self.next(direction.reverse());
        let (from, to) = match direction {
            Direction::ClientToServer => (self.client_port, self.server_port),
            Direction::ServerToClient => (self.server_port, self.client_port),
        };
        let tcp =
            PacketBuilder::ipv4(LOOPBACK, LOOPBACK, TIME_TO_LIVE).tcp(from, to, sequence, WINDOW);
        let is_first = flag == Flag::Syn && direction == Direction::ClientToServer;
        let tcp = if is_first { tcp } else { tcp.ack(acknowledged) };
        let tcp = with(tcp, flag);
        let mut packet = Vec::with_capacity(tcp.size(bytes.len()));
        tcp.write(&mut packet, bytes)?;
        // SYN and FIN take a number as a byte does (RFC 9293, section 3.4).
        let counted = matches!(flag, Flag::Syn | Flag::Fin);
        let length = bytes.len() as u32 + u32::from(counted);
        *self.next(direction) = sequence.wrapping_add(length);
        Ok(packet)
    }

    fn next(&mut self, direction: Direction) -> &mut u32 {
        match direction {
            Direction::ClientToServer => &mut self.client_next,
            Direction::ServerToClient => &mut self.server_next,
        }
    }
}

fn with(tcp: PacketBuilderStep<TcpHeader>, flag: Flag) -> PacketBuilderStep<TcpHeader> {
    match flag {
        Flag::Syn => tcp.syn(),
        Flag::Ack => tcp,
        Flag::Push => tcp.psh(),
        Flag::Fin => tcp.fin(),
        Flag::Rst => tcp.rst(),
    }
}

#[cfg(test)]
mod tests {
    use etherparse::{NetSlice, SlicedPacket, TransportSlice};
    use pcap_file::pcapng::{Block, PcapNgReader};
    use wirecheck_core::wire::capture::Writer;

    use super::*;

    const CLIENT: Direction = Direction::ClientToServer;
    const SERVER: Direction = Direction::ServerToClient;
    const BEGAN: Duration = Duration::from_secs(1_795_000_000);

    fn capture(events: &[(u32, u64, Event<'_>)]) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new()).expect("begun");
        for (connection, at_ns, event) in events {
            let record = Record {
                connection: *connection,
                at_ns: *at_ns,
                event: *event,
            };
            writer.write(&record).expect("written");
        }
        writer.finish().expect("ended")
    }

    fn pcapng(captures: &[&[u8]]) -> (Vec<u8>, Written) {
        let mut file = Pcapng::new(Vec::new(), "wirecheck test").expect("begun");
        for capture in captures {
            file.add(*capture, "listener", BEGAN).expect("added");
        }
        file.finish()
    }

    /// A TCP packet as another library reads it.
    #[derive(Debug, PartialEq, Eq)]
    struct Read {
        at: Duration,
        from: u16,
        to: u16,
        sequence: u32,
        flags: String,
        bytes: Vec<u8>,
    }

    fn packets(file: &[u8]) -> Vec<Read> {
        let mut reader = PcapNgReader::new(file).expect("a pcapng");
        let mut packets = Vec::new();
        while let Some(block) = reader.next_block() {
            if let Block::EnhancedPacket(packet) = block.expect("a block") {
                packets.push(read(packet.timestamp, &packet.data));
            }
        }
        packets
    }

    fn read(at: Duration, packet: &[u8]) -> Read {
        let sliced = SlicedPacket::from_ip(packet).expect("an IP packet");
        let Some(NetSlice::Ipv4(ip)) = &sliced.net else {
            panic!("not IPv4")
        };
        assert!(ip.header().to_header().calc_header_checksum() == ip.header().header_checksum());
        let Some(TransportSlice::Tcp(tcp)) = sliced.transport else {
            panic!("not TCP")
        };
        let flags = [
            (tcp.syn(), "S"),
            (tcp.fin(), "F"),
            (tcp.rst(), "R"),
            (tcp.psh(), "P"),
            (tcp.ack(), "A"),
        ];
        Read {
            at,
            from: tcp.source_port(),
            to: tcp.destination_port(),
            sequence: tcp.sequence_number(),
            flags: flags
                .iter()
                .filter(|(set, _)| *set)
                .map(|(_, name)| *name)
                .collect(),
            bytes: tcp.payload().to_vec(),
        }
    }

    #[test]
    fn a_connection_is_a_handshake_its_bytes_and_its_ends() {
        let capture = capture(&[
            (1, 0, Event::Opened),
            (1, 5, Event::Bytes(CLIENT, b"PRI")),
            (1, 6, Event::Bytes(SERVER, b"ab")),
            (1, 7, Event::HalfClosed(CLIENT)),
            (1, 8, Event::Reset(SERVER)),
            (1, 9, Event::Closed),
        ]);
        let (file, written) = pcapng(&[&capture]);
        let told: Vec<String> = packets(&file)
            .iter()
            .map(|packet| {
                let Read {
                    from,
                    to,
                    sequence,
                    flags,
                    bytes,
                    ..
                } = packet;
                format!("{from} > {to} {flags} {sequence} {}", bytes.len())
            })
            .collect();
        assert_eq!(
            told,
            [
                "49152 > 50051 S 0 0",
                "50051 > 49152 SA 0 0",
                "49152 > 50051 A 1 0",
                "49152 > 50051 PA 1 3",
                "50051 > 49152 PA 1 2",
                "49152 > 50051 FA 4 0",
                "50051 > 49152 A 3 0",
                "50051 > 49152 RA 3 0",
            ]
        );
        assert_eq!((written.packets, written.connections), (8, 1));
        assert_eq!(packets(&file)[3].at, BEGAN + Duration::from_nanos(5));
    }

    #[test]
    fn every_byte_is_there_once_and_in_order() {
        let bytes: Vec<u8> = (0..3 * SEGMENT + 7).map(|n| (n % 251) as u8).collect();
        let capture = capture(&[
            (1, 0, Event::Opened),
            (2, 0, Event::Opened),
            (1, 1, Event::Bytes(SERVER, &bytes[..SEGMENT + 1])),
            (2, 1, Event::Bytes(SERVER, b"another connection")),
            (1, 2, Event::Bytes(SERVER, &bytes[SEGMENT + 1..])),
        ]);
        let (file, _) = pcapng(&[&capture]);
        let mut got = Vec::new();
        for packet in packets(&file) {
            if packet.to == CLIENT_PORT && !packet.bytes.is_empty() {
                assert_eq!(packet.sequence as usize, 1 + got.len());
                got.extend(packet.bytes);
            }
        }
        assert!(got == bytes);
    }

    #[test]
    fn what_was_left_out_is_a_gap_in_the_numbers() {
        let capture = capture(&[
            (1, 0, Event::Opened),
            (1, 1, Event::Bytes(CLIENT, b"abc")),
            (1, 2, Event::LeftOut(CLIENT, 1_000)),
            (1, 3, Event::HalfClosed(CLIENT)),
        ]);
        let (file, _) = pcapng(&[&capture]);
        let packets = packets(&file);
        assert_eq!(packets[packets.len() - 2].sequence, 1 + 3 + 1_000);
    }

    #[test]
    fn each_capture_is_an_interface_with_a_port_of_its_own() {
        let capture = capture(&[(1, 0, Event::Opened)]);
        let (file, written) = pcapng(&[&capture, &capture]);
        assert_eq!(written.connections, 2);
        let to: Vec<u16> = packets(&file).iter().map(|packet| packet.to).collect();
        assert_eq!(to, [50_051, 49_152, 50_051, 50_052, 49_152, 50_052]);
    }

    #[test]
    fn a_capture_that_ends_inside_a_record_is_written_up_to_there() {
        let capture = capture(&[(1, 0, Event::Opened), (1, 1, Event::Bytes(CLIENT, b"abc"))]);
        let (file, written) = pcapng(&[&capture[..capture.len() - 1]]);
        assert!(written.truncated);
        assert_eq!(packets(&file).len(), 3);
    }
}
