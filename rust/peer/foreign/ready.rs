//! Waiting until a server is ready.

use std::num::NonZeroU16;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::probe;
use super::tls::Tls;
use crate::peer::fault::PeerFault;
use crate::peer::log::Log;
use crate::peer::spec::Readiness;
use crate::tap::Endpoint;

/// Between two attempts to connect. A connect that is refused costs some ten
/// microseconds.
const POLL: Duration = Duration::from_millis(10);
/// How long one health check may take.
const CHECK_LIMIT: Duration = Duration::from_secs(2);

/// What is waited for.
pub(super) struct Waiting {
    /// Where the server is to listen.
    pub(super) address: Endpoint,
    /// When it is ready.
    pub(super) readiness: Readiness,
    /// That this is a port which a container engine publishes.
    pub(super) published: Option<Published>,
}

/// A published port. The engine's proxy accepts connections before the server
/// inside listens, so that only an answer tells that it does.
pub(super) struct Published {
    /// The port inside.
    pub(super) inside: NonZeroU16,
    /// How TLS is spoken to the server, if it wants that.
    pub(super) tls: Option<Tls>,
}

impl Waiting {
    /// Waits until the server is ready. The caller bounds the time.
    pub(super) async fn until_ready(&self, log: &Log) -> Result<(), PeerFault> {
        match &self.readiness {
            Readiness::Tcp => self.until_it_accepts().await,
            Readiness::Health => {
                self.until_it_accepts().await;
                self.until_it_serves().await;
            }
            Readiness::Log(_) => {
                log.until_found().await;
                self.until_it_accepts().await;
            }
        }
        Ok(())
    }

    async fn until_it_accepts(&self) {
        while !self.is_heard().await {
            tokio::time::sleep(POLL).await;
        }
    }

    async fn is_heard(&self) -> bool {
        match &self.published {
            None => accepts(&self.address).await,
            Some(Published { tls: Some(tls), .. }) => tls.is_answered().await,
            Some(Published { tls: None, .. }) => probe::is_answered(&self.address).await,
        }
    }

    async fn until_it_serves(&self) {
        while !serves(&self.address).await {
            tokio::time::sleep(POLL).await;
        }
    }

    /// In words, to follow "waited for".
    pub(super) fn shown(&self) -> String {
        let address = &self.address;
        let inside = match &self.published {
            None => String::new(),
            Some(published) => format!(", port {} inside", published.inside),
        };
        let heard = match &self.published {
            None => "a connection to",
            Some(_) => "an answer from",
        };
        match &self.readiness {
            Readiness::Tcp => format!("{heard} {address}{inside}"),
            Readiness::Health => {
                format!("SERVING from grpc.health.v1.Health/Check at {address}{inside}")
            }
            Readiness::Log(line) => {
                format!("a line with {line:?}, and {heard} {address}{inside}")
            }
        }
    }
}

/// Whether somebody accepts a connection there.
pub(super) async fn accepts(address: &Endpoint) -> bool {
    connect(address).await.is_ok()
}

/// A connected socket of either kind.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

pub(super) async fn connect(address: &Endpoint) -> std::io::Result<Box<dyn Stream>> {
    Ok(match address {
        Endpoint::Tcp(address) => Box::new(TcpStream::connect(address).await?),
        Endpoint::Unix(path) => Box::new(UnixStream::connect(path).await?),
    })
}

async fn serves(address: &Endpoint) -> bool {
    let target = match address {
        Endpoint::Tcp(address) => format!("http://{address}"),
        Endpoint::Unix(path) => format!("unix://{}", path.display()),
    };
    let Ok(endpoint) = tonic::transport::Endpoint::from_shared(target) else {
        return false;
    };
    let check = async {
        let channel = endpoint.connect().await.ok()?;
        let request = HealthCheckRequest::default();
        let answer = HealthClient::new(channel).check(request).await.ok()?;
        Some(answer.into_inner().status() == ServingStatus::Serving)
    };
    let checked = tokio::time::timeout(CHECK_LIMIT, check).await;
    checked.ok().flatten().unwrap_or(false)
}
