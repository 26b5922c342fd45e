//! One command of a build: bounded in time, and gone with all it started.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

use super::VersionError;
use crate::peer::process::{Process, Program};

/// How long a command may take. A tonic peer took two minutes on two cores.
const LIMIT: Duration = Duration::from_secs(1_800);
/// The last lines that are kept, and the most bytes of a line.
const TAIL_LINES: usize = 8;
const LINE_BYTES: usize = 300;

/// Runs a command to its end.
///
/// # Errors
///
/// It cannot be started, fails, or takes too long: with its last lines.
pub async fn run(program: &Program) -> Result<(), VersionError> {
    let failed = |how: String, tail: Vec<String>| VersionError::Command {
        command: program.shown(),
        how,
        tail,
    };
    let (mut process, output) = Process::start_merged(program)
        .map_err(|error| failed(format!("cannot be started: {error}"), Vec::new()))?;
    let ending = async { tokio::join!(process.wait(), tail(output)) };
    let Ok((status, lines)) = tokio::time::timeout(LIMIT, ending).await else {
        let how = format!("took longer than {} s", LIMIT.as_secs());
        return Err(failed(how, Vec::new()));
    };
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(format!("ended with {status}"), told(lines))),
        Err(error) => Err(failed(format!("was lost: {error}"), told(lines))),
    }
}

async fn tail(from: impl AsyncRead + Unpin) -> VecDeque<String> {
    let mut lines = BufReader::new(from).split(b'\n');
    let mut tail = VecDeque::new();
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(&line[..line.len().min(LINE_BYTES)]);
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        if line.trim().is_empty() {
            continue;
        }
        if tail.len() == TAIL_LINES {
            tail.pop_front();
        }
        tail.push_back(line);
    }
    tail
}

/// The set-up of a checkout ends with a hint for the checkout, which is not
/// what was typed here.
fn told(lines: VecDeque<String>) -> Vec<String> {
    let is_of_checkout = |line: &String| line.starts_with("hint: ");
    lines
        .into_iter()
        .filter(|line| !is_of_checkout(line))
        .collect()
}
