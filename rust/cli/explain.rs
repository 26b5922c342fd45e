//! `wirecheck explain`.

use wirecheck_core::model::exit::Exit;

use super::Result;
use super::arguments::ExplainArguments;
use super::context::Context;
use super::print;
use crate::report;
use crate::report::Style;

/// Explains a case; no peer is needed for that.
pub fn run(arguments: &ExplainArguments, style: Style) -> Result<Exit> {
    let context = Context::load(&arguments.place, 0)?;
    let case = context.case(&arguments.case)?;
    let ids = context.plan(&[])?.ids();
    let cells: Vec<String> = ids
        .into_iter()
        .filter(|id| id.ends_with(&format!("/{}", case.id)))
        .collect();
    print(&report::explain(case, &cells, &context.known, style));
    Ok(Exit::Ok)
}
