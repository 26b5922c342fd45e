//! What the stacks of a run are to each other, as a page that can be kept: who
//! passes what, what is missing, and each known deviation with what was seen.
//!
//! It says nothing that differs from run to run: no times, no run's id, and of
//! what shows up by chance only how often it may.

use std::collections::BTreeMap;

use wirecheck_core::judge::outcome::Outcome;
use wirecheck_core::model::run::{Cell, FindingOf, KnownOf, Run, ValueOf};

use super::markup::{fenced, markdown as escaped};
use super::matrix::grid::Grid;
use super::tally::{self, Tally};
use super::{peers, text};

/// The most columns of a value that is shown.
const MOST_COLUMNS: usize = 160;
/// The most bytes of a value that are shown.
const MOST_BYTES: usize = 64;

/// The page, as Markdown.
pub fn compatibility(run: &Run) -> String {
    let parts = [
        head(run),
        versions(run),
        pairs(run),
        suites(run),
        missing(run),
        deviations(run),
    ];
    parts.concat()
}

fn head(run: &Run) -> String {
    let grid = Grid::of(run);
    let cells = run.cells.iter().filter(|cell| !tally::is_filtered(cell));
    format!(
        "# Compatibility\n\n\
         What {} are to each other in {} cells, each a client, a server\n\
         and a case with every byte between them judged. A scripted peer says what its case writes\n\
         down, right or wrong. Written by\n\
         `wirecheck report --format compatibility`; a test holds it against a run.\n\n",
        grid.size("and"),
        text::number(cells.count() as u64),
    )
}

fn versions(run: &Run) -> String {
    let mut told = String::from("## Versions\n\n| peer | versions |\n| --- | --- |\n");
    let mut named: Vec<&str> = Vec::new();
    for peer in &run.peers {
        if !named.contains(&peer.name.as_str()) {
            named.push(&peer.name);
            told += &row(&[escaped(&peer.name), escaped(&peers::versions(peer))]);
        }
    }
    told + "\n"
}

fn pairs(run: &Run) -> String {
    let grid = Grid::of(run);
    let mut header = vec!["client, server →".to_owned()];
    header.extend(grid.servers.iter().map(|server| escaped(server)));
    let mut told = format!(
        "## Pairs\n\nCells that pass; `k` is a known deviation, `-` what one of the two lacks.\n\n{}{}",
        row(&header),
        row(&vec!["---".to_owned(); header.len()]),
    );
    for client in &grid.clients {
        let mut cells = vec![escaped(client)];
        let marks = |server: &&str| escaped(&grid.pair(client, server).plain());
        cells.extend(grid.servers.iter().map(marks));
        told += &row(&cells);
    }
    told + "\n"
}

/// The same for each suite, over all pairs in which a peer takes part.
fn suites(run: &Run) -> String {
    let mut suites: Vec<&str> = Vec::new();
    for cell in &run.cells {
        if !suites.contains(&cell.suite.as_str()) {
            suites.push(&cell.suite);
        }
    }
    let mut header = vec!["peer, suite →".to_owned()];
    header.extend(suites.iter().map(|suite| escaped(suite)));
    let mut told = format!(
        "## Suites\n\nThe cells of each peer in both roles.\n\n{}{}",
        row(&header),
        row(&vec!["---".to_owned(); header.len()]),
    );
    for name in Grid::of(run).clients {
        let marks = |suite: &&str| {
            let of_peer = run.cells.iter().filter(|cell| {
                cell.suite == *suite && (cell.client == name || cell.server == name)
            });
            escaped(&Tally::of(of_peer).marks().plain())
        };
        let cells = [escaped(name)].into_iter().chain(suites.iter().map(marks));
        told += &row(&cells.collect::<Vec<_>>());
    }
    told + "\n"
}

/// What a library lacks, from the cells that could not be run for it.
fn missing(run: &Run) -> String {
    let mut lacks: BTreeMap<&str, usize> = BTreeMap::new();
    for cell in run
        .cells
        .iter()
        .filter(|cell| tally::outcome(cell) == Outcome::Unsupported)
    {
        let reason = cell.reason.as_ref().map(|reason| reason.sentence.as_str());
        *lacks
            .entry(reason.unwrap_or("no reason given"))
            .or_default() += 1;
    }
    if lacks.is_empty() {
        return String::new();
    }
    let mut told = String::from("## What is not there\n\n");
    for (reason, cells) in lacks {
        told += &format!("- {} ({})\n", escaped(reason), text::count(cells, "cell"));
    }
    told + "\n"
}

fn deviations(run: &Run) -> String {
    let shown = run.known.iter().filter(|entry| !entry.matched.is_empty());
    let mut told = String::from("## Deviations\n");
    for entry in shown {
        told += &deviation(run, entry);
    }
    told
}

fn deviation(run: &Run, entry: &KnownOf) -> String {
    let mut told = format!("\n### {}\n\n", escaped(&entry.reason));
    let mut put = |key: &str, value: &str| told += &format!("- {key}: {value}\n");
    let cells = text::count(entry.matched.len(), "cell");
    put("where", &format!("`{}`, {cells}", entry.pattern));
    match &entry.rate {
        Some(rate) => put(
            "finding",
            &format!("`{}`, by chance: `{rate}` samples", entry.finding),
        ),
        None => put("finding", &format!("`{}`", entry.finding)),
    }
    let finding = evidence(run, entry);
    if let Some(section) = finding.and_then(|finding| finding.section.as_ref()) {
        put(
            "rule",
            &format!("{}, <{}>", escaped(&section.name), section.link),
        );
    }
    let link = entry.link.as_ref().map(|link| format!("<{link}>, "));
    put(
        "upstream",
        &format!("{}listed since {}", link.unwrap_or_default(), entry.since),
    );
    let cell = &entry.matched[0];
    put(
        "see it",
        &format!("`wirecheck run {cell}`, then `wirecheck show {cell}`"),
    );
    if let Some(finding) = finding {
        let values = [("expected", &finding.expected), ("got", &finding.got)];
        let lines = values
            .iter()
            .filter_map(|(key, value)| value.as_ref().map(|v| line(key, v)));
        told += &format!(
            "\n{}",
            fenced("text", &lines.collect::<Vec<_>>().join("\n"))
        );
    }
    told
}

/// What was seen in the first cell that shows it. What shows up by chance may
/// not have been seen at all.
fn evidence<'a>(run: &'a Run, entry: &KnownOf) -> Option<&'a FindingOf> {
    if entry.rate.is_some() {
        return None;
    }
    let cells: Vec<&Cell> = run
        .cells
        .iter()
        .filter(|cell| entry.matched.contains(&cell.id))
        .collect();
    let attempt = cells.first()?.attempts.last()?;
    let mut findings = attempt.findings.iter();
    findings.find(|finding| finding.code == entry.finding)
}

fn line(key: &str, value: &ValueOf) -> String {
    let told = text::fit(&value.value, MOST_COLUMNS);
    let bytes = value.hex.as_ref().filter(|hex| hex.len() <= MOST_BYTES * 3);
    let bytes = bytes.map_or(String::new(), |hex| format!("   [{hex}]"));
    format!("{key:<8}  {told}{bytes}")
}

fn row(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_page_names_pairs_suites_and_deviations() {
        insta::assert_snapshot!(compatibility(&sample::mixed()));
    }

    #[test]
    fn what_a_run_is_called_and_when_it_was_is_left_out() {
        let run = sample::mixed();
        let mut later = run.clone();
        later.id = "ffff".into();
        later.started = "2030-01-01T00:00:00Z".into();
        later.wall_ms += 1;
        assert_eq!(compatibility(&run), compatibility(&later));
    }
}
