//! Peers with one fault each, and what a user of Wirecheck is told of them. One
//! table: fault -> outcome, culprit, finding. Every row is a run of the program
//! with the broken peer, called `suspect`, and a healthy pair beside it, which
//! must pass whatever the other does. No process may be left of any run. What is
//! printed is held against a snapshot for each fault, which is meant to be read.

mod check;
mod processes;
mod run;
mod shown;
mod table;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use wirecheck_interop_tests::prerequisite::Missing;

use run::Finished;
use table::{ROWS, Row};

fn main() {
    let trials = ROWS.iter().map(|row| {
        let name = format!("{}/{}", row.language.name(), row.fault);
        Trial::ignorable_test(name, move || hold(row))
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
}

fn hold(row: &Row) -> Result<Completion, Failed> {
    if let Some(missing) = missing(row) {
        return Ok(Completion::ignored_with(missing));
    }
    let finished = run::run(row)?;
    match check::broken_promises(row, &finished) {
        none if none.is_empty() => {
            shown::assert(row, &finished);
            Ok(Completion::Completed)
        }
        broken => Err(failure(&broken, &finished)),
    }
}

fn missing(row: &Row) -> Option<Missing> {
    let absent = |path: &std::path::Path, mend| {
        let reason = format!("there is no `{}`", path.display());
        (!path.exists()).then(|| Missing::new(reason, mend))
    };
    absent(&run::wirecheck(), "cargo build").or_else(|| match row.language {
        table::Language::Python => absent(&run::python(), "make python"),
        table::Language::Rust => None,
    })
}

fn failure(broken: &[String], finished: &Finished) -> Failed {
    let told = broken.join("\n");
    let (stdout, stderr) = (&finished.stdout, &finished.stderr);
    format!("{told}\n\nstdout:\n{stdout}\nstderr:\n{stderr}").into()
}
