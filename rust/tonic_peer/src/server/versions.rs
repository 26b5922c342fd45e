//! Where the versions of tonic differ that this peer can be built with: what
//! stands here is the same in all of them. `build.rs` reads from the lock file
//! which one it is.

use std::time::Duration;

use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use crate::features::Refusal;

#[cfg(tonic_before_0_13)]
pub use before_0_13::ServeAll;
#[cfg(tonic_before_0_13)]
pub use tonic::body::{BoxBody as Body, boxed};
#[cfg(not(tonic_before_0_13))]
pub use {since_0_13::boxed, tonic::body::Body};

/// Connections, as tonic has them where it binds by itself.
pub fn incoming(listener: TcpListener) -> TcpIncoming {
    #[cfg(not(tonic_before_0_13))]
    return TcpIncoming::from(listener).with_nodelay(Some(true));
    #[cfg(tonic_before_0_13)]
    TcpIncoming::from_listener(listener, true, None).expect("it fails nowhere")
}

/// Ends calls on a connection that is too old by force, after this time.
#[cfg(not(tonic_before_0_14_5))]
pub fn age_grace(server: Server, grace: Duration) -> Result<Server, Refusal> {
    Ok(server.max_connection_age_grace(grace))
}

/// Older versions let them end by themselves.
#[cfg(tonic_before_0_14_5)]
pub fn age_grace(_server: Server, _grace: Duration) -> Result<Server, Refusal> {
    let feature = "option:max_connection_age_grace_ms".to_owned();
    Err(Refusal::Unsupported(feature))
}

#[cfg(not(tonic_before_0_13))]
mod since_0_13 {
    use bytes::Bytes;
    use tonic::body::Body;
    use tonic::codegen::{Body as HttpBody, StdError};

    /// A body of any kind as one of tonic's.
    pub fn boxed<B>(body: B) -> Body
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<StdError>,
    {
        Body::new(body)
    }
}

/// These versions serve only what their own router holds.
#[cfg(tonic_before_0_13)]
mod before_0_13 {
    use std::convert::Infallible;
    use std::future::Future;
    use std::task::{Context, Poll};

    use bytes::Bytes;
    use http::{Request, Response};
    use tokio::io::{AsyncRead, AsyncWrite};
    use tokio_stream::Stream;
    use tonic::body::{BoxBody, boxed};
    use tonic::codegen::{Body as HttpBody, Service, StdError};
    use tonic::service::Routes;
    use tonic::transport::server::Connected;
    use tonic::transport::{Error, Server};

    use crate::server::script::Scripted;

    /// What a server does by itself in later versions, by the same name.
    pub trait ServeAll {
        fn serve_with_incoming_shutdown<I, IO, IE, F>(
            self,
            service: Scripted,
            incoming: I,
            signal: F,
        ) -> impl Future<Output = Result<(), Error>>
        where
            I: Stream<Item = Result<IO, IE>>,
            IO: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
            IO::ConnectInfo: Clone + Send + Sync + 'static,
            IE: Into<StdError>,
            F: Future<Output = ()>;
    }

    impl ServeAll for Server {
        async fn serve_with_incoming_shutdown<I, IO, IE, F>(
            mut self,
            service: Scripted,
            incoming: I,
            signal: F,
        ) -> Result<(), Error>
        where
            I: Stream<Item = Result<IO, IE>>,
            IO: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
            IO::ConnectInfo: Clone + Send + Sync + 'static,
            IE: Into<StdError>,
            F: Future<Output = ()>,
        {
            let router = Routes::default().into_axum_router();
            let router = router.fallback_service(Fallback(service));
            let router = self.add_routes(Routes::from(router));
            router.serve_with_incoming_shutdown(incoming, signal).await
        }
    }

    /// Takes the bodies of the router that tonic stands on.
    #[derive(Clone)]
    struct Fallback(Scripted);

    impl<B> Service<Request<B>> for Fallback
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<StdError>,
    {
        type Response = Response<BoxBody>;
        type Error = Infallible;
        type Future = <Scripted as Service<Request<BoxBody>>>::Future;

        fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Service::<Request<BoxBody>>::poll_ready(&mut self.0, context)
        }

        fn call(&mut self, request: Request<B>) -> Self::Future {
            self.0.call(request.map(boxed))
        }
    }
}
