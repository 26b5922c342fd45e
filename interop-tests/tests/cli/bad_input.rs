//! What a user wrote or typed is wrong: exit 2, and where, and what was probably meant.

use super::text::assert_text;
use super::wirecheck::{Answer, Place, answer, command, wirecheck};

const SUITE: &str = r#"suite: one
about: A greeting.
cases:
  - name: say-hello
    about: The name travels.
    call: /Greeter/SayHello
    send: [{ name: World }]
    expect:
      receive: [{ message: "Hello, World" }]
"#;

const KNOWN: &str = r#"[[known]]
cells = "*/rust-tonic/greeter/deadline"
finding = "expect/status"
reason = "two timers"
since = "2026-11-22"
"#;

#[test]
fn an_unknown_key_of_a_case_is_pointed_at() {
    let place = Place::new();
    let answer = list_cases(&place, &SUITE.replace("send:", "sned:"));
    assert_refused(&answer);
    assert_text!(place.path(), answer.stderr);
}

#[test]
fn a_wrong_type_in_a_case_is_pointed_at() {
    let place = Place::new();
    let answer = list_cases(
        &place,
        &SUITE.replace("about: The name travels.", "tags: 3"),
    );
    assert_refused(&answer);
    assert_text!(place.path(), answer.stderr);
}

#[test]
fn bad_yaml_is_refused_with_its_line() {
    let place = Place::new();
    let answer = list_cases(&place, &SUITE.replace("[{ name: World }]", "*nobody"));
    assert_refused(&answer);
    for told in ["unknown anchor", "one.yaml:7:11"] {
        assert!(answer.stderr.contains(told), "{told}\n{}", answer.stderr);
    }
}

/// A user mends all files at once, and not one a run.
#[test]
fn every_wrong_file_is_told_of() {
    let place = Place::new();
    place.write("first.yaml", &SUITE.replace("about:", "abuot:"));
    let answer = list_cases(&place, &SUITE.replace("send:", "sned:"));
    assert_refused(&answer);
    for told in [
        "first.yaml:2:1",
        "unknown key `abuot`",
        "one.yaml:7:5",
        "unknown key `sned`",
    ] {
        assert!(answer.stderr.contains(told), "{told}\n{}", answer.stderr);
    }
}

/// A run must not start with half of the cases.
#[test]
fn a_wrong_case_keeps_a_run_from_starting() {
    let place = Place::new();
    let cases = place.write("one.yaml", &SUITE.replace("send:", "sned:"));
    let answer = place.run(&["--cases", cases.to_str().expect("UTF-8")]);
    assert_refused(&answer);
    assert!(!place.runs().exists(), "{}", answer.stderr);
}

#[test]
fn an_unknown_key_of_known_toml_is_pointed_at() {
    let place = Place::new();
    let answer = list_known(&place, &KNOWN.replace("finding", "fnding"));
    assert_refused(&answer);
    assert_text!(place.path(), answer.stderr);
}

#[test]
fn bad_toml_is_pointed_at() {
    let place = Place::new();
    let answer = list_known(&place, &KNOWN.replace("[[known]]", "[[known]"));
    assert_refused(&answer);
    assert_text!(place.path(), answer.stderr);
}

#[test]
fn an_entry_of_known_toml_that_matches_nothing_names_the_nearest_cell() {
    let place = Place::new();
    let answer = list_known(&place, &KNOWN.replace("deadline", "deadlin"));
    assert_refused(&answer);
    assert_text!(place.path(), answer.stderr);
}

#[test]
fn files_that_are_named_must_be_there() {
    for arguments in [
        ["list", "--known", "no-such.toml"],
        ["list", "--cases", "no-such"],
    ] {
        let answer = wirecheck(&arguments);
        assert_refused(&answer);
        let told = format!("cannot read `{}`", arguments[2]);
        assert!(answer.stderr.contains(&told), "{}", answer.stderr);
    }
}

#[test]
fn a_pattern_that_matches_nothing_names_the_nearest() {
    let place = Place::new();
    let answer = place.run(&["sai-hello"]);
    assert_refused(&answer);
    assert!(!place.runs().exists(), "a run was begun");
    assert_text!(place.path(), answer.stderr);
}

/// One of several patterns is enough: or a typing error would pass for a smaller run.
#[test]
fn each_pattern_must_match() {
    let answer = wirecheck(&["list", "say-hello", "no-such-case"]);
    assert_refused(&answer);
    assert!(
        answer
            .stderr
            .contains("the pattern `no-such-case` matches no cell"),
        "{}",
        answer.stderr
    );
}

#[test]
fn a_pattern_that_cannot_be_read_says_so() {
    let answer = wirecheck(&["list", "text["]);
    assert_refused(&answer);
    assert!(
        answer.stderr.contains("the pattern `text[` cannot be read"),
        "{}",
        answer.stderr
    );
}

#[test]
fn a_peer_without_a_command_is_refused() {
    let answer = wirecheck(&["list", "--peer", "mine"]);
    assert_refused(&answer);
    insta::assert_snapshot!(answer.stderr);
}

#[test]
fn flags_that_make_no_sense_are_refused() {
    for arguments in [
        ["run", "--timeout", "0s"],
        ["run", "--jobs", "0"],
        ["run", "--seed", "x"],
    ] {
        let answer = wirecheck(&arguments);
        assert_refused(&answer);
        assert!(answer.stderr.contains(arguments[1]), "{}", answer.stderr);
    }
}

#[test]
fn a_folder_of_runs_that_cannot_be_written_stops_before_anything_starts() {
    let answer = wirecheck(&["run", "--no-build", "--runs", "/proc/nope", "say-hello"]);
    assert_eq!(answer.exit, Some(3), "{}", answer.stderr);
    assert_eq!(answer.stdout, "");
    insta::assert_snapshot!(answer.stderr);
}

fn assert_refused(answer: &Answer) {
    assert_eq!(answer.exit, Some(2), "{}", answer.stderr);
    assert_eq!(answer.stdout, "", "stdout holds data only");
}

fn list_cases(place: &Place, suite: &str) -> Answer {
    let cases = place.write("one.yaml", suite);
    answer(command(&["list", "--cases"]).arg(cases))
}

fn list_known(place: &Place, known: &str) -> Answer {
    let folder = place.write("known.toml", known);
    answer(command(&["list", "--known"]).arg(folder.join("known.toml")))
}
