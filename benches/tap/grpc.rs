//! A gRPC service on tonic whose messages are plain bytes, so that no codec
//! is measured.

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, BufMut, Bytes};
use http::uri::PathAndQuery;
use tokio::net::TcpListener;
use tokio_stream::StreamExt;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::Service;
use tonic::server::{ClientStreamingService, NamedService, UnaryService};
use tonic::transport::{Channel, Endpoint, Server, server::TcpIncoming};
use tonic::{Request, Response, Status, Streaming};

use crate::Failure;
use crate::child::{say, told_to_end};

const ECHO: &str = "/wirecheck.bench.Bytes/Echo";
const COUNT: &str = "/wirecheck.bench.Bytes/Count";

/// The length of the messages of a stream, in bytes.
const CHUNK: usize = 64 * 1024;

/// Serves until the parent has it end.
pub async fn serve() -> Result<String, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say(&listener.local_addr()?.to_string())?;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    tokio::select! {
        served = Server::builder().add_service(BytesService).serve_with_incoming(incoming) => served?,
        told = told_to_end() => told?,
    }
    Ok(String::new())
}

/// A client with one connection, which its clones share.
#[derive(Clone)]
pub struct Client(tonic::client::Grpc<Channel>);

impl Client {
    pub async fn connect(address: &str) -> Result<Self, Failure> {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
        let channel = endpoint.tcp_nodelay(true).connect().await?;
        Ok(Self(tonic::client::Grpc::new(channel)))
    }

    /// One unary call with a message of this many bytes, both ways.
    pub async fn echo(&mut self, length: usize) -> Result<(), Failure> {
        self.0.ready().await?;
        let message = Bytes::from(vec![7; length]);
        let path = PathAndQuery::from_static(ECHO);
        let response = self.0.unary(Request::new(message), path, Raw).await?;
        let answer: Bytes = response.into_inner();
        if answer.len() != length {
            return Err("the echo has another length".into());
        }
        Ok(())
    }

    /// One client-streaming call with this many bytes in all.
    pub async fn stream(&mut self, length: u64) -> Result<(), Failure> {
        self.0.ready().await?;
        let chunk = Bytes::from(vec![7; CHUNK]);
        let count = (length / CHUNK as u64) as usize;
        let chunks = tokio_stream::iter(std::iter::repeat_n(chunk, count));
        let path = PathAndQuery::from_static(COUNT);
        let response = self.0.client_streaming(Request::new(chunks), path, Raw);
        let counted: Bytes = response.await?.into_inner();
        if counted != length.to_be_bytes()[..] {
            return Err("the server counted other bytes".into());
        }
        Ok(())
    }
}

/// A codec that leaves bytes as they are.
#[derive(Debug, Clone, Copy)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

#[derive(Debug, Clone, Copy)]
struct BytesService;

type Pending<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

impl NamedService for BytesService {
    const NAME: &'static str = "wirecheck.bench.Bytes";
}

impl Service<http::Request<Body>> for BytesService {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pending<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let mut grpc = tonic::server::Grpc::new(Raw);
        Box::pin(async move {
            Ok(match request.uri().path() {
                ECHO => grpc.unary(Echo, request).await,
                COUNT => grpc.client_streaming(Count, request).await,
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}

struct Echo;

impl UnaryService<Bytes> for Echo {
    type Response = Bytes;
    type Future = Ready<Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        ready(Ok(Response::new(request.into_inner())))
    }
}

/// Answers the number of bytes that came, as eight bytes.
struct Count;

impl ClientStreamingService<Bytes> for Count {
    type Response = Bytes;
    type Future = Pending<Response<Bytes>, Status>;

    fn call(&mut self, request: Request<Streaming<Bytes>>) -> Self::Future {
        let mut messages = request.into_inner();
        Box::pin(async move {
            let mut count = 0_u64;
            while let Some(message) = messages.next().await {
                count += message?.len() as u64;
            }
            Ok(Response::new(Bytes::copy_from_slice(&count.to_be_bytes())))
        })
    }
}
