//! `wirecheck show CELL --pcapng FILE`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use wirecheck_core::model::exit::Exit;
use wirecheck_core::model::run::{Attempt, Cell, Run};

use super::Result;
use super::error::CliError;
use super::output::open_capture;
use crate::export::pcapng::{Pcapng, PcapngError, SERVER_PORT, Written};
use crate::report::count;

/// Writes what the taps of a cell saw as packets.
pub fn write(
    run: &Run,
    cell: &Cell,
    attempt: &Attempt,
    folder: &Path,
    file: &Path,
) -> Result<Exit> {
    if file == Path::new("-") {
        packets(run, cell, attempt, folder, io::stdout().lock())?;
        return Ok(Exit::Ok);
    }
    let to = File::create(file).map_err(|source| CliError::Write {
        path: file.to_owned(),
        source,
    })?;
    let written = packets(run, cell, attempt, folder, to)?;
    eprintln!("{}", told(&written, file, attempt));
    Ok(Exit::Ok)
}

fn packets(
    run: &Run,
    cell: &Cell,
    attempt: &Attempt,
    folder: &Path,
    to: impl Write,
) -> Result<Written> {
    let failed = |error: PcapngError| CliError::Pcapng {
        cell: cell.id.clone(),
        error,
    };
    let mut file = Pcapng::new(BufWriter::new(to), &run.tool).map_err(failed)?;
    for capture in &attempt.captures {
        let from = open_capture(folder, capture).map_err(|source| CliError::Read {
            path: capture.path.clone().into(),
            source,
        })?;
        file.add(from, &cell.id, began(run, cell)).map_err(failed)?;
    }
    let (mut to, written) = file.finish();
    to.flush()
        .map_err(|error| failed(PcapngError::Flush(error)))?;
    Ok(written)
}

/// When the taps of the cell were opened, to the precision of the report: a
/// capture counts from there.
fn began(run: &Run, cell: &Cell) -> Duration {
    let started = humantime::parse_rfc3339(&run.started).unwrap_or(SystemTime::UNIX_EPOCH);
    let since = started.duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default() + Duration::from_millis(cell.start_ms)
}

fn told(written: &Written, file: &Path, attempt: &Attempt) -> String {
    let is_cut = written.truncated || attempt.captures.iter().any(|capture| capture.cut);
    let cut = if is_cut {
        "; the capture was cut, and what it lacks is a gap"
    } else {
        ""
    };
    format!(
        "{}: {} in {}, servers from port {SERVER_PORT} on{cut}",
        file.display(),
        count(written.packets as usize, "packet"),
        count(written.connections as usize, "connection"),
    )
}
