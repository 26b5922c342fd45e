use wirecheck_core::judge::outcome::Outcome;

use super::*;
use crate::report::sample;

fn evidence() -> Evidence<'static> {
    Evidence {
        exchange_of: &|_: &Cell| None,
        schema: None,
    }
}

fn parsed(run: &Run) -> Report {
    let text = junit(run, evidence());
    Report::deserialize_from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn test<'a>(report: &'a Report, pair: &str, case: &str) -> &'a TestCase {
    let mut suites = report.test_suites.iter();
    let suite = suites.find(|suite| suite.name.as_str() == pair);
    let mut tests = suite.expect("the pair").test_cases.iter();
    tests
        .find(|test| test.name.as_str() == case)
        .expect("the case")
}

#[test]
fn a_changed_byte_is_a_failure_with_the_whole_report() {
    insta::assert_snapshot!(junit(&sample::changed_byte(), evidence()));
}

#[test]
fn every_outcome_has_its_element() {
    let report = parsed(&sample::mixed());
    assert_eq!(report.test_suites.len(), 9);
    assert_eq!(
        (report.tests, report.failures, report.errors, report.skipped),
        (27, 2, 3, 5)
    );
    let status = |pair, case| &test(&report, pair, case).status;
    let failed = status("python-grpcio/rust-tonic", "say-hello");
    assert!(matches!(
        failed,
        TestCaseStatus::NonSuccess {
            kind: NonSuccessKind::Failure,
            ..
        }
    ));
    let error = status("python-grpcio-aio/python-grpcio-aio", "large");
    assert!(matches!(
        error,
        TestCaseStatus::NonSuccess {
            kind: NonSuccessKind::Error,
            ..
        }
    ));
    let stale = status("python-grpcio-aio/rust-tonic", "deadline");
    let TestCaseStatus::NonSuccess { description, .. } = stale else {
        panic!("{stale:?}")
    };
    let told = description.as_ref().expect("a report").as_str();
    assert!(told.contains("cases/known.toml:2"), "{told}");
    let lax = test(&report, "rust-tonic/python-grpcio", "large");
    assert!(matches!(lax.status, TestCaseStatus::Success { .. }));
    assert_eq!(lax.properties, [Property::new("outcome", "lax")]);
}

#[test]
fn what_is_skipped_says_why() {
    let mut run = sample::mixed();
    let stopped = Some(("stopped", "the run was stopped before"));
    sample::set(
        &mut run,
        "rust-tonic/rust-tonic/greeter/large",
        Outcome::NotRun,
        stopped,
    );
    let report = parsed(&run);
    let skipped = |pair, case| match &test(&report, pair, case).status {
        TestCaseStatus::Skipped { message, ty, .. } => (
            ty.clone().expect("a word").into_string(),
            message.clone().expect("a reason").into_string(),
        ),
        other => panic!("{other:?}"),
    };
    let known = skipped("rust-tonic/rust-tonic", "deadline");
    assert_eq!(known.0, "known");
    assert_eq!(
        known.1,
        "h2 resets the stream before the deadline is told (cases/known.toml:2, since 2026-11-22, \
         https://github.com/hyperium/tonic/issues/1)"
    );
    assert_eq!(
        skipped("rust-tonic/rust-tonic", "large"),
        ("not-run".into(), "the run was stopped before".into())
    );
    assert_eq!(
        skipped("rust-tonic/python-grpcio-aio", "large").0,
        "unsupported"
    );
}

#[test]
fn what_no_pattern_selected_is_left_out() {
    let mut run = sample::green();
    let filtered = Some(("filtered", "not selected"));
    sample::set(&mut run, "greeter/large", Outcome::NotRun, filtered);
    let report = parsed(&run);
    assert_eq!((report.tests, report.skipped), (18, 0));
}

#[test]
fn versions_are_properties_of_the_pair() {
    let report = parsed(&sample::green());
    let suites = &report.test_suites;
    let suite = suites
        .iter()
        .find(|suite| suite.name.as_str() == "python-grpcio/rust-tonic");
    let properties = &suite.expect("the pair").properties;
    for (name, value) in [
        ("client.grpcio", "1.85.1"),
        ("server.tonic", "0.14.9"),
        ("run", "8c1e"),
    ] {
        assert!(
            properties.contains(&Property::new(name, value)),
            "{name}\n{properties:?}"
        );
    }
}

#[test]
fn a_flaky_cell_passes_and_keeps_its_failure() {
    let mut run = sample::changed_byte();
    let cell = &mut run.cells[0];
    cell.outcome = "flaky".into();
    cell.attempts.push(Attempt {
        kind: "alone".into(),
        outcome: "pass".into(),
        ..Attempt::default()
    });
    let report = parsed(&run);
    assert_eq!((report.tests, report.failures), (1, 0));
    let TestCaseStatus::Success { flaky_runs } = &report.test_suites[0].test_cases[0].status else {
        panic!("{report:?}")
    };
    assert_eq!(flaky_runs.len(), 1);
    let message = flaky_runs[0].message.as_ref().expect("a sentence");
    assert!(
        message.as_str().contains("differs at byte 4"),
        "{message:?}"
    );
}

#[test]
fn a_failure_that_came_again_alone_is_a_rerun() {
    let mut run = sample::changed_byte();
    let mut again = run.cells[0].attempts[0].clone();
    again.kind = "alone".into();
    run.cells[0].attempts.push(again);
    let report = parsed(&run);
    let status = &report.test_suites[0].test_cases[0].status;
    let TestCaseStatus::NonSuccess { reruns, .. } = status else {
        panic!("{status:?}")
    };
    assert_eq!(reruns.runs.len(), 1);
}

#[test]
fn a_peer_that_did_not_run_is_told_of_in_every_pair_that_it_is_in() {
    let mut run = sample::mixed();
    run.peers = sample::peers_with_a_broken_one();
    let text = junit(&run, evidence());
    assert_eq!(text.matches("<system-err>").count(), 3, "{text}");
    assert!(text.contains("was not ready within 10 s"), "{text}");
}

/// XML 1.0 has no way to write most control characters, not even escaped.
#[test]
fn what_xml_forbids_is_harmless() {
    let hostile = "a\u{0}\u{1}\x1b[2J\u{b}\u{fffe}\u{ffff}]]><x y=\"&'\">\r\n\u{7f}z";
    let mut run = sample::changed_byte();
    let cell = &mut run.cells[0];
    cell.client = hostile.into();
    cell.case = hostile.into();
    cell.attempts[0].findings[0].sentence = hostile.into();
    cell.attempts[0].findings[0].got = Some(sample::words(hostile));
    run.peers[0].name = hostile.into();
    run.peers[0].role = "client".into();
    run.peers[0].versions[0].version = hostile.into();
    let text = junit(&run, evidence());
    let forbidden = |c: char| matches!(c, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    assert!(!text.contains(forbidden), "{text:?}");
    let report = parsed(&run);
    let TestCaseStatus::NonSuccess { message, .. } = &report.test_suites[0].test_cases[0].status
    else {
        panic!("{report:?}")
    };
    let message = message.as_ref().expect("a sentence").as_str();
    assert!(message.starts_with(r"a\u{0}\u{1}\u{1b}[2J\u{b}\u{fffe}\u{ffff}]]>"));
    assert!(message.contains("<x y=\"&'\">"), "{message}");
}
