//! Two runs held against each other, cell by cell: what was seen, whatever
//! `known.toml` says of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::run::{Cell, FindingOf, Run};
use crate::judge::outcome::Outcome;

/// How two runs differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// Cells that came to a verdict in both.
    pub cells: usize,
    /// Cells that came to one in the first alone.
    pub only_before: usize,
    /// Cells that came to one in the second alone.
    pub only_after: usize,
    /// What differs: what is worse first, and then the largest first.
    pub groups: Vec<Group>,
}

/// Cells that differ in the same way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Whether it is better or worse.
    pub turn: Turn,
    /// What was seen in the first run.
    pub before: Seen,
    /// What was seen in the second.
    pub after: Seen,
    /// The cells, by their ids in the second run.
    pub cells: Vec<String>,
}

/// Where something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Turn {
    /// Something is wrong that was not.
    Worse,
    /// It differs, and nothing new is wrong.
    Other,
    /// What was wrong is no more.
    Better,
}

/// What was seen in a cell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Seen {
    /// `pass`, `lax`, `fail`, `flaky`, `unsupported` or `error`.
    pub outcome: String,
    /// What is wrong that the other does not show, or else all that is wrong;
    /// without a finding the reason.
    pub sentences: Vec<String>,
}

/// A peer of the first run and the one that stands for it in the second.
#[derive(Debug, Clone, Copy)]
pub struct InPlaceOf<'a> {
    /// In the first run.
    pub before: &'a str,
    /// In the second run.
    pub after: &'a str,
}

/// Holds two runs against each other: cells of the same id, or, of a peer and
/// another that stands for it, the cells of the one against those of the other.
pub fn diff(before: &Run, after: &Run, peers: Option<InPlaceOf<'_>>) -> Diff {
    let first = verdicts(
        before,
        peers.map(|peers| (peers.before, peers.after)),
        peers,
    );
    let second = verdicts(after, peers.map(|peers| (peers.after, peers.before)), peers);
    let mut groups: BTreeMap<(Turn, Seen, Seen), Vec<String>> = BTreeMap::new();
    let mut cells = 0;
    for (key, now) in &second {
        let Some(was) = first.get(key) else {
            continue;
        };
        cells += 1;
        if let Some(change) = change(was, now) {
            groups.entry(change).or_default().push(now.cell.id.clone());
        }
    }
    let groups = groups.into_iter();
    let groups = groups.map(|((turn, before, after), cells)| Group {
        turn,
        before,
        after,
        cells,
    });
    let mut groups: Vec<Group> = groups.collect();
    groups.sort_by_key(|group| (group.turn, std::cmp::Reverse(group.cells.len())));
    Diff {
        cells,
        only_before: first.len() - cells,
        only_after: second.len() - cells,
        groups,
    }
}

impl Diff {
    /// Whether something is wrong that was not.
    pub fn is_worse(&self) -> bool {
        self.groups.iter().any(|group| group.turn == Turn::Worse)
    }
}

/// A cell with what it came to.
struct Verdict<'a> {
    cell: &'a Cell,
    outcome: &'a str,
    /// Findings of a MUST, by what they have in common in all runs.
    findings: BTreeMap<&'a str, &'a FindingOf>,
}

/// Client, server, suite and case.
type Key<'a> = (&'a str, &'a str, &'a str, String);

/// The cells that came to a verdict. With `meant`, a peer and the one that it
/// is held against, only cells of the peer that the other has no part in.
fn verdicts<'a>(
    run: &'a Run,
    meant: Option<(&str, &str)>,
    peers: Option<InPlaceOf<'a>>,
) -> BTreeMap<Key<'a>, Verdict<'a>> {
    let is_meant = |cell: &&Cell| {
        meant.is_none_or(|(peer, other)| {
            let has = |name| cell.client == name || cell.server == name;
            has(peer) && (peer == other || !has(other))
        })
    };
    let common = |name: &'a str| match peers {
        Some(peers) if name == peers.before => peers.after,
        _ => name,
    };
    let cells = run.cells.iter().filter(is_meant);
    let verdicts = cells.filter_map(|cell| {
        let key = (
            common(&cell.client),
            common(&cell.server),
            cell.suite.as_str(),
            cell.case_and_variant(),
        );
        Some((key, verdict(cell)?))
    });
    verdicts.collect()
}

fn verdict(cell: &Cell) -> Option<Verdict<'_>> {
    let findings = cell.attempts.iter().flat_map(|attempt| &attempt.findings);
    let findings = findings.filter(|finding| finding.level == "MUST");
    let findings: BTreeMap<_, _> = findings
        .map(|finding| (finding.fingerprint.as_str(), finding))
        .collect();
    let outcome = match Outcome::of_name(&cell.outcome) {
        Outcome::NotRun => return None,
        // What is listed is no part of what was seen; a race that is listed may
        // not have shown itself.
        Outcome::Known if !findings.is_empty() => Outcome::Fail,
        Outcome::Known | Outcome::Stale => Outcome::Pass,
        outcome => outcome,
    };
    Some(Verdict {
        cell,
        outcome: outcome.name(),
        findings,
    })
}

/// What changed from one verdict to another, if anything.
fn change(was: &Verdict<'_>, now: &Verdict<'_>) -> Option<(Turn, Seen, Seen)> {
    let (gone, new) = (missing(was, now), missing(now, was));
    if was.outcome == now.outcome && gone.is_empty() && new.is_empty() {
        return None;
    }
    let is_good = |verdict: &Verdict<'_>| ["pass", "lax"].contains(&verdict.outcome);
    let is_neutral = |verdict: &Verdict<'_>| is_good(verdict) || verdict.outcome == "unsupported";
    let turn = match (is_neutral(was), is_neutral(now)) {
        (true, false) => Turn::Worse,
        (false, false) if !new.is_empty() => Turn::Worse,
        (false, true) if is_good(now) => Turn::Better,
        (false, false) if was.outcome == now.outcome => Turn::Better,
        _ => Turn::Other,
    };
    let told = |values| (seen(was, &gone, values), seen(now, &new, values));
    let (before, after) = match told(Values::Short) {
        // Only the values tell them apart.
        (before, after) if before == after => told(Values::All),
        told => told,
    };
    Some((turn, before, after))
}

/// Findings of one that the other does not have.
fn missing<'a>(of: &Verdict<'a>, other: &Verdict<'_>) -> Vec<&'a FindingOf> {
    let findings = of.findings.iter();
    findings
        .filter(|(fingerprint, _)| !other.findings.contains_key(**fingerprint))
        .map(|(_, finding)| *finding)
        .collect()
}

/// Which values are told behind a sentence.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Values {
    /// Those of a few characters.
    Short,
    /// All, each with its beginning.
    All,
}

fn seen(verdict: &Verdict<'_>, own: &[&FindingOf], values: Values) -> Seen {
    let told = match own.is_empty() {
        true => verdict.findings.values().copied().collect(),
        false => own.to_vec(),
    };
    let sentences: BTreeSet<String> = told
        .into_iter()
        .map(|finding| sentence(finding, values))
        .collect();
    let mut sentences: Vec<String> = sentences.into_iter().collect();
    if let (true, Some(reason)) = (sentences.is_empty(), &verdict.cell.reason)
        && !["known", "stale"].contains(&reason.code.as_str())
    {
        sentences.push(reason.sentence.clone());
    }
    Seen {
        outcome: verdict.outcome.to_owned(),
        sentences,
    }
}

/// What is wrong, with the value that was seen.
fn sentence(finding: &FindingOf, values: Values) -> String {
    const SHORT: usize = 40;
    const MOST: usize = 200;
    let told = |value: &str| !finding.sentence.contains(value);
    match &finding.got {
        Some(got) if values == Values::Short && got.value.len() > SHORT => finding.sentence.clone(),
        Some(got) if !got.value.is_empty() && told(&got.value) => {
            let value: String = got.value.chars().take(MOST).collect();
            format!("{}: {value}", finding.sentence)
        }
        _ => finding.sentence.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::run::Attempt;

    fn cell(id: &str, outcome: &str, finding: &str) -> Cell {
        let parts: Vec<&str> = id.split('/').collect();
        let finding = FindingOf {
            fingerprint: finding.into(),
            level: "MUST".into(),
            sentence: finding.into(),
            ..FindingOf::default()
        };
        let findings = match finding.fingerprint.is_empty() {
            true => Vec::new(),
            false => vec![finding],
        };
        Cell {
            id: id.into(),
            client: parts[0].into(),
            server: parts[1].into(),
            suite: parts[2].into(),
            case: parts[3].into(),
            outcome: outcome.into(),
            attempts: vec![Attempt {
                findings,
                ..Attempt::default()
            }],
            ..Cell::default()
        }
    }

    fn run(cells: &[(&str, &str, &str)]) -> Run {
        let cells = cells.iter();
        Run {
            cells: cells
                .map(|(id, outcome, finding)| cell(id, outcome, finding))
                .collect(),
            ..Run::default()
        }
    }

    fn turns(found: &Diff) -> Vec<(Turn, usize)> {
        let groups = found.groups.iter();
        groups
            .map(|group| (group.turn, group.cells.len()))
            .collect()
    }

    #[test]
    fn what_is_listed_does_not_matter() {
        let before = run(&[("a/b/s/1", "known", "x"), ("a/b/s/2", "stale", "")]);
        let after = run(&[("a/b/s/1", "fail", "x"), ("a/b/s/2", "pass", "")]);
        let found = diff(&before, &after, None);
        assert_eq!((found.cells, found.groups.len()), (2, 0));
    }

    #[test]
    fn another_failure_is_worse_and_one_less_is_better() {
        let before = run(&[
            ("a/b/s/1", "pass", ""),
            ("a/b/s/2", "pass", ""),
            ("a/b/s/3", "fail", "x"),
            ("a/b/s/4", "fail", "x"),
            ("a/b/s/5", "pass", ""),
            ("a/b/s/6", "pass", ""),
        ]);
        let after = run(&[
            ("a/b/s/1", "fail", "x"),
            ("a/b/s/2", "fail", "x"),
            ("a/b/s/3", "fail", "y"),
            ("a/b/s/4", "pass", ""),
            ("a/b/s/5", "unsupported", ""),
            ("a/b/s/6", "not-run", ""),
        ]);
        let found = diff(&before, &after, None);
        let wanted = [
            (Turn::Worse, 2),
            (Turn::Worse, 1),
            (Turn::Other, 1),
            (Turn::Better, 1),
        ];
        assert_eq!(turns(&found), wanted);
        assert_eq!(
            (found.cells, found.only_before, found.only_after),
            (5, 1, 0)
        );
        assert!(found.is_worse());
        assert_eq!(found.groups[1].before.sentences, ["x"]);
        assert_eq!(found.groups[1].after.sentences, ["y"]);
    }

    #[test]
    fn a_peer_is_held_against_another_of_the_same_run() {
        let both = run(&[
            ("old/old/s/1", "pass", ""),
            ("new/new/s/1", "fail", "x"),
            ("old/new/s/1", "pass", ""),
            ("old/c/s/1", "pass", ""),
            ("new/c/s/1", "pass", ""),
            ("c/c/s/1", "fail", "x"),
        ]);
        let peers = InPlaceOf {
            before: "old",
            after: "new",
        };
        let found = diff(&both, &both, Some(peers));
        assert_eq!(
            (found.cells, found.only_before, found.only_after),
            (2, 0, 0)
        );
        assert_eq!(found.groups[0].cells, ["new/new/s/1"]);
    }
}
