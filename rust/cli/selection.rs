//! Which cells a run is about.

use std::collections::BTreeSet;

use wirecheck_core::judge::outcome::Outcome;
use wirecheck_core::model::exit::Exit;
use wirecheck_core::model::run::{Cell, Run};
use wirecheck_core::plan::cells::Plan;

use super::Result;
use super::arguments::RunArguments;
use super::context::Context;
use crate::run::folder;

/// What there is to run.
pub enum Selection {
    /// Some cells of a plan.
    Cells(Plan),
    /// None, with the exit code and the sentence that says why.
    None(Exit, String),
}

/// The cells that were asked for.
pub fn select(arguments: &RunArguments, context: &Context) -> Result<Selection> {
    let mut plan = context.plan(&arguments.patterns)?;
    if let Some(times) = arguments.repeat {
        plan.repeat(times);
    }
    if arguments.last_failed {
        let latest = folder::load(&context.runs, "latest")?.run;
        return Ok(narrowed(plan, &latest));
    }
    Ok(match plan.cells.iter().any(|cell| cell.selected) {
        true => Selection::Cells(plan),
        false => Selection::None(Exit::NothingSelected, "nothing is selected".into()),
    })
}

/// A latest run without a fault is an answer, and a good one; that its faults
/// are not among what was asked for is none.
fn narrowed(mut plan: Plan, latest: &Run) -> Selection {
    let failed: BTreeSet<&str> = latest
        .cells
        .iter()
        .filter(|cell| is_owed(cell))
        .map(|cell| cell.id.as_str())
        .collect();
    if failed.is_empty() {
        let why = format!("every cell of run {} was as expected", latest.id);
        return Selection::None(Exit::Ok, why);
    }
    let lost = plan.narrow(&failed);
    if plan.cells.iter().any(|cell| cell.selected) {
        return Selection::Cells(plan);
    }
    let run = &latest.id;
    let why = match lost {
        0 => format!("no cell that failed in run {run} is selected"),
        _ => format!(
            "no cell that failed in run {run} is selected; {lost} of them cannot be planned \
             here: give the `--peer` and `--cases` of that run"
        ),
    };
    Selection::None(Exit::NothingSelected, why)
}

/// It was not as expected, or never came to a verdict though it was selected.
fn is_owed(cell: &Cell) -> bool {
    // What was not selected, and what could not be run for want of a peer.
    let is_left_out = || {
        let reason = cell.reason.as_ref();
        reason.is_some_and(|reason| ["filtered", "absent"].contains(&reason.code.as_str()))
    };
    match Outcome::of_name(&cell.outcome) {
        Outcome::NotRun => !is_left_out(),
        outcome => !outcome.is_as_expected(),
    }
}
