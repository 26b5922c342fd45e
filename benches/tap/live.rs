//! The live tap, `wirecheck tap` as a user runs it, against a direct connection
//! and a proxy that only copies: one long stream, and calls that are offered at
//! a rate, whether or not those before have been answered.

use std::io::{BufRead, BufReader, Read};
use std::process::{ChildStderr, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::child::{Child, Role, runtime};
use crate::grpc::Client;
use crate::report::{self, LiveSample};
use crate::{CALL_BYTES, Failure, LONG_STREAM_BYTES};

/// How often each way is measured.
pub const ROUNDS: usize = 3;
/// Calls that are offered in a second, and for how long.
pub const OFFERED: u32 = 10_000;
pub const OFFERED_FOR: Duration = Duration::from_secs(3);
/// Calls are offered in portions, one each of these.
const PORTION: Duration = Duration::from_millis(2);
/// Calls that may be open; more are not offered, which counts against the way.
const MOST_OPEN: usize = 1_000;

/// A way between client and server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// None.
    Direct,
    /// A proxy that only copies.
    Plain,
    /// `wirecheck tap`, whose text nobody keeps.
    Live,
    /// `wirecheck tap`, whose text nobody reads, so that its pipe is full.
    Unread,
}

impl Way {
    const ALL: [Self; 4] = [Self::Direct, Self::Plain, Self::Live, Self::Unread];

    /// As a table calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Plain => "copying proxy",
            Self::Live => "wirecheck tap",
            Self::Unread => "wirecheck tap, output not read",
        }
    }
}

/// Measures all ways and prints the tables.
pub fn measure(server: &str) -> Result<(), Failure> {
    let mut samples = Vec::new();
    for round in 0..ROUNDS {
        let mut ways = Way::ALL;
        let first = round % ways.len();
        ways.rotate_left(first);
        for way in ways {
            samples.push((way, measure_way(way, server)?));
        }
    }
    report::print_live(&Way::ALL, &samples);
    Ok(())
}

fn measure_way(way: Way, server: &str) -> Result<LiveSample, Failure> {
    let plain = match way {
        Way::Plain => Some(Child::start(&Role::Plain(server.to_owned(), 2))?),
        _ => None,
    };
    let tap = match way {
        Way::Live | Way::Unread => Some(TapProgram::start(server, way == Way::Unread)?),
        _ => None,
    };
    let address = match (&plain, &tap) {
        (Some(plain), _) => &plain.address,
        (_, Some(tap)) => &tap.address,
        _ => server,
    };
    let (calls, streaming) = runtime(2)?.block_on(async {
        let calls = offer(address).await?;
        Ok::<_, Failure>((calls, stream(address).await?))
    })?;
    plain.map(Child::stop).transpose()?;
    let tap = tap.map(TapProgram::stop).transpose()?;
    Ok(LiveSample {
        answered: calls.answered as f64 / calls.took.as_secs_f64(),
        median: calls.median,
        throughput: LONG_STREAM_BYTES as f64 / streaming.as_secs_f64(),
        peak: tap.as_ref().map(|(peak, _)| *peak),
        said: tap.map(|(_, said)| said),
    })
}

async fn stream(address: &str) -> Result<Duration, Failure> {
    let mut client = Client::connect(address).await?;
    client.echo(CALL_BYTES).await?;
    let start = Instant::now();
    client.stream(LONG_STREAM_BYTES).await?;
    Ok(start.elapsed())
}

/// What became of offered calls.
struct Calls {
    answered: usize,
    took: Duration,
    median: Duration,
}

/// Offers calls on one connection, and waits for their answers.
async fn offer(address: &str) -> Result<Calls, Failure> {
    let client = Client::connect(address).await?;
    let open = Arc::new(Semaphore::new(MOST_OPEN));
    let mut running = JoinSet::new();
    let mut ticks = tokio::time::interval(PORTION);
    let portion = (f64::from(OFFERED) * PORTION.as_secs_f64()) as usize;
    let start = Instant::now();
    while start.elapsed() < OFFERED_FOR {
        ticks.tick().await;
        for _ in 0..portion {
            let Ok(permit) = Arc::clone(&open).try_acquire_owned() else {
                break;
            };
            let mut client = client.clone();
            running.spawn(async move {
                let begun = Instant::now();
                let answered = client.echo(CALL_BYTES).await;
                drop(permit);
                answered.map(|()| begun.elapsed())
            });
        }
    }
    let mut times = Vec::new();
    while let Some(answered) = running.join_next().await {
        times.push(answered??);
    }
    let took = start.elapsed();
    times.sort_unstable();
    Ok(Calls {
        answered: times.len(),
        took,
        median: times.get(times.len() / 2).copied().unwrap_or_default(),
    })
}

/// The program itself, with its standard output where nobody minds it.
struct TapProgram {
    address: String,
    process: std::process::Child,
    stderr: BufReader<ChildStderr>,
}

impl TapProgram {
    fn start(server: &str, unread: bool) -> Result<Self, Failure> {
        let mut process = Command::new(env!("CARGO_BIN_EXE_wirecheck"))
            .args(["tap", "--to", server])
            .stdin(Stdio::null())
            .stdout(if unread {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stderr(Stdio::piped())
            .spawn()?;
        let stderr = process.stderr.take().ok_or("no pipe from the tap")?;
        let mut stderr = BufReader::new(stderr);
        let mut line = String::new();
        stderr.read_line(&mut line)?;
        let address = line.split_whitespace().nth(1).ok_or("no address")?;
        Ok(Self {
            address: address.to_owned(),
            process,
            stderr,
        })
    }

    /// Ends it in order; the most memory that it took in bytes, and its last
    /// words.
    fn stop(mut self) -> Result<(u64, String), Failure> {
        let id = self.process.id();
        let peak = report::peak_memory(&id.to_string())?;
        let pid = Pid::from_raw(i32::try_from(id)?).ok_or("no process")?;
        kill_process(pid, Signal::TERM)?;
        let mut said = String::new();
        self.stderr.read_to_string(&mut said)?;
        match self.process.wait()? {
            status if status.success() => Ok((peak, said)),
            status => Err(format!("the tap ended with {status}: {said}").into()),
        }
    }
}
