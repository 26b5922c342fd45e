//! What is told once and not once per cell: a peer that does not run, and an
//! entry of the known list that is known no more.

use wirecheck_core::judge::outcome::Outcome;
use wirecheck_core::model::run::{Cell, KnownOf, Peer, PeerError, Run};

use super::matrix::more;
use super::style::{Line, Page, Paint, Style};
use super::tally;
use super::text;

/// Where labels begin.
const INDENT: usize = 3;
/// Where what they name begins.
const COLUMN: usize = 14;
/// The most lines of a log.
const MOST_LOG: usize = 10;
/// The most columns of a line of a log.
const WIDEST_LOG: usize = 200;

/// Every error of a peer in its role, with the cells that it cost. What went
/// wrong with both roles alike is told with the first of them. Empty if there
/// is nothing to tell.
pub fn peer_failure(run: &Run, peer: &Peer, style: Style) -> String {
    let mut page = Page::new(style);
    for error in &peer.errors {
        let roles = roles(&run.peers, peer, error);
        if !roles.is_empty() {
            put_error(&mut page, run, peer, error, &roles);
        }
    }
    page.finish()
}

/// Every error of a peer in this one role, also where another entry tells of
/// it: for reports whose readers see one pair at a time.
pub(super) fn in_its_role(run: &Run, peer: &Peer, style: Style) -> String {
    let mut page = Page::new(style);
    for error in &peer.errors {
        put_error(&mut page, run, peer, error, &[peer.role.as_str()]);
    }
    page.finish()
}

/// The roles in which a peer has an error, with that of this entry first;
/// empty where an entry before it has told of it.
pub(super) fn roles<'a>(peers: &'a [Peer], peer: &Peer, error: &PeerError) -> Vec<&'a str> {
    let same = |other: &&Peer| other.name == peer.name && other.errors.contains(error);
    let roles: Vec<&str> = peers
        .iter()
        .filter(same)
        .map(|other| other.role.as_str())
        .collect();
    match roles.first() {
        Some(first) if *first == peer.role => roles,
        _ => Vec::new(),
    }
}

fn put_error(page: &mut Page, run: &Run, peer: &Peer, error: &PeerError, roles: &[&str]) {
    let title = format!(
        "{} ({}): {}",
        peer.name,
        roles.join(" and "),
        error.sentence
    );
    page.entry(Line::default().paint(Paint::Bad, " E ERROR"), 10, &title);
    entry(page, "cost", &cost(run, peer, roles));
    if !peer.command.is_empty() {
        let argv = peer.command.iter().map(String::as_str);
        let command = shlex::try_join(argv).unwrap_or_else(|_| peer.command.join(" "));
        entry(page, "command", &command);
    }
    if let Some(status) = &error.exit_status {
        entry(page, "ended", status);
    }
    put_log(page, peer, error);
    if let Some(hint) = &error.hint {
        page.blank();
        page.entry(Line::new(" hint:"), 7, hint);
    }
}

/// The cells that could not be done because of a peer in these roles.
fn cost(run: &Run, peer: &Peer, roles: &[&str]) -> String {
    let part = |cell: &&Cell| {
        let (as_client, as_server) = (cell.client == peer.name, cell.server == peer.name);
        (as_client && roles.contains(&"client")) || (as_server && roles.contains(&"server"))
    };
    let cells = run.cells.iter().filter(part);
    let cells: Vec<&Cell> = cells.filter(|cell| !tally::is_filtered(cell)).collect();
    let with = |wanted| {
        let cells = cells.iter().filter(|cell| tally::outcome(cell) == wanted);
        cells.count()
    };
    let cost = format!("{} in error", text::count(with(Outcome::Error), "cell"));
    match with(Outcome::NotRun) {
        0 => cost,
        left => format!("{cost}, {} not run", text::number(left as u64)),
    }
}

fn put_log(page: &mut Page, peer: &Peer, error: &PeerError) {
    let left_out = error.log_tail.len().saturating_sub(MOST_LOG);
    let mut label = "log";
    for line in &error.log_tail[left_out..] {
        let label_line = Line::indent(INDENT).paint(Paint::Dim, label);
        page.folded(label_line, COLUMN, &text::fit(line, WIDEST_LOG));
        label = "";
    }
    if left_out > 0 {
        entry(page, "", &format!("{} above", more(left_out)));
    }
    if let Some(log) = &peer.log {
        entry(page, "all of it", &format!("{log}, in the run's folder"));
    }
}

/// The entries of the known list that a stale cell shows no more. Empty if the
/// cell is not stale.
pub fn stale(run: &Run, cell: &Cell, style: Style) -> String {
    let mut page = Page::new(style);
    if tally::outcome(cell) == Outcome::Stale {
        for (index, known) in entries(run, cell) {
            let (listed, stale) = cells_of(run, index);
            put_stale(&mut page, known, listed.len(), stale.len());
            page.entry(Line::indent(INDENT).text("cells"), COLUMN, &ids(&stale));
            put_advice(&mut page, stale.len() == listed.len());
        }
    }
    page.finish()
}

fn entries<'a>(run: &'a Run, cell: &Cell) -> Vec<(usize, &'a KnownOf)> {
    let indices = cell.known_entry.iter();
    indices
        .filter_map(|index| Some((*index, run.known.get(*index)?)))
        .collect()
}

fn ids(cells: &[&Cell]) -> String {
    const MOST: usize = 4;
    let mut ids: Vec<String> = cells
        .iter()
        .take(MOST)
        .map(|cell| cell.id.clone())
        .collect();
    if cells.len() > MOST {
        ids.push(more(cells.len() - MOST));
    }
    ids.join(" ")
}

/// The cells with a verdict on an entry, and those of them that are stale.
fn cells_of(run: &Run, entry: usize) -> (Vec<&Cell>, Vec<&Cell>) {
    let listed = run
        .cells
        .iter()
        .filter(|cell| cell.known_entry.contains(&entry));
    let listed: Vec<&Cell> = listed.collect();
    let stale = listed
        .iter()
        .copied()
        .filter(|cell| tally::outcome(cell) == Outcome::Stale)
        .collect();
    (listed, stale)
}

fn put_stale(page: &mut Page, known: &KnownOf, listed: usize, stale: usize) {
    let title = format!(
        "`{}` is listed as known, but {stale} of {} did not show it",
        known.pattern,
        text::count(listed, "cell")
    );
    page.entry(Line::default().paint(Paint::Bad, " ! STALE"), 10, &title);
    entry(page, "entry", &known.at);
    entry(page, "finding", &known.finding);
    entry(
        page,
        "reason",
        &format!("{}   (since {})", known.reason, known.since),
    );
    if let Some(link) = &known.link {
        entry(page, "link", link);
    }
}

fn put_advice(page: &mut Page, all: bool) {
    page.blank();
    let advice = match all {
        true => "it seems to be mended: remove the entry",
        false => "narrow the pattern to the cells that still show it",
    };
    page.entry(Line::new(" hint:"), 7, advice);
}

fn entry(page: &mut Page, label: &str, text: &str) {
    page.entry(Line::indent(INDENT).paint(Paint::Dim, label), COLUMN, text);
}

#[cfg(test)]
mod tests;
