//! A client that knows nothing of Wirecheck, run once.

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use wirecheck_core::judge::observed::ProgramSeen;

use crate::peer::fault::PeerFault;
use crate::peer::process::{Pipes, Process};
use crate::peer::spec::ForeignClient;

/// The most bytes of each of its streams that are kept.
const KEPT: usize = 256 * 1024;
/// From here on nothing is added to its log, in bytes.
const LOG_LIMIT: u64 = 4 * 1024 * 1024;
/// How long its streams may be read on after it has ended: a child that was
/// left behind may hold them open.
const GRACE: Duration = Duration::from_millis(500);

/// What stands for the words in braces in the command of a client.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    /// Where the server is, as in `127.0.0.1:50051`.
    pub target: &'a str,
    /// What official clients call the case.
    pub case: &'a str,
    /// Over TLS, the file with the certificate to trust and the server's name.
    pub tls: Option<(&'a str, &'a str)>,
}

impl<'a> Words<'a> {
    fn all(&self) -> Vec<(&'static str, &'a str)> {
        let (host, port) = self.target.rsplit_once(':').unwrap_or_default();
        let mut words = self.lasting();
        words.extend([("target", self.target), ("host", host), ("port", port)]);
        words
    }

    /// Those that are the same in each run.
    fn lasting(&self) -> Vec<(&'static str, &'a str)> {
        let tls = self.tls.map(|(ca, name)| [("ca", ca), ("name", name)]);
        let case = [("case", self.case)];
        case.into_iter().chain(tls.into_iter().flatten()).collect()
    }
}

/// Runs the client until it ends, with words put in place of those in braces.
/// Dropping this kills it; the caller bounds the time.
///
/// # Errors
///
/// It could not be started.
pub async fn run(
    client: &ForeignClient,
    words: &Words<'_>,
    log: &Path,
) -> Result<ProgramSeen, PeerFault> {
    let as_written = match words.tls {
        Some(_) => client.over_tls.as_ref().unwrap_or(&client.program),
        None => &client.program,
    };
    let target = words.target;
    let mut program = as_written.with(&words.all());
    program.env.push(("WIRECHECK_TARGET".into(), target.into()));
    let failed = |error| PeerFault::Start(format!("`{}`: {error}", program.shown()));
    let (mut process, pipes) = Process::start(&program).map_err(failed)?;
    let Pipes {
        stdin,
        stdout,
        stderr,
    } = pipes;
    drop(stdin);
    let stdout = tokio::spawn(head(stdout));
    let stderr = tokio::spawn(head(stderr));
    let status = process.wait().await;
    // What it started and left behind would hold its streams open.
    process.kill().await;
    let (output, output_bytes) = finished(stdout).await;
    let (errors, _) = finished(stderr).await;
    keep(log, &program.shown(), &output, &errors).await;
    let status = status.ok();
    Ok(ProgramSeen {
        // With the words in place of the address: that is another one each time.
        command: as_written.with(&words.lasting()).shown(),
        gives_word: client.gives_word,
        ended: status.map_or("in an unknown way".into(), |status| status.to_string()),
        exit: status.and_then(|status| status.code()),
        expected_exit: client.exit,
        output: String::from_utf8_lossy(&output).into_owned(),
        output_cut: output_bytes > output.len() as u64,
        expected_output: client.output.clone(),
        errors: String::from_utf8_lossy(&errors).into_owned(),
    })
}

async fn finished(reader: tokio::task::JoinHandle<(Vec<u8>, u64)>) -> (Vec<u8>, u64) {
    let read = tokio::time::timeout(GRACE, reader).await;
    read.ok().and_then(Result::ok).unwrap_or_default()
}

/// The first bytes of a stream, which is read to its end, and how many it had.
async fn head(mut from: impl AsyncRead + Unpin) -> (Vec<u8>, u64) {
    let (mut kept, mut all) = (Vec::new(), 0);
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let room = (KEPT - kept.len()).min(read);
        kept.extend_from_slice(&buffer[..room]);
        all += read as u64;
    }
    (kept, all)
}

/// Adds what it printed to its log, in which its runs stand one after the other
/// until it is full.
async fn keep(log: &Path, command: &str, output: &[u8], errors: &[u8]) {
    let mut options = tokio::fs::OpenOptions::new();
    let opened = options.create(true).append(true).open(log).await;
    // A log that cannot be written changes nothing of what was seen.
    if let Ok(mut file) = opened {
        let before = file.metadata().await.map_or(0, |metadata| metadata.len());
        if before >= LOG_LIMIT {
            return;
        }
        let mut text = format!("$ {command}\n").into_bytes();
        text.extend_from_slice(output);
        text.extend_from_slice(errors);
        if before + text.len() as u64 >= LOG_LIMIT {
            text.extend_from_slice(b"\n... what it printed in other cells is left out\n");
        }
        let _ = file.write_all(&text).await;
        let _ = file.flush().await;
    }
}
