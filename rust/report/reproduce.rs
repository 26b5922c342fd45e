//! What a user types to see a cell again.

use wirecheck_core::model::run::Run;

use crate::run::folder::RUNS;

/// Options that say where things are or who takes part: without them the same
/// command would be about something else.
const KEPT: [&str; 20] = [
    "--peer",
    "--with",
    "--cases",
    "--known",
    "--runs",
    "--manifest",
    "--server",
    "--client",
    "--client-output",
    "--proto",
    "--import-path",
    "--descriptor-set",
    "--header",
    "--secret",
    "--ca",
    "--cert",
    "--key",
    "--authority",
    "--exclude",
    "--leave-out",
];
/// Likewise, without a value.
const SWITCHES: [&str; 2] = ["--idempotent-only", "--reflection"];

/// A command of one word or two about a cell, with the options of the run that
/// it depends on.
pub fn command(run: &Run, verb: &str, id: &str) -> String {
    let mut argv = vec!["wirecheck"];
    argv.extend(verb.split(' '));
    for (option, value) in options(run) {
        argv.push(option);
        argv.extend((!value.is_empty()).then_some(value));
    }
    argv.push(id);
    shlex::try_join(argv).unwrap_or_else(|_| format!("wirecheck {verb} {id}"))
}

/// The folder of the run, as its command line names it.
pub fn folder(run: &Run) -> String {
    let named = options(run)
        .into_iter()
        .rfind(|(option, _)| *option == "--runs");
    let runs = named.map_or(RUNS, |(_, runs)| runs);
    format!("{}/{}", runs.trim_end_matches('/'), run.id)
}

/// The kept options with their values, written `--option value` or
/// `--option=value`.
fn options(run: &Run) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut argv = run.argv.iter().skip(1).map(String::as_str);
    while let Some(argument) = argv.next() {
        if argument == "--" {
            break;
        }
        if let Some(option) = KEPT.iter().find(|option| **option == argument) {
            found.extend(argv.next().map(|value| (*option, value)));
        } else if SWITCHES.contains(&argument) {
            found.push((argument, ""));
        } else if let Some((option, value)) = argument.split_once('=')
            && let Some(option) = KEPT.iter().find(|kept| **kept == option)
        {
            found.push((*option, value));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(argv: &[&str]) -> Run {
        Run {
            id: "8c1e".into(),
            argv: argv.iter().map(|word| (*word).to_owned()).collect(),
            ..Run::default()
        }
    }

    #[test]
    fn a_command_names_only_what_matters() {
        let plain = run(&["wirecheck", "run", "--jobs", "4", "a/b"]);
        assert_eq!(command(&plain, "show", "a/b/c/d"), "wirecheck show a/b/c/d");
        assert_eq!(
            command(&plain, "known add", "a/b/c/d"),
            "wirecheck known add a/b/c/d"
        );
        assert_eq!(folder(&plain), ".wirecheck/runs/8c1e");
    }

    #[test]
    fn own_peers_and_folders_are_kept() {
        let own = run(&[
            "target/wirecheck",
            "run",
            "--peer",
            "mine=./peer --fast",
            "--runs=out/",
            "--",
            "--cases",
        ]);
        let told = "wirecheck run --peer 'mine=./peer --fast' --runs out/ mine/b/c/d";
        assert_eq!(command(&own, "run", "mine/b/c/d"), told);
        assert_eq!(folder(&own), "out/8c1e");
    }
}
