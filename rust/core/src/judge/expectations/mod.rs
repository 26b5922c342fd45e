//! Holds what was seen against what the case expects.

mod blame;
mod calls;
mod handled;
mod messages;
mod program;
mod service;
mod tls;
mod wire;

pub(super) use blame::streams_of;

use super::check::Check;
use super::finding::{Culprit, Evidence, Finding, Level, Where};
use super::observed::Observation;
use crate::plan::types::CasePlan;

/// Every expectation of the case, met or not, in the order of the case.
pub fn check(case: &CasePlan, seen: &Observation) -> Vec<Check> {
    let mut checks = Vec::new();
    match case.agrees {
        true => checks.extend(service::check(case, seen)),
        false => checks.extend(calls::check(case, seen)),
    }
    checks.extend(program::check(seen));
    checks.extend(handled::check(case, seen));
    checks.extend(tls::check(seen));
    checks.extend(match seen.tls {
        false => wire::check(case, seen),
        true => tls::unreadable(case, seen),
    });
    if seen.tls {
        tls::blame_nobody(&mut checks);
    }
    checks
}

/// A broken expectation.
pub(super) fn broken(code: &str, path: &str, culprit: Culprit, sentence: String) -> Finding {
    Finding {
        code: code.to_owned(),
        level: Level::Must,
        culprit,
        sentence,
        place: Where::default(),
        expected: None,
        got: None,
        section: None,
        path: Some(path.to_owned()),
    }
}

/// Adds both sides of a difference in text.
pub(super) fn with_texts(
    mut finding: Finding,
    expected: impl Into<String>,
    got: impl Into<String>,
) -> Finding {
    finding.expected = Some(Evidence::text(expected));
    finding.got = Some(Evidence::text(got));
    finding
}
