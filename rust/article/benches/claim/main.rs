//! Measures protobuf (prost) against JSON (serde_json) and XML (quick-xml), and
//! prints JSON for `bench/claim.py`, which runs it: `make bench-claim`.
//!
//! The three formats take turns in every round, so that a ratio compares
//! neighbours in time and not a quiet minute with a busy one.

mod formats;
mod native;
mod timing;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use formats::Operations;
use native::{Book, Hello};

/// The measured operations, by the names that `bench/claim.py` knows.
const OPERATIONS: [&str; 4] = ["encode_ready", "encode_native", "decode", "decode_and_read"];

fn main() {
    let hello = Hello {
        name: "World".to_owned(),
    };
    let book: Book = serde_json::from_str(include_str!("../../../../bench/book.json"))
        .expect("bench/book.json holds a book");
    let report = json!({
        "implementation": "Rust",
        "versions": versions(),
        "messages": [
            measure("HelloRequest", formats::of_hello(&hello)),
            measure("Book", formats::of_book(&book)),
        ],
    });
    println!("{report}");
}

/// The libraries' versions, from the lock file that they were built with.
fn versions() -> String {
    let lock = include_str!("../../../../Cargo.lock");
    ["prost", "serde_json", "quick-xml"]
        .map(|name| format!("{name} {}", locked_version(lock, name)))
        .join("; ")
}

fn locked_version<'a>(lock: &'a str, name: &str) -> &'a str {
    lock.split_once(&format!("name = \"{name}\"\nversion = \""))
        .and_then(|(_, rest)| rest.split('"').next())
        .unwrap_or("unknown")
}

fn measure(name: &str, formats: BTreeMap<&'static str, Operations<'_>>) -> Value {
    let sizes: BTreeMap<_, _> = formats
        .iter()
        .map(|(format, operations)| (*format, operations.size))
        .collect();
    let operations: BTreeMap<_, _> = OPERATIONS
        .iter()
        .enumerate()
        .map(|(index, operation)| (*operation, compare(&formats, index)))
        .collect();
    json!({ "name": name, "sizes": sizes, "operations": operations })
}

/// One operation in one format: its median time, and its median ratio to protobuf's.
#[derive(Serialize)]
struct Measured {
    nanoseconds: f64,
    ratio: f64,
}

fn compare(
    formats: &BTreeMap<&'static str, Operations<'_>>,
    operation: usize,
) -> BTreeMap<&'static str, Measured> {
    let names: Vec<_> = formats.keys().copied().collect();
    let functions: Vec<_> = formats
        .values()
        .map(|operations| &*operations.timed[operation])
        .collect();
    let rounds = timing::rounds(&functions);
    let protobuf = names
        .iter()
        .position(|name| *name == "protobuf")
        .expect("protobuf is among the formats");
    let measured = |index: usize| Measured {
        nanoseconds: timing::median(rounds.iter().map(|round| round[index])),
        ratio: timing::median(rounds.iter().map(|round| round[index] / round[protobuf])),
    };
    names
        .iter()
        .enumerate()
        .map(|(index, name)| (*name, measured(index)))
        .collect()
}
