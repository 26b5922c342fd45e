use std::collections::BTreeMap;

use prost_reflect::DescriptorPool;

use super::super::load::load;
use super::super::resolve::resolve;
use super::super::schema::Schema;
use super::super::source::Source;
use super::*;

const SHOP: &str = r#"
syntax = "proto3";
package shop;
service Shop {
  rpc Get(Item) returns (Item);
  rpc Talk(stream Item) returns (stream Item);
}
message Item { string name = 1; }
"#;

const CANCELLED: &str = r"
suite: shop
about: a
cases:
  - name: cancelled
    about: a
    official: { case: cancel_after_begin, calls: 1 }
    server: { listeners: { main: { services: [Greeter] } } }
    calls:
      - id: first
        method: /shop.Shop/Talk
        send: [{ wait: { released: cancel } }, { cancel: {} }]
      - id: after
        method: /shop.Shop/Get
        start_after: { handled: 1 }
        send: [{ message: {} }]
    do:
      - wait: { began: 1 }
      - release: cancel
    expect:
      calls:
        first: { status: CANCELLED }
        after: { receive: [{}] }
      handled:
        /shop.Shop/Talk: { times: 1 }
        /shop.Shop/Get: { times: 1 }
      wire:
        first.request.headers.te: trailers
        after.request.headers.te: trailers
      frames: { present: [{ from: client, type: RST_STREAM }] }
      survives: after
";

fn schema() -> Schema {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("shop.proto");
    std::fs::write(&file, SHOP).expect("a file");
    let set = protox::compile([&file], [folder.path()]).expect("it compiles");
    let pool = DescriptorPool::from_file_descriptor_set(set).expect("a pool");
    Schema::of_pool(pool, BTreeMap::new())
}

fn resolved(suite: &str) -> Result<CasePlan, String> {
    let loaded = load(Source::new("shop.yaml", suite)).expect("a suite");
    let cases = resolve(&loaded, &schema()).map_err(|problem| problem.render(false))?;
    Ok(cases.into_iter().next().expect("a case"))
}

fn cancelled(client: PeerKind, server: PeerKind) -> CasePlan {
    let case = resolved(CANCELLED).expect("a case");
    played(&case, client, server, Variant::Tcp)
}

fn handled(case: &CasePlan) -> Vec<&str> {
    let handled = case.expect.handled.iter();
    handled.map(|(path, _)| path.as_str()).collect()
}

#[test]
fn two_peers_of_the_contract_play_a_case_as_it_is() {
    let case = cancelled(PeerKind::Contract, PeerKind::Contract);
    assert_eq!(case.calls.len(), 2);
    assert_eq!(case.actions.len(), 2);
    assert_eq!(handled(&case).len(), 2);
    assert_eq!(case.calls[1].start_after, Some(EventPlan::Handled(1)));
}

#[test]
fn an_official_client_makes_the_calls_that_it_knows_and_waits_for_nobody() {
    let case = cancelled(PeerKind::Official, PeerKind::Contract);
    let made: Vec<&str> = case.calls.iter().map(|call| call.id.as_str()).collect();
    assert_eq!(made, ["first"]);
    assert_eq!(case.expect.calls.len(), 1);
    assert!(case.actions.is_empty());
    // The one is a race, the other is never called.
    assert_eq!(handled(&case), [] as [&str; 0]);
    let wire: Vec<&str> = case
        .expect
        .wire
        .iter()
        .map(|wire| wire.key.as_str())
        .collect();
    assert_eq!(wire, ["first.request.headers.te"]);
    assert_eq!(case.expect.survives, None);
    // It may be given up before it is sent.
    assert!(case.expect.present.is_empty());
    assert_eq!(case.limit, PROCESS_LIMIT);
}

#[test]
fn calls_that_an_official_client_opens_and_leaves_are_passed_by() {
    let besides = CANCELLED.replace("calls: 1", "besides: 1");
    let case = resolved(&besides).expect("a case");
    assert_eq!(case.streams_besides, 0);
    let case = played(&case, PeerKind::Official, PeerKind::Contract, Variant::Tcp);
    assert_eq!((case.calls.len(), case.streams_besides), (2, 1));
    // How often a handler was entered is then not what the case says.
    assert_eq!(handled(&case), [] as [&str; 0]);
}

#[test]
fn what_an_official_server_does_is_seen_by_the_tap() {
    let case = cancelled(PeerKind::Contract, PeerKind::Official);
    assert_eq!(case.calls[1].start_after, Some(EventPlan::CallEnded(0)));
    let [
        ActionPlan::Wait(EventPlan::Frame(frame)),
        ActionPlan::Release(_),
    ] = &case.actions[..]
    else {
        panic!("{:?}", case.actions)
    };
    assert_eq!((frame.kind, frame.nth), (Some(HEADERS), 1));
    assert_eq!(frame.direction, Some(Direction::ClientToServer));
    // What its handlers saw is still expected, and nobody will tell.
    assert_eq!(handled(&case).len(), 2);
}

#[test]
fn over_tls_nobody_waits_for_frames() {
    let case = resolved(CANCELLED).expect("a case");
    let case = played(&case, PeerKind::Contract, PeerKind::Official, Variant::Tls);
    assert!(matches!(case.actions[..], [ActionPlan::Release(_)]));
}

#[test]
fn an_official_client_makes_no_more_calls_than_the_case_has() {
    let wrong = CANCELLED.replace("calls: 1", "calls: 3");
    let problem = resolved(&wrong).expect_err("a problem");
    assert!(
        problem.contains("of 2 calls an official client makes 1 to 2"),
        "{problem}"
    );
}
