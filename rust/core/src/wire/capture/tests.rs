use super::*;

const CLIENT: Direction = Direction::ClientToServer;
const SERVER: Direction = Direction::ServerToClient;

fn write(records: &[Record<'_>]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new()).unwrap();
    for record in records {
        writer.write(record).unwrap();
    }
    writer.finish().unwrap()
}

fn read(file: &[u8]) -> (Vec<String>, Option<CaptureError>) {
    let mut reader = match Reader::new(file) {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), Some(error)),
    };
    let mut records = Vec::new();
    loop {
        match reader.next_record() {
            Ok(Some(record)) => records.push(format!("{record:?}")),
            Ok(None) => return (records, None),
            Err(error) => {
                assert!(
                    matches!(reader.next_record(), Ok(None)),
                    "an error ends the reader"
                );
                return (records, Some(error));
            }
        }
    }
}

fn one_of_each() -> Vec<Record<'static>> {
    let events = [
        Event::Opened,
        Event::Bytes(CLIENT, b"PRI"),
        Event::Bytes(SERVER, b""),
        Event::HalfClosed(CLIENT),
        Event::HalfClosed(SERVER),
        Event::Reset(CLIENT),
        Event::Reset(SERVER),
        Event::Closed,
        Event::LeftOut(CLIENT, u64::MAX),
        Event::LeftOut(SERVER, 1),
    ];
    let at = |(i, event)| Record {
        connection: 7,
        at_ns: 1_u64 << (i * 6),
        event,
    };
    events.into_iter().enumerate().map(at).collect()
}

#[test]
fn every_event_comes_back() {
    let mut records = one_of_each();
    // No bytes, no record: nothing was seen.
    let file = write(&records);
    records.remove(2);
    let expected: Vec<String> = records.iter().map(|record| format!("{record:?}")).collect();
    let (got, error) = read(&file);
    assert_eq!(got, expected);
    assert!(error.is_none());
}

#[test]
fn the_layout_is_as_documented() {
    let record = Record {
        connection: 2,
        at_ns: 0x0102,
        event: Event::Bytes(SERVER, b"ab"),
    };
    let file = write(&[record]);
    let header = [2, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 2, 2, 0, 0, 0];
    assert_eq!(file, [&MAGIC[..], &header, b"ab"].concat());
}

#[test]
fn long_reads_become_records_within_the_limit() {
    let bytes = vec![7; MAX_RECORD + 1];
    let file = write(&[Record {
        connection: 1,
        at_ns: 5,
        event: Event::Bytes(CLIENT, &bytes),
    }]);
    let mut reader = Reader::new(&file[..]).unwrap();
    let mut lengths = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        let Event::Bytes(CLIENT, part) = record.event else {
            panic!("{record:?}")
        };
        assert_eq!(record.at_ns, 5);
        lengths.push(part.len());
    }
    assert_eq!(lengths, [MAX_RECORD, 1]);
}

#[test]
fn a_truncated_file_gives_what_is_whole_and_says_where_it_ends() {
    let file = write(&one_of_each());
    let (all, _) = read(&file);
    // Records: 17 bytes each, 3 more for `PRI`, 8 more for each count.
    let mut starts = vec![8];
    for length in [17, 20, 17, 17, 17, 17, 17, 25, 25] {
        starts.push(starts.last().unwrap() + length);
    }
    for cut in 8..file.len() {
        let whole = starts.iter().filter(|start| **start <= cut).count() - 1;
        let (records, error) = read(&file[..cut]);
        assert_eq!(records, all[..whole], "cut at {cut}");
        match error {
            None => assert_eq!(starts[whole], cut),
            Some(CaptureError::Truncated { offset }) => {
                assert_eq!(offset, starts[whole] as u64)
            }
            Some(error) => panic!("{error}"),
        }
    }
}

#[test]
fn what_is_not_a_capture_is_refused() {
    let refused = |file: &[u8]| read(file).1.expect("refused").to_string();
    assert_eq!(
        refused(b""),
        "not a capture: it does not begin with `WIRECAP`"
    );
    assert_eq!(
        refused(b"PK\x03\x04PK\x03\x04"),
        "not a capture: it does not begin with `WIRECAP`"
    );
    assert_eq!(
        refused(b"WIRECAP\x02"),
        "capture version 2 is not known, only 1 is"
    );

    let mut long = write(&one_of_each()[1..2]);
    long[8 + 13..8 + 17].copy_from_slice(&0x0010_0001_u32.to_le_bytes());
    assert_eq!(
        refused(&long),
        "record at offset 8 declares 1048577 bytes, at most 1048576 are allowed"
    );

    let mut unknown = write(&one_of_each()[..1]);
    unknown[8 + 12] = 10;
    assert_eq!(
        refused(&unknown),
        "record at offset 8 has the unknown event 10"
    );
    unknown[8 + 12] = 9;
    assert_eq!(
        refused(&unknown),
        "record at offset 8 with event 9 cannot hold 0 bytes"
    );
}

#[test]
fn a_failing_input_is_an_error_with_its_offset() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("no"))
        }
    }
    let file = write(&one_of_each()[..1]);
    let mut reader = Reader::new(file.as_slice().chain(Failing)).unwrap();
    assert!(reader.next_record().unwrap().is_some());
    assert!(matches!(
        reader.next_record(),
        Err(CaptureError::Io { offset: 25, .. })
    ));
}

#[test]
fn records_in_memory_are_those_of_a_capture() {
    let records = [
        (Event::Opened, 0),
        (Event::Bytes(Direction::ClientToServer, b"abc"), 1),
        (Event::LeftOut(Direction::ServerToClient, 7), 2),
        (Event::Closed, 3),
    ]
    .map(|(event, at_ns)| Record {
        connection: 9,
        at_ns,
        event,
    });
    let mut bytes = Vec::new();
    records.iter().for_each(|record| append(record, &mut bytes));
    assert!(super::records(&bytes).eq(records));
    let cut = &bytes[..bytes.len() - 1];
    assert!(super::records(cut).eq(records[..3].iter().copied()));
}
