//! `wirecheck list`.

use serde_json::json;
use wirecheck_core::model::exit::Exit;

use super::Result;
use super::arguments::{Format, ListArguments};
use super::context::Context;
use super::print;
use crate::report;
use crate::report::Style;

/// Lists the cases, or the ids of the cells that match.
pub fn run(arguments: &ListArguments, style: Style) -> Result<Exit> {
    let context = Context::load(&arguments.place, 0)?;
    if arguments.patterns.is_empty() {
        match arguments.format {
            Format::Text => print(&report::list(&context.cases, style)),
            Format::Json => print(&format!("{:#}\n", cases(&context))),
        }
        return Ok(Exit::Ok);
    }
    let plan = context.plan(&arguments.patterns)?;
    let ids: Vec<&str> = plan
        .cells
        .iter()
        .filter(|cell| cell.selected)
        .map(|cell| cell.id.as_str())
        .collect();
    match arguments.format {
        Format::Text => print(&ids.iter().map(|id| format!("{id}\n")).collect::<String>()),
        Format::Json => print(&format!(
            "{:#}\n",
            json!({ "schema_version": 1, "cells": ids })
        )),
    }
    Ok(Exit::Ok)
}

fn cases(context: &Context) -> serde_json::Value {
    let cases = context.cases.iter().map(|case| {
        json!({
            "id": case.id, "about": case.about, "tags": case.tags, "repeat": case.repeat,
            "file": case.at.file, "line": case.at.line, "digest": case.digest,
        })
    });
    json!({ "schema_version": 1, "cases": cases.collect::<Vec<_>>() })
}
