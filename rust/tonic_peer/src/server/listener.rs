//! Listeners: one thread each, from `Listen` to `Unlisten`.

use std::fs::{self, Permissions};
use std::future::pending;
use std::io;
use std::iter;
use std::net;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net as unix;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use thiserror::Error;
use tokio::runtime;
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::UnixListenerStream;
use tonic::transport::Server;

use super::handler::Desk;
use super::options;
use super::script::{Method, Scripted};
use super::services;
use super::versions;
#[cfg(tonic_before_0_13)]
use super::versions::ServeAll as _;
use crate::codec::Types;
use crate::contract::{
    Listen, Role, ShutDown, Unlistened, from_peer::Event, transport::Kind as TransportKind,
};
use crate::events::Events;
use crate::features::{self, Refusal};
use crate::latches::Latches;

/// A listener that runs. It ends by force when this is dropped.
pub struct Listener {
    commands: mpsc::UnboundedSender<Command>,
    thread: JoinHandle<()>,
}

enum Command {
    Shutdown { grace: Option<Duration> },
    Abort,
    Unlisten,
}

impl Listener {
    /// Lets calls end by themselves for the grace time, if there is one, and
    /// then ends all by force. `ShutDown` is told when that is done.
    pub fn shutdown(&self, grace: Option<Duration>) {
        self.command(Command::Shutdown { grace });
    }

    /// Ends everything by force, and leaves `Unlisten` still to do.
    pub fn abort(&self) {
        self.command(Command::Abort);
    }

    /// Ends the listener by force. `Unlistened` is told as the last of it.
    pub fn unlisten(self) {
        self.command(Command::Unlisten);
    }

    /// Ends the listener by force and waits for that.
    pub fn end(self) {
        drop(self.commands);
        // A listener's thread that panicked has ended too.
        let _ = self.thread.join();
    }

    fn command(&self, command: Command) {
        // The thread outlives the sender, unless it panicked.
        let _ = self.commands.send(command);
    }
}

/// Opens a listener; returns it with its address, ready for connections.
pub fn listen(
    order: &Listen,
    releases: &Arc<Latches>,
    events: &Events,
) -> Result<(Listener, String), Refusal> {
    features::check(Role::Server, &order.requires)?;
    let desk = Arc::new(Desk::new(order.listener, events.clone()));
    let options = order.options.clone().unwrap_or_default();
    let (server, limits) = options::configure(&options)?;
    let server = match &order.tls {
        None => server,
        Some(tls) => options::secure(server, tls)?,
    };
    let routes = services::routes(&order.services, &desk, limits)?;
    let methods = methods(order, &desk, releases)?;
    let service = Scripted::new(methods, routes, limits);

    let transport = order
        .transport
        .as_ref()
        .and_then(|transport| transport.kind.as_ref());
    let (socket, address) = bind(transport).map_err(could_not_listen)?;
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(could_not_listen)?;
    let (commands, commands_out) = mpsc::unbounded_channel();
    let thread = thread::Builder::new()
        .name(format!("listener {}", order.listener))
        .spawn(move || run(runtime, socket, server, service, commands_out, &desk))
        .map_err(could_not_listen)?;
    Ok((Listener { commands, thread }, address))
}

/// The scripted methods; each path has one script list and no service.
fn methods(
    order: &Listen,
    desk: &Arc<Desk>,
    releases: &Arc<Latches>,
) -> Result<Vec<Method>, Refusal> {
    let types = Types::new(&order.descriptor_set)?;
    let mut methods: Vec<Method> = Vec::new();
    for scripts in &order.scripts {
        let path = &scripts.method;
        let is_scripted = methods.iter().any(|method| method.path == *path);
        if is_scripted || services::serves(&order.services, path) {
            let why = format!("{path} is served twice");
            return Err(Refusal::CouldNotTry(why));
        }
        methods.push(Method::new(scripts.clone(), &types, desk, releases)?);
    }
    Ok(methods)
}

fn could_not_listen(error: io::Error) -> Refusal {
    Refusal::CouldNotTry(format!("cannot listen: {error}"))
}

enum Socket {
    Tcp(net::TcpListener),
    Unix(unix::UnixListener, SocketFile),
}

/// Why a listener stopped to serve without being told to.
#[derive(Debug, Error)]
enum ServeError {
    #[error("cannot use the socket: {0}")]
    Socket(#[from] io::Error),
    #[error("tonic stopped to serve: {0}")]
    Tonic(#[from] tonic::transport::Error),
}

/// The file of a Unix socket, which nobody else removes.
struct SocketFile(String);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // The harness may have removed the folder by now.
        let _ = fs::remove_file(&self.0);
    }
}

fn bind(transport: Option<&TransportKind>) -> io::Result<(Socket, String)> {
    match transport {
        Some(TransportKind::Tcp(tcp)) => {
            let loopback: net::IpAddr = match tcp.ipv6 {
                false => net::Ipv4Addr::LOCALHOST.into(),
                true => net::Ipv6Addr::LOCALHOST.into(),
            };
            let listener = net::TcpListener::bind((loopback, 0))?;
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?.to_string();
            Ok((Socket::Tcp(listener), address))
        }
        Some(TransportKind::Uds(uds)) => {
            let listener = unix::UnixListener::bind(&uds.path)?;
            let file = SocketFile(uds.path.clone());
            // For whom runs the peer, and nobody else on the machine.
            fs::set_permissions(&file.0, Permissions::from_mode(0o600))?;
            listener.set_nonblocking(true)?;
            Ok((Socket::Unix(listener, file), uds.path.clone()))
        }
        None => Err(io::Error::other(
            "the order names no transport that is known",
        )),
    }
}

/// The life of a listener's thread.
fn run(
    runtime: runtime::Runtime,
    socket: Socket,
    server: Server,
    service: Scripted,
    mut commands: mpsc::UnboundedReceiver<Command>,
    desk: &Desk,
) {
    let ends = runtime.block_on(serve_until_end(socket, server, service, &mut commands));
    // Here all connections and handlers end, see the module's text.
    drop(runtime);
    // Nothing runs any more. What is left to do is to answer.
    let later = iter::from_fn(|| commands.blocking_recv());
    for command in ends.into_iter().chain(later) {
        match command {
            Command::Shutdown { .. } => desk.events.send(Event::ShutDown(ShutDown {
                listener: desk.listener,
            })),
            Command::Abort => {}
            Command::Unlisten => {
                return desk.events.send(Event::Unlistened(Unlistened {
                    listener: desk.listener,
                    still_running: 0,
                }));
            }
        }
    }
}

/// Serves until all is to end by force, and returns the commands that said so.
async fn serve_until_end(
    socket: Socket,
    server: Server,
    service: Scripted,
    commands: &mut mpsc::UnboundedReceiver<Command>,
) -> Vec<Command> {
    let (shut_down, is_shut_down) = oneshot::channel();
    let served = async {
        if let Err(error) = serve(socket, server, service, is_shut_down).await {
            eprintln!("rust-tonic: a listener failed: {error}");
        }
    };
    tokio::pin!(served);
    let first = tokio::select! {
        command = commands.recv() => command,
        // It ended without being told to; the log says why.
        () = &mut served => None,
    };
    let Some(Command::Shutdown { grace: Some(grace) }) = first else {
        return Vec::from_iter(first);
    };
    let _ = shut_down.send(());
    let second = tokio::select! {
        () = &mut served => None,
        () = tokio::time::sleep(grace) => None,
        // What is ordered now ends the grace time.
        command = commands.recv() => command,
    };
    first.into_iter().chain(second).collect()
}

/// Serves until it has been shut down and the last connection has ended.
async fn serve(
    socket: Socket,
    server: Server,
    service: Scripted,
    shut_down: oneshot::Receiver<()>,
) -> Result<(), ServeError> {
    let signal = async {
        if shut_down.await.is_err() {
            pending().await
        }
    };
    match socket {
        Socket::Tcp(listener) => {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let incoming = versions::incoming(listener);
            let served = server.serve_with_incoming_shutdown(service, incoming, signal);
            Ok(served.await?)
        }
        Socket::Unix(listener, _file) => {
            let listener = tokio::net::UnixListener::from_std(listener)?;
            let incoming = UnixListenerStream::new(listener);
            let served = server.serve_with_incoming_shutdown(service, incoming, signal);
            Ok(served.await?)
        }
    }
}
