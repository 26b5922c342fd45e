//! Metadata that the official service gives back: around tonic's generated
//! code, which has no place for metadata behind the OK of a unary call.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::BodyExt as _;
use tonic::codegen::Service;
use tonic::server::NamedService;

use super::versions::{Body, boxed};

/// Comes back in the leading metadata.
const LEADING: HeaderName = HeaderName::from_static("x-grpc-test-echo-initial");
/// Comes back in the trailing metadata.
const TRAILING: HeaderName = HeaderName::from_static("x-grpc-test-echo-trailing-bin");
/// Where it stands among the headers, there are no trailers behind them.
const STATUS: &str = "grpc-status";

/// A service that gives some metadata of each request back.
#[derive(Clone)]
pub struct Echo<S>(pub S);

impl<S: NamedService> NamedService for Echo<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<Body>> for Echo<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let leading = values(request.headers(), &LEADING);
        let trailing = values(request.headers(), &TRAILING);
        let answer = self.0.call(request);
        Box::pin(async move {
            let mut response = answer.await?;
            append(response.headers_mut(), &LEADING, &leading);
            if response.headers().contains_key(STATUS) {
                append(response.headers_mut(), &TRAILING, &trailing);
                return Ok(response);
            }
            Ok(response.map(|body| with_trailers(body, trailing)))
        })
    }
}

fn with_trailers(body: Body, trailing: Vec<HeaderValue>) -> Body {
    if trailing.is_empty() {
        return body;
    }
    boxed(body.map_frame(move |mut frame| {
        if let Some(trailers) = frame.trailers_mut() {
            append(trailers, &TRAILING, &trailing);
        }
        frame
    }))
}

fn values(headers: &HeaderMap, name: &HeaderName) -> Vec<HeaderValue> {
    headers.get_all(name).iter().cloned().collect()
}

fn append(headers: &mut HeaderMap, name: &HeaderName, values: &[HeaderValue]) {
    for value in values {
        headers.append(name.clone(), value.clone());
    }
}
