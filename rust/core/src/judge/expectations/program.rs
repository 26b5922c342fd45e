//! What a client that knows nothing of Wirecheck must do: call, end with the
//! expected exit code, and print what is expected. The exit code of an official
//! interop program is its word on the case, which is held against ours when that
//! is known.

use super::{broken, with_texts};
use crate::judge::check::{Check, State};
use crate::judge::finding::{Culprit, Finding};
use crate::judge::observed::{CallSeen, Observation, ProgramSeen};
use crate::judge::word::CALLS;
use crate::wire::diff::first_difference;

/// The last lines of its output that are shown.
const TAIL: usize = 8;

pub fn check(seen: &Observation) -> Vec<Check> {
    let Some(program) = &seen.program else {
        return Vec::new();
    };
    let mut checks = vec![calls(seen, program)];
    if !program.gives_word {
        checks.push(exit(program));
    }
    checks.extend(
        program
            .expected_output
            .as_deref()
            .map(|text| output(program, text)),
    );
    checks
}

/// A client that passes without having called anybody proves nothing.
fn calls(seen: &Observation, program: &ProgramSeen) -> Check {
    let path = CALLS;
    let mut connections = seen.exchange.connections.iter();
    let called = connections.any(|connection| match seen.tls {
        false => !connection.streams.is_empty(),
        // As much as can be told of what is encrypted.
        true => connection.client.bytes > 0,
    });
    if called {
        return Check::met(path);
    }
    let is_untold = |seen: &CallSeen| matches!(seen, CallSeen::Untold(_));
    if !seen.calls.is_empty() && seen.calls.iter().flatten().all(is_untold) {
        return Check {
            path: path.to_owned(),
            state: State::Unobservable("its calls need not have come to the wire".into()),
        };
    }
    let sentence = format!(
        "the client made no call to where it was pointed: `{}`",
        program.command
    );
    let finding = broken("program/no-call", path, Culprit::Client, sentence);
    Check::broken(path, with_texts(finding, "a call", tail(program)))
}

/// Whose fault it is that a client is not content, the client does not tell.
fn exit(program: &ProgramSeen) -> Check {
    let path = "program.exit";
    if program.exit == Some(program.expected_exit) {
        return Check::met(path);
    }
    // What a report cuts off is the end.
    let sentence = format!(
        "the client ended with {}: `{}`",
        program.ended, program.command
    );
    let finding = broken("program/exit", path, Culprit::Undetermined, sentence);
    let expected = format!("exit status: {}", program.expected_exit);
    Check::broken(path, with_texts(finding, expected, tail(program)))
}

fn output(program: &ProgramSeen, expected: &str) -> Check {
    let path = "program.output";
    let (wanted, got) = (trimmed(expected), trimmed(&program.output));
    if wanted == got && !program.output_cut {
        return Check::met(path);
    }
    Check::broken(path, other_output(path, program, &wanted, &got))
}

fn other_output(path: &str, program: &ProgramSeen, wanted: &str, got: &str) -> Finding {
    let at = first_difference(wanted.as_bytes(), got.as_bytes()).unwrap_or_default();
    let line = wanted.as_bytes()[..at.min(wanted.len())]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count();
    let sentence = format!(
        "the client's output differs in line {}: `{}`",
        line + 1,
        program.command
    );
    let finding = broken("program/output", path, Culprit::Undetermined, sentence);
    let nth = |text: &str| text.lines().nth(line).unwrap_or("(no line)").to_owned();
    with_texts(finding, nth(wanted), nth(got))
}

/// Without white space at the ends of lines, and at the end.
fn trimmed(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().to_owned()
}

/// How it ended, with what it printed last.
pub(in crate::judge) fn tail(program: &ProgramSeen) -> String {
    let lines: Vec<&str> = program
        .output
        .lines()
        .chain(program.errors.lines())
        .filter(|line| !line.trim().is_empty())
        .collect();
    let last = lines[lines.len().saturating_sub(TAIL)..].join("\n");
    format!("{}\n{last}", program.ended).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken_codes(program: ProgramSeen) -> Vec<String> {
        let seen = Observation {
            program: Some(Box::new(program)),
            ..Observation::default()
        };
        let checks = check(&seen).into_iter();
        checks
            .filter_map(|check| match check.state {
                State::Broken(finding) => Some(finding.code),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn a_client_that_calls_nobody_is_not_content_for_nothing() {
        let content = ProgramSeen {
            exit: Some(0),
            ..ProgramSeen::default()
        };
        assert_eq!(broken_codes(content), ["program/no-call"]);
    }

    #[test]
    fn its_exit_and_its_output_are_held_against_what_is_expected() {
        let program = ProgramSeen {
            exit: Some(1),
            output: "one \ntwo\n\n".into(),
            expected_output: Some("one\nthree".into()),
            ..ProgramSeen::default()
        };
        let expected = ["program/no-call", "program/exit", "program/output"];
        assert_eq!(broken_codes(program.clone()), expected);
        let same = ProgramSeen {
            expected_output: Some("one\ntwo".into()),
            ..program
        };
        assert_eq!(broken_codes(same), ["program/no-call", "program/exit"]);
    }
}
