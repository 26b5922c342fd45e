//! The judge: holds what both peers report and what the tap saw against the
//! case and against the rules. Pure: values in, findings out.

pub mod agreement;
pub mod answer;
mod asked;
pub mod check;
pub mod compare;
pub mod encoding;
mod expectations;
mod faulty;
pub mod finding;
pub mod heard;
pub mod leaves;
pub mod observed;
pub mod outcome;
mod package;
pub mod rules;
mod scripted;
pub mod word;

use check::{Check, State};
use finding::{Culprit, Finding, Level};
use observed::Observation;

use crate::plan::types::CasePlan;

/// What the judge says of one run of a cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judged {
    /// Everything that is not as expected: first what other things may follow
    /// from, then the case's other expectations, then habits.
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
    let mut checks = expectations::check(case, seen);
    let mut findings: Vec<Finding> = checks.iter().filter_map(finding_of).collect();
    findings.extend(package::differs(case, seen));
    let never = faulty::check(case, seen);
    findings.extend(never.iter().filter_map(finding_of));
    checks.extend(never);
    let found = faulty::rules(seen);
    let broken = scripted::check(case, &found);
    findings.extend(broken.iter().filter_map(finding_of));
    checks.extend(broken);
    findings.extend(scripted::against_others(case, found));
    findings.extend(asked::check(case, seen));
    cite(case, &mut findings);
    causes_first(&mut findings);
    if let Some(program) = seen.program.as_deref().filter(|program| program.gives_word) {
        let check = word::check(program, &findings);
        findings.extend(finding_of(&check));
        checks.push(check);
    }
    Judged { findings, checks }
}

/// What a case expects for the sake of a rule is that rule's.
fn cite(case: &CasePlan, findings: &mut [Finding]) {
    let Some(section) = case.holds.first().and_then(|id| rules::section(id)) else {
        return;
    };
    let expected = findings
        .iter_mut()
        .filter(|finding| finding.section.is_none() && finding.code.starts_with("expect/"));
    expected.for_each(|finding| finding.section = Some(section));
}

fn finding_of(check: &Check) -> Option<Finding> {
    match &check.state {
        State::Broken(finding) | State::Lax(finding) => Some(finding.as_ref().clone()),
        State::Met | State::Unreadable(_) | State::Unobservable(_) => None,
    }
}

/// Puts what the bytes did on their way in the order of that way, and what broke
/// a rule before what the other side made of it, so that the first finding is no
/// consequence of another. The answer to a wrong question is held against nobody.
fn causes_first(findings: &mut [Finding]) {
    findings.sort_by_key(on_the_way);
    let asked_wrongly = findings
        .iter()
        .any(|finding| finding.level == Level::Must && on_the_way(finding) == Way::Request);
    if asked_wrongly {
        for answer in findings.iter_mut().filter(|finding| is_answer(finding)) {
            answer.culprit = Culprit::Undetermined;
        }
    }
}

/// Where on their way bytes were not as expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Request,
    Handler,
    Response,
    /// A rule was broken.
    Rule,
    /// At its end, or not a matter of bytes.
    Other,
}

fn on_the_way(finding: &Finding) -> Way {
    let path = finding.path.as_deref().unwrap_or_default();
    // The call, if the case names it, stands in between.
    let wire = path.strip_prefix("wire.").unwrap_or_default();
    let is_of_wire = |part: &str| wire.starts_with(part) || wire.contains(&format!(".{part}"));
    if is_of_wire("request.message.") || is_of_wire("request.headers.") {
        Way::Request
    } else if path.starts_with("handled.") && path.ends_with(".receive") {
        Way::Handler
    } else if is_of_wire("response.message.") {
        Way::Response
    } else if finding.path.is_none() && finding.level == Level::Must {
        Way::Rule
    } else {
        Way::Other
    }
}

fn is_answer(finding: &Finding) -> bool {
    let path = finding.path.as_deref().unwrap_or_default();
    let told = [".receive", ".leading", ".trailing"];
    on_the_way(finding) == Way::Response
        || path.starts_with("calls.") && told.iter().any(|what| path.ends_with(what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::finding::Where;

    fn finding(path: &str, culprit: Culprit) -> Finding {
        Finding {
            code: String::new(),
            level: Level::Must,
            culprit,
            sentence: String::new(),
            place: Where::default(),
            expected: None,
            got: None,
            section: None,
            path: Some(path.to_owned()),
        }
    }

    fn in_order(mut findings: Vec<Finding>) -> Vec<(String, Culprit)> {
        causes_first(&mut findings);
        findings
            .into_iter()
            .map(|finding| (finding.path.unwrap_or_default(), finding.culprit))
            .collect()
    }

    #[test]
    fn a_broken_rule_comes_before_what_was_made_of_it_and_habits_come_last() {
        let rule = |level| Finding {
            path: None,
            level,
            ..finding("", Culprit::Server)
        };
        let mut findings = vec![
            finding("calls.call.status", Culprit::Server),
            rule(Level::Should),
            rule(Level::Must),
        ];
        causes_first(&mut findings);
        let order: Vec<_> = findings
            .iter()
            .map(|finding| (finding.path.is_some(), finding.level))
            .collect();
        assert_eq!(
            order,
            [
                (false, Level::Must),
                (true, Level::Must),
                (false, Level::Should)
            ]
        );
    }

    #[test]
    fn a_wrong_request_comes_before_what_it_leads_to() {
        let findings = vec![
            finding("calls.call.receive", Culprit::Server),
            finding("handled./Greeter/SayHello.receive", Culprit::Client),
            finding("wire.response.message.0", Culprit::Server),
            finding("wire.request.message.0", Culprit::Client),
        ];
        let expected = [
            ("wire.request.message.0", Culprit::Client),
            ("handled./Greeter/SayHello.receive", Culprit::Client),
            ("wire.response.message.0", Culprit::Undetermined),
            ("calls.call.receive", Culprit::Undetermined),
        ];
        let expected = expected.map(|(path, culprit)| (path.to_owned(), culprit));
        assert_eq!(in_order(findings), expected);
    }

    #[test]
    fn what_a_named_call_asked_wrongly_comes_before_what_came_back() {
        let findings = vec![
            finding("calls.unary.trailing", Culprit::Server),
            finding("wire.unary.request.headers.x-a-bin", Culprit::Client),
        ];
        let expected = [
            ("wire.unary.request.headers.x-a-bin", Culprit::Client),
            ("calls.unary.trailing", Culprit::Undetermined),
        ];
        let expected = expected.map(|(path, culprit)| (path.to_owned(), culprit));
        assert_eq!(in_order(findings), expected);
    }

    #[test]
    fn a_wrong_answer_to_a_right_request_is_the_servers() {
        let findings = vec![
            finding("calls.call.receive", Culprit::Server),
            finding("wire.response.message.0", Culprit::Server),
        ];
        let culprits: Vec<Culprit> = in_order(findings).into_iter().map(|(_, by)| by).collect();
        assert_eq!(culprits, [Culprit::Server, Culprit::Server]);
    }
}
