//! Two servers of one run, which were asked the same things, held against each
//! other.

use std::collections::BTreeSet;

use super::run::{Attempt, Cell, Run};
use super::to_judge;
use crate::judge::answer::{self, STATUS};
use crate::judge::compare::{Differs, compare as compare_answers};
use crate::judge::encoding;
use crate::judge::leaves::{Leaves, PathPattern, differences, general, lies_in};
use crate::plan::types::CasePlan;
use crate::wire::exchange::Exchange;

/// What comparing two servers gave.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// The name of one.
    pub left: String,
    /// The name of the other.
    pub right: String,
    /// How many calls were answered by both, and compared.
    pub calls: usize,
    /// Differences, the first call that shows each first.
    pub differences: Vec<Found>,
    /// The same meaning in other bytes, which is no fault.
    pub lax: Vec<Found>,
    /// Calls that could not be compared, with the reason.
    pub not_compared: Vec<String>,
    /// What varies by nature, as `case path`, without indices.
    pub varying: BTreeSet<String>,
}

/// A difference, with the calls that show it.
#[derive(Debug, Clone)]
pub struct Found {
    /// The path of the method.
    pub method: String,
    /// The difference, as the first of the calls shows it.
    pub differs: Differs,
    /// The cases and calls.
    pub calls: Vec<String>,
}

/// Compares what one client was told by two servers, and how that was encoded,
/// where `exchange_of` still knows what passed.
pub fn compare(
    run: &Run,
    cases: &[CasePlan],
    (left, right): (&str, &str),
    left_out: &[PathPattern],
    exchange_of: impl Fn(&Attempt) -> Option<Exchange>,
) -> Comparison {
    let mut comparison = Comparison {
        left: left.to_owned(),
        right: right.to_owned(),
        ..Comparison::default()
    };
    for case in cases {
        let of = |server: &str| {
            let cell = run.cells.iter().find(|cell| is_of(cell, server, case));
            cell.and_then(|cell| cell.attempts.last())
        };
        match (of(left), of(right)) {
            (Some(left), Some(right)) => {
                let both = [left, right].map(|attempt| Told {
                    attempt,
                    exchange: exchange_of(attempt),
                });
                comparison.case(case, &both, left_out);
            }
            (None, None) => {}
            (None, Some(_)) => comparison
                .not_compared
                .push(format!("{}: only {right} was asked", case.id)),
            (Some(_), None) => comparison
                .not_compared
                .push(format!("{}: only {left} was asked", case.id)),
        }
    }
    comparison
}

fn is_of(cell: &Cell, server: &str, case: &CasePlan) -> bool {
    cell.server == server && cell.suite == case.suite && cell.case == case.name
}

/// What one server told in one run of a case.
struct Told<'a> {
    attempt: &'a Attempt,
    exchange: Option<Exchange>,
}

impl Comparison {
    fn case(&mut self, case: &CasePlan, both: &[Told<'_>; 2], left_out: &[PathPattern]) {
        let varying: BTreeSet<String> = match case.agrees {
            true => both
                .iter()
                .flat_map(|told| varying(case, told.attempt))
                .collect(),
            false => BTreeSet::new(),
        };
        self.varying
            .extend(varying.iter().map(|path| format!("{} {path}", case.name)));
        // The second asking is for what varies.
        let calls = case.calls.iter().enumerate();
        let calls = calls.take(if case.agrees { 1 } else { usize::MAX });
        for (index, call) in calls {
            let shown = match case.calls.len() {
                1 => case.id.clone(),
                _ if case.agrees => case.id.clone(),
                _ => format!("{} {}", case.id, call.id),
            };
            match differences_of(case, index, both, left_out) {
                Ok(found) => {
                    self.calls += 1;
                    let found = found.into_iter();
                    found
                        .filter(|found| !covers(&varying, &found.path))
                        .for_each(|differs| self.add(&call.path, differs, shown.clone()));
                }
                Err(Side::Left) => self
                    .not_compared
                    .push(format!("{shown}: no answer of {}", self.left)),
                Err(Side::Right) => self
                    .not_compared
                    .push(format!("{shown}: no answer of {}", self.right)),
            }
        }
    }

    fn add(&mut self, method: &str, differs: Differs, call: String) {
        let list = match differs.kind.is_lax() {
            true => &mut self.lax,
            false => &mut self.differences,
        };
        let known = list.iter_mut().find(|found| {
            found.method == method
                && found.differs.kind == differs.kind
                && found.differs.path == differs.path
                && found.differs.how == differs.how
        });
        match known {
            // Elements of a list may share a difference.
            Some(found) if found.calls.last() == Some(&call) => {}
            Some(found) => found.calls.push(call),
            None => list.push(Found {
                method: method.to_owned(),
                differs,
                calls: vec![call],
            }),
        }
    }
}

/// Who did not answer.
enum Side {
    Left,
    Right,
}

/// How the answers to one call differ: first in what they mean, then in how
/// that is encoded.
fn differences_of(
    case: &CasePlan,
    call: usize,
    [left, right]: &[Told<'_>; 2],
    left_out: &[PathPattern],
) -> Result<Vec<Differs>, Side> {
    let answers = (
        told(case, left.attempt, call).ok_or(Side::Left)?,
        told(case, right.attempt, call).ok_or(Side::Right)?,
    );
    let mut found = compare_answers(&answers.0, &answers.1, left_out);
    if let (Some(left), Some(right)) = (&left.exchange, &right.exchange) {
        let is_left_out = |path: &str| left_out.iter().any(|pattern| pattern.matches(path));
        let other = encoding::of_replies(case, call, (left, right), &is_left_out);
        found.extend(other.into_iter().map(Differs::from));
    }
    Ok(found)
}

fn told(case: &CasePlan, attempt: &Attempt, index: usize) -> Option<Leaves> {
    let call = case.calls.get(index)?;
    let report = attempt.calls.get(&call.id)?.first()?;
    Some(answer::reported(
        &to_judge::result(report)?,
        &call.types.response,
    ))
}

/// What one server answered in two ways to the same request.
fn varying(case: &CasePlan, attempt: &Attempt) -> BTreeSet<String> {
    let (Some(first), Some(again)) = (told(case, attempt, 0), told(case, attempt, 1)) else {
        return BTreeSet::new();
    };
    let found = differences(&first, &again);
    found
        .into_iter()
        .map(|found| general(&found.path))
        .collect()
}

/// A status that varies tells of a state that changes; nothing else of that
/// answer can be held against another.
fn covers(varying: &BTreeSet<String>, path: &str) -> bool {
    varying.contains(STATUS) || lies_in(varying, path)
}
