use super::*;
use crate::report::sample;

#[test]
fn a_peer_that_does_not_start_is_told_once() {
    let mut run = sample::mixed();
    run.peers = sample::peers_with_a_broken_one();
    let broken = run.peers.last().expect("there are peers");
    insta::assert_snapshot!(peer_failure(&run, broken, Style::Plain));
    assert_eq!(peer_failure(&run, &run.peers[0], Style::Plain), "");
}

#[test]
fn what_is_wrong_with_both_roles_is_told_once() {
    let mut run = sample::mixed();
    run.peers = sample::peers_with_a_broken_one();
    let count = run.peers.len();
    run.peers[count - 2].errors = run.peers[count - 1].errors.clone();
    let told: Vec<String> = run
        .peers
        .iter()
        .map(|peer| peer_failure(&run, peer, Style::Plain))
        .collect();
    let told: Vec<&String> = told.iter().filter(|text| !text.is_empty()).collect();
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with(" E ERROR  python-grpcio-aio (client and server): was not ready"),
        "{}",
        told[0]
    );
}

#[test]
fn a_long_log_is_cut_at_its_beginning() {
    let mut run = sample::mixed();
    run.peers = sample::peers_with_a_broken_one();
    let broken = run.peers.last_mut().expect("there are peers");
    broken.errors[0].log_tail = (1..=12).map(|n| format!("line {n}")).collect();
    let broken = run.peers.last().expect("there are peers");
    let text = peer_failure(&run, broken, Style::Plain);
    assert!(!text.contains("line 2\n") && text.contains("line 3\n") && text.contains("line 12\n"));
    assert!(text.contains("... 2 more above"), "{text}");
}

#[test]
fn a_stale_entry_says_where_it_stands() {
    let run = sample::mixed();
    let cell = run.cells.iter().find(|cell| cell.outcome == "stale");
    insta::assert_snapshot!(stale(&run, cell.expect("one is stale"), Style::Plain));
    assert_eq!(stale(&run, &run.cells[1], Style::Plain), "");
}
