//! Where the versions of tonic differ in how a client reaches a Unix socket:
//! since 0.13 by its URI, before that through a connector, as its users wrote
//! one. `build.rs` reads from the lock file which version it is.

use tonic::transport::{Channel, Endpoint, Error};

/// The endpoint of a target that begins with `unix:`.
pub fn unix_endpoint(target: &str) -> Result<Endpoint, Error> {
    #[cfg(not(tonic_before_0_13))]
    return Endpoint::from_shared(target.to_owned());
    #[cfg(tonic_before_0_13)]
    {
        // The connector has the path; what stands here goes into `:authority`.
        let _ = target;
        Endpoint::from_shared("http://localhost".to_owned())
    }
}

/// A channel that connects with its first call.
pub fn connect_lazy(endpoint: &Endpoint, target: &str) -> Channel {
    #[cfg(tonic_before_0_13)]
    if let Some(path) = target.strip_prefix("unix:") {
        let connector = before_0_13::ToSocket(path.into());
        return endpoint.connect_with_connector_lazy(connector);
    }
    #[cfg(not(tonic_before_0_13))]
    let _ = target;
    endpoint.connect_lazy()
}

#[cfg(tonic_before_0_13)]
mod before_0_13 {
    use std::future::Future;
    use std::io;
    use std::path::PathBuf;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http::Uri;
    use hyper_util::rt::TokioIo;
    use tokio::net::UnixStream;
    use tonic::codegen::Service;

    /// Connects to the socket with this path, whatever the URI says.
    pub struct ToSocket(pub PathBuf);

    impl Service<Uri> for ToSocket {
        type Response = TokioIo<UnixStream>;
        type Error = io::Error;
        type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<UnixStream>>> + Send>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Uri) -> Self::Future {
            let path = self.0.clone();
            Box::pin(async move { UnixStream::connect(path).await.map(TokioIo::new) })
        }
    }
}
