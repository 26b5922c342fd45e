//! What passes, on its way to a pcapng file on a disk that may be slow.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use wirecheck_core::wire::capture::{Direction, Event, Record, append, records};

use super::queue::{Sender, queue};
use crate::export::pcapng::{Pcapng, PcapngError, Written};

/// Bytes that may wait for the disk.
const WAITING: usize = 16 << 20;
/// Bytes of notes about connections that are kept while the disk takes
/// nothing; beyond, connections are missing from the file.
const MAX_OWED: usize = 1 << 20;

/// Writes packets as they come, on a thread of its own.
pub struct Packets {
    queue: Option<Sender<Vec<u8>>>,
    owed: Owed,
    missed: u64,
    ended: Receiver<Result<Written, PcapngError>>,
}

/// What the file will be told once there is room again.
#[derive(Default)]
struct Owed {
    opened: Vec<u8>,
    /// Bytes that were left out, by connection and direction, and the time of
    /// the last of them.
    left_out: BTreeMap<(u32, Direction), (u64, u64)>,
    /// How connections ended meanwhile.
    ended: Vec<u8>,
}

/// What became of a file.
pub struct Outcome {
    /// What was written, or why that failed; `None` if it was not done in time.
    pub written: Option<Result<Written, PcapngError>>,
    /// Bytes that passed and are not in the file.
    pub missed: u64,
}

impl Packets {
    /// Begins a file. `about` says what made it, `name` what the tap is
    /// between; `began` is when the tap was opened, since 1970-01-01 UTC.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn new(
        to: impl Write + Send + 'static,
        about: &str,
        name: &str,
        began: Duration,
    ) -> Result<Self, PcapngError> {
        let mut file = Pcapng::new(BufWriter::new(to), about)?;
        file.begin(name)?;
        // Whoever waits for a beginning, such as Wireshark at a pipe, has it.
        file.flush()?;
        let (sender, receiver) = queue::<Vec<u8>>(WAITING);
        let (end, ended) = channel();
        std::thread::spawn(move || {
            let write = || -> Result<Written, PcapngError> {
                while let Some(batch) = receiver.recv() {
                    for record in records(&batch) {
                        file.record(&record, began)?;
                    }
                    if receiver.is_empty() {
                        file.flush()?;
                    }
                }
                file.flush()?;
                Ok(file.finish().1)
            };
            let written = write();
            let _ = end.send(written);
        });
        Ok(Self {
            queue: Some(sender),
            owed: Owed::default(),
            missed: 0,
            ended,
        })
    }

    /// Writes records, if the disk has kept up so far.
    pub fn offer(&mut self, batch: &[u8]) {
        let queue = self.queue.as_ref().filter(|queue| queue.has_room());
        let Some(queue) = queue else {
            self.missed += self.owed.add(batch);
            return;
        };
        let mut all = std::mem::take(&mut self.owed).into_records();
        all.extend_from_slice(batch);
        let length = all.len();
        if let Err(all) = queue.send(all, length) {
            self.missed += self.owed.add(&all);
        }
    }

    /// Waits until the file is whole, but not longer than `patience`.
    pub fn finish(mut self, patience: Duration) -> Outcome {
        self.offer(&[]);
        self.queue = None;
        Outcome {
            written: self.ended.recv_timeout(patience).ok(),
            missed: self.missed,
        }
    }
}

impl Owed {
    /// Notes what is left out; how many bytes that are.
    fn add(&mut self, batch: &[u8]) -> u64 {
        let mut missed = 0;
        for record in records(batch) {
            let notes = match record.event {
                Event::Bytes(direction, bytes) => {
                    missed += bytes.len() as u64;
                    self.leave_out(&record, direction, bytes.len() as u64);
                    continue;
                }
                Event::LeftOut(direction, count) => {
                    self.leave_out(&record, direction, count);
                    continue;
                }
                Event::Opened => &mut self.opened,
                _ => &mut self.ended,
            };
            if notes.len() < MAX_OWED {
                append(&record, notes);
            }
        }
        missed
    }

    fn leave_out(&mut self, record: &Record<'_>, direction: Direction, count: u64) {
        let key = (record.connection, direction);
        // As many as notes would take room for.
        if self.left_out.len() < MAX_OWED / 64 || self.left_out.contains_key(&key) {
            let (all, at_ns) = self.left_out.entry(key).or_default();
            (*all, *at_ns) = (*all + count, record.at_ns);
        }
    }

    fn into_records(self) -> Vec<u8> {
        let mut all = self.opened;
        for ((connection, direction), (count, at_ns)) in self.left_out {
            let event = Event::LeftOut(direction, count);
            let record = Record {
                connection,
                at_ns,
                event,
            };
            append(&record, &mut all);
        }
        all.extend(self.ended);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: Direction = Direction::ClientToServer;

    fn batch(events: &[(u32, Event<'_>)]) -> Vec<u8> {
        let mut batch = Vec::new();
        for (connection, event) in events {
            let record = Record {
                connection: *connection,
                at_ns: 7,
                event: *event,
            };
            append(&record, &mut batch);
        }
        batch
    }

    /// A disk that takes one write for each permit, and all once nobody gives
    /// permits any more.
    struct Slow(Receiver<()>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_slow_disk_is_not_waited_for() {
        let (permit, permits) = channel();
        permit.send(()).expect("the beginning of the file");
        let slow = Slow(permits);
        let mut packets = Packets::new(slow, "test", "test", Duration::ZERO).expect("begun");
        let bytes = vec![7; 1 << 20];
        for _ in 0..40 {
            packets.offer(&batch(&[(1, Event::Bytes(CLIENT, &bytes))]));
        }
        assert!(packets.missed >= 20 << 20, "{} bytes", packets.missed);
        drop(permit);
        let outcome = packets.finish(Duration::from_secs(60));
        let written = outcome.written.expect("in time").expect("written");
        assert_eq!(written.connections, 1);
        assert!(written.packets > 0 && written.packets < 40 * 18);
    }

    #[test]
    fn what_the_disk_did_not_take_becomes_gaps() {
        let mut owed = Owed::default();
        let missed = owed.add(&batch(&[
            (1, Event::Bytes(CLIENT, b"abc")),
            (2, Event::Opened),
            (1, Event::Bytes(CLIENT, b"de")),
            (2, Event::Bytes(CLIENT, b"f")),
            (2, Event::HalfClosed(CLIENT)),
            (2, Event::Closed),
        ]));
        assert_eq!(missed, 6);
        let expected = batch(&[
            (2, Event::Opened),
            (1, Event::LeftOut(CLIENT, 5)),
            (2, Event::LeftOut(CLIENT, 1)),
            (2, Event::HalfClosed(CLIENT)),
            (2, Event::Closed),
        ]);
        assert_eq!(owed.into_records(), expected);
    }
}
