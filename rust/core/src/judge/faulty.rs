//! A line with faults on it: what each side sent is judged where it left that
//! side, before anything was done to it.

use super::check::Check;
use super::finding::{Culprit, Finding, Level, Where};
use super::observed::{LineSeen, Observation};
use super::rules;
use crate::plan::faults::{FaultPlan, told};
use crate::plan::types::CasePlan;
use crate::wire::exchange::Exchange;

const CODE: &str = "line/fault";

/// What the rules find. Each side is held against what it sent itself, and
/// answers what it got: both pass the tap beside it.
pub fn rules(seen: &Observation) -> Vec<Finding> {
    let mut found = rules::check(&seen.exchange);
    if let Some(line) = &seen.line {
        found.retain(|finding| finding.culprit != Culprit::Server);
        found.extend(of_server(&line.beside_server));
    }
    found
}

fn of_server(beside_server: &Exchange) -> impl Iterator<Item = Finding> {
    let found = rules::check(beside_server).into_iter();
    let found = found.filter(|finding| finding.culprit == Culprit::Server);
    // The places are of another capture than that which is shown.
    found.map(|finding| Finding {
        sentence: format!("{} (as it left the server)", finding.sentence),
        place: Where::default(),
        ..finding
    })
}

/// Whether each fault came to the line. One that did not has proved nothing.
pub fn check(case: &CasePlan, seen: &Observation) -> Vec<Check> {
    let Some(line) = &seen.line else {
        return Vec::new();
    };
    let refused = (case.faults.refuse > 0).then(|| refused(case.faults.refuse, line));
    let faults = case.faults.faults.iter().zip(&line.applied);
    let faults = faults.map(|(fault, times)| applied(fault, *times, line));
    refused.into_iter().chain(faults).collect()
}

fn refused(wanted: u32, line: &LineSeen) -> Check {
    let path = "faults.refuse".to_owned();
    match line.refused >= wanted {
        true => Check::met(path),
        false => {
            let sentence = format!(
                "{wanted} connections were to be reset, and only {} came",
                line.refused
            );
            Check::broken(path.clone(), never(path, sentence))
        }
    }
}

fn applied(fault: &FaultPlan, times: u32, line: &LineSeen) -> Check {
    let path = format!("faults.{}", fault.number);
    if times > 0 || fault.if_there {
        return Check::met(path);
    }
    let why = line.gave_up.as_deref().map_or(String::new(), |why| {
        format!("; the line could not follow the frames: {why}")
    });
    let sentence = format!(
        "the fault never came to the line: {} ({}){why}",
        told::one(fault),
        fault.at
    );
    Check::broken(path.clone(), never(path, sentence))
}

/// Either side may have kept it from happening.
fn never(path: String, sentence: String) -> Finding {
    Finding {
        code: CODE.into(),
        level: Level::Must,
        culprit: Culprit::Undetermined,
        sentence,
        place: Where::default(),
        expected: None,
        got: None,
        section: None,
        path: Some(path),
    }
}
