//! How a deviation is listed as known.

use wirecheck_core::model::adopt::{Words, entry as known_entry};
use wirecheck_core::model::run::{Cell, FindingOf, Run};

use super::{COLUMN, entry};
use crate::report::reproduce;
use crate::report::style::{Line, Page};

/// An entry for the known list, to be pasted, and the command that writes it.
pub fn put(page: &mut Page, run: &Run, cell: &Cell, finding: &FindingOf) {
    let words = Words {
        reason: "...".into(),
        link: None,
        since: run.started.get(..10).unwrap_or("...").into(),
    };
    let file = run
        .known
        .first()
        .and_then(|entry| entry.at.rsplit_once(':'));
    let file = file.map_or("known.toml", |(file, _)| file);
    let command = reproduce::command(run, "known add", &cell.id);
    entry(page, "accept", &format!("{command} --reason '...'"));
    entry(page, "", &format!("or with this in {file}:"));
    for line in known_entry(cell, finding, &words).lines() {
        page.line(Line::indent(COLUMN).text(line));
    }
}
