//! `wirecheck show`.

use std::path::Path;

use wirecheck_core::model::exit::Exit;
use wirecheck_core::model::run::{Cell, Run};
use wirecheck_core::plan::source::nearest;

use super::Result;
use super::arguments::ShowArguments;
use super::context::{runs_of, schema_of};
use super::error::CliError;
use super::output::exchange_of;
use super::{pcapng, print};
use crate::report::{self, Material, Style};
use crate::run::folder::{self, Loaded};

/// Shows what passed in a cell of a run.
pub fn run(arguments: &ShowArguments, style: Style) -> Result<Exit> {
    let runs = runs_of(&arguments.place);
    let Loaded { run, folder, .. } = match &arguments.run {
        Some(named) => folder::load(&runs, named)?,
        None => newest_with(&runs, &arguments.cell)?,
    };
    let cell = find(&run, &arguments.cell)?;
    let no_capture = |why: &str| CliError::NoCapture {
        cell: cell.id.clone(),
        why: why.to_owned(),
    };
    let not_run = cell
        .reason
        .as_ref()
        .map_or("it was not run", |reason| reason.sentence.as_str());
    let index = arguments.sample.saturating_sub(1);
    let attempt = cell
        .attempts
        .get(index)
        .ok_or_else(|| no_capture(not_run))?;
    if let Some(file) = &arguments.pcapng {
        return pcapng::write(&run, cell, attempt, &folder, file);
    }
    let exchange = exchange_of(&folder, attempt);
    let schema = schema_of(&folder);
    let schema = (!arguments.no_schema).then_some(&schema);
    let material = Material {
        exchange: exchange.as_ref(),
        schema,
    };
    match arguments.issue {
        true => print(&report::issue_block(&run, cell, index, material)),
        false => print(&report::show(&run, cell, index, material, style)),
    }
    Ok(Exit::Ok)
}

/// The newest run that has run the cell; the newest of all if none has, which
/// then tells why.
fn newest_with(runs: &Path, wanted: &str) -> Result<Loaded> {
    let latest = folder::load(runs, "latest")?;
    let has_run = |run: &Run| find(run, wanted).is_ok_and(|cell| !cell.attempts.is_empty());
    if has_run(&latest.run) || find(&latest.run, wanted).is_err() {
        return Ok(latest);
    }
    let older = folder::ids(runs).into_iter();
    let found = older
        .filter_map(|id| folder::load(runs, &id).ok())
        .find(|loaded| has_run(&loaded.run));
    if let Some(found) = &found {
        let (latest, shown) = (&latest.run.id, &found.run.id);
        eprintln!("the latest run, {latest}, did not run this cell; this is run {shown}");
    }
    Ok(found.unwrap_or(latest))
}

/// The cell of an id, or of a part of it that only one cell has.
fn find<'a>(run: &'a Run, wanted: &str) -> Result<&'a Cell> {
    let pattern = wirecheck_core::plan::pattern::Pattern::parse(wanted)?;
    let found: Vec<&Cell> = run
        .cells
        .iter()
        .filter(|cell| pattern.matches(&cell.id))
        .collect();
    let ran: Vec<&Cell> = found
        .iter()
        .copied()
        .filter(|cell| !cell.attempts.is_empty())
        .collect();
    match (ran.as_slice(), found.as_slice()) {
        ([cell], _) | ([], [cell]) => Ok(cell),
        ([], []) => {
            let nearest = nearest(wanted, run.cells.iter().flat_map(names), 3)
                .into_iter()
                .map(str::to_owned)
                .collect();
            Err(CliError::Unknown {
                what: "cell",
                wanted: wanted.to_owned(),
                nearest,
            })
        }
        (several, found) => {
            let several = if several.is_empty() { found } else { several };
            let candidates = several.iter().map(|cell| cell.id.clone()).collect();
            Err(CliError::Ambiguous {
                wanted: wanted.to_owned(),
                candidates,
            })
        }
    }
}

/// What a cell can be called: its id, and its case alone.
fn names(cell: &Cell) -> [&str; 2] {
    [&cell.id, &cell.case]
}
