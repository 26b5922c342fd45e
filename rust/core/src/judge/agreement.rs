//! Holds clients against each other where nobody has said what is right: the
//! same request to the same server must give the same answer in every
//! language. What differs between two askings of one client varies by nature
//! (a time, a new id) and is left out, and said.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::{self, STATUS};
use super::expectations::{streams_of, with_texts};
use super::finding::{Culprit, Finding, Level, Where};
use super::leaves::{Leaves, PathPattern, differences, general, lies_in};
use super::observed::Observation;
use crate::plan::types::CasePlan;

/// What one client was told by the server.
#[derive(Debug, Clone, Default)]
pub struct Witness {
    /// The client's name.
    pub client: String,
    /// What it reports of the first asking; `None` if it reported nothing.
    pub first: Option<Leaves>,
    /// Of the second.
    pub again: Option<Leaves>,
    /// What stood on the wire in answer to the first asking, where that can be
    /// read.
    pub wire: Option<Leaves>,
}

/// What holding clients against each other gave.
#[derive(Debug, Clone, Default)]
pub struct Agreement {
    /// By the index of the witness, what it was told otherwise than most.
    pub findings: Vec<(usize, Finding)>,
    /// What varies by nature, or was to be left out, without indices.
    pub left_out: BTreeSet<String>,
}

/// What a client was told in one run of a case.
pub fn witness(client: &str, case: &CasePlan, seen: &Observation) -> Witness {
    let told = |call: usize| {
        let kind = &case.calls.get(call)?.types.response;
        Some(answer::reported(seen.result(call)?, kind))
    };
    let wire = case.calls.first().and_then(|call| {
        let streams = streams_of(case, &seen.exchange, 0);
        answer::on_the_wire(streams.first()?.stream, &call.types.response)
    });
    Witness {
        client: client.to_owned(),
        first: told(0),
        again: told(1),
        wire,
    }
}

/// Holds witnesses of one case against each other. Paths that `left_out`
/// matches are not compared.
pub fn agree(witnesses: &[Witness], left_out: &[PathPattern]) -> Agreement {
    let mut agreement = Agreement {
        findings: Vec::new(),
        left_out: varying(witnesses),
    };
    let paths: BTreeSet<&str> = witnesses
        .iter()
        .filter_map(|witness| witness.first.as_ref())
        .flat_map(Leaves::paths)
        .collect();
    // A status that varies tells of a state that changes: nothing else that is
    // told with it can be compared.
    if agreement.left_out.contains(STATUS) {
        return agreement;
    }
    for path in paths {
        let by_user = left_out.iter().any(|pattern| pattern.matches(path));
        if by_user {
            agreement.left_out.insert(general(path));
        } else if !lies_in(&agreement.left_out, &general(path)) {
            // When the number of messages varies, so does what each of them is.
            let found = disagreements(witnesses, path);
            agreement.findings.extend(found);
        }
    }
    one_each(&mut agreement.findings);
    agreement
}

/// What some client was told in two ways.
fn varying(witnesses: &[Witness]) -> BTreeSet<String> {
    let pairs = witnesses
        .iter()
        .filter_map(|witness| Some((witness.first.as_ref()?, witness.again.as_ref()?)));
    let paths = pairs.flat_map(|(first, again)| differences(first, again));
    paths.map(|found| general(&found.path)).collect()
}

/// Who was told another value at a path than most were.
fn disagreements(witnesses: &[Witness], path: &str) -> Vec<(usize, Finding)> {
    let mut camps: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    for (index, witness) in witnesses.iter().enumerate() {
        if let Some(first) = &witness.first {
            camps.entry(first.get(path)).or_default().push(index);
        }
    }
    if camps.len() < 2 {
        return Vec::new();
    }
    // Of camps of one size, the one of the first client.
    let most = camps
        .values()
        .max_by_key(|members| (members.len(), std::cmp::Reverse(members[0])))
        .expect("there are two camps")
        .clone();
    let others = camps.iter().filter(|(_, members)| **members != most);
    let others = others.flat_map(|(value, members)| members.iter().map(|index| (*index, *value)));
    others
        .map(|(index, value)| (index, finding(witnesses, path, index, value, &most)))
        .collect()
}

fn finding(
    witnesses: &[Witness],
    path: &str,
    index: usize,
    value: Option<&str>,
    most: &[usize],
) -> Finding {
    let shown = |value: Option<&str>| value.unwrap_or("(absent)").to_owned();
    let reference = &witnesses[most[0]];
    let expected = shown(reference.first.as_ref().and_then(|told| told.get(path)));
    let names: Vec<&str> = most
        .iter()
        .map(|index| witnesses[*index].client.as_str())
        .collect();
    let sentence = format!(
        "`{path}` is told otherwise to {} than to {}",
        witnesses[index].client,
        names.join(" and ")
    );
    let finding = Finding {
        code: "service/agreement".into(),
        level: Level::Must,
        culprit: culprit(&witnesses[index], path),
        sentence,
        place: Where::default(),
        expected: None,
        got: None,
        section: None,
        path: Some(format!("agreement.{}", general(path))),
    };
    with_texts(finding, expected, shown(value))
}

/// A client that reports what stood on the wire was told that by the server.
fn culprit(witness: &Witness, path: &str) -> Culprit {
    let (Some(wire), Some(first)) = (&witness.wire, &witness.first) else {
        return Culprit::Undetermined;
    };
    match wire.get(path) == first.get(path) {
        true => Culprit::Server,
        false => Culprit::Client,
    }
}

/// Of what one client was told otherwise, the first path stands for all: more
/// would bury it.
fn one_each(findings: &mut Vec<(usize, Finding)>) {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for (index, _) in findings.iter() {
        *counts.entry(*index).or_default() += 1;
    }
    let mut seen = BTreeSet::new();
    findings.retain(|(index, _)| seen.insert(*index));
    for (index, finding) in findings {
        match counts[index] {
            1 => {}
            2 => finding.sentence.push_str(", and so is one other value"),
            several => {
                let rest = format!(", and so are {} other values", several - 1);
                finding.sentence.push_str(&rest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(values: &[(&str, &str)]) -> Leaves {
        let mut leaves = Leaves::default();
        for (path, value) in values {
            leaves.insert(*path, *value);
        }
        leaves
    }

    fn told(client: &str, first: &[(&str, &str)], again: &[(&str, &str)]) -> Witness {
        Witness {
            client: client.into(),
            first: Some(leaves(first)),
            again: Some(leaves(again)),
            wire: Some(leaves(first)),
        }
    }

    fn same(client: &str, values: &[(&str, &str)]) -> Witness {
        told(client, values, values)
    }

    #[test]
    fn the_one_that_was_told_otherwise_is_named() {
        let witnesses = [
            same("a", &[("status", "OK"), ("messages[0].price", "3")]),
            same("b", &[("status", "OK"), ("messages[0].price", "4")]),
            same("c", &[("status", "OK"), ("messages[0].price", "3")]),
        ];
        let agreement = agree(&witnesses, &[]);
        let [(index, finding)] = agreement.findings.as_slice() else {
            panic!("{:?}", agreement.findings);
        };
        assert_eq!((*index, finding.culprit), (1, Culprit::Server));
        assert_eq!(
            finding.sentence,
            "`messages[0].price` is told otherwise to b than to a and c"
        );
    }

    #[test]
    fn a_client_that_misreads_the_wire_is_the_culprit() {
        let mut misread = same("b", &[("status", "OK"), ("messages[0].price", "4")]);
        misread.wire = Some(leaves(&[("status", "OK"), ("messages[0].price", "3")]));
        let other = same("a", &[("status", "OK"), ("messages[0].price", "3")]);
        let agreement = agree(&[other, misread], &[]);
        assert_eq!(agreement.findings[0].1.culprit, Culprit::Client);
    }

    #[test]
    fn what_one_client_is_told_in_two_ways_is_left_out_and_said() {
        let at = |time| {
            [
                ("status", "OK"),
                ("messages[0].at", time),
                ("messages[1].at", time),
            ]
        };
        let witnesses = [told("a", &at("1"), &at("2")), told("b", &at("3"), &at("3"))];
        let agreement = agree(&witnesses, &[]);
        assert_eq!(agreement.findings, []);
        assert_eq!(Vec::from_iter(agreement.left_out), ["messages[].at"]);
    }

    #[test]
    fn what_the_user_leaves_out_is_left_out_with_what_is_below() {
        let witnesses = [
            same("a", &[("status", "OK"), ("messages[0].at.seconds", "1")]),
            same("b", &[("status", "OK"), ("messages[0].at.seconds", "2")]),
        ];
        let pattern = PathPattern::parse("at").expect("a pattern");
        let agreement = agree(&witnesses, &[pattern]);
        assert_eq!(agreement.findings, []);
        assert_eq!(
            Vec::from_iter(agreement.left_out),
            ["messages[].at.seconds"]
        );
    }

    #[test]
    fn a_status_that_varies_leaves_nothing_to_compare() {
        let witnesses = [
            told("a", &[("status", "OK")], &[("status", "ALREADY_EXISTS")]),
            same("b", &[("status", "ALREADY_EXISTS")]),
        ];
        let agreement = agree(&witnesses, &[]);
        assert_eq!(agreement.findings, []);
        assert_eq!(Vec::from_iter(agreement.left_out), ["status"]);
    }

    #[test]
    fn several_differences_are_one_finding() {
        let witnesses = [
            same("a", &[("status", "OK"), ("x", "1"), ("y", "1"), ("z", "1")]),
            same("b", &[("status", "OK"), ("x", "2"), ("y", "2")]),
        ];
        let agreement = agree(&witnesses, &[]);
        assert_eq!(agreement.findings.len(), 1);
        assert!(
            agreement.findings[0]
                .1
                .sentence
                .ends_with("and so are 2 other values")
        );
    }
}
