//! `wirecheck report`.

use wirecheck_core::model::exit::Exit;

use super::arguments::{ReportArguments, ReportFormat};
use super::context::schema_of;
use super::reports::{Subject, write_file};
use super::{Result, print_bytes};
use crate::report::Style;
use crate::run::folder;

/// Makes a report of a run that was made before.
pub fn run(arguments: &ReportArguments, style: Style) -> Result<Exit> {
    let runs = arguments
        .runs
        .clone()
        .unwrap_or_else(|| folder::RUNS.into());
    let saved = folder::load(&runs, &arguments.run)?;
    let schema = schema_of(&saved.folder);
    let subject = Subject {
        run: &saved.run,
        folder: &saved.folder,
        schema: &schema,
    };
    // A file has no terminal to show colour.
    let style = match arguments.output {
        Some(_) => Style::Plain,
        None => style,
    };
    let report = match arguments.format {
        // As it was written, with what only the program knew that wrote it.
        ReportFormat::Json => saved.text,
        format => subject.render(format, style).into_bytes(),
    };
    match &arguments.output {
        Some(path) => write_file(path, &report)?,
        None => print_bytes(&report),
    }
    Ok(Exit::Ok)
}
