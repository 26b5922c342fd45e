//! Where official interop programs say otherwise of a case than we do.

use wirecheck_core::judge::word::{CALLS, CODE, PATH};
use wirecheck_core::model::run::{Attempt, Cell, Run};

use super::causes;
use crate::report::style::{Line, Page};
use crate::report::text;

/// Where the name of a client begins.
const INDENT: usize = 8;

/// What one client said of its cases.
#[derive(Debug, Default)]
struct Words {
    /// Cells on which it gave its word.
    given: usize,
    /// Those that it passes and we do not.
    passes: Vec<String>,
    /// Those that it fails, and nothing else was found.
    fails: Vec<String>,
    /// Those in which no call came to the wire, so that nothing bears it out.
    unproven: Vec<String>,
}

/// Puts the words of all clients that gave any on a page.
pub fn put(page: &mut Page, run: &Run) {
    for client in clients(run) {
        let words = Words::of(run, client);
        if words.given > 0 {
            words.put(page, run, client);
        }
    }
}

/// No call came to the wire, and none had to.
fn makes_no_call(attempt: &Attempt) -> bool {
    let mut checks = attempt.checks.iter();
    checks.any(|check| check.path == CALLS && check.state == "unobservable")
}

fn clients(run: &Run) -> Vec<&str> {
    let mut clients: Vec<&str> = Vec::new();
    for cell in &run.cells {
        if !clients.contains(&cell.client.as_str()) {
            clients.push(&cell.client);
        }
    }
    clients
}

impl Words {
    fn of(run: &Run, client: &str) -> Self {
        let mut words = Self::default();
        for cell in run.cells.iter().filter(|cell| cell.client == client) {
            words.add(cell);
        }
        words
    }

    fn add(&mut self, cell: &Cell) {
        let gives_word = |attempt: &&Attempt| attempt.checks.iter().any(|check| check.path == PATH);
        let mut attempts = cell.attempts.iter().filter(gives_word).peekable();
        if attempts.peek().is_none() {
            return;
        }
        self.given += 1;
        if attempts.clone().any(makes_no_call) {
            self.unproven.push(cell.id.clone());
        }
        let findings = attempts.flat_map(|attempt| &attempt.findings);
        let Some(differs) = { findings }.find(|finding| finding.code == CODE) else {
            return;
        };
        let cells = match differs.level.as_str() {
            "MUST" => &mut self.fails,
            _ => &mut self.passes,
        };
        cells.push(cell.id.clone());
    }

    fn put(&self, page: &mut Page, run: &Run, client: &str) {
        let differ = self.passes.len() + self.fails.len();
        let sentence = match differ {
            0 => format!(
                "what {client} says of its cases is what we say, in all {}",
                self.cells()
            ),
            _ => format!(
                "what {client} says of its cases is what we say, in {} of {}",
                text::number((self.given - differ) as u64),
                self.cells()
            ),
        };
        page.entry(Line::new("word"), INDENT, &sentence);
        let put = |page: &mut Page, what: &str, ids: &[String]| {
            if !ids.is_empty() {
                let told = format!("{what}: {}", causes::cases(run, ids));
                page.entry(Line::default(), INDENT, &told);
            }
        };
        put(page, "it passes what we do not", &self.passes);
        put(page, "it fails where we found nothing", &self.fails);
        put(
            page,
            "no call came to the wire, and its word is all there is",
            &self.unproven,
        );
    }

    fn cells(&self) -> String {
        text::count(self.given, "cell")
    }
}
