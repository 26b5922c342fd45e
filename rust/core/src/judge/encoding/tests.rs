use prost_reflect::DescriptorPool;

use super::*;

const SCHEMA: &str = r#"
syntax = "proto3";
package shop;
message Stock {
  string name = 1;
  repeated int32 sizes = 2;
  map<string, int32> counts = 3;
  int32 left = 4;
  Shelf shelf = 5;
  repeated Shelf others = 6;
  oneof where { string door = 7; int32 aisle = 8; }
}
message Shelf { int32 row = 1; int32 place = 2; }
"#;

fn schema() -> MessageDescriptor {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("shop.proto");
    std::fs::write(&file, SCHEMA).expect("a file");
    let set = protox::compile([&file], [folder.path()]).expect("it compiles");
    let pool = DescriptorPool::from_file_descriptor_set(set).expect("a pool");
    pool.get_message_by_name("shop.Stock").expect("it is there")
}

/// What is found, a line each.
fn found(left: &[u8], right: &[u8]) -> Vec<String> {
    found_without(left, right, &|_| false)
}

fn found_without(left: &[u8], right: &[u8], is_left_out: &dyn Fn(&str) -> bool) -> Vec<String> {
    let found = other_bytes("m", (left, right), &schema(), is_left_out);
    let absent = "(absent)".to_owned();
    let lines = found.into_iter().map(|found| {
        let left = found.left.unwrap_or_else(|| absent.clone());
        let right = found.right.unwrap_or_else(|| absent.clone());
        format!("{:?} {}: {left} | {right}", found.how, found.path)
    });
    lines.collect()
}

#[test]
fn equal_bytes_are_nothing_to_tell() {
    assert!(found(b"\x0a\x01a\x20\x05", b"\x0a\x01a\x20\x05").is_empty());
}

#[test]
fn another_order_of_fields_is_told_of_the_message() {
    assert_eq!(
        found(b"\x0a\x01a\x20\x05", b"\x20\x05\x0a\x01a"),
        ["FieldOrder m: 0a 01 61 20 05 | 20 05 0a 01 61"]
    );
}

#[test]
fn each_way_to_write_a_field_is_told_with_both_excerpts() {
    for (left, right, line) in [
        (
            &b"\x12\x02\x01\x02"[..],
            &b"\x10\x01\x10\x02"[..],
            "Packing m.sizes: 12 02 01 02 | 10 01 10 02",
        ),
        (
            b"\x12\x02\x01\x02",
            b"\x12\x01\x01\x12\x01\x02",
            "Packing m.sizes: 12 02 01 02 | 12 01 01 12 01 02",
        ),
        (b"", b"\x20\x00", "DefaultWritten m.left: (absent) | 20 00"),
        (
            b"\x20\x05",
            b"\x20\x85\x00",
            "Number m.left: 20 05 | 20 85 00",
        ),
        (
            b"\x20\x05",
            b"\x20\x07\x20\x05",
            "WrittenAgain m.left: 20 05 | 20 07 20 05",
        ),
        (
            b"\x42\x00\x3a\x01a",
            b"\x40\x01\x42\x00\x3a\x01a",
            "Other m: 42 00 3a 01 61 | 40 01 42 00 3a 01 61",
        ),
    ] {
        assert_eq!(found(left, right), [line]);
    }
}

#[test]
fn a_message_in_a_message_is_told_by_its_own_field() {
    assert_eq!(
        found(b"\x2a\x02\x08\x01", b"\x2a\x03\x08\x81\x00"),
        ["Number m.shelf.row: 08 01 | 08 81 00"]
    );
    assert_eq!(
        found(
            b"\x32\x02\x08\x01\x32\x02\x08\x02",
            b"\x32\x02\x08\x01\x32\x04\x08\x02\x10\x00"
        ),
        ["DefaultWritten m.others[1].place: (absent) | 10 00"]
    );
    // The length of the message itself, in more bytes than it needs.
    assert_eq!(
        found(b"\x2a\x02\x08\x01", b"\x2a\x82\x00\x08\x01"),
        ["Number m.shelf: 2a 02 08 01 | 2a 82 00 08 01"]
    );
}

#[test]
fn the_order_of_a_map_is_nothing_to_tell_and_its_defaults_are() {
    let one = b"\x1a\x05\x0a\x01a\x10\x01\x1a\x05\x0a\x01b\x10\x02";
    let other = b"\x1a\x05\x0a\x01b\x10\x02\x1a\x05\x0a\x01a\x10\x01";
    assert!(found(one, other).is_empty());
    assert_eq!(
        found(b"\x1a\x03\x0a\x01a", b"\x1a\x05\x0a\x01a\x10\x00"),
        ["DefaultWritten m.counts[].value: (absent) | 10 00"]
    );
}

#[test]
fn another_meaning_is_for_others_to_tell() {
    assert!(found(b"\x20\x05", b"\x20\x06").is_empty());
    assert!(found(b"\x20\x05", b"").is_empty());
    assert!(found(b"\x1a\x05\x0a\x01a\x10\x01", b"\x1a\x05\x0a\x01a\x10\x02").is_empty());
    assert!(found(b"\x0a\xff", b"\x20\x06").is_empty(), "no message");
    // What is equal beside it is compared still.
    assert_eq!(
        found(b"\x20\x05\x12\x01\x01", b"\x20\x06\x10\x01"),
        ["Packing m.sizes: 12 01 01 | 10 01"]
    );
}

#[test]
fn what_is_left_out_is_not_looked_at() {
    let is_left = |path: &str| path == "m.left";
    assert!(found_without(b"\x20\x05", b"\x20\x85\x00", &is_left).is_empty());
    assert!(found_without(b"\x0a\x01a\x20\x05", b"\x20\x05\x0a\x01a", &is_left).is_empty());
}

#[test]
fn an_excerpt_is_short_and_begins_shortly_before_the_difference() {
    let name = vec![b'a'; 100];
    let long = |number: &[u8]| {
        let packed = [name.as_slice(), number].concat();
        [&[0x12, packed.len() as u8][..], &packed].concat()
    };
    assert_eq!(
        found(&long(b"\x05"), &long(b"\x85\x00")),
        [
            "Number m.sizes: 12 65 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 .. (of 103 bytes) | \
             12 66 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 .. (of 104 bytes)"
        ]
    );
    let field = |number: &[u8]| [&[0x10, 1].repeat(50)[..], &[0x10], number].concat();
    assert_eq!(
        found(&field(b"\x05"), &field(b"\x85\x00")),
        ["Number m.sizes: .. 01 10 01 10 05 (of 102 bytes) | .. 01 10 01 10 85 00 (of 103 bytes)"]
    );
}
