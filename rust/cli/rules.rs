//! `wirecheck rules`.

use wirecheck_core::judge::rules::{self, Listed};
use wirecheck_core::model::exit::Exit;
use wirecheck_core::plan::source;

use super::Result;
use super::arguments::{Format, RulesArguments};
use super::error::CliError;
use super::print;
use crate::report;
use crate::report::Style;

/// Lists the rules, all or those of one section.
pub fn run(arguments: &RulesArguments, style: Style) -> Result<Exit> {
    let wanted = arguments.section.as_deref();
    let of_section = |rule: &Listed| wanted.is_none_or(|wanted| rule.group() == wanted);
    let found: Vec<Listed> = rules::listed().into_iter().filter(of_section).collect();
    if let (Some(wanted), []) = (wanted, &found[..]) {
        return Err(no_section(wanted));
    }
    match arguments.format {
        Format::Text => print(&report::rules(&found, style)),
        Format::Json => print(&format!("{:#}\n", report::rules_json(&found))),
    }
    Ok(Exit::Ok)
}

fn no_section(wanted: &str) -> CliError {
    let mut sections: Vec<&str> = rules::listed().iter().map(Listed::group).collect();
    sections.dedup();
    let nearest = source::nearest(wanted, sections.iter().copied(), 3);
    let nearest = if nearest.is_empty() {
        sections
    } else {
        nearest
    };
    CliError::Unknown {
        what: "section",
        wanted: wanted.to_owned(),
        nearest: nearest.into_iter().map(str::to_owned).collect(),
    }
}
