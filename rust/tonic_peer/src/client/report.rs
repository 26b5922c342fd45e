//! What came of a call, told.

use std::time::Instant;

use tonic::{Code, Status};

use crate::contract::{Metadatum, Result as CallResult, report::Outcome};
use crate::features::Refusal;
use crate::metadata;
use crate::seen::Inbox;
use crate::steps::{Lane, Progress};

/// What ended a call.
pub enum Ending {
    /// tonic said so; after an OK the status holds the trailers.
    Status(Status),
    /// A `cancel` step.
    Cancelled,
    /// The harness's `Abort`.
    Aborted,
    /// The peer could not go on.
    Refused(Refusal),
}

/// What is known of a call while it runs. It is kept outside the call's future,
/// which is dropped to cancel the call.
pub struct Record {
    pub inbox: Inbox,
    leading: Vec<Metadatum>,
    /// tonic's interface for this call tells leading and trailing metadata not apart.
    merged: bool,
    started: Instant,
    known: Option<Instant>,
}

impl Record {
    pub fn new(whole: bool, merged: bool) -> Self {
        Self {
            inbox: Inbox::new(whole),
            leading: Vec::new(),
            merged,
            started: Instant::now(),
            known: None,
        }
    }

    /// The response has come, with this metadata.
    pub fn opened(&mut self, leading: &tonic::metadata::MetadataMap) {
        self.leading = metadata::from_map(leading);
    }

    /// The status is known from here on, even if a lane has more to do.
    pub fn status_known(&mut self) {
        self.known.get_or_insert_with(Instant::now);
    }

    /// The outcome of the call.
    pub fn tell(&mut self, ending: Ending, progress: &Progress) -> Outcome {
        self.status_known();
        let aborted = matches!(ending, Ending::Aborted);
        let status = match ending {
            Ending::Status(status) => status,
            // tonic has no status for a future that was dropped.
            Ending::Cancelled | Ending::Aborted => {
                Status::cancelled("the call was dropped by its caller")
            }
            Ending::Refused(refusal) => return refusal.into_outcome(),
        };
        self.inbox.add_refused(&status);
        Outcome::Result(self.result(&status, aborted, progress))
    }

    fn result(&mut self, status: &Status, aborted: bool, progress: &Progress) -> CallResult {
        let mut leading = std::mem::take(&mut self.leading);
        let mut trailing = metadata::from_map(status.metadata());
        if self.merged && status.code() != Code::Ok {
            // The status of a merged call holds what both parts of the response held.
            leading = std::mem::take(&mut trailing);
        }
        let (messages, message_count) = self.inbox.take();
        let known = self.known.unwrap_or(self.started);
        CallResult {
            status: i32::from(status.code()).unsigned_abs(),
            message: status.message().to_owned(),
            details: bytes::Bytes::copy_from_slice(status.details()),
            leading,
            trailing,
            merged: self.merged,
            messages,
            message_count,
            stood_at_send: progress.stood_at(Lane::Send),
            stood_at_receive: progress.stood_at(Lane::Receive),
            aborted,
            duration_ns: u64::try_from((known - self.started).as_nanos()).unwrap_or(u64::MAX),
        }
    }
}
