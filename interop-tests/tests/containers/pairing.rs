//! One client in a container against one server in another.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use libtest_mimic::Failed;
use testcontainers::core::wait::ExitWaitStrategy;
use testcontainers::core::{IntoContainerPort, WaitFor};
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, GenericImage, ImageExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::engine;
use crate::interrupt::interrupted;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The article's.
const PORT: u16 = 50051;
const GREETING: &str = "Hello, World\n";

/// They end what hangs. A pairing takes about two seconds; on a machine that builds
/// something else meanwhile, the start of Python alone took five.
const START_LIMIT: Duration = Duration::from_secs(60);
const PAIRING_LIMIT: Duration = Duration::from_secs(150);

/// Runs the client against the server and looks at what it prints; then looks for what
/// was left behind, which is a failure too. Nothing is, whatever the end.
pub async fn run(client: &str, server: &str) -> Result<(), Failed> {
    let trial = format!("{}-{client}-{server}", std::process::id());
    let outcome = tokio::select! {
        biased;
        () = interrupted() => Err("interrupted by a signal".into()),
        outcome = timeout(PAIRING_LIMIT, greet(client, server, &trial)) => match outcome {
            Ok(outcome) => outcome,
            Err(_) => Err(format!("no end after {} s", PAIRING_LIMIT.as_secs()).into()),
        }
    };
    let left = engine::remove_left_over(&trial).await?;
    outcome?;
    if left.is_empty() {
        return Ok(());
    }
    Err(format!("containers were left behind: {}", left.join(", ")).into())
}

async fn greet(client: &str, server: &str, trial: &str) -> Result<(), Error> {
    let server = start_server(server, trial).await?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.get_host_port_ipv4(PORT).await?));
    timeout(START_LIMIT, speaks_http2(address))
        .await
        .map_err(|_| format!("the server was not ready after {} s", START_LIMIT.as_secs()))?;

    let client = run_client(client, &server, trial).await?;
    let printed = String::from_utf8_lossy(&client.stdout_to_vec().await?).into_owned();
    let complained = String::from_utf8_lossy(&client.stderr_to_vec().await?).into_owned();
    let status = client.exit_code().await?;
    client.rm().await?;
    server.rm().await?;

    if (printed.as_str(), status) == (GREETING, Some(0)) {
        return Ok(());
    }
    Err(format!(
        "the client should print {GREETING:?} and end with status 0\n\
         status {status:?}, stdout {printed:?}, stderr {complained:?}"
    )
    .into())
}

/// The image's own command is the server.
async fn start_server(language: &str, trial: &str) -> Result<ContainerAsync<GenericImage>, Error> {
    let container = GenericImage::new(engine::image(language), engine::TAG.to_owned())
        .with_exposed_port(PORT.tcp())
        .with_startup_timeout(START_LIMIT)
        .with_label(engine::LABEL, trial)
        .start()
        .await?;
    Ok(container)
}

/// Starts a client in the network of the server's container and waits for its end.
async fn run_client(
    language: &str,
    server: &ContainerAsync<GenericImage>,
    trial: &str,
) -> Result<ContainerAsync<GenericImage>, Error> {
    let command = match language {
        "rust" => vec!["/article-client"],
        _ => vec!["python3", "client.py"],
    };
    let network = format!("container:{}", server.id());
    let container = GenericImage::new(engine::image(language), engine::TAG.to_owned())
        .with_wait_for(WaitFor::exit(ExitWaitStrategy::new()))
        .with_cmd(command)
        .with_startup_timeout(START_LIMIT)
        .with_label(engine::LABEL, trial)
        // `with_network` would create a network of this name first.
        .with_host_config_modifier(move |host| {
            host.network_mode = Some(network.clone());
            host.publish_all_ports = Some(false); // they are the server's to publish
        })
        .start()
        .await?;
    Ok(container)
}

/// Returns once a server greets as HTTP/2 servers do, with a SETTINGS frame. A connection
/// alone says nothing: the engine's proxy accepts it before the server listens.
async fn speaks_http2(address: SocketAddr) {
    let mut attempts = interval(Duration::from_millis(20));
    attempts.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        attempts.tick().await;
        if first_frame_is_settings(address).await.unwrap_or(false) {
            return;
        }
    }
}

/// RFC 9113, 3.4: both sides begin with SETTINGS, the client behind its preface.
async fn first_frame_is_settings(address: SocketAddr) -> std::io::Result<bool> {
    const PREFACE_AND_EMPTY_SETTINGS: &[u8] =
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    const SETTINGS: u8 = 4;
    let mut connection = TcpStream::connect(address).await?;
    connection.write_all(PREFACE_AND_EMPTY_SETTINGS).await?;
    let mut header = [0; 9];
    connection.read_exact(&mut header).await?;
    Ok(header[3] == SETTINGS)
}
