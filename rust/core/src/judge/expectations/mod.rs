//! Holds what was seen against what the case expects.

mod blame;
mod calls;
mod dialogue;
mod handled;
mod messages;
pub(super) mod program;
mod service;
mod tls;
mod wire;

pub(super) use blame::streams_of;

use super::check::{Check, State};
use super::finding::{Culprit, Evidence, Finding, Level, Where};
use super::observed::Observation;
use crate::plan::case::Party;
use crate::plan::types::CasePlan;

/// Every expectation of the case, met or not, in the order of the case.
pub fn check(case: &CasePlan, seen: &Observation) -> Vec<Check> {
    // What kept a dialogue from its end is the cause of what did not come then.
    let mut checks: Vec<_> = dialogue::check(case, seen).into_iter().collect();
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
    let said = case.blames.map(|party| match party {
        Party::Client => Culprit::Client,
        Party::Server => Culprit::Server,
    });
    // Without bytes between the two nobody can be told to be at fault.
    let unknown = seen.tls.then_some(Culprit::Undetermined);
    if let Some(culprit) = said.or(unknown) {
        hold_against(&mut checks, culprit);
    }
    checks
}

/// Holds what is not as expected against somebody, whatever the bytes tell. A
/// peer that reported nothing is at fault by itself.
fn hold_against(checks: &mut [Check], culprit: Culprit) {
    for check in checks {
        if let State::Broken(finding) = &mut check.state
            && finding.code.starts_with("expect/")
            && finding.code != "expect/report"
            && finding.culprit != Culprit::Case
        {
            finding.culprit = culprit;
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_reported_nothing_is_at_fault_by_itself() {
        let of = |code, culprit| Check::broken("path", broken(code, "path", culprit, "x".into()));
        let mut checks = vec![
            of("expect/status", Culprit::Server),
            of("expect/report", Culprit::Client),
            of("tls/alpn-h2", Culprit::Client),
        ];
        hold_against(&mut checks, Culprit::Undetermined);
        let culprits: Vec<_> = checks
            .into_iter()
            .filter_map(|check| match check.state {
                State::Broken(finding) => Some(finding.culprit),
                _ => None,
            })
            .collect();
        let expected = [Culprit::Undetermined, Culprit::Client, Culprit::Client];
        assert_eq!(culprits, expected);
    }
}
