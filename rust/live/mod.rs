//! A tap that is read along: calls are told as they pass, and nothing that is
//! slow holds up the traffic.
//!
//! One thread decodes what the tap forwards. What it has to say goes through
//! queues that refuse what does not fit, to a thread for each of terminal,
//! pipe and disk; what was refused is counted.

mod listener;
mod notes;
mod packets;
mod printer;
mod queue;
mod stories;

use std::io::Write;
use std::thread::JoinHandle;
use std::time::Duration;

use wirecheck_core::plan::schema::Schema;
use wirecheck_core::wire::capture::records;
use wirecheck_core::wire::decode::LiveDecoder;
use wirecheck_core::wire::mask::Masker;
use wirecheck_core::wire::secret::Secrets;

use crate::export::suite::Suite;
use crate::report::style::Style;
use crate::tap::{Arrivals, Batch, Next};
use listener::Listener;

pub use listener::Told;
pub use packets::{Outcome, Packets};
pub use printer::{Count, Printer};

/// How long a call may go on before its messages are told without waiting for
/// its end.
const PATIENCE: Duration = Duration::from_millis(500);

/// What is made of what passes.
pub struct Outputs {
    /// Calls, findings and notes as text. With [`Outputs::json`], only findings
    /// and notes.
    pub text: Printer,
    /// Calls as JSON objects, one a line.
    pub json: Option<Printer>,
    /// All bytes as packets.
    pub packets: Option<Packets>,
    /// Calls as cases.
    pub suite: Option<Suite>,
}

/// How it is told.
pub struct Telling {
    /// Gives messages their types.
    pub schema: Option<Schema>,
    /// What is not shown.
    pub secrets: Secrets,
    /// Whether text has colour.
    pub style: Style,
    /// The upstream, as it was named.
    pub upstream: String,
}

/// Somewhere that takes bytes: a file or a stream.
pub type Destination = Box<dyn Write + Send>;

/// Reads along, on a thread of its own, until the tap is closed.
pub fn read_along(arrivals: Arrivals, telling: Telling, outputs: Outputs) -> JoinHandle<Told> {
    std::thread::spawn(move || Reader::new(telling, outputs).read(arrivals))
}

struct Reader {
    decoder: LiveDecoder,
    listener: Listener,
    /// Masks secrets in what becomes packets.
    masker: Option<Masker>,
    masked: Vec<u8>,
    now_ns: u64,
    /// When calls that go on were last looked at.
    looked_ns: u64,
}

impl Reader {
    fn new(telling: Telling, outputs: Outputs) -> Self {
        let mut decoder = LiveDecoder::new(LiveDecoder::live_limits());
        let masker = outputs.packets.is_some().then(Masker::default);
        if masker.is_some() {
            decoder.mask(telling.secrets.clone());
        }
        Self {
            decoder,
            listener: Listener::new(telling, outputs),
            masker,
            masked: Vec::new(),
            now_ns: 0,
            looked_ns: 0,
        }
    }

    fn read(mut self, mut arrivals: Arrivals) -> Told {
        let mut batch = Batch::default();
        loop {
            match arrivals.next(&mut batch, PATIENCE) {
                Next::Batch => self.batch(&batch),
                Next::Nothing => self.now_ns += PATIENCE.as_nanos() as u64,
                Next::End => break,
            }
            self.tell_waiting();
            self.listener.flush();
        }
        let listener = &mut self.listener;
        self.decoder.finish(&mut |seen| listener.hear(&seen));
        let unmasked = self.masker.map(|masker| masker.finish(&mut self.masked));
        self.listener.packets(&self.masked);
        self.listener.finish(unmasked.unwrap_or_default())
    }

    /// Tells the messages of calls that go on, now and then.
    fn tell_waiting(&mut self) {
        let patience = PATIENCE.as_nanos() as u64;
        if self.now_ns - self.looked_ns >= patience / 2 {
            self.looked_ns = self.now_ns;
            let before = self.now_ns.saturating_sub(patience);
            let listener = &mut self.listener;
            self.decoder
                .tell_waiting(before, &mut |seen| listener.hear(&seen));
        }
    }

    fn batch(&mut self, batch: &Batch) {
        self.listener.refused(&batch.refused);
        for record in records(&batch.records) {
            self.now_ns = self.now_ns.max(record.at_ns);
            self.listener.record(&record);
            let listener = &mut self.listener;
            self.decoder.feed(record, &mut |seen| listener.hear(&seen));
            if let Some(masker) = &mut self.masker {
                masker.pass(&record, &mut self.decoder, &mut self.masked);
            }
        }
        self.listener.packets(&self.masked);
        self.masked.clear();
    }
}
