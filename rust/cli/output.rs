//! What a run prints while it goes on, to stderr, since stdout is for data that
//! was asked for; and what it left on disk.

use std::fs::File;
use std::io::{self, BufReader, Write as _};
use std::path::{Component, Path};
use std::time::Instant;

use wirecheck_core::judge::outcome::Outcome;
use wirecheck_core::model::run::{Attempt, CaptureOf, Cell};
use wirecheck_core::plan::cells::Plan;
use wirecheck_core::wire::decode::decode_capture;
use wirecheck_core::wire::exchange::{Exchange, Limits};

use crate::report::{self, Style};
use crate::run::Progress;

/// Shows how far a run is: on a terminal one line that changes, otherwise a
/// line for each pair that is through.
pub struct Ticker {
    terminal: bool,
    style: Style,
    pairs: Vec<Pair>,
    through: usize,
    /// When cells began.
    began: Instant,
    cells: usize,
    done: usize,
    unexpected: usize,
    shown: bool,
}

struct Pair {
    client: String,
    server: String,
    left: usize,
    cells: Vec<Cell>,
}

/// Columns of a terminal that does not tell.
const COLUMNS: usize = 80;

impl Ticker {
    /// Nothing has happened.
    pub fn new(plan: &Plan, terminal: bool, style: Style) -> Self {
        let mut pairs: Vec<Pair> = Vec::new();
        for cell in plan.cells.iter().filter(|cell| cell.selected) {
            let (client, server) = (&plan.clients[cell.client], &plan.servers[cell.server]);
            match pairs
                .iter_mut()
                .find(|pair| pair.client == *client && pair.server == *server)
            {
                Some(pair) => pair.left += 1,
                None => pairs.push(Pair {
                    client: client.clone(),
                    server: server.clone(),
                    left: 1,
                    cells: Vec::new(),
                }),
            }
        }
        Self {
            terminal,
            style,
            pairs,
            through: 0,
            began: Instant::now(),
            cells: 0,
            done: 0,
            unexpected: 0,
            shown: false,
        }
    }

    /// Shows something.
    pub fn show(&mut self, progress: &Progress) {
        match progress {
            Progress::Building(what) => {
                self.line(&format!("{what} (does nothing when all is current)"))
            }
            Progress::Running(cells) => {
                self.cells = *cells;
                self.began = Instant::now();
            }
            Progress::Ended(done) => self.ended(&done.record, done.verdict.outcome),
            Progress::Stopping => {
                self.clear();
                eprintln!("stopping; once more kills");
            }
        }
    }

    fn ended(&mut self, cell: &Cell, outcome: Outcome) {
        self.done += 1;
        self.unexpected += usize::from(!outcome.is_as_expected());
        match self.terminal {
            true if self.done == self.cells => self.clear(),
            true => {
                let line = report::status_line(
                    self.done,
                    self.cells,
                    self.unexpected,
                    &[],
                    COLUMNS,
                    self.style,
                );
                self.line(&line);
            }
            false => self.note(cell),
        }
    }

    fn note(&mut self, cell: &Cell) {
        let pairs = self.pairs.len();
        let pair = self
            .pairs
            .iter_mut()
            .find(|pair| pair.client == cell.client && pair.server == cell.server);
        let Some(pair) = pair else { return };
        pair.left = pair.left.saturating_sub(1);
        // What a pair's line says needs no more of a cell than this.
        pair.cells.push(Cell {
            attempts: Vec::new(),
            ..cell.clone()
        });
        if pair.left == 0 {
            self.through += 1;
            let cells: Vec<&Cell> = pair.cells.iter().collect();
            eprint!(
                "{}",
                report::progress_line(
                    self.through,
                    pairs,
                    &cells,
                    self.began.elapsed(),
                    self.style
                )
            );
        }
    }

    fn line(&mut self, text: &str) {
        if self.terminal {
            eprint!("\r\x1b[K{text}");
            let _ = std::io::stderr().flush();
            self.shown = true;
        }
    }

    fn clear(&mut self) {
        if self.shown {
            eprint!("\r\x1b[K");
            self.shown = false;
        }
    }
}

/// What passed the tap in an attempt, from its captures.
pub fn exchange_of(folder: &Path, attempt: &Attempt) -> Option<Exchange> {
    let mut all = Exchange::default();
    for capture in attempt.captures.iter().filter(|capture| capture.is_main()) {
        let file = open_capture(folder, capture).ok()?;
        let exchange = decode_capture(file, Limits::default()).ok()?;
        all.connections.extend(exchange.connections);
        all.cuts.extend(exchange.cuts);
    }
    (!attempt.captures.is_empty()).then_some(all)
}

/// Opens a capture that a run.json names. Others may have written that file, so
/// the capture must lie below the run's folder.
///
/// # Errors
///
/// It lies elsewhere, or cannot be opened.
pub fn open_capture(folder: &Path, capture: &CaptureOf) -> io::Result<BufReader<File>> {
    match stays_below(&capture.path) {
        true => File::open(folder.join(&capture.path)).map(BufReader::new),
        false => Err(io::Error::other("it is not in the folder of its run")),
    }
}

/// A run.json may come from anywhere: it must not open files elsewhere.
fn stays_below(path: &str) -> bool {
    let mut parts = Path::new(path).components();
    parts.all(|part| matches!(part, Component::Normal(_)))
}
