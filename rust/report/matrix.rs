//! The matrix of a run, with what to know before it and what to do after it.

pub(super) mod causes;
pub(super) mod grid;
mod words;

use std::collections::BTreeMap;

use wirecheck_core::judge::outcome::Outcome;
use wirecheck_core::model::run::{Absent, Cell, Run};

use self::grid::Grid;
use super::reproduce;
use super::style::{Line, Page, Paint, Style, WIDTH};
use super::tally::{self, Tally};
use super::text;

/// A finished run: what it was, the matrix, totals that are the legend, the
/// causes of what is not as expected, and the verdict.
pub fn matrix(run: &Run, style: Style) -> String {
    let mut page = Page::new(style);
    let grid = Grid::of(run);
    header(&mut page, run, &grid);
    page.blank();
    grid.put(&mut page);
    page.blank();
    totals(&mut page, run, &grid);
    causes::put(&mut page, run);
    words::put(&mut page, run);
    absent(&mut page, run);
    left_out(&mut page, run);
    cuts(&mut page, run);
    verdict(&mut page, run);
    pointers(&mut page, run);
    page.finish()
}

fn header(page: &mut Page, run: &Run, grid: &Grid<'_>) {
    page.line(
        Line::default()
            .paint(Paint::Strong, &run.tool)
            .text(format!(": {}", facts(run, grid))),
    );
}

/// How much was run, and what to call it.
pub(super) fn facts(run: &Run, grid: &Grid<'_>) -> String {
    let selected = run
        .cells
        .iter()
        .filter(|cell| !tally::is_filtered(cell))
        .count();
    let cells = match run.cells.len() {
        all if all == selected => text::count(all, "cell"),
        all => format!(
            "{} of {}",
            text::number(selected as u64),
            text::count(all, "cell")
        ),
    };
    let facts = [
        grid.size("x"),
        text::count(run.cases.len(), "case"),
        cells,
        format!("seed {}", run.seed),
        format!("run {}", run.id),
    ];
    facts.join(", ")
}

fn totals(page: &mut Page, run: &Run, grid: &Grid<'_>) {
    let mut entries = Tally::of(&run.cells).legend();
    entries.push(Line::new(text::waited(run.wall_ms)));
    let mut line = Line::default();
    for entry in entries {
        if line.width() > 0 && line.width() + 3 + entry.width() > WIDTH {
            page.line(std::mem::take(&mut line));
        }
        if line.width() > 0 {
            line = line.text("   ");
        }
        line = line.append(entry);
    }
    page.line(line);
    let (ran, pairs) = grid.ran();
    if ran < pairs {
        page.line(Line::default().paint(Paint::Bad, format!("{ran} of {pairs} pairs ran")));
    }
}

/// Peers that are not there, with the command that brings them.
fn absent(page: &mut Page, run: &Run) {
    let mut missed: Vec<(&Absent, Vec<&str>)> = Vec::new();
    for peer in &run.peers {
        let Some(absent) = &peer.absent else { continue };
        match missed.iter_mut().find(|(known, _)| *known == absent) {
            Some((_, names)) if names.contains(&peer.name.as_str()) => {}
            Some((_, names)) => names.push(&peer.name),
            None => missed.push((absent, vec![&peer.name])),
        }
    }
    for (absent, names) in missed {
        let label = Line::default().paint(Paint::Warn, "not run");
        let sentence = format!("{}: {}", names.join(", "), absent.reason);
        page.entry(label, 14, &sentence);
        page.line(Line::indent(14).text(&absent.mend));
    }
}

/// What was not called, and what was not compared: nobody should take it for
/// checked.
fn left_out(page: &mut Page, run: &Run) {
    const MOST: usize = 8;
    for note in run.left_out.iter().take(MOST) {
        page.entry(Line::default().paint(Paint::Dim, "not called"), 14, note);
    }
    if run.left_out.len() > MOST {
        page.line(Line::indent(14).text(more(run.left_out.len() - MOST)));
    }
    let mut paths: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for agreement in &run.agreements {
        for path in &agreement.left_out {
            paths.entry(path).or_default().push(&agreement.group);
        }
    }
    for (path, groups) in paths.iter().take(MOST) {
        let cases = match groups.as_slice() {
            [one] => one.rsplit('/').next().unwrap_or(one).to_owned(),
            several => text::count(several.len(), "case"),
        };
        let label = Line::default().paint(Paint::Dim, "not compared");
        page.entry(label, 14, &format!("`{path}` in {cases}"));
    }
    if paths.len() > MOST {
        page.line(Line::indent(14).text(more(paths.len() - MOST)));
    }
}

fn cuts(page: &mut Page, run: &Run) {
    const MOST: usize = 5;
    for cut in run.cuts.iter().take(MOST) {
        page.entry(Line::default().paint(Paint::Warn, "cut"), 8, cut);
    }
    if run.cuts.len() > MOST {
        page.line(Line::indent(8).text(more(run.cuts.len() - MOST)));
    }
}

/// The last words on a list that was cut.
pub(super) fn more(left: usize) -> String {
    format!("... {} more", text::number(left as u64))
}

fn verdict(page: &mut Page, run: &Run) {
    let paint = if run.exit == 0 {
        Paint::Good
    } else {
        Paint::Bad
    };
    let exit = format!("exit {}", run.exit);
    let sentence = text::fit(&verdict_sentence(run), WIDTH - exit.len() - 2);
    page.line(Line::default().paint(paint, sentence).right(exit));
}

/// What came of a run, in one sentence.
pub(super) fn verdict_sentence(run: &Run) -> String {
    let unexpected = Tally::of(&run.cells).unexpected();
    let mut sentence = match unexpected {
        0 if run.exit == 0 && run.peers.iter().all(|peer| peer.absent.is_none()) => {
            "all as expected".to_owned()
        }
        0 => "nothing unexpected in what ran".to_owned(),
        some => {
            let causes = causes::unexpected(run).count();
            let results = text::count(some, "unexpected result");
            format!("{results}, {}", text::count(causes, "cause"))
        }
    };
    if !run.complete {
        let reason = run.incomplete_reason.as_deref().unwrap_or("stopped early");
        sentence = format!("{sentence}; incomplete: {reason}");
    }
    sentence
}

fn pointers(page: &mut Page, run: &Run) {
    let report = format!("{}/run.json", reproduce::folder(run));
    page.line(Line::new("report").pad(8).text(report));
    if let Some(cell) = first_unexpected(run) {
        let command = |verb| reproduce::command(run, verb, &cell.id);
        if !cell.attempts.is_empty() {
            page.line(Line::new("look").pad(8).text(command("show")));
        }
        page.line(Line::new("again").pad(8).text(command("run")));
    }
}

/// The cell that a reader should look at first: what failed before what could
/// not be done.
fn first_unexpected(run: &Run) -> Option<&Cell> {
    let order = [
        Outcome::Fail,
        Outcome::Stale,
        Outcome::Flaky,
        Outcome::Error,
    ];
    order
        .into_iter()
        .find_map(|wanted| run.cells.iter().find(|cell| tally::outcome(cell) == wanted))
}

#[cfg(test)]
mod tests;
