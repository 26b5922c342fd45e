//! From all cells to the model of the run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use wirecheck_core::judge::finding::{Culprit, Level};
use wirecheck_core::judge::outcome::Outcome;
use wirecheck_core::judge::rules;
use wirecheck_core::model::exit::Exit;
use wirecheck_core::model::from_judge;
use wirecheck_core::model::run as model;
use wirecheck_core::plan::cells::{CellPlan, Plan};
use wirecheck_core::plan::known::Known;

use super::books::Done;
use super::dispatch::Dispatched;
use super::folder::RunFolder;
use super::machine;
use super::pool::{Post, role_name};
use super::record;
use super::{Flaky, Options};
use crate::peer::contract::Role;
use crate::peer::fault::PeerFault;
use crate::peer::spec::Absent;

/// What a summary is made from, beside the cells.
pub struct Outline<'a> {
    /// The cells as planned.
    pub plan: &'a Plan,
    /// Known deviations.
    pub known: &'a [Known],
    /// The peers that took part.
    pub posts: &'a [Arc<Post>],
    /// Those that could not.
    pub absent: &'a [Arc<Post>],
    /// What the run was told.
    pub options: &'a Options,
    /// Its folder.
    pub folder: &'a RunFolder,
    /// When it began.
    pub started: String,
    /// Likewise, for measuring.
    pub began: Instant,
}

/// The model of a run.
pub fn summarize(
    outline: &Outline<'_>,
    mut done: Vec<Done>,
    dispatched: Dispatched,
    interrupted: bool,
) -> model::Run {
    let stopped = dispatched.stopped;
    done.sort_by_key(|done| done.cell);
    let incomplete_reason = incomplete_reason(outline, stopped, interrupted);
    let peers = peers(outline, &done);
    let exit = exit(outline, &done, incomplete_reason.is_some(), interrupted);
    model::Run {
        schema_version: model::SCHEMA_VERSION,
        tool: format!("wirecheck {}", env!("CARGO_PKG_VERSION")),
        id: outline.folder.id().to_owned(),
        started: outline.started.clone(),
        wall_ms: u64::try_from(outline.began.elapsed().as_millis()).unwrap_or(u64::MAX),
        seed: outline.options.seed,
        argv: outline.options.argv.clone(),
        revision: revision(),
        machine: machine(),
        complete: incomplete_reason.is_none(),
        incomplete_reason,
        exit: exit.code(),
        plan: model::PlanOf {
            digest: outline.plan.digest(),
            cells: outline.plan.cells.len(),
        },
        shard: None,
        peers,
        cases: cases(outline.plan),
        rules: rules::all()
            .iter()
            .map(|rule| from_judge::rule(rule))
            .collect(),
        known: known(outline.known, &done),
        causes: causes(&done, outline.options.flaky),
        left_out: outline.options.notes.clone(),
        agreements: dispatched.agreements,
        cuts: cuts(outline, &done),
        cells: cells(outline, done, stopped),
    }
}

fn incomplete_reason(outline: &Outline<'_>, stopped: bool, interrupted: bool) -> Option<String> {
    match (interrupted, stopped) {
        (true, _) => Some("interrupted".into()),
        (false, true) => Some("stopped at the first cell that was not as expected".into()),
        (false, false) => missed(outline),
    }
}

/// A peer that is not there and without which the run is not complete: one that
/// was asked for, or any if no cell is left without it.
fn missed(outline: &Outline<'_>) -> Option<String> {
    let plan = outline.plan;
    let missed = |cell: &CellPlan| cell.selected && absent(outline, cell).is_some();
    let none_ran = plan.cells.iter().all(|cell| !cell.selected || missed(cell));
    let posts = plan.cells.iter().filter(|cell| missed(cell));
    let mut posts = posts.filter_map(|cell| absent(outline, cell));
    let (name, why) = posts.find(|(_, why)| why.is_required || none_ran)?;
    Some(format!("{name} is {}", why.why))
}

/// What keeps a cell from running before anything is started: a peer's name,
/// and why it is not there.
fn absent<'a>(outline: &'a Outline<'_>, cell: &CellPlan) -> Option<(&'a str, &'a Absent)> {
    let sides = [
        (Role::Client, &outline.plan.clients[cell.client]),
        (Role::Server, &outline.plan.servers[cell.server]),
    ];
    let is = |post: &Post| sides.contains(&(post.role, &post.name));
    let post = outline.absent.iter().find(|post| is(post))?;
    Some((&post.name, post.absent.as_ref()?))
}

fn exit(outline: &Outline<'_>, done: &[Done], is_incomplete: bool, interrupted: bool) -> Exit {
    let any = |wanted: &[Outcome]| {
        done.iter()
            .any(|done| wanted.contains(&done.verdict.outcome))
    };
    // A peer that left processes behind, or had to be forced, is a fault of the
    // infrastructure even where all its cells are well.
    let faulty_peer = outline
        .posts
        .iter()
        .any(|post| !lock(&post.faults).is_empty());
    let mut reasons = Vec::new();
    reasons.extend(interrupted.then_some(Exit::Interrupted));
    let is_incompatible = any(&[Outcome::Fail, Outcome::Stale])
        || (outline.options.flaky == Flaky::Fail && any(&[Outcome::Flaky]));
    reasons.extend(is_incompatible.then_some(Exit::Incompatible));
    reasons.extend((any(&[Outcome::Error]) || faulty_peer).then_some(Exit::Infrastructure));
    reasons.extend((is_incomplete || any(&[Outcome::NotRun])).then_some(Exit::Incomplete));
    Exit::first_of(reasons)
}

fn cells(outline: &Outline<'_>, done: Vec<Done>, stopped: bool) -> Vec<model::Cell> {
    let mut ended: BTreeMap<usize, model::Cell> = done
        .into_iter()
        .map(|done| (done.cell, done.record))
        .collect();
    let planned = outline.plan.cells.iter().enumerate();
    planned
        .map(|(index, planned)| {
            ended
                .remove(&index)
                .unwrap_or_else(|| not_run(outline, planned, stopped))
        })
        .collect()
}

fn not_run(outline: &Outline<'_>, planned: &CellPlan, stopped: bool) -> model::Cell {
    let absent = absent(outline, planned).map(|(_, absent)| absent.why.as_str());
    let lacking = absent.or_else(|| machine::lacks(planned.variant));
    let (code, sentence) = match (planned.selected, lacking) {
        (false, _) => ("filtered", "not selected"),
        (true, Some(why)) => ("absent", why),
        (true, None) if stopped => ("stopped", "the run was stopped before"),
        (true, None) => ("harness", "lost by the harness"),
    };
    let reason = model::Reason {
        code: code.into(),
        sentence: sentence.into(),
        ..model::Reason::default()
    };
    model::Cell {
        reason: Some(reason),
        ..record::cell(outline.plan, planned)
    }
}

/// Cells with the same finding of the same peer, the largest group first.
fn causes(done: &[Done], flaky: Flaky) -> Vec<model::Cause> {
    let mut causes: Vec<model::Cause> = Vec::new();
    let is_told = |outcome: Outcome| match outcome {
        Outcome::Pass | Outcome::Lax | Outcome::NotRun => false,
        Outcome::Flaky => flaky != Flaky::Pass,
        _ => true,
    };
    for done in done.iter().filter(|done| is_told(done.verdict.outcome)) {
        let cause = cause(done);
        match causes.iter_mut().find(|known| known.id == cause.id) {
            Some(known) => known.cells.extend(cause.cells),
            None => causes.push(cause),
        }
    }
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.cells.len()));
    causes
}

fn cause(done: &Done) -> model::Cause {
    let first = done.record.attempts.iter().rev().find_map(|attempt| {
        attempt
            .findings
            .iter()
            .find(|finding| finding.level == "MUST")
    });
    let culprit = done.verdict.culprit.map_or_else(
        || first.map_or("undetermined".to_owned(), |finding| finding.culprit.clone()),
        |culprit| from_judge::culprit(culprit).to_owned(),
    );
    let peer = match culprit.as_str() {
        "client" => Some(done.record.client.clone()),
        "server" => Some(done.record.server.clone()),
        _ => None,
    };
    let reason = done
        .record
        .reason
        .as_ref()
        .map(|reason| reason.sentence.clone());
    let sentence = match done.verdict.outcome {
        Outcome::Fail => first.map(|finding| finding.sentence.clone()).or(reason),
        _ => reason.or_else(|| first.map(|finding| finding.sentence.clone())),
    };
    let fingerprint = first.map_or("none", |finding| finding.fingerprint.as_str());
    let outcome = done.verdict.outcome.name();
    model::Cause {
        id: format!(
            "{outcome}-{}-{fingerprint}",
            peer.as_deref().unwrap_or("none")
        ),
        outcome: outcome.into(),
        sentence: sentence.unwrap_or_default(),
        culprit,
        peer,
        cells: vec![done.record.id.clone()],
    }
}

fn known(known: &[Known], done: &[Done]) -> Vec<model::KnownOf> {
    let entries = known.iter().enumerate();
    entries
        .map(|(index, entry)| model::KnownOf {
            pattern: entry.cells.as_str().to_owned(),
            finding: entry.finding.clone(),
            reason: entry.reason.clone(),
            link: entry.link.clone(),
            since: entry.since.clone(),
            rate: entry.rate.map(|rate| rate.to_string()),
            at: entry.at.to_string(),
            matched: done
                .iter()
                .filter(|done| done.verdict.known.contains(&index))
                .map(|done| done.record.id.clone())
                .collect(),
        })
        .collect()
}

fn cases(plan: &Plan) -> Vec<model::Case> {
    let cases = plan.cases.iter();
    cases
        .map(|case| model::Case {
            id: case.id.clone(),
            digest: case.digest.clone(),
            about: case.about.clone(),
            file: case.at.file.display().to_string(),
            line: case.at.line,
            keyword: case
                .keyword
                .map(|keyword| format!("{keyword:?}").to_uppercase()),
            section: case.section.clone(),
            holds: case.holds.iter().map(|id| (*id).to_owned()).collect(),
        })
        .collect()
}

fn peers(outline: &Outline<'_>, done: &[Done]) -> Vec<model::Peer> {
    let absent = outline.absent.iter().map(|post| peer_alone(post));
    let took_part = outline.posts.iter().map(|post| peer(outline, post, done));
    took_part.chain(absent).collect()
}

fn peer(outline: &Outline<'_>, post: &Post, done: &[Done]) -> model::Peer {
    let log = post
        .log()
        .strip_prefix(outline.folder.path())
        .unwrap_or(post.log());
    model::Peer {
        habits: habits(post, done),
        // What was never started has none.
        log: post.log().exists().then(|| log.display().to_string()),
        ..peer_alone(post)
    }
}

/// A peer with what it said of itself, apart from any cell.
pub fn peer_alone(post: &Post) -> model::Peer {
    let ready = lock(&post.ready).clone().unwrap_or_default();
    model::Peer {
        name: post.name.clone(),
        role: role_name(post.role).into(),
        source: post.source.clone(),
        command: post.program.argv.clone(),
        versions: ready
            .versions
            .into_iter()
            .map(|v| model::VersionOf {
                name: v.name,
                version: v.version,
            })
            .collect(),
        features: ready.features,
        absent: post.absent.as_ref().map(|absent| model::Absent {
            reason: absent.why.clone(),
            mend: absent.mend.clone(),
            required: absent.is_required,
        }),
        errors: errors(&lock(&post.faults)),
        restarts: post.restarts.load(Ordering::Relaxed),
        ..model::Peer::default()
    }
}

/// Each fault once, with what the log said last: a peer that dies of the same
/// thing again is told of in [`model::Peer::restarts`].
fn errors(failures: &[super::pool::Failure]) -> Vec<model::PeerError> {
    let mut errors: Vec<model::PeerError> = Vec::new();
    for error in failures.iter().map(error) {
        match errors
            .iter_mut()
            .find(|known| known.sentence == error.sentence)
        {
            Some(known) => *known = error,
            None => errors.push(error),
        }
    }
    errors
}

fn error(failure: &super::pool::Failure) -> model::PeerError {
    let exit_status = match &failure.fault {
        PeerFault::Died {
            status: Some(status),
            ..
        } => Some(status.to_string()),
        _ => None,
    };
    model::PeerError {
        sentence: failure.fault.to_string(),
        exit_status,
        log_tail: failure.log_tail.clone(),
        hint: failure.hint.clone(),
    }
}

/// What was left out because a limit was reached: of cells, those of a case
/// together, and of logs. Which cells they are stands with each of them.
fn cuts(outline: &Outline<'_>, done: &[Done]) -> Vec<String> {
    let logs = outline.posts.iter().filter_map(|post| {
        let left_out = post.log_left_out();
        (left_out > 0).then(|| {
            format!(
                "the log of {} as {}: {left_out} bytes",
                post.name,
                role_name(post.role)
            )
        })
    });
    let cells = cuts_of_cells(done.iter().map(|done| &done.record));
    cells.chain(logs).collect()
}

fn cuts_of_cells<'a>(cells: impl Iterator<Item = &'a model::Cell>) -> impl Iterator<Item = String> {
    let mut by_case: BTreeMap<(String, &str), BTreeSet<&str>> = BTreeMap::new();
    for cell in cells {
        let case = format!("{}/{}", cell.suite, cell.case);
        for cut in cell.attempts.iter().flat_map(|attempt| &attempt.cuts) {
            let of_case = by_case.entry((case.clone(), cut)).or_default();
            of_case.insert(&cell.id);
        }
    }
    let lines = by_case
        .into_iter()
        .map(|((case, cut), ids)| match (ids.len(), ids.first()) {
            (1, Some(id)) => format!("{id}: {cut}"),
            (several, _) => format!("{case}: {cut}, in {several} cells"),
        });
    lines.collect::<Vec<_>>().into_iter()
}

/// Findings below MUST of this peer: in how many cells each shows.
fn habits(post: &Post, done: &[Done]) -> BTreeMap<String, u64> {
    let culprit = match post.role {
        Role::Client => Culprit::Client,
        _ => Culprit::Server,
    };
    let its_cells = done.iter().filter(|done| match culprit {
        Culprit::Client => done.record.client == post.name,
        _ => done.record.server == post.name,
    });
    let mut habits = BTreeMap::new();
    for done in its_cells {
        let its = done
            .findings
            .iter()
            .filter(|finding| finding.level != Level::Must && finding.culprit == culprit);
        let mut codes: Vec<&str> = its.map(|finding| finding.code.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        for code in codes {
            *habits.entry(code.to_owned()).or_default() += 1;
        }
    }
    habits
}

fn machine() -> model::Machine {
    model::Machine {
        os: std::env::consts::OS.into(),
        arch: std::env::consts::ARCH.into(),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
    }
}

/// The git revision of the working directory, if git is there and it has one.
fn revision() -> Option<String> {
    let output = std::process::Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output
        .status
        .success()
        .then(|| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(id: &str, cuts: &[&str]) -> model::Cell {
        let attempt = model::Attempt {
            cuts: cuts.iter().map(ToString::to_string).collect(),
            ..model::Attempt::default()
        };
        model::Cell {
            id: id.into(),
            suite: "edge".into(),
            case: id.rsplit('/').next().unwrap_or_default().into(),
            attempts: vec![attempt.clone(), attempt],
            ..model::Cell::default()
        }
    }

    #[test]
    fn what_was_cut_is_told_by_case() {
        let cells = [
            cell("a/s/edge/long", &["frames, beyond 4"]),
            cell("b/s/edge/long", &["frames, beyond 4", "streams, beyond 1"]),
            cell("b/s/edge/short", &[]),
        ];
        let told: Vec<String> = cuts_of_cells(cells.iter()).collect();
        assert_eq!(
            told,
            [
                "edge/long: frames, beyond 4, in 2 cells",
                "b/s/edge/long: streams, beyond 1",
            ]
        );
    }
}
