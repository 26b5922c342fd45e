//! Methods that follow a script: a catch-all before the library's router.
//!
//! All of them go through tonic's interface for streams of responses. Its unary
//! interface is that one with a stream of one message, and has no place for
//! headers ahead of the message or for metadata behind an OK.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{self, Future};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::codegen::Service;
use tonic::metadata::MetadataMap;
use tonic::server::{Grpc, ServerStreamingService, StreamingService};
use tonic::service::Routes;
use tonic::{Code, Request, Response, Status, Streaming};

use super::handler::{Desk, Handler};
use super::options::Limits;
use super::versions::Body;
use crate::codec::{BytesCodec, MessageType, Types};
use crate::coding::with_codings;
use crate::contract::{
    self, CallEnd, MethodScripts, Role, Script, Shape, reached::Where, step::Kind,
};
use crate::features::Refusal;
use crate::latches::Latches;
use crate::steps::{self, Actor, Lane, Progress, run_lane};
use crate::{metadata, payload};

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Answers the scripted paths, and leaves all others to the library's router.
#[derive(Clone)]
pub struct Scripted {
    methods: Arc<HashMap<String, Arc<Method>>>,
    routes: Routes,
    limits: Limits,
}

/// A scripted method of one listener.
pub struct Method {
    pub path: String,
    shape: Shape,
    request_type: MessageType,
    response_type: MessageType,
    scripts: Vec<Arc<Script>>,
    called: AtomicUsize,
    desk: Arc<Desk>,
    releases: Arc<Latches>,
}

impl Method {
    pub fn new(
        order: MethodScripts,
        types: &Types,
        desk: &Arc<Desk>,
        releases: &Arc<Latches>,
    ) -> Result<Self, Refusal> {
        let shape = order.shape();
        if shape == Shape::Unspecified || order.scripts.is_empty() {
            let why = format!("{:?} has no shape or no script", order.method);
            return Err(Refusal::CouldNotTry(why));
        }
        for script in &order.scripts {
            steps::check(Role::Server, &script.send, &script.receive)?;
        }
        Ok(Self {
            path: order.method,
            shape,
            request_type: types.find(&order.request_type)?,
            response_type: types.find(&order.response_type)?,
            scripts: order.scripts.into_iter().map(Arc::new).collect(),
            called: AtomicUsize::new(0),
            desk: Arc::clone(desk),
            releases: Arc::clone(releases),
        })
    }

    /// The script of the next call; the last one serves all that follow.
    fn next_script(&self) -> Arc<Script> {
        let call = self.called.fetch_add(1, Ordering::Relaxed);
        Arc::clone(&self.scripts[call.min(self.scripts.len() - 1)])
    }
}

impl Scripted {
    pub fn new(methods: Vec<Method>, routes: Routes, limits: Limits) -> Self {
        let methods = methods
            .into_iter()
            .map(|method| (method.path.clone(), Arc::new(method)));
        Self {
            methods: Arc::new(methods.collect()),
            routes,
            limits,
        }
    }
}

/// Not all versions of tonic say so by the type of the error.
const NEVER_FAILS: &str = "tonic's router answers whatever happens";

impl Service<http::Request<Body>> for Scripted {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        let ready = Service::<http::Request<Body>>::poll_ready(&mut self.routes, context);
        ready.map(|ready| {
            let () = ready.expect(NEVER_FAILS);
            Ok(())
        })
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let Some(method) = self.methods.get(request.uri().path()) else {
            let answer = self.routes.call(request);
            return Box::pin(async { Ok(answer.await.expect(NEVER_FAILS)) });
        };
        let entry = Entry(Arc::clone(method));
        let codec = BytesCodec {
            incoming: method.request_type.clone(),
        };
        let grpc = Grpc::new(codec).apply_max_message_size_config(
            self.limits.max_receive_message_size,
            self.limits.max_send_message_size,
        );
        let mut grpc = with_codings!(grpc, self.limits.codings);
        Box::pin(async move {
            Ok(match entry.0.shape {
                Shape::ClientStreaming | Shape::Bidirectional => {
                    grpc.streaming(entry, request).await
                }
                _ => grpc.server_streaming(entry, request).await,
            })
        })
    }
}

/// Where tonic enters a scripted handler.
struct Entry(Arc<Method>);

type Replies = BoxStream<'static, Result<Bytes, Status>>;
type Responding = BoxFuture<Result<Response<Replies>, Status>>;

impl ServerStreamingService<Bytes> for Entry {
    type Response = Bytes;
    type ResponseStream = Replies;
    type Future = Responding;

    fn call(&mut self, request: Request<Bytes>) -> Responding {
        let (metadata, _, message) = request.into_parts();
        Box::pin(handle(
            Arc::clone(&self.0),
            metadata,
            Requests::One(message),
        ))
    }
}

impl StreamingService<Bytes> for Entry {
    type Response = Bytes;
    type ResponseStream = Replies;
    type Future = Responding;

    fn call(&mut self, request: Request<Streaming<Bytes>>) -> Responding {
        let (metadata, _, messages) = request.into_parts();
        Box::pin(handle(
            Arc::clone(&self.0),
            metadata,
            Requests::Stream(messages),
        ))
    }
}

enum Requests {
    /// The handler had its one request when it was entered.
    One(Bytes),
    Stream(Streaming<Bytes>),
}

/// What a script says to the handler, which says it to tonic.
enum Reply {
    Headers(MetadataMap),
    Message(Bytes),
    Status(Status),
    Panic(String),
}

/// The handler. Its script runs in a task, so that the receive lane goes on
/// where flow control holds the send lane; it ends when the handler is dropped.
async fn handle(
    method: Arc<Method>,
    metadata: MetadataMap,
    requests: Requests,
) -> Result<Response<Replies>, Status> {
    let script = method.next_script();
    let mut handler = method.desk.enter(&method.path, &metadata, script.whole);
    if let Requests::One(message) = &requests {
        handler.received_one(message);
    }
    // The smallest queue there is: a send is done when tonic asks for more.
    let (replies, replies_out) = mpsc::channel(1);
    tokio::spawn(run_script(method, script, handler, requests, replies));
    respond(replies_out).await
}

/// Returns when tonic has something to send: headers, a message, or the end.
async fn respond(mut replies: mpsc::Receiver<Reply>) -> Result<Response<Replies>, Status> {
    let mut metadata = MetadataMap::new();
    let mut first = None;
    match replies.recv().await {
        Some(Reply::Headers(headers)) => metadata = headers,
        // What ends before it has begun is an error without headers.
        Some(Reply::Status(status)) if status.code() != Code::Ok => return Err(status),
        Some(Reply::Panic(text)) => panic!("{text}"),
        reply => first = reply,
    }
    let replies = stream::iter(first).chain(ReceiverStream::new(replies));
    let mut response = Response::new(replies.map(into_item).boxed());
    *response.metadata_mut() = metadata;
    Ok(response)
}

fn into_item(reply: Reply) -> Result<Bytes, Status> {
    match reply {
        Reply::Message(message) => Ok(message),
        // tonic writes the trailers of any status, also of an OK.
        Reply::Status(status) => Err(status),
        Reply::Panic(text) => panic!("{text}"),
        Reply::Headers(_) => Err(Status::internal("headers behind headers")),
    }
}

async fn run_script(
    method: Arc<Method>,
    script: Arc<Script>,
    handler: Handler,
    requests: Requests,
    replies: mpsc::Sender<Reply>,
) {
    let place = Where::Handler(handler.id());
    let progress = Progress::new(method.desk.events.clone(), place, method.releases.clone());
    let handler = Mutex::new(handler);
    let mut sender = Sender {
        response_type: &method.response_type,
        replies: &replies,
    };
    let mut receiver = Receiver {
        handler: &handler,
        requests,
    };
    let ending = tokio::select! {
        biased;
        // tonic dropped the handler's future, and the script goes with it.
        () = replies.closed() => return,
        ending = run_lanes(&progress, &script, &mut sender, &mut receiver) => ending,
    };
    let handler = handler.into_inner().unwrap_or_else(PoisonError::into_inner);
    match ending {
        Ending::Status(status) => {
            handler.end(CallEnd::Returned);
            let _ = replies.send(Reply::Status(status)).await;
        }
        Ending::Panic(text) => {
            handler.end(CallEnd::Panicked);
            let _ = replies.send(Reply::Panic(text)).await;
        }
    }
}

async fn run_lanes(
    progress: &Progress,
    script: &Script,
    sender: &mut Sender<'_>,
    receiver: &mut Receiver<'_>,
) -> Ending {
    let lanes = tokio::try_join!(
        run_lane(progress, Lane::Send, &script.send, sender),
        run_lane(progress, Lane::Receive, &script.receive, receiver),
    );
    match lanes {
        Ok(_) => Ending::Status(Status::ok("")),
        Err(ending) => ending,
    }
}

/// What ends a script.
enum Ending {
    Status(Status),
    Panic(String),
}

impl Ending {
    /// The steps that end a script are the same in both lanes.
    fn of(kind: &Kind) -> Option<Self> {
        match kind {
            Kind::Status(status) => Some(Self::Status(to_status(status))),
            Kind::Panic(panic) => Some(Self::Panic(panic.message.clone())),
            _ => None,
        }
    }
}

fn to_status(status: &contract::Status) -> Status {
    Status::with_details_and_metadata(
        Code::from(status.code.cast_signed()),
        status.message.clone(),
        status.details.clone(),
        // Was checked when the listener was opened.
        metadata::to_map(&status.trailing).unwrap_or_default(),
    )
}

/// Who carries out the send lane.
struct Sender<'a> {
    response_type: &'a MessageType,
    replies: &'a mpsc::Sender<Reply>,
}

impl Actor for Sender<'_> {
    type Ending = Ending;

    async fn act(&mut self, kind: &Kind) -> Result<(), Ending> {
        let reply = match kind {
            Kind::Message(content) => Reply::Message(self.encode(content)?),
            Kind::Raw(content) => Reply::Message(payload::assemble(content)),
            Kind::Headers(headers) => {
                Reply::Headers(metadata::to_map(&headers.metadata).unwrap_or_default())
            }
            kind => return Ending::of(kind).map_or(Ok(()), Err),
        };
        if self.replies.send(reply).await.is_err() {
            // tonic dropped the handler's future, and the script is about to be.
            future::pending::<()>().await;
        }
        Ok(())
    }
}

impl Sender<'_> {
    fn encode(&self, content: &contract::Payload) -> Result<Bytes, Ending> {
        let message = self.response_type.recode(payload::assemble(content));
        message.map_err(|error| {
            let text = format!("prost cannot decode the message to send: {error}");
            Ending::Status(Status::internal(text))
        })
    }
}

/// Who carries out the receive lane.
struct Receiver<'a> {
    handler: &'a Mutex<Handler>,
    requests: Requests,
}

impl Actor for Receiver<'_> {
    type Ending = Ending;

    async fn act(&mut self, kind: &Kind) -> Result<(), Ending> {
        let Kind::Receive(receive) = kind else {
            return Ending::of(kind).map_or(Ok(()), Err);
        };
        let mut received = 0;
        while (receive.count == 0 || received < receive.count) && self.next().await? {
            received += 1;
        }
        Ok(())
    }
}

impl Receiver<'_> {
    /// Receives one message; false when there are no more. An error ends the
    /// handler, as a `?` does in the handlers that people write.
    async fn next(&mut self) -> Result<bool, Ending> {
        let Requests::Stream(stream) = &mut self.requests else {
            return Ok(false);
        };
        let message = stream.message().await;
        let mut handler = self.handler.lock().unwrap_or_else(PoisonError::into_inner);
        match message {
            Ok(Some(message)) => {
                handler.received(&message);
                Ok(true)
            }
            Ok(None) => {
                handler.half_closed();
                Ok(false)
            }
            Err(status) => {
                handler.failed(&status);
                Err(Ending::Status(status))
            }
        }
    }
}
