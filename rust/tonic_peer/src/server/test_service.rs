//! `grpc.testing.TestService`, the service of the official interop cases, on
//! tonic's generated code.
//!
//! It answers as the official description says. The stub is generated without
//! `UnimplementedCall`, so that tonic's own router answers that. Nothing here
//! can see whether a request was compressed: tonic does not say. Wishes for
//! compressed responses are heeded where there is one response. tonic has no such
//! switch for streams: on a listener that compresses, it compresses all of them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{BoxStream, StreamExt as _, try_unfold};
use prost::Message;
use tonic::{Code, Request, Response, Status, Streaming};

use super::handler::{Desk, Handler};
use crate::contract::CallEnd;
use crate::contract::testing::{
    BoolValue, EchoStatus, Empty, Payload, ResponseParameters, SimpleRequest, SimpleResponse,
    StreamingInputCallRequest, StreamingInputCallResponse, StreamingOutputCallRequest,
    StreamingOutputCallResponse, test_service_server,
};

/// The service's full name.
pub const NAME: &str = "grpc.testing.TestService";
/// Its methods, without the one that it leaves to the router.
const METHODS: [&str; 7] = [
    "EmptyCall",
    "UnaryCall",
    "CacheableUnaryCall",
    "StreamingOutputCall",
    "StreamingInputCall",
    "FullDuplexCall",
    "HalfDuplexCall",
];

/// The most bytes of a body that is asked for: a request must not have the peer
/// run out of memory.
const LARGEST_BODY: i32 = 64 * 1024 * 1024;
/// How long a proxy may keep the answer to a `CacheableUnaryCall`.
const CACHE_CONTROL: &str = "max-age=60";

/// Whether the service has a method with this path.
pub fn serves(path: &str) -> bool {
    let of_service = path
        .strip_prefix('/')
        .and_then(|path| path.strip_prefix(NAME));
    let method = of_service.and_then(|path| path.strip_prefix('/'));
    method.is_some_and(|method| METHODS.contains(&method))
}

/// The handlers of one listener.
pub struct TestService(pub Arc<Desk>);

impl TestService {
    fn enter<T>(&self, method: &str, request: &Request<T>) -> Handler {
        let path = format!("/{NAME}/{method}");
        self.0.enter(&path, request.metadata(), false)
    }

    /// A call with one request and one response.
    fn unary<Q: Message, R>(
        &self,
        method: &str,
        request: Request<Q>,
        answer: impl FnOnce(Q) -> Result<R, Status>,
    ) -> Result<Response<R>, Status> {
        let mut handler = self.enter(method, &request);
        handler.received_one(&encoded(request.get_ref()));
        let answer = answer(request.into_inner());
        handler.end(CallEnd::Returned);
        answer.map(Response::new)
    }
}

type Responses = BoxStream<'static, Result<StreamingOutputCallResponse, Status>>;

#[tonic::async_trait]
impl test_service_server::TestService for TestService {
    type StreamingOutputCallStream = Responses;
    type FullDuplexCallStream = Responses;
    type HalfDuplexCallStream = Responses;

    async fn empty_call(&self, request: Request<Empty>) -> Result<Response<Empty>, Status> {
        let response = self.unary("EmptyCall", request, |_| Ok(Empty {}))?;
        Ok(compressed_if(false, response))
    }

    async fn unary_call(
        &self,
        request: Request<SimpleRequest>,
    ) -> Result<Response<SimpleResponse>, Status> {
        let wish = wishes(request.get_ref().response_compressed.as_ref());
        let response = self.unary("UnaryCall", request, simple)?;
        Ok(compressed_if(wish, response))
    }

    async fn cacheable_unary_call(
        &self,
        request: Request<SimpleRequest>,
    ) -> Result<Response<SimpleResponse>, Status> {
        let wish = wishes(request.get_ref().response_compressed.as_ref());
        let response = self.unary("CacheableUnaryCall", request, simple)?;
        let mut response = compressed_if(wish, response);
        let value = CACHE_CONTROL.parse().expect("ASCII");
        response.metadata_mut().insert("cache-control", value);
        Ok(response)
    }

    async fn streaming_output_call(
        &self,
        request: Request<StreamingOutputCallRequest>,
    ) -> Result<Response<Responses>, Status> {
        let mut handler = self.enter("StreamingOutputCall", &request);
        handler.received_one(&encoded(request.get_ref()));
        let request = request.into_inner();
        if let Some(status) = wanted_status(request.response_status.as_ref()) {
            handler.end(CallEnd::Returned);
            return Err(status);
        }
        let answering = Answering {
            requests: None,
            wanted: request.response_parameters.into(),
            handler,
        };
        Ok(Response::new(answering.responses()))
    }

    async fn streaming_input_call(
        &self,
        request: Request<Streaming<StreamingInputCallRequest>>,
    ) -> Result<Response<StreamingInputCallResponse>, Status> {
        let mut handler = self.enter("StreamingInputCall", &request);
        let mut requests = request.into_inner();
        let mut size = 0usize;
        while let Some(request) = received(&mut requests, &mut handler).await? {
            size += request.payload.map_or(0, |payload| payload.body.len());
        }
        handler.end(CallEnd::Returned);
        let response = Response::new(StreamingInputCallResponse {
            aggregated_payload_size: i32::try_from(size).unwrap_or(i32::MAX),
        });
        Ok(compressed_if(false, response))
    }

    /// Each request is answered when it comes.
    async fn full_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<Responses>, Status> {
        let answering = Answering {
            handler: self.enter("FullDuplexCall", &request),
            requests: Some(request.into_inner()),
            wanted: VecDeque::new(),
        };
        Ok(Response::new(answering.responses()))
    }

    /// All requests are answered when the last has come.
    async fn half_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<Responses>, Status> {
        let mut handler = self.enter("HalfDuplexCall", &request);
        let mut requests = request.into_inner();
        let mut wanted = VecDeque::new();
        while let Some(request) = received(&mut requests, &mut handler).await? {
            wanted.extend(request.response_parameters);
        }
        let answering = Answering {
            requests: None,
            wanted,
            handler,
        };
        Ok(Response::new(answering.responses()))
    }
}

/// Whether a response is to be compressed: only if the request says so.
fn wishes(compressed: Option<&BoolValue>) -> bool {
    compressed.is_some_and(|compressed| compressed.value)
}

/// The response as it is, or not to be compressed whatever the listener does.
fn compressed_if<T>(wish: bool, mut response: Response<T>) -> Response<T> {
    if !wish {
        response.disable_compression();
    }
    response
}

/// A handler that gives responses, and what it still has to give.
struct Answering {
    /// From where more may be asked for.
    requests: Option<Streaming<StreamingOutputCallRequest>>,
    wanted: VecDeque<ResponseParameters>,
    handler: Handler,
}

impl Answering {
    fn responses(self) -> Responses {
        try_unfold(self, Self::next).boxed()
    }

    /// The next response; none when all were given and no request comes any more.
    async fn next(mut self) -> Result<Option<(StreamingOutputCallResponse, Self)>, Status> {
        loop {
            if let Some(parameters) = self.wanted.pop_front() {
                let response = response(&parameters).await?;
                return Ok(Some((response, self)));
            }
            let Some(requests) = &mut self.requests else {
                self.handler.end(CallEnd::Returned);
                return Ok(None);
            };
            match received(requests, &mut self.handler).await? {
                Some(request) => {
                    if let Some(status) = wanted_status(request.response_status.as_ref()) {
                        self.handler.end(CallEnd::Returned);
                        return Err(status);
                    }
                    self.wanted.extend(request.response_parameters);
                }
                None => self.requests = None,
            }
        }
    }
}

/// The next request, noted in the handler's record.
async fn received<T: Message + Default>(
    requests: &mut Streaming<T>,
    handler: &mut Handler,
) -> Result<Option<T>, Status> {
    match requests.message().await {
        Ok(Some(request)) => {
            handler.received(&encoded(&request));
            Ok(Some(request))
        }
        Ok(None) => {
            handler.half_closed();
            Ok(None)
        }
        Err(status) => {
            handler.failed(&status);
            Err(status)
        }
    }
}

fn simple(request: SimpleRequest) -> Result<SimpleResponse, Status> {
    if let Some(status) = wanted_status(request.response_status.as_ref()) {
        return Err(status);
    }
    Ok(SimpleResponse {
        payload: Some(payload(request.response_size)?),
        ..SimpleResponse::default()
    })
}

async fn response(parameters: &ResponseParameters) -> Result<StreamingOutputCallResponse, Status> {
    let interval = u64::try_from(parameters.interval_us).unwrap_or(0);
    if interval > 0 {
        tokio::time::sleep(Duration::from_micros(interval)).await;
    }
    Ok(StreamingOutputCallResponse {
        payload: Some(payload(parameters.size)?),
        ..StreamingOutputCallResponse::default()
    })
}

/// So many zeros.
fn payload(size: i32) -> Result<Payload, Status> {
    if !(0..=LARGEST_BODY).contains(&size) {
        let text = format!("a body of {size} bytes cannot be had");
        return Err(Status::invalid_argument(text));
    }
    Ok(Payload {
        body: vec![0; size.unsigned_abs() as usize],
        ..Payload::default()
    })
}

/// The status that a request asks for, unless that is OK.
fn wanted_status(echo: Option<&EchoStatus>) -> Option<Status> {
    let echo = echo.filter(|echo| echo.code != 0)?;
    Some(Status::new(Code::from(echo.code), echo.message.clone()))
}

fn encoded(message: &impl Message) -> bytes::Bytes {
    message.encode_to_vec().into()
}
