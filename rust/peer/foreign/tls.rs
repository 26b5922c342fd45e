//! TLS towards a server that wants it: a bridge that speaks plain text on its
//! near side, so that the tap before it sees what is said.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::ready::{Stream, connect};
use crate::peer::fault::PeerFault;
use crate::peer::spec::TlsFiles;
use crate::tap::Endpoint;

/// What gRPC is called in ALPN (RFC 9113, section 3.2).
const H2: &[u8] = b"h2";
/// How long a handshake may take.
const LIMIT: Duration = Duration::from_secs(5);

/// How TLS is spoken to a server.
#[derive(Clone)]
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
    upstream: Endpoint,
}

/// A listening address whose connections go on over TLS. Dropping it ends them.
#[derive(Debug)]
pub(super) struct Bridge {
    /// Where it listens.
    pub(super) address: Endpoint,
    server: JoinHandle<()>,
}

impl Tls {
    /// Reads the files of a server's TLS.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or has nothing usable in it.
    pub(super) fn new(files: &TlsFiles, upstream: &Endpoint) -> Result<Self, PeerFault> {
        let config = config(files).map_err(PeerFault::Tls)?;
        let name = files.authority.clone().unwrap_or_else(|| host(upstream));
        let named = ServerName::try_from(name.clone());
        let name = named.map_err(|_| PeerFault::Tls(format!("`{name}` is no name of a server")))?;
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            name,
            upstream: upstream.clone(),
        })
    }

    /// Shakes hands once, to see that the server is trusted and speaks HTTP/2.
    ///
    /// # Errors
    ///
    /// What it does in place of that.
    pub(super) async fn check(&self) -> Result<(), PeerFault> {
        let what = match tokio::time::timeout(LIMIT, self.connect()).await {
            Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(H2) => return Ok(()),
            Ok(Ok(_)) => "TLS without HTTP/2: it does not choose `h2` by ALPN".into(),
            Ok(Err(error)) => format!("TLS that cannot be used: {error}"),
            Err(_) => format!("no TLS within {} s", LIMIT.as_secs()),
        };
        Err(PeerFault::Speaks {
            address: self.upstream.to_string(),
            what,
        })
    }

    /// Whether somebody is there, whatever it makes of the handshake.
    pub(super) async fn is_answered(&self) -> bool {
        let nobody = [
            io::ErrorKind::ConnectionRefused,
            io::ErrorKind::ConnectionReset,
            io::ErrorKind::ConnectionAborted,
            io::ErrorKind::BrokenPipe,
            io::ErrorKind::UnexpectedEof,
        ];
        match tokio::time::timeout(LIMIT, self.connect()).await {
            Ok(Ok(_)) => true,
            Ok(Err(error)) => !nobody.contains(&error.kind()),
            Err(_) => false,
        }
    }

    async fn connect(&self) -> io::Result<TlsStream<Box<dyn Stream>>> {
        let stream = connect(&self.upstream).await?;
        self.connector.connect(self.name.clone(), stream).await
    }

    /// Opens the bridge.
    ///
    /// # Errors
    ///
    /// No port is free.
    pub(super) async fn bridge(self) -> io::Result<Bridge> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = Endpoint::Tcp(listener.local_addr()?);
        Ok(Bridge {
            address,
            server: tokio::spawn(self.serve(listener)),
        })
    }

    async fn serve(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        while let Ok((near, _)) = listener.accept().await {
            let tls = self.clone();
            connections.spawn(async move { tls.forward(near).await });
            while connections.try_join_next().is_some() {}
        }
    }

    /// The end of either side ends both: what a server does on a reset is not
    /// for a bridge to tell.
    async fn forward(&self, mut near: TcpStream) -> io::Result<()> {
        near.set_nodelay(true)?;
        let mut far = self.connect().await?;
        tokio::io::copy_bidirectional(&mut near, &mut far).await?;
        Ok(())
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn host(upstream: &Endpoint) -> String {
    match upstream {
        Endpoint::Tcp(address) => address.ip().to_string(),
        Endpoint::Unix(_) => "localhost".into(),
    }
}

fn config(files: &TlsFiles) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots(files)?);
    let mut config = match (&files.cert, &files.key) {
        (Some(cert), Some(key)) => {
            let wrong = |what: &str, error: &dyn std::fmt::Display| {
                format!("the {what} cannot be read: {error}")
            };
            let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(cert)
                .and_then(Iterator::collect)
                .map_err(|error| wrong("certificate of the client", &error))?;
            let key = PrivateKeyDer::from_pem_file(key)
                .map_err(|error| wrong("key of the client", &error))?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| wrong("certificate of the client", &error))?
        }
        _ => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![H2.to_vec()];
    Ok(config)
}

fn roots(files: &TlsFiles) -> Result<RootCertStore, String> {
    let shown = files.ca.display();
    let certificates = CertificateDer::pem_file_iter(&files.ca)
        .and_then(Iterator::collect::<Result<Vec<CertificateDer<'static>>, _>>)
        .map_err(|error| format!("`{shown}` cannot be read: {error}"))?;
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates);
    match added {
        0 => Err(format!("`{shown}` has no certificate in it")),
        _ => Ok(roots),
    }
}
