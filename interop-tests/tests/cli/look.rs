//! What there is, without running it: `list`, `explain`, `peers`, `--help`.

use serde_json::Value;

use super::wirecheck::{Answer, answer, command, wirecheck};

const PEERS: [&str; 7] = [
    "rust-tonic",
    "python-grpcio",
    "python-grpcio-aio",
    "go-grpc",
    "java-grpc",
    "node-grpc-js",
    "cpp-grpc",
];

#[test]
fn list_names_every_case_with_what_it_is_about() {
    let answer = succeeded(&["list"]);
    for told in [
        "cases. One unary call, its bytes, its limits and its ends.",
        "say-hello  ",
        "The name travels as the article prints it",
        "text.chinese",
        "race: 1 case",
        "(10 samples)",
        "wirecheck explain CASE",
    ] {
        assert!(answer.stdout.contains(told), "{told}\n{}", answer.stdout);
    }
    assert_eq!(answer.stderr, "");
}

#[test]
fn list_with_a_pattern_names_the_cell_of_every_pair() {
    let answer = succeeded(&["list", "greeter/say-hello"]);
    let pairs = PEERS
        .iter()
        .flat_map(|client| PEERS.map(|server| (client, server)));
    let expected: String = pairs
        .map(|(client, server)| format!("{client}/{server}/greeter/say-hello\n"))
        .collect();
    assert_eq!(answer.stdout, expected);
}

#[test]
fn list_as_json_is_for_programs() {
    let cases = json(&["list", "--format", "json"]);
    assert_eq!(cases["schema_version"], 1);
    let mut all = cases["cases"].as_array().expect("a list").iter();
    let first = all.find(|case| case["id"] == "greeter/say-hello");
    let first = first.expect("the case is listed");
    assert_eq!(first["file"], "interop-tests/cases/greeter.yaml");
    assert!(first["line"].as_u64() > Some(1), "{first}");
    let cells = json(&["list", "--format", "json", "rust-tonic/*/greeter/say-hello"]);
    let expected: Vec<String> = PEERS
        .iter()
        .map(|server| format!("rust-tonic/{server}/greeter/say-hello"))
        .collect();
    assert_eq!(cells["cells"], serde_json::json!(expected));
}

/// What a pipe reads has no colour, unless it is asked for; what is typed counts more than
/// what is set.
#[test]
fn colour_is_for_terminals_and_for_who_asks() {
    let colour = |arguments: &[&str], set: &[(&str, &str)]| {
        let answer = answer(command(arguments).envs(set.iter().copied()));
        assert_eq!(answer.exit, Some(0), "{}", answer.stderr);
        answer.stdout.contains("\x1b[")
    };
    assert!(!colour(&["list"], &[]));
    assert!(colour(&["list", "--color", "always"], &[]));
    assert!(!colour(
        &["list", "--color", "never"],
        &[("CLICOLOR_FORCE", "1")]
    ));
    assert!(colour(&["list"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!colour(
        &["list"],
        &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]
    ));
    assert!(colour(&["list", "--color", "always"], &[("NO_COLOR", "1")]));
}

#[test]
fn explain_tells_what_a_case_sends_and_expects() {
    let answer = succeeded(&["explain", "say-hello"]);
    for told in [
        "greeter/say-hello\n",
        "interop-tests/cases/greeter.yaml:10",
        "/Greeter/SayHello, unary, HelloRequest -> HelloReply",
        r#"{"name":"World"}"#,
        "0a 05 57 6f 72 6c 64",
        "0a 0c 48 65 6c 6c 6f 2c 20 57 6f 72 6c 64",
        "wirecheck run greeter/say-hello",
    ] {
        assert!(answer.stdout.contains(told), "{told}\n{}", answer.stdout);
    }
}

#[test]
fn rules_lists_every_rule_or_those_of_a_section() {
    let all = succeeded(&["rules"]);
    assert!(all.stdout.contains("request/te-trailers"), "{}", all.stdout);
    let answer = succeeded(&["rules", "message"]);
    insta::assert_snapshot!(answer.stdout);
}

#[test]
fn rules_are_told_to_programs_too() {
    let answer = succeeded(&["rules", "--format", "json"]);
    let told: Value = serde_json::from_str(&answer.stdout).expect("JSON");
    let rules = told["rules"].as_array().expect("rules");
    let path = rules
        .iter()
        .find(|rule| rule["id"] == "request/path")
        .expect("the rule");
    assert_eq!(path["level"], "MUST");
    assert!(
        path["link"]
            .as_str()
            .is_some_and(|link| link.starts_with("https://"))
    );
}

#[test]
fn a_section_that_is_not_there_is_answered_with_those_that_are() {
    let answer = wirecheck(&["rules", "http3"]);
    assert_eq!((answer.exit, answer.stdout.as_str()), (Some(2), ""));
    insta::assert_snapshot!(answer.stderr);
}

#[test]
fn explain_tells_a_rule_with_what_breaks_it() {
    let answer = succeeded(&["explain", "request/te-trailers"]);
    for told in ["MUST", "+      te: gzip", "client: `te` is `gzip`"] {
        assert!(answer.stdout.contains(told), "{told}\n{}", answer.stdout);
    }
    let mistyped = wirecheck(&["explain", "request/te-trailer"]);
    assert_eq!(mistyped.exit, Some(2));
    assert!(
        mistyped.stderr.contains("`request/te-trailers`"),
        "{}",
        mistyped.stderr
    );
}

/// One word explains either a case or a rule.
#[test]
fn no_case_is_called_as_a_rule_is() {
    let cases: Value = json_of(&["list", "--format", "json"]);
    let rules: Value = json_of(&["rules", "--format", "json"]);
    let ids = |list: &Value| -> Vec<String> {
        let items = list.as_array().expect("a list").iter();
        items
            .map(|item| item["id"].as_str().expect("an id").to_owned())
            .collect()
    };
    let cases = ids(&cases["cases"]);
    let shared: Vec<_> = ids(&rules["rules"])
        .into_iter()
        .filter(|id| cases.contains(id))
        .collect();
    assert_eq!(shared, [""; 0]);
}

fn json_of(arguments: &[&str]) -> Value {
    serde_json::from_str(&succeeded(arguments).stdout).expect("JSON")
}

#[test]
fn explain_of_an_unknown_case_names_the_nearest() {
    let answer = wirecheck(&["explain", "say-helo"]);
    assert_eq!((answer.exit, answer.stdout.as_str()), (Some(2), ""));
    insta::assert_snapshot!(answer.stderr);
}

/// Both suites have a `deadline`.
#[test]
fn explain_of_an_ambiguous_name_names_the_candidates() {
    let answer = wirecheck(&["explain", "deadline"]);
    assert_eq!((answer.exit, answer.stdout.as_str()), (Some(2), ""));
    insta::assert_snapshot!(answer.stderr);
}

#[test]
fn peers_tells_every_version_of_every_peer_in_both_roles() {
    let answer = succeeded(&["peers", "--no-build"]);
    // Long rows are wrapped.
    let words: Vec<&str> = answer.stdout.split_whitespace().collect();
    let told = words.join(" ");
    for (peer, first) in PEERS.iter().zip(["rust", "python", "python"]) {
        let row = format!("{peer} client, server built-in {first} ");
        assert!(told.contains(&row), "{row}\n{told}");
    }
    for part in ["tonic", "prost", "h2", "hyper", "grpcio", "protobuf"] {
        let name = format!(" {part} ");
        let versions = told.split(&name).skip(1);
        let numbers = versions.filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        assert_ne!(numbers.count(), 0, "{part} has no version\n{told}");
    }
    assert!(
        answer.stdout.contains("features  as a client: rust-tonic"),
        "{}",
        answer.stdout
    );
}

#[test]
fn peers_as_json_tells_versions_and_features() {
    let peers = json(&["peers", "--no-build", "--format", "json"]);
    assert_eq!(peers["schema_version"], 1);
    let peers = peers["peers"].as_array().expect("a list");
    assert_eq!(peers.len(), 2 * PEERS.len());
    for peer in peers {
        assert_ne!(peer["versions"].as_array().map(Vec::len), Some(0), "{peer}");
        assert_ne!(peer["features"].as_array().map(Vec::len), Some(0), "{peer}");
        assert_eq!(peer["errors"], serde_json::json!([]));
    }
}

#[test]
fn a_peer_that_cannot_be_started_is_told_of_beside_the_others() {
    let answer = wirecheck(&["peers", "--no-build", "--peer", "ghost=/no/such/program"]);
    assert_eq!(answer.exit, Some(3), "{}", answer.stderr);
    for told in ["rust-tonic", "ghost", "could not be started"] {
        assert!(answer.stdout.contains(told), "{told}\n{}", answer.stdout);
    }
}

#[test]
fn help_has_the_exit_codes() {
    let answer = succeeded(&["--help"]);
    let codes = answer.stdout.find("Exit codes:").expect("the exit codes");
    insta::assert_snapshot!(&answer.stdout[codes..]);
}

fn succeeded(arguments: &[&str]) -> Answer {
    let answer = wirecheck(arguments);
    assert_eq!(answer.exit, Some(0), "{}", answer.stderr);
    answer
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&succeeded(arguments).stdout).expect("JSON and nothing else")
}

/// A rule that nothing holds would be a promise.
#[test]
fn every_rule_that_cases_hold_is_held_by_some() {
    let listed = succeeded(&["rules", "--format", "json"]);
    let listed: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    let rules = listed["rules"].as_array().expect("the rules");
    let by_cases = rules.iter().filter(|rule| rule["held_by"] == "cases");
    let ids: Vec<&str> = by_cases.filter_map(|rule| rule["id"].as_str()).collect();
    assert!(ids.len() > 20, "{ids:?}");
    for id in ids {
        let told = succeeded(&["explain", id]).stdout;
        assert!(
            told.contains("wirecheck explain "),
            "{id} is held by no case\n{told}"
        );
    }
}
