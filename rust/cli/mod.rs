//! The command line: one file for each subcommand.

mod arguments;
mod ci;
mod compare;
mod context;
mod diff;
mod doctor;
mod error;
mod explain;
mod init;
mod known;
mod lint;
mod list;
mod manifest;
mod output;
mod pcapng;
mod peer;
mod peers;
mod record;
mod report;
mod reports;
mod rules;
mod run;
mod schema;
mod selection;
mod service;
mod show;
mod signals;
mod tap;
mod with;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use error::CliError;

/// Runs what was typed. Help goes to stdout, a wrong command line ends with
/// [`USAGE`](wirecheck_core::model::exit::USAGE).
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // A run reports to stderr; what other commands print was asked for, and
    // goes to stdout.
    let style = arguments.color.style(&std::io::stderr());
    let stdout_style = arguments.color.style(&std::io::stdout());
    let result = match arguments.command {
        Command::Init(options) => init::run(&options, style, stdout_style),
        Command::Run(options) => run::run(&options, style),
        Command::List(options) => list::run(&options, stdout_style),
        Command::Explain(options) => explain::run(&options, stdout_style),
        Command::Compare(options) => compare::run(&options, stdout_style),
        Command::Diff(options) => diff::run(&options, stdout_style),
        Command::Doctor(options) => doctor::run(&options, stdout_style),
        Command::Record(options) => record::run(&options, style),
        Command::Show(options) => show::run(&options, stdout_style),
        Command::Tap(options) => tap::run(&options, arguments.color),
        Command::Rules(options) => rules::run(&options, stdout_style),
        Command::Lint(options) => lint::run(&options, stdout_style, style),
        Command::Report(options) => report::run(&options, stdout_style),
        Command::Known(options) => known::run(&options, stdout_style),
        Command::Ci(options) => ci::run(&options),
        Command::Peers(options) => peers::run(&options, stdout_style),
        Command::Peer(options) => return peer::run(&options),
    };
    match result {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => {
            eprintln!("{}", error.render(style));
            ExitCode::from(error.exit().code())
        }
    }
}

/// The crate's result: an error that knows its exit code.
type Result<T, E = CliError> = std::result::Result<T, E>;

/// Writes to stdout. Nobody who closed the pipe misses the rest.
fn print(text: &str) {
    print_bytes(text.as_bytes());
}

/// Likewise, for what may be no text.
fn print_bytes(bytes: &[u8]) {
    use std::io::Write as _;
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(bytes).and_then(|()| stdout.flush());
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::arguments::Arguments;

    #[test]
    fn the_command_line_is_whole() {
        Arguments::command().debug_assert();
    }
}
