//! Handlers as the harness hears of them: `Began` when one is entered and
//! `Handled` when it has ended, however it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use bytes::Bytes;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use crate::contract::{Began, CallEnd, Handled, HandlerId, RequestEnd, from_peer::Event};
use crate::events::Events;
use crate::metadata;
use crate::seen::Inbox;

/// Where the handlers of one listener are counted.
pub struct Desk {
    pub listener: u64,
    pub events: Events,
    entered: AtomicU64,
}

impl Desk {
    pub fn new(listener: u64, events: Events) -> Self {
        Self {
            listener,
            events,
            entered: AtomicU64::new(0),
        }
    }

    /// Counts a handler in and tells that it began.
    pub fn enter(self: &Arc<Self>, method: &str, metadata: &MetadataMap, whole: bool) -> Handler {
        let number = self.entered.fetch_add(1, Ordering::Relaxed) + 1;
        self.events.send(Event::Began(Began {
            listener: self.listener,
            number,
            method: method.to_owned(),
            metadata: metadata::from_map(metadata),
        }));
        Handler {
            desk: Arc::clone(self),
            method: method.to_owned(),
            number,
            entered: Instant::now(),
            inbox: Inbox::new(whole),
            request_end: RequestEnd::Unread,
            call_end: CallEnd::Dropped,
            detail: String::new(),
        }
    }
}

/// One running handler. To drop it is to tell that the handler has ended; tonic
/// drops the futures of handlers without a word, so that is the default end.
pub struct Handler {
    desk: Arc<Desk>,
    method: String,
    number: u64,
    entered: Instant,
    inbox: Inbox,
    request_end: RequestEnd,
    call_end: CallEnd,
    detail: String,
}

impl Handler {
    pub fn id(&self) -> HandlerId {
        HandlerId {
            listener: self.desk.listener,
            number: self.number,
        }
    }

    /// It had its one request when it was entered.
    pub fn received_one(&mut self, request: &Bytes) {
        self.received(request);
        self.half_closed();
    }

    pub fn received(&mut self, request: &Bytes) {
        self.inbox.add(request);
    }

    /// The stream of requests has ended in order.
    pub fn half_closed(&mut self) {
        self.request_end = RequestEnd::HalfClosed;
    }

    /// The stream of requests has ended with what tonic says in this status.
    pub fn failed(&mut self, status: &Status) {
        self.inbox.add_refused(status);
        self.request_end = match status.code() {
            Code::Cancelled => RequestEnd::Cancelled,
            _ => RequestEnd::Error,
        };
        self.detail = status.message().to_owned();
    }

    /// It has ended by itself.
    pub fn end(mut self, end: CallEnd) {
        self.call_end = end;
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        if thread::panicking() {
            self.call_end = CallEnd::Panicked;
        }
        let (messages, message_count) = self.inbox.take();
        let duration = self.entered.elapsed().as_nanos();
        self.desk.events.send(Event::Handled(Handled {
            listener: self.desk.listener,
            number: self.number,
            method: std::mem::take(&mut self.method),
            messages,
            message_count,
            request_end: self.request_end.into(),
            call_end: self.call_end.into(),
            detail: std::mem::take(&mut self.detail),
            duration_ns: u64::try_from(duration).unwrap_or(u64::MAX),
        }));
    }
}
