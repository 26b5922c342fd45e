//! What the tap costs: a tonic client and a tonic server in two processes,
//! directly, through a proxy that only copies, and through the tap.
//!
//! `cargo bench --bench tap` takes about two minutes; with `-- live` it measures
//! the live tap alone. The ways are taken in turn,
//! a few calls of each, so that the ratios hold whatever else the machine is
//! doing meanwhile.

mod child;
mod grpc;
mod live;
mod proxy;
mod report;

use std::time::{Duration, Instant};

use child::{Child, Role};
use grpc::Client;
use report::Samples;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How often each way is measured.
const ROUNDS: usize = 5;

/// Calls that are timed in a round, one after the other, and the calls before
/// them that are not.
const CALLS: usize = 2000;
const WARM_UP: usize = 200;

/// Calls of one way before it is the turn of the next.
const TURN: usize = 50;

/// The length of the message of a call, in bytes, both ways.
const CALL_BYTES: usize = 100;

/// Streams in a round, each on a connection of its own, and their length.
const STREAMS: usize = 4;
const STREAM_BYTES: u64 = 64 << 20;

/// What is streamed through one tap to see how much memory it takes.
const LONG_STREAM_BYTES: u64 = 1 << 30;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match Role::of(&arguments)? {
        Some(role) => role.play(),
        None if arguments.iter().any(|word| word == "live") => measure_live(),
        None => measure(),
    }
}

fn measure_live() -> Result<(), Failure> {
    let server = Child::start(&Role::Server)?;
    report::print_machine();
    live::measure(&server.address)?;
    server.stop()?;
    Ok(())
}

fn measure() -> Result<(), Failure> {
    let server = Child::start(&Role::Server)?;
    report::print_machine();
    let mut samples = Samples::default();
    for round in 0..ROUNDS {
        for (role, sample) in measure_round(&server.address, round)? {
            samples.add(role, sample);
        }
    }
    samples.print();
    let peak = peak_memory(&server.address)?;
    report::print_memory(LONG_STREAM_BYTES, peak);
    live::measure(&server.address)?;
    server.stop()?;
    Ok(())
}

/// A way between client and server, and what it has shown in this round.
struct Way {
    /// `None` is the direct way.
    role: Option<Role>,
    proxy: Option<Child>,
    address: String,
    calls: Vec<Duration>,
    streaming: Duration,
}

/// What one round says about one way.
#[derive(Debug, Clone, Copy)]
struct Sample {
    /// The median time of a call.
    call: Duration,
    /// Bytes a second.
    throughput: f64,
}

fn measure_round(server: &str, round: usize) -> Result<Vec<(Option<Role>, Sample)>, Failure> {
    let mut ways = Vec::new();
    for role in roles(server) {
        ways.push(Way::open(role, server)?);
    }
    let first = round % ways.len();
    ways.rotate_left(first);
    child::runtime(1)?.block_on(async {
        time_calls(&mut ways).await?;
        time_streams(&mut ways).await
    })?;
    // The connections went with the runtime, so the proxies can end in order.
    ways.into_iter().map(Way::close).collect()
}

fn roles(server: &str) -> Vec<Option<Role>> {
    let upstream = || server.to_owned();
    let mut roles = vec![None];
    for threads in report::THREADS {
        roles.push(Some(Role::Plain(upstream(), threads)));
        roles.push(Some(Role::Tap(upstream(), threads, proxy::Keep::All)));
    }
    roles
}

impl Way {
    fn open(role: Option<Role>, server: &str) -> Result<Self, Failure> {
        let proxy = role.as_ref().map(Child::start).transpose()?;
        let address = proxy.as_ref().map_or(server, |proxy| &proxy.address);
        Ok(Self {
            address: address.to_owned(),
            role,
            proxy,
            calls: Vec::with_capacity(CALLS),
            streaming: Duration::ZERO,
        })
    }

    fn close(mut self) -> Result<(Option<Role>, Sample), Failure> {
        if let Some(proxy) = self.proxy {
            proxy.stop()?;
        }
        self.calls.sort_unstable();
        let bytes = STREAMS as u64 * STREAM_BYTES;
        let sample = Sample {
            call: self.calls[self.calls.len() / 2],
            throughput: bytes as f64 / self.streaming.as_secs_f64(),
        };
        Ok((self.role, sample))
    }
}

/// Times calls over all ways, a few of each in turn.
async fn time_calls(ways: &mut [Way]) -> Result<(), Failure> {
    let mut clients = Vec::new();
    for way in &*ways {
        let mut client = Client::connect(&way.address).await?;
        for _ in 0..WARM_UP {
            client.echo(CALL_BYTES).await?;
        }
        clients.push(client);
    }
    for _ in 0..CALLS / TURN {
        for (way, client) in ways.iter_mut().zip(&mut clients) {
            // The first call of a turn finds another way's data in the caches.
            client.echo(CALL_BYTES).await?;
            for _ in 0..TURN {
                let start = Instant::now();
                client.echo(CALL_BYTES).await?;
                way.calls.push(start.elapsed());
            }
        }
    }
    Ok(())
}

/// Times streams over all ways in turn, each on a connection of its own.
async fn time_streams(ways: &mut [Way]) -> Result<(), Failure> {
    for _ in 0..STREAMS {
        for way in &mut *ways {
            let mut client = Client::connect(&way.address).await?;
            client.echo(CALL_BYTES).await?;
            let start = Instant::now();
            client.stream(STREAM_BYTES).await?;
            way.streaming += start.elapsed();
        }
    }
    Ok(())
}

/// The most memory that a process with nothing but a tap has used while it
/// forwarded a long stream, in bytes.
fn peak_memory(server: &str) -> Result<u64, Failure> {
    let role = Role::Tap(server.to_owned(), 2, proxy::Keep::Default);
    let tap = Child::start(&role)?;
    child::runtime(1)?.block_on(async {
        let mut client = Client::connect(&tap.address).await?;
        client.stream(LONG_STREAM_BYTES).await
    })?;
    let last_words = tap.stop()?;
    Ok(last_words.trim().parse()?)
}
