//! A file of Wirecheck's own captures. The input is the file behind its first
//! eight bytes, so that no time is lost on them.

use wirecheck_core::wire::capture::{Event, MAGIC, Reader, Writer};
use wirecheck_core::wire::decode::decode_capture;
use wirecheck_core::wire::exchange::Limits;

pub fn run(data: &[u8]) {
    let file = [&MAGIC[..], data].concat();
    let mut reader = Reader::new(&file[..]).expect("it begins as a capture");
    let mut writer = Writer::new(Vec::new()).expect("memory takes it");
    let mut has_empty = false;
    let end = loop {
        match reader.next_record() {
            Ok(Some(record)) => {
                has_empty |= matches!(record.event, Event::Bytes(_, []));
                writer.write(&record).expect("memory takes it");
            }
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    let written = writer.finish().expect("memory takes it");
    // No bytes are no record, when they are written.
    if !has_empty {
        assert!(
            file.starts_with(&written),
            "records are written otherwise than they stood"
        );
        assert_eq!(end.is_none(), written.len() == file.len());
    }
    // What is cut is decoded as far as it goes; what is wrong is refused.
    let limits = Limits {
        memory: 1 << 20,
        ..Limits::default()
    };
    if let Ok(exchange) = decode_capture(&file[..], limits) {
        assert!(exchange.connections.len() <= limits.connections);
    }
}
