//! The judge: holds what both peers report and what the tap saw against the
//! case and against the rules. Pure: values in, findings out.

pub mod check;
mod expectations;
pub mod finding;
pub mod observed;
pub mod outcome;
mod package;
pub mod rules;

use check::{Check, State};
use finding::Finding;
use observed::Observation;

use crate::plan::types::CasePlan;

/// What the judge says of one run of a cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judged {
    /// Everything that is not as expected, the case's expectations first, then
    /// the rules.
    pub findings: Vec<Finding>,
    /// Every expectation of the case, met or not.
    pub checks: Vec<Check>,
}

impl Judged {
    /// Some bytes were others than expected, with the same meaning.
    pub fn is_lax(&self) -> bool {
        self.checks
            .iter()
            .any(|check| matches!(check.state, State::Lax(_)))
    }
}

/// Judges one run of a case.
pub fn judge(case: &CasePlan, seen: &Observation) -> Judged {
    let checks = expectations::check(case, seen);
    let mut findings: Vec<Finding> = checks.iter().filter_map(finding_of).collect();
    findings.extend(package::differs(case, seen));
    findings.extend(rules::check(&seen.exchange));
    Judged { findings, checks }
}

fn finding_of(check: &Check) -> Option<Finding> {
    match &check.state {
        State::Broken(finding) | State::Lax(finding) => Some(finding.as_ref().clone()),
        State::Met | State::Unreadable(_) | State::Unobservable(_) => None,
    }
}
