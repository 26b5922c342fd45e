use wirecheck_core::judge::outcome::Outcome;

use super::*;
use crate::report::sample;

fn plain(run: &Run) -> String {
    let text = matrix(run, Style::Plain);
    for line in text.lines() {
        assert!(text::width(line) <= WIDTH, "{line}");
    }
    text
}

#[test]
fn all_as_expected() {
    insta::assert_snapshot!(plain(&sample::green()));
}

#[test]
fn every_outcome_has_its_mark_and_its_cause() {
    insta::assert_snapshot!(plain(&sample::mixed()));
}

#[test]
fn colour_changes_no_character() {
    let run = sample::mixed();
    let coloured = matrix(&run, Style::Ansi);
    let mut bare = String::new();
    for (index, part) in coloured.split('\x1b').enumerate() {
        let after = part.find('m').map_or(0, |at| at + 1);
        bare.push_str(if index == 0 { part } else { &part[after..] });
    }
    assert_ne!(coloured, bare);
    assert_eq!(bare, plain(&run));
}

#[test]
fn what_was_not_selected_has_no_place() {
    let mut run = sample::green();
    let filtered = Some(("filtered", "not selected"));
    for part in ["python", "tonic/greeter/deadline", "tonic/greeter/large"] {
        sample::set(&mut run, part, Outcome::NotRun, filtered);
    }
    insta::assert_snapshot!(plain(&run));
}

#[test]
fn a_partial_run_says_why() {
    let mut run = sample::green();
    run.complete = false;
    run.incomplete_reason = Some("interrupted".into());
    run.exit = 130;
    run.cuts = vec!["bytes of the log of python-grpcio, beyond 1 MiB".into()];
    let stopped = Some(("stopped", "the run was stopped before"));
    sample::set(&mut run, "python-grpcio-aio/", Outcome::NotRun, stopped);
    insta::assert_snapshot!(plain(&run));
}

#[test]
fn long_names_are_parted_where_all_servers_fit_then() {
    let mut run = sample::green();
    let rows: Vec<Cell> = run.cells.drain(..).collect();
    let names = [
        "rust-tonic",
        "python-grpcio",
        "python-grpcio-aio",
        "go-grpc",
        "java-grpc",
        "node-grpc-js",
        "plain",
    ];
    for name in names {
        let first = &rows[0].server;
        let of_one = rows.iter().filter(|cell| cell.server == *first);
        run.cells.extend(of_one.cloned().map(|mut cell| {
            cell.server = name.into();
            cell
        }));
    }
    insta::assert_snapshot!(plain(&run));
}

#[test]
fn many_servers_are_wrapped_in_blocks() {
    let mut run = sample::green();
    let rows: Vec<Cell> = run.cells.drain(..).collect();
    for version in 0..4 {
        run.cells.extend(rows.iter().cloned().map(|mut cell| {
            cell.server = format!("{}@1.6{version}.0", cell.server);
            cell
        }));
    }
    insta::assert_snapshot!(plain(&run));
}

#[test]
fn a_peer_cannot_steer_the_matrix() {
    let mut run = sample::mixed();
    run.causes[0].sentence = "a\x1b[2J\nexit 0".into();
    let text = matrix(&run, Style::Plain);
    assert!(text.contains(r"a\u{1b}[2J\nexit 0"), "{text}");
    assert!(!text.contains('\x1b'));
}
