//! Python's protobuf bytes held against prost's, in one process: CPython from the
//! project's `.venv` is embedded, so that ten thousand messages take seconds.
//!
//! Each check is one function of `checks`. Without the feature `py`, or without
//! `.venv`, all of them are ignored, with the reason and the mending command.

#[cfg(feature = "py")]
mod canonical;
#[cfg(feature = "py")]
mod checks;
#[cfg(feature = "py")]
mod embedded;
#[cfg(feature = "py")]
mod generate;
#[cfg(feature = "py")]
mod schema;
#[cfg(feature = "py")]
mod to_python;

use libtest_mimic::{Arguments, Completion, Trial};
use wirecheck_interop_tests::prerequisite::Missing;

/// A trial for each of the named functions, or an ignored one in its place.
macro_rules! trials {
    ($($check:ident),+ $(,)?) => {
        vec![$(Trial::ignorable_test(stringify!($check), || {
            #[cfg(feature = "py")]
            return run(checks::$check);
            #[cfg(not(feature = "py"))]
            return Ok(ignored(&Missing::behind_feature("py")));
        })),+]
    };
}

fn main() {
    let trials = trials![
        hello_request_is_the_bytes_of_the_article,
        python_reads_and_rewrites_what_prost_wrote,
        prost_reads_and_rewrites_what_python_wrote,
        every_flipped_byte_is_reported,
        a_failure_shrinks_to_a_small_message,
        minus_zero_without_presence_is_lost_by_prost,
        defaults_in_map_entries_are_left_out_by_prost,
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

#[cfg(feature = "py")]
fn run(check: checks::Check) -> Result<Completion, libtest_mimic::Failed> {
    if let Some(missing) = embedded::missing() {
        return Ok(ignored(&missing));
    }
    embedded::set_up()?;
    check().map(|()| Completion::Completed)
}

fn ignored(missing: &Missing) -> Completion {
    Completion::ignored_with(missing)
}
