//! A file of packets, as another tool wrote it, up to the rules. The input is
//! the file. Whoever includes this has the program's `import` at its root.

use std::collections::BTreeMap;

use wirecheck_core::judge::rules::Lint;
use wirecheck_core::wire::capture::Event;
use wirecheck_core::wire::decode::LiveDecoder;
use wirecheck_core::wire::tcp::Assembled;

use crate::import::Packets;

pub fn run(data: &[u8]) {
    let Ok(packets) = Packets::new(data) else {
        return;
    };
    let mut decoder = LiveDecoder::new(LiveDecoder::live_limits());
    let mut lint = Lint::default();
    // The newest time of each connection, until it has closed.
    let mut begun: BTreeMap<u32, Option<u64>> = BTreeMap::new();
    let mut passed = 0;
    let left = packets.read(&mut |assembled| match assembled {
        Assembled::Begun(connection) => {
            let before = begun.insert(connection.connection, Some(0));
            assert!(before.is_none(), "{connection:?} begins twice");
            if !connection.from_start {
                decoder.join(connection.connection);
                lint.lose(connection.connection);
            }
        }
        Assembled::Record(record) => {
            let newest = begun.get_mut(&record.connection);
            let newest = newest.expect("a connection begins before its records");
            let before = newest.expect("nothing comes after the end");
            assert!(record.at_ns >= before, "time goes on");
            *newest = (record.event != Event::Closed).then_some(record.at_ns);
            if let Event::Bytes(_, bytes) = record.event {
                passed += bytes.len();
            }
            decoder.feed(record, &mut |seen| drop(lint.hear(&seen)));
        }
        Assembled::NotFollowed => {}
    });
    assert!(passed <= data.len(), "more came out than the file has");
    if let Err(error) = left {
        assert!(!error.to_string().is_empty());
    }
    decoder.finish(&mut |seen| drop(lint.hear(&seen)));
}
