//! Proof that the rules see what is wrong: real exchanges with one thing
//! changed, at every place where it can be, and what the rules say of each.
//!
//! `make mutants` prints the table. Every mutant of a MUST has to be caught,
//! under the name of its rule and with the right culprit, every one of another
//! rule to be found by its rule. What a change leaves legal is no mutant; where
//! one of a kind is, it is counted as equivalent, with the reason.

mod changes;
mod exchange;
mod frames;
mod lists;
mod places;
mod random;
mod table;

use std::collections::BTreeSet;

use wirecheck_core::judge::finding::{Finding, Level};
use wirecheck_core::judge::rules;

use changes::Mutant;
use places::Recorded;
use table::{Row, Table};

#[test]
fn every_mutant_is_caught_and_named() {
    let mut table = Table::default();
    let recorded = Recorded::all();
    for rule in rules::all() {
        let mut row = Row::new(rule);
        for capture in &recorded {
            for mutant in changes::of(rule.id, capture) {
                row.count(&judged(capture, &mutant));
            }
        }
        table.rows.push(row);
    }
    println!("{table}");
    let wrong: Vec<_> = table.rows.iter().filter_map(Row::complaint).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What became of a mutant.
pub enum Judged {
    /// The change makes nothing wrong: why.
    Equivalent(&'static str),
    /// Nothing that was not there before is said of it.
    Missed(String),
    /// Something is, by another rule, or of another side.
    Caught {
        named: bool,
        culprit: bool,
        what: String,
    },
}

fn judged(capture: &Recorded, mutant: &Mutant) -> Judged {
    if let Some(why) = mutant.equivalent {
        return Judged::Equivalent(why);
    }
    let what = || format!("{} in {}", mutant.what, capture.name);
    let Some(exchange) = capture.with(&mutant.faults) else {
        return Judged::Missed(format!("{}: it was not put there", what()));
    };
    let fresh = rules::check(&exchange).into_iter();
    let fresh: Vec<Finding> = fresh.filter(|finding| !capture.has(finding)).collect();
    if fresh.is_empty() {
        return Judged::Missed(what());
    }
    let named = fresh.iter().filter(|finding| finding.code == mutant.rule);
    let culprit = named
        .clone()
        .any(|finding| finding.culprit == mutant.culprit);
    let codes: BTreeSet<_> = fresh.iter().map(|finding| finding.code.as_str()).collect();
    Judged::Caught {
        named: named.count() > 0,
        culprit,
        what: format!("{}: {codes:?}", what()),
    }
}

/// A MUST that a mutant of another rule brings is worth knowing: it would be
/// told beside what was done.
#[test]
fn a_mutant_of_a_habit_fails_nothing() {
    for rule in rules::all().iter().filter(|rule| rule.level != Level::Must) {
        for capture in &Recorded::all() {
            for mutant in changes::of(rule.id, capture) {
                let Some(exchange) = capture.with(&mutant.faults) else {
                    continue;
                };
                let found = rules::check(&exchange).into_iter();
                let musts = found.filter(|finding| finding.level == Level::Must);
                let others: Vec<_> = musts
                    .filter(|finding| !mutant.also.contains(&finding.code.as_str()))
                    .collect();
                assert!(others.is_empty(), "{}: {others:#?}", mutant.what);
            }
        }
    }
}
