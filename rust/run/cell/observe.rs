//! What one run of a cell gave, put together: reports, handlers and the decoded
//! captures.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use wirecheck_core::judge::heard;
use wirecheck_core::judge::observed::{CallSeen, DialogueSeen, LineSeen, Observation};
use wirecheck_core::model::redact;
use wirecheck_core::plan::types::{CasePlan, EventPlan};
use wirecheck_core::wire::capture::{Reader, Writer};
use wirecheck_core::wire::decode::{LiveDecoder, decode_capture};
use wirecheck_core::wire::exchange::{Exchange, Limits};
use wirecheck_core::wire::mask::Masker;
use wirecheck_core::wire::secret::Secrets;

use super::wires::Passed;
use super::{Attempted, Capture, Stage, Trouble};
use crate::line::Told;
use crate::peer::up::Up;
use crate::run::facts::Facts;
use crate::tap::Captured;

/// The first listener's capture has the cell's own name.
pub(super) fn capture_path(path: &Path, index: usize) -> PathBuf {
    match index {
        0 => path.to_owned(),
        index => path.with_extension(format!("{index}.wirecap")),
    }
}

/// What passed beside the server has a name of its own.
pub(super) fn beside_server(path: &Path) -> PathBuf {
    path.with_extension("server.wirecap")
}

/// Puts what was seen together. Decoding and writing are not for the threads
/// that serve the traffic.
pub(super) async fn observe(
    stage: &Stage<'_>,
    facts: &Facts,
    passed: Passed,
    out_of_time: Option<Vec<EventPlan>>,
    dialogue: Option<DialogueSeen>,
) -> Result<Attempted, Trouble> {
    let path = stage.capture.clone();
    let secrets = stage.secrets.clone();
    let told = passed.told;
    let kept = tokio::task::spawn_blocking(move || {
        let place = |index| capture_path(&path, index);
        let beside_client = all(passed.captured, place, &secrets)?;
        let place = |index| beside_server(&capture_path(&path, index));
        let behind = all(passed.beside_server, place, &secrets)?;
        Ok::<_, Trouble>((beside_client, behind))
    });
    let ((mut exchange, mut captures), (mut behind, captures_behind)) = kept
        .await
        .map_err(|error| Trouble::Capture(error.to_string()))??;
    captures.extend(captures_behind.into_iter().map(|capture| Capture {
        beside_server: true,
        ..capture
    }));
    let tls = stage.variant.is_encrypted();
    if tls {
        exchange.expect_tls();
        behind.expect_tls();
    }
    let line = line_seen(&told, behind)?;
    let state = std::mem::take(&mut *facts.lock());
    let calls = match stage.client {
        Up::Client(client) if client.gives_word => heard::reports(stage.case, &exchange, tls),
        Up::Scripted => asked(heard::reports(stage.case, &exchange, tls)),
        Up::Client(_) | Up::Peer(_) | Up::Server(_) => reported(stage.case, state.calls),
    };
    let seen = Observation {
        calls,
        handled: state.handled,
        exchange,
        tls,
        program: state.program,
        is_server_silent: matches!(stage.server, Up::Server(_) | Up::Scripted),
        dialogue,
        line: line.map(Box::new),
    };
    Ok(Attempted {
        seen,
        captures,
        out_of_time,
    })
}

/// Keeps captures, and puts what they hold together.
fn all(
    captured: Vec<Captured>,
    place: impl Fn(usize) -> PathBuf,
    secrets: &Secrets,
) -> Result<(Exchange, Vec<Capture>), Trouble> {
    let mut exchange = Exchange::default();
    let mut captures = Vec::new();
    for (index, captured) in captured.into_iter().enumerate() {
        let (decoded, capture) = keep(captured, place(index), secrets)?;
        exchange.connections.extend(decoded.connections);
        exchange.cuts.extend(decoded.cuts);
        captures.push(capture);
    }
    Ok((exchange, captures))
}

/// What became of the faults, over the lines to all listeners.
fn line_seen(told: &[Told], beside_server: Exchange) -> Result<Option<LineSeen>, Trouble> {
    if told.is_empty() {
        return Ok(None);
    }
    let mut seen = LineSeen {
        beside_server,
        ..LineSeen::default()
    };
    for told in told {
        if let Some(why) = &told.failure {
            return Err(Trouble::Line(why.clone()));
        }
        seen.applied.resize(told.applied.len(), 0);
        let sums = seen.applied.iter_mut().zip(&told.applied);
        sums.for_each(|(sum, times)| *sum = sum.saturating_add(*times));
        seen.refused = seen.refused.saturating_add(told.refused);
        let why = told.gave_up.map(|why| why.to_string());
        seen.gave_up = seen.gave_up.or(why);
    }
    Ok(Some(seen))
}

/// What a script's calls came to. One that it did not come to is its dialogue's
/// matter, and told there.
fn asked(mut reports: Vec<Vec<CallSeen>>) -> Vec<Vec<CallSeen>> {
    for seen in reports.iter_mut().flatten() {
        if matches!(seen, CallSeen::NotMade) {
            *seen = CallSeen::Untold("the dialogue did not come to it".into());
        }
    }
    reports
}

/// The reports of each call of the case, of all that were to be made.
fn reported(case: &CasePlan, reports: Vec<Vec<CallSeen>>) -> Vec<Vec<CallSeen>> {
    let calls = reports.into_iter().zip(&case.calls);
    calls
        .map(|(mut seen, call)| {
            seen.resize(call.count as usize, CallSeen::Missing);
            seen
        })
        .collect()
}

fn keep(
    captured: Captured,
    path: PathBuf,
    secrets: &Secrets,
) -> Result<(Exchange, Capture), Trouble> {
    let failed = |error: &dyn std::fmt::Display| Trouble::Capture(error.to_string());
    if let Some(error) = &captured.log_failure {
        return Err(failed(error));
    }
    let exchange = {
        let log = captured.log.open().map_err(|error| failed(&error))?;
        decode_capture(log, Limits::default()).map_err(|error| failed(&error))?
    };
    let bytes = captured.totals.client_bytes + captured.totals.server_bytes;
    captured.log.save(&path).map_err(|error| failed(&error))?;
    let left_out = match redact::is_on_the_wire(&exchange, secrets) {
        true => mask(&path, secrets).map_err(|error| failed(&error))?,
        false => 0,
    };
    Ok((
        exchange,
        Capture {
            path,
            bytes,
            cut: captured.totals.left_out > 0 || left_out > 0,
            beside_server: false,
        },
    ))
}

/// Overwrites the values of secrets in a capture, in place. Returns how many
/// bytes had to be left out since they could not be masked.
fn mask(path: &Path, secrets: &Secrets) -> std::io::Result<u64> {
    let file = BufReader::new(File::open(path)?);
    let mut reader = Reader::new(file).map_err(std::io::Error::other)?;
    let mut decoder = LiveDecoder::new(Limits::default());
    decoder.mask(secrets.clone());
    let mut masker = Masker::default();
    let mut masked = Writer::new(Vec::new())?.finish()?;
    while let Some(record) = reader.next_record().map_err(std::io::Error::other)? {
        decoder.feed(record, &mut |_| {});
        masker.pass(&record, &mut decoder, &mut masked);
    }
    let left_out = masker.finish(&mut masked);
    std::fs::write(path, masked)?;
    Ok(left_out)
}
