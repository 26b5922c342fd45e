//! All that a run has to say, as one text: peers that did not run, what is not
//! as expected, and the matrix.

use wirecheck_core::model::run::{Cause, Cell, Run};
use wirecheck_core::plan::schema::Schema;
use wirecheck_core::wire::exchange::Exchange;

use super::matrix::causes;
use super::style::Style;
use super::{Material, failure, matrix, peer_failure, stale};

/// The most failures that are told in full; the others are in the causes and
/// can be shown one by one.
const FULL_FAILURES: usize = 5;

/// What a report of a whole run may draw on beside the model.
#[derive(Clone, Copy)]
pub struct Evidence<'a> {
    /// What passed the tap in the last attempt of a cell.
    pub exchange_of: &'a dyn Fn(&Cell) -> Option<Exchange>,
    /// Gives messages their types, by the path of their call.
    pub schema: Option<&'a Schema>,
}

/// The whole report.
pub fn whole(run: &Run, evidence: Evidence<'_>, style: Style) -> String {
    let mut text = String::new();
    for peer in run.peers.iter().filter(|peer| !peer.errors.is_empty()) {
        text.push_str(&peer_failure(run, peer, style));
        text.push('\n');
    }
    for cell in to_be_told(run) {
        text.push_str(&in_full(run, cell, evidence, style));
        text.push('\n');
    }
    text.push_str(&matrix(run, style));
    text
}

/// Of each cause that is not as expected, its first cell.
fn to_be_told(run: &Run) -> impl Iterator<Item = &Cell> {
    let causes = run
        .causes
        .iter()
        .filter(|cause| matches!(cause.outcome.as_str(), "fail" | "stale"));
    let cells = causes.filter_map(|cause| first_cell(run, cause));
    cells.take(FULL_FAILURES)
}

/// The cell that stands for all cells of a cause.
pub(super) fn first_cell<'a>(run: &'a Run, cause: &Cause) -> Option<&'a Cell> {
    let first = cause.cells.first()?;
    run.cells.iter().find(|cell| cell.id == *first)
}

/// Why one cell is not as expected, with all that there is to show of it.
pub(super) fn in_full(run: &Run, cell: &Cell, evidence: Evidence<'_>, style: Style) -> String {
    if cell.outcome == "stale" {
        return stale(run, cell, style);
    }
    let exchange = (evidence.exchange_of)(cell);
    let material = Material {
        exchange: exchange.as_ref(),
        schema: evidence.schema,
    };
    failure(run, cell, material, style)
}

/// Causes of what is not as expected, what is wrong with a peer first.
pub(super) fn unexpected_causes(run: &Run) -> Vec<&Cause> {
    causes::by_urgency(run)
}
