//! What a cell leaves in the model.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};
use wirecheck_core::judge::agreement::{self, Witness};
use wirecheck_core::judge::finding::{Culprit, Finding, Level, Where};
use wirecheck_core::judge::outcome::{self, Outcome, Verdict};
use wirecheck_core::judge::{Judged, judge as judge_case};
use wirecheck_core::model::from_judge::{self, Kept};
use wirecheck_core::model::redact::{self, SecretValues};
use wirecheck_core::model::run as model;
use wirecheck_core::plan::cells::{CellPlan, Plan};
use wirecheck_core::plan::told;
use wirecheck_core::plan::types::{CasePlan, EventPlan, PeerKind};
use wirecheck_core::wire::exchange::Exchange;
use wirecheck_core::wire::secret::Secrets;

use super::cell::{Attempted, Capture, Side, Trouble};
use super::dispatch::Setup;
use crate::peer::fault::PeerFault;

/// The most bytes of a capture that stay on disk when the cell was as it
/// should be. A run of the greeter suite moves 600 MB.
const KEPT: u64 = 1 << 20;

/// One run of a cell that came to something.
#[derive(Debug)]
pub struct Sample {
    /// What the judge says of it.
    pub judged: Judged,
    /// For the model.
    pub attempt: model::Attempt,
    /// What the client was told, where clients are held against each other.
    pub witness: Option<Witness>,
    /// What must not be kept of what is found later.
    values: SecretValues,
}

/// Judges one run of a cell and puts it into the model. Blocks.
///
/// # Errors
///
/// The capture cannot be read or written.
pub fn judge(
    case: &CasePlan,
    attempted: Attempted,
    folder: &Path,
    client: &str,
    secrets: &Secrets,
) -> Result<Sample, Trouble> {
    if let Some(feature) = attempted.seen.unsupported() {
        return Err(Trouble::Unsupported {
            side: Side::Client,
            feature: feature.to_owned(),
        });
    }
    let mut judged = judge_case(case, &attempted.seen);
    if let Some(waiting) = &attempted.out_of_time {
        judged
            .findings
            .insert(0, out_of_time(case, &attempted.seen.exchange, waiting));
    }
    let as_it_should_be = !judged
        .findings
        .iter()
        .any(|finding| finding.level == Level::Must);
    let captures = attempted
        .captures
        .iter()
        .map(|capture| keep(capture, folder, as_it_should_be));
    let captures = captures.collect::<Result<_, _>>()?;
    let seen = &attempted.seen;
    // An answer of somebody's own server may be held against another's.
    let kept = match case.server {
        PeerKind::Foreign => Kept::WHOLE,
        PeerKind::Contract | PeerKind::Official | PeerKind::Scripted => Kept::OUTLINE,
    };
    let calls = case.calls.iter().zip(&seen.calls).map(|(call, seen)| {
        let reports = seen.iter().map(|seen| from_judge::call(seen, kept));
        (call.id.clone(), reports.collect())
    });
    let mut attempt = model::Attempt {
        kind: String::new(),
        outcome: outcome_of(&judged).name().into(),
        findings: judged
            .findings
            .iter()
            .map(|finding| from_judge::finding(case, finding))
            .collect(),
        checks: judged.checks.iter().map(from_judge::check).collect(),
        calls: calls.collect(),
        handled: seen.handled.iter().map(from_judge::handled).collect(),
        connections: seen
            .exchange
            .connections
            .iter()
            .map(from_judge::connection)
            .collect(),
        captures,
        cuts: cuts(&attempted),
    };
    let values = SecretValues::of(seen, secrets);
    redact::redact(&mut attempt, &values, secrets);
    let witness = case.agrees.then(|| agreement::witness(client, case, seen));
    Ok(Sample {
        judged,
        attempt,
        witness,
        values,
    })
}

/// Adds what was found when the cell was held against others.
pub fn add_finding(case: &CasePlan, sample: &mut Sample, finding: Finding, secrets: &Secrets) {
    sample
        .attempt
        .findings
        .push(from_judge::finding(case, &finding));
    redact::redact(&mut sample.attempt, &sample.values, secrets);
    sample.judged.findings.push(finding);
    sample.attempt.outcome = outcome_of(&sample.judged).name().into();
}

/// What was left out of the capture, or of its decoding.
fn cuts(attempted: &Attempted) -> Vec<String> {
    let decoded = attempted.seen.exchange.cuts.iter();
    let decoded = decoded.map(|cut| format!("{}, beyond {}", cut.what, cut.limit));
    let captures = attempted.captures.iter().filter(|capture| capture.cut);
    let captures =
        captures.map(|capture| format!("the capture, of {} bytes that passed", capture.bytes));
    decoded.chain(captures).collect()
}

/// The outcome of one run, known deviations aside.
fn outcome_of(judged: &Judged) -> Outcome {
    match judged
        .findings
        .iter()
        .any(|finding| finding.level == Level::Must)
    {
        true => Outcome::Fail,
        false if judged.is_lax() => Outcome::Lax,
        false => Outcome::Pass,
    }
}

/// The time of a case ran out. Whoever owed the next byte of a call is to blame;
/// nobody, if all calls are over and something else did not come.
fn out_of_time(case: &CasePlan, exchange: &Exchange, waiting: &[EventPlan]) -> Finding {
    let is_call = |event: &EventPlan| matches!(event, EventPlan::CallEnded(_));
    let culprit = match waiting.iter().any(is_call) {
        true => debtor(exchange),
        false => Culprit::Undetermined,
    };
    // A call that does not end is what most cases wait for at their end, so the
    // harness's own steps say more.
    let first = waiting
        .iter()
        .find(|event| !is_call(event))
        .or(waiting.first());
    let awaited = first.map_or(String::new(), |event| {
        format!("; it still waited until {}", told::event(case, event))
    });
    Finding {
        code: "expect/time".into(),
        level: Level::Must,
        culprit,
        sentence: format!("the case did not end within {}{awaited}", shown(case.limit)),
        place: Where::default(),
        expected: None,
        got: None,
        section: None,
        path: Some("limit".into()),
    }
}

/// Who owed the next byte.
fn debtor(exchange: &Exchange) -> Culprit {
    let streams = exchange
        .connections
        .iter()
        .flat_map(|connection| &connection.streams);
    let owed_by_server = streams.clone().any(|stream| {
        stream.request.end_stream.is_some()
            && stream.response.end_stream.is_none()
            && stream.response.reset.is_none()
    });
    let answered = streams
        .clone()
        .any(|stream| stream.response.end_stream.is_some());
    match (owed_by_server, answered) {
        (true, _) => Culprit::Server,
        (false, true) => Culprit::Client,
        (false, false) => Culprit::Undetermined,
    }
}

fn shown(limit: std::time::Duration) -> String {
    match limit.subsec_millis() {
        0 => format!("{} s", limit.as_secs()),
        _ => format!("{} ms", limit.as_millis()),
    }
}

/// Keeps a capture; of a long one without a fault only the beginning.
fn keep(
    capture: &Capture,
    folder: &Path,
    as_it_should_be: bool,
) -> Result<model::CaptureOf, Trouble> {
    let failed = |error: std::io::Error| Trouble::Capture(error.to_string());
    let length = std::fs::metadata(&capture.path).map_err(failed)?.len();
    let shorten = as_it_should_be && length > KEPT;
    if shorten {
        let file = std::fs::OpenOptions::new()
            .write(true)
            .open(&capture.path)
            .map_err(failed)?;
        file.set_len(KEPT).map_err(failed)?;
    }
    let path = capture
        .path
        .strip_prefix(folder)
        .unwrap_or(&capture.path)
        .display()
        .to_string();
    Ok(model::CaptureOf {
        path,
        format: "wirecap-1".into(),
        length: if shorten { KEPT } else { length },
        sha256: digest(&capture.path).map_err(failed)?,
        cut: capture.cut || shorten,
    })
}

fn digest(path: &Path) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    let mut file = std::fs::File::open(path)?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match std::io::Read::read(&mut file, &mut buffer)? {
            0 => return Ok(from_judge::hex(&hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}

/// A cell of the model before anything is known of it.
pub fn cell(plan: &Plan, planned: &CellPlan) -> model::Cell {
    let case = &plan.cases[planned.case];
    model::Cell {
        id: planned.id.clone(),
        client: plan.clients[planned.client].clone(),
        server: plan.servers[planned.server].clone(),
        suite: case.suite.clone(),
        case: case.name.clone(),
        variant: planned
            .variant
            .words()
            .iter()
            .map(|word| (*word).to_owned())
            .collect(),
        digest: case.digest.clone(),
        outcome: Outcome::NotRun.name().into(),
        ..model::Cell::default()
    }
}

/// A run that came to nothing.
pub fn troubled(kind: String, trouble: &Trouble) -> model::Attempt {
    let outcome = match trouble {
        Trouble::Unsupported { .. } => Outcome::Unsupported,
        _ => Outcome::Error,
    };
    let culprit = match trouble {
        Trouble::Peer { side, .. }
        | Trouble::CouldNotTry { side, .. }
        | Trouble::Unsupported { side, .. } => culprit(*side),
        Trouble::Sockets(_)
        | Trouble::Certificates(_)
        | Trouble::Tap(_)
        | Trouble::Script(_)
        | Trouble::Capture(_) => Culprit::Harness,
    };
    let finding = model::FindingOf {
        code: code(trouble).into(),
        fingerprint: code(trouble).into(),
        level: from_judge::level(Level::Must).into(),
        culprit: from_judge::culprit(culprit).into(),
        sentence: sentence(trouble),
        ..model::FindingOf::default()
    };
    model::Attempt {
        kind,
        outcome: outcome.name().into(),
        findings: vec![finding],
        ..model::Attempt::default()
    }
}

fn code(trouble: &Trouble) -> &'static str {
    match trouble {
        Trouble::Peer { .. } => "peer/process",
        Trouble::Unsupported { .. } => "peer/unsupported",
        Trouble::CouldNotTry { .. } => "peer/could-not-try",
        Trouble::Sockets(_) => "harness/sockets",
        Trouble::Certificates(_) => "harness/certificates",
        Trouble::Tap(_) => "harness/tap",
        Trouble::Script(_) => "harness/script",
        Trouble::Capture(_) => "harness/capture",
    }
}

fn sentence(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Peer { side, fault } => format!("the {} {fault}", side_name(*side)),
        Trouble::CouldNotTry { side, why } => {
            format!("the {} could not try: {why}", side_name(*side))
        }
        Trouble::Unsupported { side, feature } => {
            format!("the {} lacks `{feature}`", side_name(*side))
        }
        Trouble::Sockets(_)
        | Trouble::Certificates(_)
        | Trouble::Tap(_)
        | Trouble::Script(_)
        | Trouble::Capture(_) => trouble.to_string(),
    }
}

fn side_name(side: Side) -> &'static str {
    match side {
        Side::Client => "client",
        Side::Server => "server",
    }
}

fn culprit(side: Side) -> Culprit {
    match side {
        Side::Client => Culprit::Client,
        Side::Server => Culprit::Server,
    }
}

/// The verdict on a cell whose peer died under it, if `known.toml` says that it
/// does. That a peer cannot be started is never known.
pub fn known_death(trouble: &Trouble, id: &str, setup: &Setup) -> Option<Verdict> {
    let Trouble::Peer { side, fault } = trouble else {
        return None;
    };
    if never_ran(fault) {
        return None;
    }
    let death = Finding {
        code: code(trouble).into(),
        level: Level::Must,
        culprit: culprit(*side),
        sentence: sentence(trouble),
        place: Where::default(),
        expected: None,
        got: None,
        section: None,
        path: None,
    };
    let sample = Judged {
        findings: vec![death],
        checks: Vec::new(),
    };
    let verdict = outcome::decide(id, &[sample], &setup.known);
    (verdict.outcome == Outcome::Known).then_some(verdict)
}

/// The verdict on a cell that came to nothing, with its reason.
pub fn of_trouble(
    trouble: &Trouble,
    planned: &CellPlan,
    setup: &Setup,
    record: &mut model::Cell,
) -> Verdict {
    let peer = |side: Side| match side {
        Side::Client => setup.plan.clients[planned.client].clone(),
        Side::Server => setup.plan.servers[planned.server].clone(),
    };
    let (outcome, culprit, peer, feature) = match trouble {
        Trouble::Unsupported { side, feature } => (
            Outcome::Unsupported,
            culprit(*side),
            Some(peer(*side)),
            Some(feature.clone()),
        ),
        Trouble::Peer { side, .. } | Trouble::CouldNotTry { side, .. } => {
            (Outcome::Error, culprit(*side), Some(peer(*side)), None)
        }
        Trouble::Sockets(_)
        | Trouble::Certificates(_)
        | Trouble::Tap(_)
        | Trouble::Script(_)
        | Trouble::Capture(_) => (Outcome::Error, Culprit::Harness, None, None),
    };
    let code = match outcome {
        Outcome::Unsupported => "feature",
        _ if culprit == Culprit::Harness => "harness",
        _ => "peer",
    };
    let sentence = sentence(trouble);
    record.reason = Some(model::Reason {
        code: code.into(),
        sentence: sentence.clone(),
        peer,
        feature,
        mend: None,
    });
    Verdict {
        outcome,
        culprit: Some(culprit),
        known: Vec::new(),
        reason: Some(sentence),
    }
}

/// Puts the verdict into the model.
pub fn finish(record: &mut model::Cell, verdict: &Verdict) {
    record.outcome = verdict.outcome.name().into();
    record.known_entry.clone_from(&verdict.known);
    if record.reason.is_none() {
        record.reason = verdict.reason.as_ref().map(|sentence| model::Reason {
            code: verdict.outcome.name().into(),
            sentence: sentence.clone(),
            ..model::Reason::default()
        });
    }
}

/// The peer was never there to be blamed for a cell.
pub fn never_ran(fault: &PeerFault) -> bool {
    match fault {
        PeerFault::Start(_)
        | PeerFault::NeverReady
        | PeerFault::NotReady { .. }
        | PeerFault::NotReadyInside { .. }
        | PeerFault::Container(_)
        | PeerFault::Taken(_)
        | PeerFault::Tls(_)
        | PeerFault::Speaks { .. }
        | PeerFault::Version(_)
        | PeerFault::SaysYes(_)
        | PeerFault::Build(_) => true,
        PeerFault::Died { when, .. } => *when == "before it was ready",
        _ => false,
    }
}

/// Of several samples, how many had each status.
pub fn count_status(
    distribution: &mut BTreeMap<String, u64>,
    attempt: &model::Attempt,
    repeat: u32,
) {
    if repeat > 1 {
        for call in attempt.calls.values().flatten() {
            *distribution.entry(call.status.clone()).or_default() += 1;
        }
    }
}
