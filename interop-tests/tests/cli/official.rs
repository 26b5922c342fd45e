//! Official interop programs as peers: what they do, what they say, and what
//! becomes of a word that is not ours.

use wirecheck_interop_tests::prerequisite::project_root;

use super::wirecheck::{Answer, Place, answer, cell, command, is_here, wirecheck};

/// Runs what a manifest says.
fn run_manifest(place: &Place, manifest: &str, patterns: &[&str]) -> Answer {
    let folder = place.write("wirecheck.toml", manifest);
    let mut command = command(&["run", "--manifest"]);
    command.arg(folder.join("wirecheck.toml")).arg("--runs");
    answer(command.arg(place.runs()).args(patterns))
}

/// A client of whom the manifest says only this.
fn client(name: &str, command: &[&str]) -> String {
    format!(
        "with = [\"rust-tonic\"]\n[peer.{name}]\ncontract = \"grpc-interop\"\nclient = {command:?}\n"
    )
}

fn finding_codes<'a>(run: &'a wirecheck_core::model::run::Run, id: &str) -> Vec<&'a str> {
    let attempts = &cell(run, id).attempts;
    let findings = attempts
        .first()
        .into_iter()
        .flat_map(|attempt| &attempt.findings);
    findings.map(|finding| finding.code.as_str()).collect()
}

#[test]
fn a_client_that_passes_without_a_call_does_not_pass() {
    let place = Place::new();
    let id = "liar/rust-tonic/official/empty_unary";
    let run = run_manifest(&place, &client("liar", &["true"]), &[id]);
    assert_eq!(run.exit, Some(1), "{}", run.stderr);
    for told in [
        "the client made no call to where it was pointed",
        "it passes what we do not: official/empty_unary",
    ] {
        assert!(run.stderr.contains(told), "{told}: {}", run.stderr);
    }
    let last = place.last();
    assert_eq!(cell(&last, id).outcome, "fail");
    let codes = finding_codes(&last, id);
    assert!(codes.contains(&"program/no-call"), "{codes:?}");
    assert!(codes.contains(&"official/word"), "{codes:?}");
}

#[test]
fn a_case_that_a_client_does_not_know_is_unsupported() {
    let place = Place::new();
    let says = "echo \"Unsupported test case: $3\" >&2; exit 1";
    let id = "short/rust-tonic/official/ping_pong";
    let run = run_manifest(&place, &client("short", &["sh", "-c", says, "sh"]), &[id]);
    assert_eq!(run.exit, Some(0), "{}", run.stderr);
    let last = place.last();
    assert_eq!(cell(&last, id).outcome, "unsupported");
    let reason = cell(&last, id).reason.as_ref().expect("a reason");
    assert!(
        reason.sentence.contains("test-case:ping_pong"),
        "{}",
        reason.sentence
    );
}

#[test]
fn what_only_its_contract_has_is_refused_elsewhere() {
    let place = Place::new();
    let manifest = "[peer.shop]\nclient = [\"shop\"]\n";
    let run = run_manifest(&place, manifest, &[]);
    assert_eq!(run.exit, Some(2), "{}", run.stderr);
    assert!(
        run.stderr
            .contains("`client` is for a peer with a `contract`"),
        "{}",
        run.stderr
    );
}

#[test]
fn official_programs_take_part_where_they_are_asked_for() {
    let id = "go-official/rust-tonic/official/empty_unary";
    let without = wirecheck(&["list", id]);
    assert_eq!(without.exit, Some(2), "{}", without.stderr);
    let hint = "hint: `go-official` takes part where it is asked for: add `--with go-official`";
    assert!(without.stderr.contains(hint), "{}", without.stderr);
    let with = wirecheck(&["list", "--with", "go-official", id]);
    let both = format!("{id}\n{id}+tls\n");
    assert_eq!((with.exit, with.stdout), (Some(0), both));
    // They speak TCP and TLS, and have no part in other suites.
    for none in [
        "go-official/rust-tonic/official/empty_unary+uds",
        "go-official/rust-tonic/greeter/say-hello",
    ] {
        let none = wirecheck(&["list", "--with", "go-official", none]);
        assert_eq!(none.exit, Some(2), "{}", none.stdout);
    }
}

#[test]
fn the_official_programs_of_go_are_judged_by_what_passes() {
    if !is_here("go") {
        return;
    }
    let place = Place::new();
    let cases = [
        "go-official/rust-tonic/official/ping_pong",
        "go-official/rust-tonic/official/ping_pong+tls",
        "go-official/rust-tonic/official/custom_metadata",
        "go-official/rust-tonic/official/server_compressed_unary",
        "rust-tonic/go-official/official/cancel_after_begin",
        "rust-tonic/go-official/official/status_code_and_message+tls",
        "rust-tonic/go-official/official/server_compressed_unary",
        "go-official/go-official/official/large_unary",
    ];
    let outcomes = [
        "pass",
        "pass",
        "known",
        "unsupported",
        "pass",
        "pass",
        "unsupported",
        "pass",
    ];
    let mut run = command(&["run", "--with", "go-official", "--runs"]);
    let run = answer(run.arg(place.runs()).args(cases));
    assert_eq!(run.exit, Some(0), "{}", run.stderr);
    let last = place.last();
    let got = cases.map(|id| cell(&last, id).outcome.as_str());
    assert_eq!(got, outcomes);
    assert!(
        run.stderr
            .contains("it passes what we do not: official/custom_metadata"),
        "{}",
        run.stderr
    );
    // What nobody tells is not taken for met.
    let states = &cell(&last, cases[4]).attempts[0].checks;
    let of_handlers = states
        .iter()
        .filter(|check| check.path.starts_with("handled."));
    let states: Vec<&str> = of_handlers.map(|check| check.state.as_str()).collect();
    assert_eq!(states, ["unobservable"]);
}

#[test]
fn the_official_programs_of_java_know_the_compression_cases() {
    if !is_here("java") || !is_here("mvn") {
        return;
    }
    let place = Place::new();
    let cases = [
        "java-official/rust-tonic/official/client_compressed_unary",
        "java-official/rust-tonic/official/client_compressed_streaming",
        "rust-tonic/java-official/official/server_compressed_unary",
        "rust-tonic/java-official/official/server_compressed_streaming",
        "java-official/rust-tonic/official/cancel_after_begin",
    ];
    let mut run = command(&["run", "--with", "java-official", "--runs"]);
    let run = answer(run.arg(place.runs()).args(cases));
    assert_eq!(run.exit, Some(0), "{}", run.stderr);
    let last = place.last();
    let got = cases.map(|id| cell(&last, id).outcome.as_str());
    assert_eq!(got, ["pass", "pass", "pass", "known", "pass"]);
    // It gives the call up before it is sent, always.
    let told = "no call came to the wire, and its word is all there is";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert!(
        run.stderr.contains("official/cancel_after_begin"),
        "{}",
        run.stderr
    );
}

/// A client that does everything right and ends as if it had not.
#[test]
fn a_word_that_nothing_on_the_wire_bears_out_is_a_failure_of_its_own() {
    if !is_here("go") {
        return;
    }
    // Builds it, if nobody has yet.
    let place = Place::new();
    let mut first = command(&["run", "--with", "go-official", "--runs"]);
    first.arg(place.runs());
    let first = answer(first.arg("go-official/rust-tonic/official/empty_unary"));
    assert_eq!(first.exit, Some(0), "{}", first.stderr);
    let program = project_root().join("official/go/bin/client");
    let program = program.display().to_string();
    let wrapped = client("gloomy", &["sh", "-c", "\"$0\" \"$@\"; exit 7", &program]);
    let id = "gloomy/rust-tonic/official/empty_unary";
    let run = run_manifest(&place, &wrapped, &[id]);
    assert_eq!(run.exit, Some(1), "{}", run.stderr);
    assert!(
        run.stderr.contains("it fails where we found nothing"),
        "{}",
        run.stderr
    );
    assert_eq!(finding_codes(&place.last(), id), ["official/word"]);
}
