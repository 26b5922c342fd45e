//! A container from its start to its removal.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use futures_util::StreamExt as _;
use testcontainers::bollard::models::{HostConfig, HostConfigLogConfig, PortBinding};
use testcontainers::core::IntoContainerPort as _;
use testcontainers::core::client::ClientError;
use testcontainers::runners::AsyncRunner as _;
use testcontainers::{ContainerRequest, GenericImage, ImageExt as _, TestcontainersError};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::{mpsc, oneshot, watch};

use super::ContainerFault;
use super::engine::{Engine, innermost, refused};
use super::live::Live;
use super::look::find;
use crate::peer::fault::PeerFault;
use crate::peer::foreign::running::{Ending, LOG_GRACE, Running};
use crate::peer::log::Log;
use crate::peer::process::GRACE;
use crate::peer::spec::Image;

/// How long an engine may take to start a container of an image that it has. It
/// took 0.34 s on an idle machine.
const START_LIMIT: Duration = Duration::from_secs(60);
/// On every container that is made here, with the peer's name.
const LABEL: &str = "wirecheck.peer";
/// The most of a log that the engine keeps on its disk: what is kept here is a
/// megabyte.
const MOST_LOG: &str = "16m";

/// Starts a server in a container, without waiting until it is ready.
///
/// # Errors
///
/// There is no engine, it lacks the image, or it does not start it.
pub async fn start(
    image: &Image,
    peer: &str,
    log: &Log,
) -> Result<(SocketAddr, Running), PeerFault> {
    let engine = Engine::answering().await?;
    let id = find(&engine, image).await?;
    let live = Live::new(container_name(peer));
    let request = request(image, &id, peer, live.name());
    let (gone_sender, gone) = watch::channel(None);
    let (ending, endings) = mpsc::channel(2);
    let (told, address) = oneshot::channel();
    let keeper = Keeper {
        engine,
        live,
        log: log.clone(),
        port: image.port.get(),
        endings,
        gone: gone_sender,
    };
    // In a task of its own: whoever does not wait for the end of a start any
    // more must not leave behind what it makes.
    let keeper = tokio::spawn(keeper.keep(request, told));
    let running = Running::new(gone, ending, keeper);
    match address.await {
        Ok(address) => Ok((address?, running)),
        Err(_) => Err(running.gone().await.before_ready()),
    }
}

/// No two are the same, of however many programs at once.
fn container_name(peer: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let peer = peer.replace(|c| !is_part(c), "-");
    let chance = RandomState::new().hash_one(std::process::id());
    format!("wirecheck-{peer}-{chance:016x}")
}

/// By its id, so that what was looked at is what is started, and that there is
/// nothing to pull.
fn request(image: &Image, id: &str, peer: &str, name: &str) -> ContainerRequest<GenericImage> {
    let (algorithm, digest) = id.split_once(':').unwrap_or(("sha256", id));
    let port = image.port.get();
    let inside = image.inside();
    let mut request = GenericImage::new(algorithm, digest)
        .with_exposed_port(port.tcp())
        .with_container_name(name)
        .with_label(LABEL, peer)
        .with_cmd(inside.argv)
        .with_host_config_modifier(move |host| publish(host, port));
    for (name, value) in inside.env {
        request = request.with_env_var(name, value);
    }
    request
}

/// On loopback alone, on a port that the engine chooses.
fn publish(host: &mut HostConfig, port: u16) {
    let binding = PortBinding {
        host_ip: Some(Ipv4Addr::LOCALHOST.to_string()),
        host_port: None,
    };
    host.publish_all_ports = Some(false);
    host.port_bindings = Some(HashMap::from([(
        format!("{port}/tcp"),
        Some(vec![binding]),
    )]));
    host.log_config = Some(HostConfigLogConfig {
        typ: Some("json-file".into()),
        config: Some(HashMap::from([("max-size".into(), MOST_LOG.into())])),
    });
}

/// Owns the container. It ends by itself, or when it is told to.
struct Keeper {
    engine: Engine,
    live: Live,
    log: Log,
    port: u16,
    endings: mpsc::Receiver<Ending>,
    gone: watch::Sender<Option<PeerFault>>,
}

impl Keeper {
    async fn keep(
        self,
        request: ContainerRequest<GenericImage>,
        told: oneshot::Sender<Result<SocketAddr, ContainerFault>>,
    ) {
        match run(request, self.port).await {
            Ok(port) => {
                self.live.made();
                let _ = told.send(Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port))));
                self.serve().await;
            }
            Err(Unstarted::Ended) => {
                self.live.made();
                // Not telling an address leads whoever waits for it to the end.
                drop(told);
                self.serve().await;
            }
            Err(Unstarted::Fault(fault)) => {
                let fault = match self.live.remove(&self.engine).await {
                    Ok(()) => fault,
                    Err(left) => left,
                };
                let _ = told.send(Err(fault));
            }
        }
    }

    /// From its start to its removal.
    async fn serve(mut self) {
        let name = self.live.name().to_owned();
        let reading = read_log(self.engine.clone(), name.clone(), self.log.clone());
        let mut log_reader = tokio::spawn(reading);
        let status = self.until_it_ends().await;
        let _ = tokio::time::timeout(LOG_GRACE, &mut log_reader).await;
        log_reader.abort();
        let fault = match self.live.remove(&self.engine).await {
            Ok(()) => PeerFault::Died {
                when: "in the middle of the run",
                status,
            },
            Err(why) => PeerFault::LeftContainer { name, why },
        };
        self.gone.send_replace(Some(fault));
    }

    async fn until_it_ends(&mut self) -> Option<ExitStatus> {
        let code = tokio::select! {
            code = self.engine.exit_code(self.live.name()) => code,
            ending = self.endings.recv() => match ending {
                Some(Ending::Stop) => {
                    // Removing it ends it too, if this does not.
                    let _ = self.engine.stop(self.live.name(), GRACE).await;
                    None
                }
                Some(Ending::Kill) | None => None,
            }
        };
        // As a parent would see it.
        let code = i32::try_from(code?).ok()?;
        Some(ExitStatus::from_raw((code & 0xff) << 8))
    }
}

/// Why a container has no address.
enum Unstarted {
    /// It has ended already; its port with it.
    Ended,
    /// It was not started.
    Fault(ContainerFault),
}

impl From<ContainerFault> for Unstarted {
    fn from(fault: ContainerFault) -> Self {
        Self::Fault(fault)
    }
}

/// Makes and starts a container, and gives the port on which it is published.
async fn run(request: ContainerRequest<GenericImage>, port: u16) -> Result<u16, Unstarted> {
    let started = tokio::time::timeout(START_LIMIT, request.start()).await;
    let limit = format!("it was not started within {} s", START_LIMIT.as_secs());
    let container = started
        .map_err(|_| ContainerFault::Refused(limit))?
        .map_err(fault)?;
    let published = container.get_host_port_ipv4(port.tcp()).await;
    // Its own destructor blocks a thread of the runtime, without a limit, and
    // panics where there is none any more: it is removed by its name.
    std::mem::forget(container);
    match published {
        Ok(port) => Ok(port),
        Err(TestcontainersError::PortNotExposed { .. }) => Err(Unstarted::Ended),
        Err(error) => Err(fault(error).into()),
    }
}

/// Only the engine's own words help: what is around them names the request.
fn fault(error: TestcontainersError) -> ContainerFault {
    match error {
        TestcontainersError::Client(
            ClientError::CreateContainer(error)
            | ClientError::StartContainer(error)
            | ClientError::InspectContainer(error),
        ) => refused(&error),
        TestcontainersError::Client(ClientError::PullImage { descriptor, .. }) => {
            ContainerFault::Refused(format!("image {descriptor} has gone"))
        }
        other => ContainerFault::Refused(innermost(&other)),
    }
}

/// Reads what a container prints, no faster than it is kept.
async fn read_log(engine: Engine, name: String, log: Log) {
    let (mut writer, reader) = tokio::io::duplex(64 * 1024);
    let printed = async move {
        let mut output = Box::pin(engine.log(&name));
        while let Some(Ok(piece)) = output.next().await {
            if writer.write_all(&piece.into_bytes()).await.is_err() {
                break;
            }
        }
        drop(writer);
    };
    tokio::join!(printed, log.drain(reader));
}
