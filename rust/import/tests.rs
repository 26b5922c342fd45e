use std::time::Duration;

use pcap_file::DataLink;
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use pcap_file::pcapng::{Block, PcapNgReader};
use proptest::prelude::*;
use wirecheck_core::wire::capture::{Direction, Writer};

use super::*;
use crate::export::pcapng::Pcapng;

const CLIENT: Direction = Direction::ClientToServer;
const SERVER: Direction = Direction::ServerToClient;

/// A file in a folder of its own.
fn read(bytes: &[u8]) -> Result<(Vec<String>, Left), ImportError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    std::fs::write(&path, bytes).expect("written");
    let mut told = Vec::new();
    let left = Source::open(&path)?.read(&mut |assembled| told.push(word(&assembled)))?;
    Ok((told, left))
}

fn word(assembled: &Assembled<'_>) -> String {
    match assembled {
        Assembled::Begun(begun) => format!("{} -> {}", begun.client, begun.server),
        Assembled::NotFollowed => "not followed".to_owned(),
        Assembled::Record(record) => format!("{} {:?}", record.connection, record.event),
    }
}

/// A capture of Wirecheck's own with two turns.
fn own_capture() -> Vec<u8> {
    use wirecheck_core::wire::capture::{Event, Record};
    let mut writer = Writer::new(Vec::new()).expect("begun");
    let events = [
        Event::Opened,
        Event::Bytes(CLIENT, b"question"),
        Event::Bytes(SERVER, b"answer"),
        Event::HalfClosed(CLIENT),
        Event::HalfClosed(SERVER),
        Event::Closed,
    ];
    for (at_ns, event) in events.into_iter().enumerate() {
        let record = Record {
            connection: 1,
            at_ns: at_ns as u64,
            event,
        };
        writer.write(&record).expect("written");
    }
    writer.finish().expect("ended")
}

fn pcapng() -> Vec<u8> {
    let mut file = Pcapng::new(Vec::new(), "test").expect("begun");
    file.add(&own_capture()[..], "listener", Duration::from_secs(1))
        .expect("added");
    file.finish().0
}

/// The packets of the pcapng, from their IP header on.
fn packets() -> Vec<Vec<u8>> {
    let file = pcapng();
    let mut reader = PcapNgReader::new(&file[..]).expect("a pcapng");
    let mut packets = Vec::new();
    while let Some(block) = reader.next_block() {
        if let Block::EnhancedPacket(packet) = block.expect("a block") {
            packets.push(packet.data.into_owned());
        }
    }
    packets
}

/// The packets behind another first header, as an older pcap. `kept` are the
/// bytes of each that are kept.
fn pcap(link: DataLink, before: &[u8], kept: usize) -> Vec<u8> {
    let header = PcapHeader {
        datalink: link,
        ..PcapHeader::default()
    };
    let mut writer = PcapWriter::with_header(Vec::new(), header).expect("begun");
    for (at, packet) in packets().into_iter().enumerate() {
        let packet = [before, &packet].concat();
        let length = packet.len() as u32;
        let kept = &packet[..packet.len().min(kept)];
        let at = Duration::from_micros(at as u64);
        let packet = PcapPacket::new(at, length, kept);
        writer.write_packet(&packet).expect("written");
    }
    writer.into_writer()
}

const TOLD: [&str; 7] = [
    "127.0.0.1:49152 -> 127.0.0.1:50051",
    "1 Opened",
    "1 Bytes(ClientToServer, [113, 117, 101, 115, 116, 105, 111, 110])",
    "1 Bytes(ServerToClient, [97, 110, 115, 119, 101, 114])",
    "1 HalfClosed(ClientToServer)",
    "1 HalfClosed(ServerToClient)",
    "1 Closed",
];

#[test]
fn what_was_written_as_packets_is_read_as_it_was() {
    assert_eq!(read(&own_capture()).expect("a capture").0, TOLD[1..]);
    let (told, left) = read(&pcapng()).expect("a pcapng");
    assert_eq!(told, TOLD);
    assert_eq!(left, Left::default());
}

#[test]
fn packets_are_found_behind_every_first_header() {
    let ethernet = [&[2; 12][..], &[0x08, 0x00]].concat();
    let tagged = [&[2; 12][..], &[0x81, 0x00, 0, 7, 0x08, 0x00]].concat();
    let cooked = [&[0; 14][..], &[0x08, 0x00]].concat();
    let cooked_2 = [&[0x08, 0x00][..], &[0; 18]].concat();
    let links: [(DataLink, &[u8]); 7] = [
        (DataLink::NULL, &[2, 0, 0, 0]),
        (DataLink::LOOP, &[0, 0, 0, 2]),
        (DataLink::ETHERNET, &ethernet),
        (DataLink::ETHERNET, &tagged),
        (DataLink::RAW, &[]),
        (DataLink::LINUX_SLL, &cooked),
        (DataLink::from(276), &cooked_2),
    ];
    for (link, before) in links {
        let (told, left) = read(&pcap(link, before, usize::MAX)).expect("a pcap");
        assert_eq!(told, TOLD, "{link:?}");
        assert_eq!(left.unread, Unread::default());
    }
}

#[test]
fn what_cannot_be_read_is_counted() {
    let (told, left) = read(&pcap(DataLink::USB_LINUX, &[], usize::MAX)).expect("a pcap");
    assert!(told.is_empty(), "{told:?}");
    assert_eq!(left.unread.link, Some(189));
    assert_eq!(left.unread.unknown_link, packets().len() as u64);
    let (_, left) = read(&pcap(DataLink::RAW, &[], 30)).expect("a pcap");
    assert_eq!(left.unread.cut, packets().len() as u64);
}

#[test]
fn packets_of_which_less_was_kept_are_gaps() {
    let (told, _) = read(&pcap(DataLink::RAW, &[], 43)).expect("a pcap");
    assert_eq!(told[2], "1 Bytes(ClientToServer, [113, 117, 101])");
    assert_eq!(told[3], "1 LeftOut(ClientToServer, 5)");
    assert_eq!(told[4], "1 Bytes(ServerToClient, [97, 110, 115])");
    assert_eq!(told.last().expect("an end"), "1 Closed");
}

#[test]
fn other_files_are_named_for_what_they_are() {
    let why = |bytes: &[u8]| read(bytes).expect_err("no capture").to_string();
    assert_eq!(why(b""), "the file is empty");
    assert!(why(b"\x1f\x8b\x08").ends_with("it is compressed with gzip"));
    assert!(why(b"version: 1\n").starts_with("it is no capture"));
    let call = b"{\"schema_version\":1,\"type\":\"call\",\"number\":1}";
    assert!(why(call).starts_with("it tells of calls"));
    assert!(why(b"WIRECAP\x07").contains("version 7"));
    assert!(why(b"\x0a\x0d\x0d\x0a").starts_with("it is damaged"));
    let folder = tempfile::tempdir().expect("a folder");
    let error = Source::open(folder.path()).err().expect("no file");
    assert!(matches!(error, ImportError::Folder));
}

#[test]
fn a_file_that_is_cut_off_is_read_up_to_there() {
    for whole in [
        own_capture(),
        pcapng(),
        pcap(DataLink::RAW, &[], usize::MAX),
    ] {
        let (told, left) = read(&whole[..whole.len() - 3]).expect("most of it");
        assert!(left.truncated_after.is_some_and(|whole| whole > 3));
        assert!(told.len() >= 5, "{told:?}");
    }
}

proptest! {
    #[test]
    fn no_change_of_a_file_breaks_it(
        which in 0..3usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        end in any::<prop::sample::Index>(),
    ) {
        let mut bytes = match which {
            0 => own_capture(),
            1 => pcapng(),
            _ => pcap(DataLink::RAW, &[], usize::MAX),
        };
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(end.index(bytes.len()) + 1);
        let length = bytes.len();
        if let Ok((told, _)) = read(&bytes) {
            prop_assert!(told.len() <= 10 * length, "{}", told.len());
        }
    }
}
