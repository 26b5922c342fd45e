//! TCP and Unix sockets behind one face: a tap forwards either to either.

use std::fmt;
use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::str::FromStr;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream, tcp, unix};

use super::{TapError, ports};

/// Where to listen or to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A TCP address; port 0 is for any that is free.
    Tcp(SocketAddr),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

impl Endpoint {
    /// Loopback, on any port that is free.
    pub fn any_port() -> Self {
        Self::Tcp(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// Likewise, on the loopback address of IPv6.
    pub fn any_port_v6() -> Self {
        Self::Tcp(SocketAddr::from((Ipv6Addr::LOCALHOST, 0)))
    }
}

impl fmt::Display for Endpoint {
    /// The form that gRPC libraries take as a target: `127.0.0.1:50051` or
    /// `unix:/run/greeter.sock`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(formatter),
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
        }
    }
}

impl FromStr for Endpoint {
    type Err = TapError;

    /// Reads `address:port`, `unix:path` or `unix://path`; host names are not
    /// looked up.
    fn from_str(text: &str) -> Result<Self, TapError> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return Ok(Self::Unix(PathBuf::from(path)));
        }
        match text.parse() {
            Ok(address) => Ok(Self::Tcp(address)),
            Err(_) => Err(TapError::Endpoint(text.to_owned())),
        }
    }
}

/// A listening socket. A Unix socket's file goes when the listener does.
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, SocketFile),
}

impl Listener {
    pub(crate) async fn bind(endpoint: &Endpoint) -> io::Result<Self> {
        Ok(match endpoint {
            Endpoint::Tcp(address) if address.port() == 0 => {
                Self::Tcp(ports::listen(*address).await?)
            }
            Endpoint::Tcp(address) => Self::Tcp(TcpListener::bind(address).await?),
            Endpoint::Unix(path) => Self::Unix(UnixListener::bind(path)?, SocketFile(path.clone())),
        })
    }

    /// Where it really listens: with the port that was chosen.
    pub(crate) fn endpoint(&self) -> io::Result<Endpoint> {
        Ok(match self {
            Self::Tcp(listener) => Endpoint::Tcp(listener.local_addr()?),
            Self::Unix(_, file) => Endpoint::Unix(file.0.clone()),
        })
    }

    /// Waits for the next connection; safe to cancel.
    pub(crate) async fn accept(&self) -> io::Result<Socket> {
        match self {
            Self::Tcp(listener) => Ok(Socket::tcp(listener.accept().await?.0)),
            Self::Unix(listener, _) => Ok(Socket::Unix(listener.accept().await?.0)),
        }
    }

    /// Stops listening and hands over the connections that the kernel had
    /// already made, which the runtime need not have heard of yet.
    pub(crate) fn stop(self) -> io::Result<Vec<Socket>> {
        match self {
            Self::Tcp(listener) => {
                let listener = listener.into_std()?;
                drain(|| {
                    let (stream, _) = listener.accept()?;
                    stream.set_nonblocking(true)?;
                    Ok(Socket::tcp(TcpStream::from_std(stream)?))
                })
            }
            Self::Unix(listener, _file) => {
                let listener = listener.into_std()?;
                drain(|| {
                    let (stream, _) = listener.accept()?;
                    stream.set_nonblocking(true)?;
                    Ok(Socket::Unix(UnixStream::from_std(stream)?))
                })
            }
        }
    }
}

/// Accepts until the queue of a non-blocking listener is empty.
fn drain(mut accept: impl FnMut() -> io::Result<Socket>) -> io::Result<Vec<Socket>> {
    let mut waiting = Vec::new();
    loop {
        match accept() {
            Ok(socket) => waiting.push(socket),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(waiting),
            Err(error) if is_about_one_connection(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether `accept` failed because of the connection that it was to return,
/// so that the next one may well succeed.
pub(crate) fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

/// The file of a Unix socket, removed when this is dropped.
pub(crate) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // It may be gone already, with its folder; then there is nothing to do.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// One connected socket.
pub(crate) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    pub(crate) async fn connect(endpoint: &Endpoint) -> io::Result<Self> {
        Ok(match endpoint {
            Endpoint::Tcp(address) => Self::tcp(TcpStream::connect(address).await?),
            Endpoint::Unix(path) => Self::Unix(UnixStream::connect(Path::new(path)).await?),
        })
    }

    fn tcp(stream: TcpStream) -> Self {
        // Fails only where the peer is gone already; reading will say that.
        let _ = stream.set_nodelay(true);
        Self::Tcp(stream)
    }

    /// Makes the coming close a reset (RST). A Unix socket has none: its peer
    /// sees the end, or `ECONNRESET` where bytes were left unread here.
    pub(crate) fn reset_on_close(&self) {
        if let Self::Tcp(stream) = self {
            // Fails only where the connection is gone already.
            let _ = stream.set_zero_linger();
        }
    }

    pub(crate) fn split(&mut self) -> (Reader<'_>, Writer<'_>) {
        match self {
            Self::Tcp(stream) => {
                let (reader, writer) = stream.split();
                (Reader::Tcp(reader), Writer::Tcp(writer))
            }
            Self::Unix(stream) => {
                let (reader, writer) = stream.split();
                (Reader::Unix(reader), Writer::Unix(writer))
            }
        }
    }
}

/// The receiving half of a [`Socket`].
pub(crate) enum Reader<'a> {
    Tcp(tcp::ReadHalf<'a>),
    Unix(unix::ReadHalf<'a>),
}

impl AsyncRead for Reader<'_> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(half) => Pin::new(half).poll_read(context, buffer),
            Self::Unix(half) => Pin::new(half).poll_read(context, buffer),
        }
    }
}

/// The sending half of a [`Socket`]; shutting it down sends FIN.
pub(crate) enum Writer<'a> {
    Tcp(tcp::WriteHalf<'a>),
    Unix(unix::WriteHalf<'a>),
}

impl AsyncWrite for Writer<'_> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(half) => Pin::new(half).poll_write(context, bytes),
            Self::Unix(half) => Pin::new(half).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(half) => Pin::new(half).poll_flush(context),
            Self::Unix(half) => Pin::new(half).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(half) => Pin::new(half).poll_shutdown(context),
            Self::Unix(half) => Pin::new(half).poll_shutdown(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn neither_side_delays_small_writes() {
        let listener = Listener::bind(&Endpoint::any_port()).await.unwrap();
        let endpoint = listener.endpoint().unwrap();
        let (client, server) = tokio::join!(Socket::connect(&endpoint), listener.accept());
        for socket in [client.unwrap(), server.unwrap()] {
            let Socket::Tcp(stream) = socket else {
                panic!("a TCP address gives a TCP socket");
            };
            assert!(stream.nodelay().unwrap());
        }
    }
}
