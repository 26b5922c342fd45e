//! Clients down, servers across.

use std::collections::{HashMap, HashSet};

use wirecheck_core::judge::outcome::Outcome;
use wirecheck_core::model::run::{Cell, Run};
use wirecheck_core::plan::dialogue::SCRIPTED;

use crate::report::style::{Line, Page, Paint, WIDTH};
use crate::report::tally::{self, Tally};
use crate::report::text;

/// The most columns of a pair; a longer reason stands below the matrix.
const WIDEST: usize = 25;
/// Columns between two servers.
const GAP: usize = 2;

/// The cells of a run by their pairs. A client or server with no selected cell
/// has no place.
pub struct Grid<'a> {
    /// Down, in the order of the plan.
    pub clients: Vec<&'a str>,
    /// Across, in the order of the plan.
    pub servers: Vec<&'a str>,
    pairs: HashMap<(&'a str, &'a str), Vec<&'a Cell>>,
    /// Those too of which no cell was selected.
    planned: HashSet<(&'a str, &'a str)>,
}

/// `7 clients`. A scripted peer is none of them; alone it has its name.
fn side(names: &[&str], noun: &str) -> String {
    match names.iter().filter(|name| **name != SCRIPTED).count() {
        0 if !names.is_empty() => SCRIPTED.into(),
        count => text::count(count, noun),
    }
}

impl<'a> Grid<'a> {
    /// `7 clients x 7 servers`.
    pub fn size(&self, between: &str) -> String {
        let clients = side(&self.clients, "client");
        format!("{clients} {between} {}", side(&self.servers, "server"))
    }

    /// The selected cells of a run.
    pub fn of(run: &'a Run) -> Self {
        let mut grid = Self {
            clients: Vec::new(),
            servers: Vec::new(),
            pairs: HashMap::new(),
            planned: pairs_of(&run.cells),
        };
        for cell in run.cells.iter().filter(|cell| !tally::is_filtered(cell)) {
            grid.add(cell);
        }
        grid
    }

    fn add(&mut self, cell: &'a Cell) {
        for (names, name) in [
            (&mut self.clients, &cell.client),
            (&mut self.servers, &cell.server),
        ] {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        let pair = (cell.client.as_str(), cell.server.as_str());
        self.pairs.entry(pair).or_default().push(cell);
    }

    /// Of how many pairs a cell came to a verdict, and of how many one was to.
    pub fn ran(&self) -> (usize, usize) {
        let ran = |cells: &&Vec<&Cell>| {
            let mut outcomes = cells.iter().map(|cell| tally::outcome(cell));
            outcomes.any(|outcome| !matches!(outcome, Outcome::NotRun | Outcome::Error))
        };
        (self.pairs.values().filter(ran).count(), self.pairs.len())
    }

    /// Puts the matrix on a page: all servers side by side, their names on two
    /// lines if they need to be; what does not fit then, in blocks below.
    pub fn put(&self, page: &mut Page) {
        let widest = |names: &[&str]| names.iter().map(|name| text::width(name)).max();
        let first = widest(&self.clients).unwrap_or(0).max("CLIENT".len()) + GAP;
        let room = WIDTH - first;
        let mut columns = self.columns(|name| vec![name]);
        if blocks(&columns, room).len() > 1 {
            columns = self.columns(on_two_lines);
        }
        for (index, block) in blocks(&columns, room).into_iter().enumerate() {
            if index > 0 {
                page.blank();
            }
            self.put_block(page, first, block);
        }
        self.put_reasons(page);
    }

    fn columns(&self, header: impl Fn(&'a str) -> Vec<&'a str>) -> Vec<Column<'a>> {
        let servers = self.servers.iter();
        servers
            .map(|server| self.column(server, header(server)))
            .collect()
    }

    fn column(&self, server: &'a str, header: Vec<&'a str>) -> Column<'a> {
        let cells: Vec<Line> = self
            .clients
            .iter()
            .map(|client| self.pair(client, server))
            .collect();
        let widths = cells.iter().map(Line::width);
        let widest = widths
            .chain(header.iter().map(|line| text::width(line)))
            .max();
        Column {
            width: widest.unwrap_or(0) + GAP,
            header,
            cells,
        }
    }

    /// What became of a pair.
    pub fn pair(&self, client: &str, server: &str) -> Line {
        let Some(cells) = self.pairs.get(&(client, server)) else {
            return match self.planned.contains(&(client, server)) {
                true => Line::default().paint(Paint::Dim, Outcome::NotRun.mark()),
                // No case is for these two.
                false => Line::default(),
            };
        };
        match not_run(cells) {
            Some(why) => {
                let text = text::fit(&format!("not run: {why}"), WIDEST);
                Line::default().paint(Paint::Bad, text)
            }
            None => Tally::of(cells.iter().copied()).marks(),
        }
    }

    fn put_block(&self, page: &mut Page, first: usize, block: &[Column<'_>]) {
        page.line(Line::indent(first).paint(Paint::Strong, "SERVER"));
        put_header(page, first, block);
        for (index, client) in self.clients.iter().enumerate() {
            let mut line = Line::new(client);
            let mut column = first;
            for server in block {
                line = line.pad(column).append(server.cells[index].clone());
                column += server.width;
            }
            page.line(line);
        }
    }

    /// Reasons that did not fit into their place, once each.
    fn put_reasons(&self, page: &mut Page) {
        let mut told: Vec<&str> = Vec::new();
        for client in &self.clients {
            for server in &self.servers {
                let cells = self.pairs.get(&(*client, *server));
                let Some(why) = cells.and_then(|cells| not_run(cells)) else {
                    continue;
                };
                if text::width(why) + "not run: ".len() > WIDEST && !told.contains(&why) {
                    told.push(why);
                }
            }
        }
        for why in told {
            page.entry(Line::new("not run:"), 9, why);
        }
    }
}

fn pairs_of(cells: &[Cell]) -> HashSet<(&str, &str)> {
    let pairs = cells.iter();
    pairs
        .map(|cell| (cell.client.as_str(), cell.server.as_str()))
        .collect()
}

/// A server's column.
struct Column<'a> {
    /// Its name, on as many lines.
    header: Vec<&'a str>,
    width: usize,
    cells: Vec<Line>,
}

/// The names end on the line of `CLIENT`.
fn put_header(page: &mut Page, first: usize, block: &[Column<'_>]) {
    let height = block
        .iter()
        .map(|server| server.header.len())
        .max()
        .unwrap_or(1);
    for left in (0..height).rev() {
        let mut line = match left {
            0 => Line::default().paint(Paint::Strong, "CLIENT"),
            _ => Line::default(),
        };
        let mut column = first;
        for server in block {
            let part = server.header.iter().rev().nth(left).copied();
            line = line.pad(column).text(part.unwrap_or_default());
            column += server.width;
        }
        page.line(line);
    }
}

/// A name, parted behind the hyphen that leaves the shortest lines.
fn on_two_lines(name: &str) -> Vec<&str> {
    let hyphens = name.match_indices('-').map(|(at, _)| at + 1);
    let parted = hyphens.map(|at| name.split_at(at));
    let best = parted.min_by_key(|(head, tail)| text::width(head).max(text::width(tail)));
    best.map_or_else(|| vec![name], |(head, tail)| vec![head, tail])
}

/// Splits columns so that each block takes at most so much room, and has at
/// least one column.
fn blocks<'c, 'a>(mut columns: &'c [Column<'a>], room: usize) -> Vec<&'c [Column<'a>]> {
    let mut found = Vec::new();
    while !columns.is_empty() {
        let mut used = 0;
        let fitting = columns.iter().take_while(|column| {
            used += column.width;
            used <= room + GAP
        });
        let (block, rest) = columns.split_at(fitting.count().max(1));
        found.push(block);
        columns = rest;
    }
    found
}

/// Why no cell of a pair was run, if none was.
fn not_run<'a>(cells: &[&'a Cell]) -> Option<&'a str> {
    let none = cells
        .iter()
        .all(|cell| tally::outcome(cell) == Outcome::NotRun);
    if !none {
        return None;
    }
    let mut reasons = cells.iter().filter_map(|cell| cell.reason.as_ref());
    Some(
        reasons
            .next()
            .map_or("no reason given", |reason| reason.sentence.as_str()),
    )
}
