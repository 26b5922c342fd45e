use std::collections::BTreeMap;

use proptest::prelude::*;
use prost_reflect::{DescriptorPool, DynamicMessage};

use super::*;
use crate::plan::generate;

const SHOP: &str = r#"
syntax = "proto3";
package shop.v1;
import "google/protobuf/timestamp.proto";
service Shop {
  rpc GetItem(Item) returns (Item) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc DeleteItem(Item) returns (Nothing);
  rpc Watch(Nothing) returns (stream Item);
  rpc Fill(stream Item) returns (stream Item);
}
message Nothing {}
enum Size { SIZE_UNSPECIFIED = 0; SIZE_LARGE = 7; }
message Item {
  string id = 1;
  optional sint64 price = 2;
  repeated double weights = 3;
  map<string, Item> parts = 4;
  oneof label { string text = 5; bytes raw = 6; }
  Size size = 7;
  google.protobuf.Timestamp at = 8;
  Item parent = 9;
}
"#;

fn schema() -> Schema {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("shop.proto");
    std::fs::write(&file, SHOP).expect("a file");
    let set = protox::compile([&file], [folder.path()]).expect("it compiles");
    let pool = DescriptorPool::from_file_descriptor_set(set).expect("a pool");
    Schema::of_pool(pool, BTreeMap::new())
}

fn names(ask: &Ask) -> Vec<String> {
    let (cases, _) = cases(&schema(), ask).expect("cases");
    cases.into_iter().map(|case| case.id).collect()
}

#[test]
fn every_method_is_asked_in_several_ways() {
    let names = names(&Ask::default());
    for id in [
        "shop.v1.shop/get-item.default",
        "shop.v1.shop/get-item.lowest",
        "shop.v1.shop/get-item.highest",
        "shop.v1.shop/get-item.unknown",
        "shop.v1.shop/get-item.random-1",
        "shop.v1.shop/fill.none",
        "shop.v1.shop/fill.several",
    ] {
        assert!(names.iter().any(|name| name == id), "{id}: {names:?}");
    }
    // A message without fields is the same in all ways but one.
    let of_watch = names.iter().filter(|name| name.contains("/watch.")).count();
    assert_eq!(of_watch, 2, "{names:?}");
}

#[test]
fn each_case_asks_the_same_thing_twice() {
    let (cases, _) = cases(&schema(), &Ask::default()).expect("cases");
    for case in cases {
        let [first, again] = case.calls.as_slice() else {
            panic!("{} has {} calls", case.id, case.calls.len());
        };
        let sent = |call: &CallPlan| format!("{:?}", call.send);
        assert_eq!(sent(first), sent(again));
        assert!(again.start_after.is_some());
        assert!(!case.descriptors.is_empty() && case.agrees);
    }
}

#[test]
fn what_must_not_be_called_is_left_out_and_said() {
    let ask = Ask {
        exclude: vec!["Shop/Delete*".into(), "Watch".into()],
        ..Ask::default()
    };
    let (cases, left_out) = cases(&schema(), &ask).expect("cases");
    assert!(
        cases
            .iter()
            .all(|case| !case.name.starts_with("delete") && !case.name.starts_with("watch"))
    );
    assert_eq!(
        left_out,
        [
            "shop.v1.Shop/DeleteItem: excluded",
            "shop.v1.Shop/Watch: excluded"
        ]
    );
    let ask = Ask {
        idempotent_only: true,
        ..Ask::default()
    };
    assert!(names(&ask).iter().all(|name| name.contains("/get-item.")));
}

#[test]
fn a_pattern_that_means_no_method_is_refused_with_the_nearest() {
    let ask = Ask {
        exclude: vec!["Shop/DeletItem".into()],
        ..Ask::default()
    };
    let error = cases(&schema(), &ask).expect_err("no such method");
    let ServiceError::NoMethod { nearest, .. } = error else {
        panic!("{error}");
    };
    assert!(
        nearest.iter().any(|name| name == "Shop/DeleteItem"),
        "{nearest:?}"
    );
    let all = Ask {
        exclude: vec!["Shop/*".into()],
        ..Ask::default()
    };
    assert!(matches!(
        cases(&schema(), &all),
        Err(ServiceError::NoneLeft(_))
    ));
}

#[test]
fn names_are_parts_of_ids() {
    assert_eq!(kebab("GetItem"), "get-item");
    assert_eq!(kebab("getHTTPItem"), "get-httpitem");
    assert_eq!(kebab("Get_Item"), "get-item");
    assert_eq!(slug("shop.v1.Shop_Two"), "shop.v1.shop-two");
}

#[test]
fn extremes_are_extreme_and_end() {
    let kind = schema().methods()[0].types.request.clone();
    let highest = generate::message(&kind, &mut Choice::Highest).to_string();
    assert!(highest.contains("price:9223372036854775807"), "{highest}");
    assert!(highest.contains("SIZE_LARGE"), "{highest}");
    assert!(highest.contains("seconds:253402300799"), "{highest}");
    let lowest = generate::message(&kind, &mut Choice::Lowest).to_string();
    assert!(lowest.contains("price:-9223372036854775808"), "{lowest}");
}

proptest! {
    #[test]
    fn a_seed_gives_the_same_valid_messages(seed: u64) {
        let schema = schema();
        let ask = Ask { seed, ..Ask::default() };
        let (one, _) = cases(&schema, &ask).expect("cases");
        let (other, _) = cases(&schema, &ask).expect("cases");
        for (one, other) in one.iter().zip(&other) {
            prop_assert_eq!(&one.digest, &other.digest);
            for step in &one.calls[0].send {
                let StepKind::Message(payload) = &step.kind else { continue };
                let super::super::types::Piece::Bytes(bytes) = &payload.pieces[0] else { continue };
                let kind = one.calls[0].types.request.clone();
                prop_assert!(DynamicMessage::decode(kind, bytes.as_slice()).is_ok());
            }
        }
    }
}
