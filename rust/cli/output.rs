//! What a run prints: progress to stderr, the report to stderr too, since
//! stdout is for data that was asked for.

use std::io::Write as _;
use std::path::Path;

use wirecheck_core::judge::outcome::Outcome;
use wirecheck_core::model::run::{Cell, Run};
use wirecheck_core::plan::cells::Plan;
use wirecheck_core::wire::decode::decode_capture;
use wirecheck_core::wire::exchange::{Exchange, Limits};

use super::context::Context;
use crate::report::{self, Material, Style};
use crate::run::Progress;
use crate::run::folder::RunFolder;

/// The most failures that are told in full; the others are in the causes and
/// can be shown one by one.
const FULL_FAILURES: usize = 5;

/// Shows how far a run is.
pub struct Ticker {
    terminal: bool,
    style: Style,
    pairs: Vec<Pair>,
    left: usize,
    shown: bool,
}

struct Pair {
    name: String,
    left: usize,
    outcomes: Vec<Outcome>,
}

impl Ticker {
    /// Nothing has happened.
    pub fn new(plan: &Plan, terminal: bool, style: Style) -> Self {
        let mut pairs: Vec<Pair> = Vec::new();
        for cell in plan.cells.iter().filter(|cell| cell.selected) {
            let name = format!(
                "{}/{}",
                plan.clients[cell.client], plan.servers[cell.server]
            );
            match pairs.iter_mut().find(|pair| pair.name == name) {
                Some(pair) => pair.left += 1,
                None => pairs.push(Pair {
                    name,
                    left: 1,
                    outcomes: Vec::new(),
                }),
            }
        }
        Self {
            terminal,
            style,
            pairs,
            left: 0,
            shown: false,
        }
    }

    /// Shows something: on a terminal one line that changes, otherwise a line
    /// for each pair that is through.
    pub fn show(&mut self, progress: &Progress) {
        match progress {
            Progress::Building(what) => self.line(&format!("checking `{what}`")),
            Progress::Running(cells) => self.left = *cells,
            Progress::Ended(done) => {
                self.left = self.left.saturating_sub(1);
                let name = format!("{}/{}", done.record.client, done.record.server);
                self.ended(&name, done.verdict.outcome);
            }
            Progress::Stopping => {
                self.clear();
                eprintln!("stopping; once more to kill");
            }
        }
    }

    fn ended(&mut self, name: &str, outcome: Outcome) {
        let Some(pair) = self.pairs.iter_mut().find(|pair| pair.name == name) else {
            return;
        };
        pair.left = pair.left.saturating_sub(1);
        pair.outcomes.push(outcome);
        let through = (pair.left == 0).then(|| pair.text());
        match (self.terminal, through) {
            (true, _) => self.line(&format!("{} cells to go", self.left)),
            (false, Some(text)) => eprintln!("{text}"),
            (false, None) => {}
        }
        if self.left == 0 {
            self.clear();
        }
    }

    fn line(&mut self, text: &str) {
        if self.terminal {
            let (dim, reset) = match self.style {
                Style::Ansi => ("\x1b[2m", "\x1b[0m"),
                Style::Plain => ("", ""),
            };
            eprint!("\r\x1b[K{dim}{text}{reset}");
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

impl Pair {
    fn text(&self) -> String {
        let counts = Outcome::ALL.iter().filter_map(|outcome| {
            let count = self.outcomes.iter().filter(|seen| *seen == outcome).count();
            (count > 0).then(|| format!("{} {count}", outcome.mark()))
        });
        format!(
            "{:<40} {}",
            self.name,
            counts.collect::<Vec<_>>().join("   ")
        )
    }
}

/// Prints the whole report.
pub fn report(run: &Run, context: &Context, folder: &RunFolder, style: Style) {
    let mut text = String::new();
    for peer in run.peers.iter().filter(|peer| !peer.errors.is_empty()) {
        text.push_str(&report::peer_failure(run, peer, style));
        text.push('\n');
    }
    for cell in to_be_told(run) {
        let exchange = cell
            .attempts
            .last()
            .and_then(|attempt| exchange_of(folder.path(), attempt));
        let material = Material {
            exchange: exchange.as_ref(),
            schema: Some(&context.schema),
        };
        match cell.outcome.as_str() {
            "stale" => text.push_str(&report::stale(run, cell, style)),
            _ => text.push_str(&report::failure(run, cell, material, style)),
        }
        text.push('\n');
    }
    text.push_str(&report::matrix(run, style));
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Of each cause that is not as expected, its first cell.
fn to_be_told(run: &Run) -> impl Iterator<Item = &Cell> {
    let causes = run
        .causes
        .iter()
        .filter(|cause| matches!(cause.outcome.as_str(), "fail" | "stale"));
    let cells = causes.filter_map(|cause| {
        run.cells
            .iter()
            .find(|cell| Some(&cell.id) == cause.cells.first())
    });
    cells.take(FULL_FAILURES)
}

/// What passed the tap in an attempt, from its captures.
pub fn exchange_of(
    folder: &Path,
    attempt: &wirecheck_core::model::run::Attempt,
) -> Option<Exchange> {
    let mut all = Exchange::default();
    for capture in &attempt.captures {
        let file = std::fs::File::open(folder.join(&capture.path)).ok()?;
        let exchange = decode_capture(std::io::BufReader::new(file), Limits::default()).ok()?;
        all.connections.extend(exchange.connections);
        all.cuts.extend(exchange.cuts);
    }
    (!attempt.captures.is_empty()).then_some(all)
}
