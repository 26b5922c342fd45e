//! Calls: the two lanes of a call, and tonic's call between them.

use std::future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::uri::PathAndQuery;
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status, Streaming};

use super::channel::Channel;
use super::report::{Ending, Record};
use crate::codec::{BytesCodec, MessageType, Types};
use crate::contract::{
    Api, Call, Report, Role, Shape, Step, reached::Where, report::Outcome, step::Kind,
};
use crate::events::Events;
use crate::features::{self, Refusal};
use crate::latches::Latches;
use crate::steps::{self, Actor, Lane, Progress, run_lane};
use crate::{metadata, payload};

/// Makes a call and reports what came of it. It ends early, and says so, when
/// `abort` is triggered.
pub async fn call(
    order: Call,
    channel: Channel,
    releases: Arc<Latches>,
    events: Events,
    abort: oneshot::Receiver<()>,
) -> Report {
    let call = order.call;
    let progress = Progress::new(events, Where::Call(call), releases);
    let outcome = match Plan::new(order, channel) {
        // tonic panics on some input. A peer says so and lives on.
        Ok(plan) => AssertUnwindSafe(plan.carry_out(&progress, abort))
            .catch_unwind()
            .await
            .unwrap_or_else(|panic| panicked(panic.as_ref())),
        Err(refusal) => refusal.into_outcome(),
    };
    Report {
        call,
        outcome: Some(outcome),
    }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Outcome {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no text");
    Refusal::CouldNotTry(format!("the call panicked: {text}")).into_outcome()
}

/// A call that was found possible.
struct Plan {
    channel: Channel,
    path: PathAndQuery,
    shape: Shape,
    api: Api,
    request_type: MessageType,
    codec: BytesCodec,
    metadata: MetadataMap,
    timeout: Option<Duration>,
    send: Vec<Step>,
    receive: Vec<Step>,
    whole: bool,
}

impl Plan {
    fn new(order: Call, channel: Channel) -> Result<Self, Refusal> {
        features::check(Role::Client, &order.requires)?;
        if !order.bearer_token.is_empty() {
            // An interceptor would be metadata like any other, see the crate's text.
            return Err(Refusal::Unsupported("call-credentials".to_owned()));
        }
        let types = Types::new(&order.descriptor_set)?;
        let plan = Self {
            channel,
            path: PathAndQuery::try_from(&order.method).map_err(|error| {
                Refusal::CouldNotTry(format!("{:?} is no path: {error}", order.method))
            })?,
            shape: order.shape(),
            api: order.api(),
            request_type: types.find(&order.request_type)?,
            codec: BytesCodec {
                incoming: types.find(&order.response_type)?,
            },
            metadata: metadata::to_map(&order.metadata)?,
            timeout: order.timeout_ns.map(Duration::from_nanos),
            send: order.send,
            receive: order.receive,
            whole: order.whole,
        };
        plan.check(&order.requires)?;
        Ok(plan)
    }

    fn check(&self, requires: &[String]) -> Result<(), Refusal> {
        if self.shape == Shape::Unspecified {
            return Err(Refusal::CouldNotTry("a call of no shape".to_owned()));
        }
        steps::check(Role::Client, &self.send, &self.receive)?;
        if self.has_one_request() && self.message_count() != 1 {
            let why = format!(
                "{} messages in a call with one request",
                self.message_count()
            );
            return Err(Refusal::CouldNotTry(why));
        }
        let awaits_headers = |step: &Step| matches!(step.kind, Some(Kind::AwaitHeaders(_)));
        if self.is_merged() && self.receive.iter().any(awaits_headers) {
            return Err(Refusal::Unsupported("await-headers".to_owned()));
        }
        if self.is_merged() && requires.iter().any(|name| name == "leading-metadata") {
            return Err(Refusal::Unsupported("leading-metadata".to_owned()));
        }
        Ok(())
    }

    /// The interface takes the one request by itself.
    fn has_one_request(&self) -> bool {
        self.api == Api::Idiomatic && matches!(self.shape, Shape::Unary | Shape::ServerStreaming)
    }

    /// The interface returns the one response by itself, with all metadata in one map.
    fn is_merged(&self) -> bool {
        self.api == Api::Idiomatic && matches!(self.shape, Shape::Unary | Shape::ClientStreaming)
    }

    fn message_count(&self) -> usize {
        let is_message = |step: &&Step| matches!(step.kind, Some(Kind::Message(_) | Kind::Raw(_)));
        self.send.iter().filter(is_message).count()
    }

    fn half_closes_by_step(&self) -> bool {
        let is_half_close = |step: &Step| matches!(step.kind, Some(Kind::HalfClose(_)));
        self.send.iter().any(is_half_close)
    }

    async fn carry_out(&self, progress: &Progress, abort: oneshot::Receiver<()>) -> Outcome {
        let record = Mutex::new(Record::new(self.whole, self.is_merged()));
        let ending = self.run(progress, &record, abort).await;
        let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
        record.tell(ending, progress)
    }

    /// Runs both lanes and the call itself until the first of them ends the call;
    /// the others are dropped then, which cancels what is still under way.
    async fn run(
        &self,
        progress: &Progress,
        record: &Mutex<Record>,
        abort: oneshot::Receiver<()>,
    ) -> Ending {
        let (requests, requests_out) = mpsc::channel(1);
        let (opened_in, opened) = oneshot::channel();
        let mut sender = Sender {
            plan: self,
            messages_left: self.message_count(),
            requests: Some(requests),
        };
        let mut receiver = Receiver {
            record,
            response: Incoming::Opening(opened),
        };
        tokio::select! {
            ending = self.receive(progress, &mut receiver) => ending,
            ending = self.open(requests_out, opened_in) => ending,
            ending = self.send(progress, &mut sender) => ending,
            _ = abort => Ending::Aborted,
        }
    }

    /// The send lane. It ends the call only by a step that does.
    async fn send(&self, progress: &Progress, sender: &mut Sender<'_>) -> Ending {
        match run_lane(progress, Lane::Send, &self.send, sender).await {
            Err(ending) => ending,
            Ok(()) => {
                // A lane without messages half-closes where it ends.
                sender.requests = None;
                future::pending().await
            }
        }
    }

    /// The receive lane, then everything that still comes: the status stands at the end.
    async fn receive(&self, progress: &Progress, receiver: &mut Receiver<'_>) -> Ending {
        let lane = run_lane(progress, Lane::Receive, &self.receive, receiver).await;
        match lane {
            Err(ending) => ending,
            Ok(()) => receiver.finish().await,
        }
    }

    /// Makes the call and hands its response to the receive lane. It ends the
    /// call only if there is no response.
    async fn open(
        &self,
        requests: mpsc::Receiver<Bytes>,
        opened: oneshot::Sender<Opened>,
    ) -> Ending {
        match self.make_call(requests).await {
            Err(status) => Ending::Status(status),
            Ok(response) => {
                let _ = opened.send(response);
                future::pending().await
            }
        }
    }

    async fn make_call(&self, mut requests: mpsc::Receiver<Bytes>) -> Result<Opened, Status> {
        let mut grpc = self.channel.grpc();
        // In the words of the generated code.
        let ready = grpc.ready().await;
        ready.map_err(|error| Status::unknown(format!("Service was not ready: {error}")))?;

        let (path, codec) = (self.path.clone(), self.codec.clone());
        match (self.api, self.shape) {
            (Api::Idiomatic, Shape::Unary) => {
                let request = self.request(one(&mut requests).await);
                Ok(Opened::Whole(grpc.unary(request, path, codec).await?))
            }
            (Api::Idiomatic, Shape::ClientStreaming) => {
                let request = self.request(ReceiverStream::new(requests));
                Ok(Opened::Whole(
                    grpc.client_streaming(request, path, codec).await?,
                ))
            }
            (Api::Idiomatic, Shape::ServerStreaming) => {
                let request = self.request(one(&mut requests).await);
                Ok(Opened::Stream(
                    grpc.server_streaming(request, path, codec).await?,
                ))
            }
            _ => {
                let request = self.request(ReceiverStream::new(requests));
                Ok(Opened::Stream(grpc.streaming(request, path, codec).await?))
            }
        }
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        *request.metadata_mut() = self.metadata.clone();
        if let Some(timeout) = self.timeout {
            request.set_timeout(timeout);
        }
        request
    }
}

/// The one request of a call; without one there is no call, and another lane ends it.
async fn one(requests: &mut mpsc::Receiver<Bytes>) -> Bytes {
    match requests.recv().await {
        Some(request) => request,
        None => future::pending().await,
    }
}

/// A response, as far as tonic returns it at once.
enum Opened {
    Whole(Response<Bytes>),
    Stream(Response<Streaming<Bytes>>),
}

/// Who carries out the send lane.
struct Sender<'a> {
    plan: &'a Plan,
    messages_left: usize,
    /// Dropped to half-close.
    requests: Option<mpsc::Sender<Bytes>>,
}

impl Actor for Sender<'_> {
    type Ending = Ending;

    async fn act(&mut self, kind: &Kind) -> Result<(), Ending> {
        match kind {
            Kind::Message(content) => {
                let message = self.plan.request_type.recode(payload::assemble(content));
                self.send(message.map_err(|error| {
                    let why = format!("prost cannot decode the message to send: {error}");
                    Ending::Refused(Refusal::CouldNotTry(why))
                })?)
                .await;
            }
            Kind::Raw(content) => self.send(payload::assemble(content)).await,
            Kind::HalfClose(_) => self.requests = None,
            Kind::Cancel(_) => return Err(Ending::Cancelled),
            _ => {}
        }
        Ok(())
    }
}

impl Sender<'_> {
    async fn send(&mut self, message: Bytes) {
        if let Some(requests) = &self.requests
            && requests.send(message).await.is_err()
        {
            // tonic takes no more: the call is over, and the other lane says how.
            future::pending::<()>().await;
        }
        self.messages_left -= 1;
        if self.messages_left == 0 && !self.plan.half_closes_by_step() {
            self.requests = None;
        }
    }
}

/// Who carries out the receive lane.
struct Receiver<'a> {
    record: &'a Mutex<Record>,
    response: Incoming,
}

/// Where the response stands.
enum Incoming {
    Opening(oneshot::Receiver<Opened>),
    Message(Bytes),
    Stream(Streaming<Bytes>),
    /// All is received. What came behind the last message.
    Ended(MetadataMap),
}

impl Actor for Receiver<'_> {
    type Ending = Ending;

    async fn act(&mut self, kind: &Kind) -> Result<(), Ending> {
        match kind {
            Kind::AwaitHeaders(_) => self.await_response().await,
            Kind::Receive(receive) => {
                let mut received = 0;
                while (receive.count == 0 || received < receive.count) && self.next().await? {
                    received += 1;
                }
            }
            Kind::Cancel(_) => return Err(Ending::Cancelled),
            _ => {}
        }
        Ok(())
    }
}

impl Receiver<'_> {
    /// Receives what is left, and then the status.
    async fn finish(&mut self) -> Ending {
        loop {
            match self.next().await {
                Ok(true) => {}
                Err(ending) => return ending,
                Ok(false) => break,
            }
        }
        let trailers = match &mut self.response {
            Incoming::Ended(trailers) => std::mem::take(trailers),
            _ => MetadataMap::new(),
        };
        Ending::Status(Status::with_metadata(Code::Ok, "", trailers))
    }

    /// Receives one message; false when there are no more.
    async fn next(&mut self) -> Result<bool, Ending> {
        self.await_response().await;
        let (message, ended) = match &mut self.response {
            Incoming::Opening(_) | Incoming::Ended(_) => (None, None),
            Incoming::Message(message) => (Some(std::mem::take(message)), Some(MetadataMap::new())),
            Incoming::Stream(stream) => next_of(stream).await.map_err(Ending::Status)?,
        };
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(message) = &message {
            record.inbox.add(message);
        }
        if let Some(trailers) = ended {
            record.status_known();
            self.response = Incoming::Ended(trailers);
        }
        Ok(message.is_some())
    }

    async fn await_response(&mut self) {
        let Incoming::Opening(opened) = &mut self.response else {
            return;
        };
        let Ok(opened) = opened.await else {
            // There is none, and who made the call says why.
            return future::pending().await;
        };
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        self.response = match opened {
            Opened::Whole(response) => {
                record.opened(response.metadata());
                record.status_known();
                Incoming::Message(response.into_inner())
            }
            Opened::Stream(response) => {
                record.opened(response.metadata());
                Incoming::Stream(response.into_inner())
            }
        };
    }
}

/// The next message of a stream, or the trailers behind the last one.
async fn next_of(
    stream: &mut Streaming<Bytes>,
) -> Result<(Option<Bytes>, Option<MetadataMap>), Status> {
    match stream.message().await? {
        Some(message) => Ok((Some(message), None)),
        None => Ok((None, Some(stream.trailers().await?.unwrap_or_default()))),
    }
}
