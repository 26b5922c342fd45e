//! `wirecheck explain`.

use wirecheck_core::judge::rules;
use wirecheck_core::model::exit::Exit;
use wirecheck_core::plan::source;

use super::Result;
use super::arguments::ExplainArguments;
use super::context::Context;
use super::error::CliError;
use super::print;
use crate::report;
use crate::report::Style;

/// Explains a rule or a case; no peer is needed for that.
pub fn run(arguments: &ExplainArguments, style: Style) -> Result<Exit> {
    let wanted = &arguments.subject;
    if let Some(rule) = rules::by_id(wanted) {
        print(&report::explain_rule(rule, style));
        return Ok(Exit::Ok);
    }
    let context = Context::load(&arguments.place, 0)?;
    if let Some(behaviour) = rules::behaviour(wanted) {
        print(&report::explain_behaviour(behaviour, &context.cases, style));
        return Ok(Exit::Ok);
    }
    let case = context
        .case(wanted)
        .map_err(|error| with_rules(error, wanted))?;
    let ids = context.plan(&[])?.ids();
    let cells: Vec<String> = ids
        .into_iter()
        .filter(|id| id.ends_with(&format!("/{}", case.id)))
        .collect();
    print(&report::explain(case, &cells, &context.known, style));
    Ok(Exit::Ok)
}

/// What is no case may be a rule that was mistyped.
fn with_rules(error: CliError, wanted: &str) -> CliError {
    let CliError::Unknown { nearest, .. } = error else {
        return error;
    };
    let ids = rules::ids().map(|id| -> &str { id });
    let known = ids.chain(nearest.iter().map(String::as_str));
    let nearest = source::nearest(wanted, known, 3);
    CliError::Unknown {
        what: "case or rule",
        wanted: wanted.to_owned(),
        nearest: nearest.into_iter().map(str::to_owned).collect(),
    }
}
