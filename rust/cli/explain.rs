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
    let context = Context::load(&arguments.place)?;
    let case = context.case(&arguments.case)?;
    print(&report::explain(case, &context.known, style));
    Ok(Exit::Ok)
}
