//! How many cells have each outcome.

use wirecheck_core::judge::outcome::Outcome;
use wirecheck_core::model::run::Cell;

use super::style::{Line, Paint};
use super::text;

/// How many cells have each outcome.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    counts: [usize; Outcome::ALL.len()],
}

impl Tally {
    /// Counts these cells.
    pub fn of<'a>(cells: impl IntoIterator<Item = &'a Cell>) -> Self {
        let mut tally = Self::default();
        for cell in cells {
            tally.counts[place(outcome(cell))] += 1;
        }
        tally
    }

    /// How many have this outcome.
    pub fn get(&self, outcome: Outcome) -> usize {
        self.counts[place(outcome)]
    }

    /// How many were run and are not as expected.
    pub fn unexpected(&self) -> usize {
        let outcomes = Outcome::ALL.into_iter();
        let unexpected =
            outcomes.filter(|outcome| !outcome.is_as_expected() && *outcome != Outcome::NotRun);
        unexpected.map(|outcome| self.get(outcome)).sum()
    }

    /// `62 X2 k1`: the passes, then a mark and a number for each other outcome
    /// that there is.
    pub fn marks(&self) -> Line {
        let passes = self.get(Outcome::Pass);
        let paint = match (self.unexpected(), passes) {
            (0, 1..) => Paint::Good,
            _ => Paint::Plain,
        };
        let mut line = Line::default().paint(paint, text::number(passes as u64));
        for outcome in Outcome::ALL.into_iter().skip(1) {
            let count = self.get(outcome);
            if count > 0 {
                line = line.text(" ").append(mark(outcome, count));
            }
        }
        line
    }

    /// `ok 250   X fail 2`: the totals with what the marks mean. Failures and
    /// errors are there even if there are none.
    pub fn legend(&self) -> Vec<Line> {
        let shown = |outcome: &Outcome| {
            let always = [Outcome::Pass, Outcome::Fail, Outcome::Error];
            always.contains(outcome) || self.get(*outcome) > 0
        };
        let outcomes = Outcome::ALL.into_iter().filter(shown);
        outcomes.map(|outcome| self.legend_entry(outcome)).collect()
    }

    fn legend_entry(&self, outcome: Outcome) -> Line {
        let count = self.get(outcome);
        let number = text::number(count as u64);
        let entry = match outcome {
            Outcome::Pass => format!("ok {number}"),
            outcome => format!("{} {} {number}", outcome.mark(), word(outcome)),
        };
        Line::default().paint(
            if count > 0 {
                paint(outcome)
            } else {
                Paint::Dim
            },
            entry,
        )
    }
}

/// A mark with its number, such as `X2`.
pub fn mark(outcome: Outcome, count: usize) -> Line {
    let text = format!("{}{}", outcome.mark(), text::number(count as u64));
    Line::default().paint(paint(outcome), text)
}

/// The outcome of a cell. A word that this version does not know is an error.
pub fn outcome(cell: &Cell) -> Outcome {
    Outcome::of_name(&cell.outcome)
}

/// The word for readers.
pub fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::NotRun => "not run",
        outcome => outcome.name(),
    }
}

/// The colour of an outcome.
pub fn paint(outcome: Outcome) -> Paint {
    match outcome {
        Outcome::Pass => Paint::Good,
        Outcome::Fail | Outcome::Stale | Outcome::Error => Paint::Bad,
        Outcome::Known | Outcome::Lax | Outcome::Flaky => Paint::Warn,
        Outcome::Unsupported | Outcome::NotRun => Paint::Dim,
    }
}

/// No pattern selected it.
pub fn is_filtered(cell: &Cell) -> bool {
    outcome(cell) == Outcome::NotRun
        && cell
            .reason
            .as_ref()
            .is_some_and(|reason| reason.code == "filtered")
}

fn place(outcome: Outcome) -> usize {
    let mut all = Outcome::ALL.iter();
    all.position(|other| *other == outcome)
        .expect("the list has every outcome")
}
