//! The two proxies: one that only copies, and the tap.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use tokio::io::copy_bidirectional_with_sizes;
use tokio::net::{TcpListener, TcpStream};
use wirecheck::tap::{Endpoint, Held, Tap, TapOptions};

use crate::Failure;
use crate::child::{say, told_to_end};
use crate::report::peak_memory;

/// The buffer of the copying proxy: as large as the tap's largest read, so
/// that fewer system calls are no advantage of the tap.
const BUFFER: usize = 128 * 1024;

/// How much of the bytes the tap keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All.
    All,
    /// Those within the default limit.
    Default,
}

impl fmt::Display for Keep {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::All => "all",
            Self::Default => "default",
        })
    }
}

impl FromStr for Keep {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        match text {
            "all" => Ok(Self::All),
            "default" => Ok(Self::Default),
            _ => Err(format!("`{text}` is neither `all` nor `default`").into()),
        }
    }
}

/// Copies between its clients and the upstream until told to end.
pub async fn copy(upstream: SocketAddr) -> Result<String, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say(&listener.local_addr()?.to_string())?;
    tokio::select! {
        served = accept(listener, upstream) => served?,
        told = told_to_end() => told?,
    }
    Ok(String::new())
}

async fn accept(listener: TcpListener, upstream: SocketAddr) -> Result<(), Failure> {
    loop {
        let (client, _) = listener.accept().await?;
        // Errors end a connection, as they would end it without a proxy.
        tokio::spawn(copy_one(client, upstream));
    }
}

async fn copy_one(mut client: TcpStream, upstream: SocketAddr) -> std::io::Result<()> {
    let mut server = TcpStream::connect(upstream).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    copy_bidirectional_with_sizes(&mut client, &mut server, BUFFER, BUFFER).await?;
    Ok(())
}

/// Taps until told to end; says how much memory that took at most, in bytes.
pub async fn tap(upstream: SocketAddr, keep: Keep) -> Result<String, Failure> {
    let folder = tempfile::tempdir()?;
    let mut options = TapOptions::new(folder.path().join("bench.wirecap"));
    if keep == Keep::All {
        options.capture_limit = u64::MAX;
    }
    let tap = Tap::open(&Endpoint::any_port(), Endpoint::Tcp(upstream), options).await?;
    say(tap.address())?;
    told_to_end().await?;
    let captured = tap.close(Duration::from_secs(5), Held::LetGo).await;
    if let Some(failure) = captured.log_failure {
        return Err(failure.into());
    }
    let is_whole = captured.totals.left_out == 0;
    if captured.forced || is_whole != (keep == Keep::All) {
        return Err(format!("not what was to be measured: {:?}", captured.totals).into());
    }
    Ok(peak_memory("self")?.to_string())
}
