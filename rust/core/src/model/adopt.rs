//! What a run asks of the list of known deviations: entries for what fails,
//! and the end of those that are shown no more.

use super::run::{Attempt, Cell, FindingOf, KnownOf, Run};
use crate::plan::known::{Known, Rate};
use crate::plan::known_edit::NewEntry;

/// The most bytes of a value that an entry names. Without it the entry covers
/// any value.
const MOST_GOT: usize = 72;
/// The most values of one finding that are named one by one.
const MOST_VALUES: usize = 3;

/// What entries have in common that are written at the same time.
#[derive(Debug, Clone)]
pub struct Words {
    /// Why they are listed.
    pub reason: String,
    /// Where it is discussed.
    pub link: Option<String>,
    /// Today.
    pub since: String,
}

/// Entries that make failing cells known.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Adoption {
    /// What to write.
    pub entries: Vec<NewEntry>,
    /// Cells that no entry can make known, each with why.
    pub left: Vec<(String, String)>,
}

/// The value that an entry names: where bytes are compared it is only a word,
/// a long one would not be read, and an address is another one the next time.
pub fn got_of(finding: &FindingOf) -> Option<String> {
    let got = finding.got.as_ref()?;
    let hosts = ["127.0.0.1:", "[::1]:", "localhost:"];
    let varies = hosts.iter().any(|host| got.value.contains(host));
    let is_exact = got.hex.is_none() && got.value.len() <= MOST_GOT && !varies;
    is_exact.then(|| got.value.clone())
}

/// An entry for one finding of one cell.
pub fn entry(cell: &Cell, finding: &FindingOf, words: &Words) -> NewEntry {
    NewEntry {
        cells: cell.id.clone(),
        finding: finding.code.clone(),
        got: got_of(finding),
        reason: words.reason.clone(),
        link: words.link.clone(),
        since: words.since.clone(),
        rate: None,
    }
}

/// Entries for every finding of these cells that is required and not listed.
/// `samples` tells how many samples a case has by its own words, by its id.
pub fn adopt<'a>(
    cells: impl IntoIterator<Item = &'a Cell>,
    known: &[Known],
    samples: &dyn Fn(&str) -> u32,
    words: &Words,
) -> Adoption {
    let mut adoption = Adoption::default();
    for cell in cells {
        match adopt_cell(cell, known, samples, words) {
            Ok(entries) => adoption.entries.extend(entries),
            Err(why) => adoption.left.push((cell.id.clone(), why)),
        }
    }
    adoption
}

fn adopt_cell(
    cell: &Cell,
    known: &[Known],
    samples: &dyn Fn(&str) -> u32,
    words: &Words,
) -> Result<Vec<NewEntry>, String> {
    match cell.outcome.as_str() {
        "fail" => {}
        "stale" => {
            return Err("it is listed, and passes: `wirecheck known prune` removes that".into());
        }
        "flaky" => return Err("it passes when it is run alone".into()),
        _ => return Err("it came to no verdict, so there is nothing to be known".into()),
    }
    let judged: Vec<&Attempt> = cell.attempts.iter().filter(|run| is_judged(run)).collect();
    let of_case = samples(&format!("{}/{}", cell.suite, cell.case));
    let new = new_findings(cell, &judged, known);
    if new.is_empty() {
        let why = cell.reason.as_ref().map(|reason| &reason.sentence);
        return Err(why.map_or_else(
            || "it has no finding".into(),
            |why| format!("it is listed, but not so: {why}"),
        ));
    }
    let entries = new.into_iter().map(|new| {
        Ok(NewEntry {
            rate: rate(new.shown, judged.len(), of_case)?,
            got: new.got,
            ..entry(cell, new.finding, words)
        })
    });
    entries.collect()
}

fn is_judged(attempt: &Attempt) -> bool {
    matches!(attempt.outcome.as_str(), "pass" | "lax" | "fail")
}

/// A finding with the value that an entry names, and the number of attempts
/// that show it.
struct New<'a> {
    finding: &'a FindingOf,
    got: Option<String>,
    shown: usize,
}

/// Required findings that no entry covers, each kind once, in the order in
/// which they were found.
fn new_findings<'a>(cell: &Cell, judged: &[&'a Attempt], known: &[Known]) -> Vec<New<'a>> {
    let matches = |entry: &&Known| entry.cells.matches(&cell.id);
    let listed: Vec<&Known> = known.iter().filter(matches).collect();
    let is_new = |finding: &&FindingOf| {
        finding.level == "MUST" && !listed.iter().any(|entry| covers(entry, finding))
    };
    let mut kinds: Vec<(&str, Vec<&'a FindingOf>)> = Vec::new();
    let all = judged.iter().flat_map(|run| &run.findings);
    for finding in all.filter(is_new) {
        match kinds.iter_mut().find(|(code, _)| *code == finding.code) {
            Some((_, found)) => found.push(finding),
            None => kinds.push((&finding.code, vec![finding])),
        }
    }
    let kinds = kinds.into_iter();
    kinds
        .flat_map(|(_, found)| by_value(&found, judged))
        .collect()
}

/// One for each value; only one if the values are many or cannot be named,
/// since an entry without a value covers all.
fn by_value<'a>(found: &[&'a FindingOf], judged: &[&Attempt]) -> Vec<New<'a>> {
    let finding = found[0];
    let mut values: Vec<Option<String>> = found.iter().map(|finding| got_of(finding)).collect();
    values.sort();
    values.dedup();
    if values.len() > MOST_VALUES || values.contains(&None) {
        values = vec![None];
    }
    let shows = |run: &&&Attempt, got: &Option<String>| {
        let mut findings = run.findings.iter();
        findings.any(|other| {
            other.code == finding.code
                && other.level == "MUST"
                && (got.is_none() || got_of(other) == *got)
        })
    };
    let values = values.into_iter().map(|got| New {
        finding,
        shown: judged.iter().filter(|run| shows(run, &got)).count(),
        got,
    });
    values.collect()
}

/// A race is told by how often it shows: as often as it may in a case that has
/// samples, since one run does not tell how seldom or how often it can be.
fn rate(shown: usize, judged: usize, of_case: u32) -> Result<Option<Rate>, String> {
    let rate = |least| Rate {
        least,
        most: of_case,
        of: of_case,
    };
    match (shown == judged, of_case) {
        (true, 0 | 1) => Ok(None),
        (true, _) => Ok(Some(rate(1))),
        (false, 0 | 1) => Err(format!(
            "it shows in {shown} of {judged} samples, and the case has one by its own words"
        )),
        (false, _) => Ok(Some(rate(0))),
    }
}

fn covers(entry: &Known, finding: &FindingOf) -> bool {
    let got = finding.got.as_ref().map(|got| got.value.as_str());
    let wanted = entry.got.as_deref();
    entry.finding == finding.code && wanted.is_none_or(|wanted| got == Some(wanted))
}

/// What becomes of an entry that a run calls stale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// None of its cells shows it.
    Remove,
    /// Some of its cells show it.
    Narrow {
        /// Cells that show it.
        shown: usize,
        /// Cells that show it no more.
        stale: usize,
    },
    /// Some of its cells came to no verdict in this run.
    Wait {
        /// How many.
        cells: usize,
    },
    /// It was changed or removed since the run.
    Changed,
}

/// An entry that a run calls stale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// Where it stood when the run was made, `file:line`.
    pub at: String,
    /// Its pattern.
    pub pattern: String,
    /// Its place in the list; none if it was changed since.
    pub place: Option<usize>,
    /// What becomes of it.
    pub fate: Fate,
}

/// Every entry that a run calls stale, held against the list as it is now.
pub fn stale(run: &Run, known: &[Known]) -> Vec<Stale> {
    let is_stale = |index: &usize| {
        let mut cells = run.cells.iter();
        cells.any(|cell| cell.outcome == "stale" && cell.known_entry.contains(index))
    };
    let listed = run.known.iter().enumerate();
    let stale = listed.filter(|(index, _)| is_stale(index));
    stale
        .map(|(_, entry)| {
            let place = place(entry, known);
            Stale {
                at: entry.at.clone(),
                pattern: entry.pattern.clone(),
                place,
                fate: place.map_or(Fate::Changed, |place| fate(run, &known[place])),
            }
        })
        .collect()
}

/// The same entry in the list as it is now. Lines may have moved.
fn place(entry: &KnownOf, known: &[Known]) -> Option<usize> {
    let is_same = |other: &Known| {
        other.cells.as_str() == entry.pattern
            && other.finding == entry.finding
            && other.reason == entry.reason
            && other.link == entry.link
            && other.since == entry.since
            && other.rate.map(|rate| rate.to_string()) == entry.rate
    };
    let same: Vec<usize> = (0..known.len())
        .filter(|index| is_same(&known[*index]))
        .collect();
    let mut there = same.iter();
    let there = there.find(|index| known[**index].at.to_string() == entry.at);
    match (there, same.as_slice()) {
        (Some(index), _) => Some(*index),
        (None, [index]) => Some(*index),
        (None, _) => None,
    }
}

fn fate(run: &Run, entry: &Known) -> Fate {
    let (mut shown, mut stale, mut open) = (0, 0, 0);
    for cell in run
        .cells
        .iter()
        .filter(|cell| entry.cells.matches(&cell.id))
    {
        match cell.outcome.as_str() {
            // A peer that lacks a feature never comes to the finding.
            "unsupported" => {}
            "not-run" | "error" => open += 1,
            _ if shows(cell, entry) => shown += 1,
            _ => stale += 1,
        }
    }
    match (shown, open) {
        (1.., _) => Fate::Narrow { shown, stale },
        (0, 1..) => Fate::Wait { cells: open },
        (0, 0) => Fate::Remove,
    }
}

fn shows(cell: &Cell, entry: &Known) -> bool {
    let mut findings = cell.attempts.iter().flat_map(|run| &run.findings);
    findings.any(|finding| covers(entry, finding))
}

#[cfg(test)]
mod tests;
