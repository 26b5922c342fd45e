//! The program `wirecheck`: what was typed is turned into what is meant, run,
//! and answered with one of the documented exit codes.

use std::process::ExitCode;

fn main() -> ExitCode {
    wirecheck::cli::main()
}
