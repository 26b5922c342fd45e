//! The other processes: this program again, in another role. A child says its
//! address on a line, ends when its standard input does, and says on a last
//! line what there is to tell.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use tokio::runtime::{Builder, Runtime};

use crate::proxy::Keep;
use crate::{Failure, grpc, proxy};

/// What a child does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// Serves the calls.
    Server,
    /// Copies between clients and this address, on so many threads.
    Plain(String, usize),
    /// Taps between clients and this address, on so many threads.
    Tap(String, usize, Keep),
}

impl Role {
    /// The role that the arguments name, or `None` for the measuring one.
    pub fn of(arguments: &[String]) -> Result<Option<Self>, Failure> {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Ok(Some(match words[..] {
            ["server"] => Self::Server,
            ["plain", upstream, threads] => Self::Plain(upstream.to_owned(), threads.parse()?),
            ["tap", upstream, threads, keep] => {
                Self::Tap(upstream.to_owned(), threads.parse()?, keep.parse()?)
            }
            // Cargo says `--bench`.
            _ => return Ok(None),
        }))
    }

    fn arguments(&self) -> Vec<String> {
        match self {
            Self::Server => vec!["server".to_owned()],
            Self::Plain(upstream, threads) => {
                vec!["plain".to_owned(), upstream.clone(), threads.to_string()]
            }
            Self::Tap(upstream, threads, keep) => vec![
                "tap".to_owned(),
                upstream.clone(),
                threads.to_string(),
                keep.to_string(),
            ],
        }
    }

    /// Does what the role is, until the parent closes standard input.
    pub fn play(&self) -> Result<(), Failure> {
        let last_words = match self {
            Self::Server => runtime(1)?.block_on(grpc::serve())?,
            Self::Plain(upstream, threads) => {
                runtime(*threads)?.block_on(proxy::copy(upstream.parse()?))?
            }
            Self::Tap(upstream, threads, keep) => {
                runtime(*threads)?.block_on(proxy::tap(upstream.parse()?, *keep))?
            }
        };
        say(&last_words)
    }
}

/// A runtime with so many threads.
pub fn runtime(threads: usize) -> Result<Runtime, Failure> {
    let mut builder = match threads {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    Ok(builder.worker_threads(threads).enable_all().build()?)
}

/// Says a line to the parent: the address, once clients may come, and the
/// last words.
pub fn say(line: &str) -> Result<(), Failure> {
    let mut output = std::io::stdout();
    writeln!(output, "{line}")?;
    Ok(output.flush()?)
}

/// Returns when the parent has closed standard input, or is gone.
pub async fn told_to_end() -> Result<(), Failure> {
    let read_to_end = || std::io::stdin().read_to_end(&mut Vec::new());
    tokio::task::spawn_blocking(read_to_end).await??;
    Ok(())
}

/// A running child. Dropping it has it end, too.
pub struct Child {
    pub address: String,
    process: std::process::Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Child {
    /// Starts a child and waits until it serves.
    pub fn start(role: &Role) -> Result<Self, Failure> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(role.arguments())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = process.stdin.take().ok_or("no pipe to the child")?;
        let output = process.stdout.take().ok_or("no pipe from the child")?;
        let mut output = BufReader::new(output);
        let mut address = String::new();
        output.read_line(&mut address)?;
        Ok(Self {
            address: address.trim().to_owned(),
            process,
            input,
            output,
        })
    }

    /// Ends the child and returns what it said last.
    pub fn stop(mut self) -> Result<String, Failure> {
        drop(self.input);
        let mut last_words = String::new();
        self.output.read_to_string(&mut last_words)?;
        match self.process.wait()? {
            status if status.success() => Ok(last_words),
            status => Err(format!("a child ended with {status}").into()),
        }
    }
}
