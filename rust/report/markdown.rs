//! A run as Markdown, for a step summary or a comment: the matrix, the causes
//! with what was seen folded away, and the peers. It stays within a budget of
//! bytes, and ends at a whole block wherever that is.

use wirecheck_core::judge::outcome::Outcome;
use wirecheck_core::model::exit::Exit;
use wirecheck_core::model::run::{Cause, Peer, Run};

use super::markup::{fenced, html, markdown as escaped};
use super::matrix::grid::Grid;
use super::matrix::{causes, facts, verdict_sentence};
use super::peers;
use super::style::{Line, Style};
use super::tally::{self, Tally};
use super::text;
use super::whole::{Evidence, first_cell, in_full, unexpected_causes};

/// The bytes of a report for GitHub, which drops a step summary of more than
/// 1 MiB altogether.
pub const STEP_SUMMARY: usize = 900 * 1024;

/// The most columns of a name or a sentence in a line of its own.
const MOST_COLUMNS: usize = 200;

/// The whole run in at most `budget` bytes. What there is no room for is
/// counted; with room for nothing, nothing is said.
pub fn markdown(run: &Run, evidence: Evidence<'_>, budget: usize) -> String {
    let top = top(run, budget / 2);
    let peers = peers_table(run, budget / 4);
    let room = budget - top.len() - peers.len();
    let causes = folded_causes(run, evidence, room);
    format!("{top}{causes}{peers}")
}

/// Text that takes whole blocks as long as there is room for them.
struct Sheet {
    text: String,
    budget: usize,
}

impl Sheet {
    fn new(budget: usize) -> Self {
        Self {
            text: String::new(),
            budget,
        }
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.text.len() + bytes <= self.budget
    }

    /// Takes a block, or leaves it out.
    fn push(&mut self, block: &str) -> bool {
        let fits = self.has_room(block.len());
        if fits {
            self.text.push_str(block);
        }
        fits
    }

    /// A table with as many rows as there is room for, and how many are left.
    fn table(&mut self, header: &[String], rows: &[Vec<String>]) {
        let separator = vec!["---".to_owned(); header.len()];
        let head = format!("{}{}", row(header), row(&separator));
        let last = row(&[more(rows.len())]);
        if !self.has_room(head.len() + last.len() + 1) || !self.push(&head) {
            return;
        }
        for (index, cells) in rows.iter().enumerate() {
            let block = row(cells);
            let is_last = index + 1 == rows.len();
            let reserve = if is_last { 0 } else { last.len() };
            if !self.has_room(block.len() + reserve + 1) {
                self.push(&row(&[more(rows.len() - index)]));
                break;
            }
            self.push(&block);
        }
        self.push("\n");
    }
}

/// The last word on a list that was cut.
fn more(left: usize) -> String {
    format!("… {} more", text::number(left as u64))
}

fn row(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

fn top(run: &Run, budget: usize) -> String {
    let mut sheet = Sheet::new(budget);
    let grid = Grid::of(run);
    let exit = Exit::of_code(run.exit).map_or("failed", Exit::meaning);
    sheet.push(&format!("## Wirecheck: {exit}\n\n"));
    let verdict = text::fit(&verdict_sentence(run), MOST_COLUMNS);
    sheet.push(&format!(
        "**{}**, exit {}. {}\n\n",
        escaped(&verdict),
        run.exit,
        escaped(&facts(run, &grid))
    ));
    put_matrix(&mut sheet, &grid);
    put_totals(&mut sheet, run);
    sheet.text
}

fn put_matrix(sheet: &mut Sheet, grid: &Grid<'_>) {
    let name = |name: &str| escaped(&text::fit(name, MOST_COLUMNS));
    let mut header = vec!["client, server →".to_owned()];
    header.extend(grid.servers.iter().map(|server| name(server)));
    let rows = grid.clients.iter().map(|client| {
        let mut cells = vec![name(client)];
        let pairs = grid
            .servers
            .iter()
            .map(|server| escaped(&grid.pair(client, server).plain()));
        cells.extend(pairs);
        cells
    });
    let rows: Vec<Vec<String>> = rows.collect();
    sheet.table(&header, &rows);
}

fn put_totals(sheet: &mut Sheet, run: &Run) {
    let legend = Tally::of(&run.cells).legend();
    let mut totals: Vec<String> = legend.iter().map(Line::plain).collect();
    totals.push(text::waited(run.wall_ms));
    let totals: Vec<String> = totals.iter().map(|total| escaped(total)).collect();
    sheet.push(&format!("{}\n\n", totals.join(" · ")));
}

/// One folded block for each cause. Where the details of one do not fit, the
/// rest is told by their first lines alone.
fn folded_causes(run: &Run, evidence: Evidence<'_>, budget: usize) -> String {
    let causes = unexpected_causes(run);
    let mut sheet = Sheet::new(budget);
    if causes.is_empty() || !sheet.push("### Causes\n\n") {
        return String::new();
    }
    let mut in_detail = true;
    for (index, cause) in causes.iter().enumerate() {
        let left = causes.len() - index - 1;
        let reserve = if left > 0 { more(left).len() + 2 } else { 0 };
        let summary = summary(run, cause);
        let details = in_detail.then(|| details(run, cause, &summary, evidence));
        let details = details.filter(|block| sheet.has_room(block.len() + reserve));
        in_detail = details.is_some();
        let block = details.unwrap_or_else(|| format!("<p>{summary}</p>\n\n"));
        if !sheet.has_room(block.len() + reserve) {
            sheet.push(&format!("{}\n\n", more(left + 1)));
            break;
        }
        sheet.push(&block);
    }
    sheet.text
}

/// One line of HTML: what, who, and in how many cells.
fn summary(run: &Run, cause: &Cause) -> String {
    let outcome = Outcome::of_name(&cause.outcome);
    let cells = text::count(cause.cells.len(), "cell");
    let who = causes::who(cause).map_or(String::new(), |who| format!("{who}, "));
    let place = format!("{who}{cells}: {}", causes::cases(run, &cause.cells));
    format!(
        "<b>{} {}</b> {} <i>{}</i>",
        html(outcome.mark()),
        tally::word(outcome),
        html(&text::fit(&cause.sentence, MOST_COLUMNS)),
        html(&text::fit(&place, MOST_COLUMNS))
    )
}

fn details(run: &Run, cause: &Cause, summary: &str, evidence: Evidence<'_>) -> String {
    let cell = first_cell(run, cause);
    let told = cell.map_or(String::new(), |cell| {
        in_full(run, cell, evidence, Style::Plain)
    });
    // An empty line on both sides, or the fence would be text of the tag.
    format!(
        "<details><summary>{summary}</summary>\n\n{}\n</details>\n\n",
        fenced("text", &told)
    )
}

fn peers_table(run: &Run, budget: usize) -> String {
    let mut sheet = Sheet::new(budget);
    if run.peers.is_empty() || !sheet.push("### Peers\n\n") {
        return String::new();
    }
    let mut named: Vec<&Peer> = Vec::new();
    for peer in &run.peers {
        let same = |other: &&&Peer| other.name == peer.name && other.versions == peer.versions;
        if named.iter().find(same).is_none() {
            named.push(peer);
        }
    }
    let rows: Vec<Vec<String>> = named.iter().map(|peer| peer_row(run, peer)).collect();
    let header = ["peer", "role", "versions"].map(str::to_owned);
    sheet.table(&header, &rows);
    sheet.text
}

/// A peer with the roles in which it is the same.
fn peer_row(run: &Run, peer: &Peer) -> Vec<String> {
    let alike = run
        .peers
        .iter()
        .filter(|other| other.name == peer.name && other.versions == peer.versions);
    let roles: Vec<&str> = alike.map(|other| other.role.as_str()).collect();
    let versions = match peers::versions(peer) {
        versions if versions.is_empty() => "not known".into(),
        versions => versions,
    };
    vec![
        escaped(&peer.name),
        escaped(&roles.join(", ")),
        escaped(&text::fit(&versions, 2 * MOST_COLUMNS)),
    ]
}

#[cfg(test)]
mod tests;
