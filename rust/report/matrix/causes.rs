//! Why cells are not as they would be: one line for each cause, what is
//! unexpected first, then what is known.

use std::collections::BTreeSet;

use wirecheck_core::judge::outcome::Outcome;
use wirecheck_core::model::run::{Cause, Cell, KnownOf, Run};

use super::more;
use crate::report::style::{Line, Page, Paint, WIDTH};
use crate::report::tally;
use crate::report::text;

/// The most causes that are listed.
const MOST: usize = 20;
/// The most known deviations that are listed.
const MOST_KNOWN: usize = 8;
/// Where the sentence of a cause begins.
const INDENT: usize = 7;

/// Puts the causes on a page.
pub fn put(page: &mut Page, run: &Run) {
    let causes = by_urgency(run);
    for cause in causes.iter().take(MOST) {
        put_cause(page, run, cause);
    }
    if causes.len() > MOST {
        page.line(Line::indent(INDENT).text(more(causes.len() - MOST)));
    }
    put_known(page, run);
}

/// Causes of what is not as expected.
pub fn unexpected(run: &Run) -> impl Iterator<Item = &Cause> {
    run.causes.iter().filter(|cause| {
        let outcome = Outcome::of_name(&cause.outcome);
        !outcome.is_as_expected() && outcome != Outcome::NotRun
    })
}

/// The same, with what is most urgent first.
pub fn by_urgency(run: &Run) -> Vec<&Cause> {
    let mut causes: Vec<&Cause> = unexpected(run).collect();
    causes.sort_by_key(|cause| urgency(cause));
    causes
}

/// What is wrong with a peer comes before what is wrong with an expectation,
/// and that before what could not be done.
fn urgency(cause: &Cause) -> usize {
    let order = [
        Outcome::Fail,
        Outcome::Stale,
        Outcome::Flaky,
        Outcome::Error,
    ];
    let outcome = Outcome::of_name(&cause.outcome);
    let place = order.iter().position(|other| *other == outcome);
    place.unwrap_or(order.len())
}

/// One line if all of it fits, else two.
fn put_cause(page: &mut Page, run: &Run, cause: &Cause) {
    let mark = tally::mark(Outcome::of_name(&cause.outcome), cause.cells.len());
    let begin = Line::indent(2).append(mark).pad(INDENT);
    let rest = match who(cause) {
        Some(who) => format!("{who}   {}", cases(run, &cause.cells)),
        None => cases(run, &cause.cells),
    };
    let sentence = text::clean(&cause.sentence);
    let whole = INDENT + text::width(&sentence) + 3 + text::width(&rest);
    if whole <= WIDTH {
        page.line(begin.text(sentence).text("   ").text(rest));
        return;
    }
    page.line(begin.text(text::fit(&sentence, WIDTH - INDENT)));
    page.line(Line::indent(INDENT).text(text::fit(&rest, WIDTH - INDENT)));
}

/// Whose fault it is, in a word or two, where that is known.
pub fn who(cause: &Cause) -> Option<String> {
    match (&cause.peer, cause.culprit.as_str()) {
        (_, "" | "undetermined") => None,
        (Some(peer), culprit) => Some(format!("{culprit} {peer}")),
        (None, culprit) => Some(culprit.to_owned()),
    }
}

/// The cases of some cells, once each, and in how many pairs they are.
pub fn cases(run: &Run, ids: &[String]) -> String {
    let ids: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    let cells: Vec<&Cell> = run
        .cells
        .iter()
        .filter(|cell| ids.contains(cell.id.as_str()))
        .collect();
    let mut names: Vec<String> = Vec::new();
    let mut pairs = BTreeSet::new();
    for cell in cells {
        let name = format!("{}/{}", cell.suite, cell.case_and_variant());
        if !names.contains(&name) {
            names.push(name);
        }
        pairs.insert((&cell.client, &cell.server));
    }
    let names = match names.len() {
        0..=3 => names.join(", "),
        many => format!("{} and {} more cases", names[..2].join(", "), many - 2),
    };
    match pairs.len() {
        0 | 1 => names,
        several => format!("{names} in {several} pairs"),
    }
}

fn put_known(page: &mut Page, run: &Run) {
    let mut shown: Vec<(&KnownOf, usize)> = run
        .known
        .iter()
        .enumerate()
        .map(|(index, entry)| (entry, cells_that_show(run, index)))
        .filter(|(_, cells)| *cells > 0)
        .collect();
    shown.sort_by_key(|(_, cells)| std::cmp::Reverse(*cells));
    for (entry, cells) in shown.iter().take(MOST_KNOWN) {
        let rate = entry
            .rate
            .as_ref()
            .map_or(String::new(), |rate| format!(" ({rate})"));
        // The folder is the same for all and would crowd out the reason.
        let at = entry.at.rsplit('/').next().unwrap_or(&entry.at);
        let end = format!("   {}{rate}", text::clean(at));
        let room = WIDTH.saturating_sub(INDENT + text::width(&end));
        let begin = Line::indent(2).append(tally::mark(Outcome::Known, *cells));
        page.line(
            begin
                .pad(INDENT)
                .text(text::fit(&entry.reason, room))
                .paint(Paint::Dim, end),
        );
    }
    if shown.len() > MOST_KNOWN {
        page.line(Line::indent(INDENT).text(format!("{} known", more(shown.len() - MOST_KNOWN))));
    }
}

fn cells_that_show(run: &Run, entry: usize) -> usize {
    let known = run
        .cells
        .iter()
        .filter(|cell| tally::outcome(cell) == Outcome::Known);
    known
        .filter(|cell| cell.known_entry.contains(&entry))
        .count()
}
