//! Writes the inputs that a corpus begins with, made from the captures of the
//! core's tests, the cases and the manifests:
//! `cargo run --example seeds -- FOLDER`. Files of packets and a `run.json` are
//! written by the program itself, see docs/fuzzing.md.

use std::fs;
use std::path::{Path, PathBuf};

use wirecheck_core::wire::capture::{Direction, Event, Reader};
use wirecheck_core::wire::decode::decode_capture;
use wirecheck_core::wire::exchange::{Exchange, HeaderList, Limits, Message};
use wirecheck_core::wire::hpack::literal;
use wirecheck_fuzz::bodies::protobuf::repository;

/// Longer runs are left out: a fuzzer gets nowhere with them.
const LONGEST: usize = 12 * 1024;

type Runs = Vec<(Direction, Vec<u8>)>;

fn main() {
    let folder = PathBuf::from(std::env::args_os().nth(1).expect("a folder"));
    let captures = files("rust/core/tests/captures", "wirecap");
    for (index, path) in captures.iter().enumerate() {
        let bytes = fs::read(path).expect("a capture");
        of_capture(&folder, index, &bytes);
    }
    let suites = ["interop-tests/cases", "examples", "docs"];
    for path in suites.iter().flat_map(|folder| files(folder, "yaml")) {
        let text = fs::read(&path).expect("a suite");
        put(&folder, "case_file", &name(&path), &[text]);
    }
    for path in ["interop-tests/cases", "examples", "official"]
        .iter()
        .flat_map(|folder| files(folder, "toml"))
    {
        let text = fs::read(&path).expect("a manifest");
        put(&folder, "manifest", &name(&path), &[text]);
    }
}

fn of_capture(folder: &Path, index: usize, capture: &[u8]) {
    let name = index.to_string();
    let runs = runs(capture);
    let parts: Vec<Vec<u8>> = runs.iter().map(|run| part(run)).collect();
    let parts = parts.concat();
    let reads = vec![3 + index as u8, 200, 8, 60];
    put(folder, "capture", &name, &[capture[8..].to_vec()]);
    put(
        folder,
        "connection",
        &name,
        &[reads.clone(), vec![0xff, 0x7f], parts.clone()],
    );
    put(folder, "masking", &name, &[reads.clone(), parts.clone()]);
    put(
        folder,
        "segments",
        &name,
        &[
            vec![7, 0, 9, 1, 6, 0, 1, 2, 1, 0, 3, 2, 2, 40],
            parts.clone(),
        ],
    );
    for fault in 0..10_u8 {
        // An edit of the server's HEADERS or DATA, of each kind.
        let fault_of = vec![1, 1, 1, 1, fault & 1, 2, fault, 3, 4, 5];
        put(
            folder,
            "relay",
            &format!("{name}-{fault}"),
            &[fault_of, parts.clone()],
        );
    }
    for side in [Direction::ClientToServer, Direction::ServerToClient] {
        let of_it = runs.iter().filter(|(other, _)| *other == side);
        let all: Vec<u8> = of_it.flat_map(|(_, bytes)| bytes.clone()).collect();
        let is_client = u8::from(side == Direction::ClientToServer);
        let awaited = vec![1, 1, 1, 4, 0, 0, 8, 0, 0, 0];
        put(
            folder,
            "dialogue",
            &format!("{name}-{is_client}"),
            &[vec![is_client], reads.clone(), awaited, all],
        );
    }
    let exchange = decode_capture(capture, Limits::default()).expect("a capture");
    of_exchange(folder, &name, &exchange);
}

fn of_exchange(folder: &Path, name: &str, exchange: &Exchange) {
    let streams = || {
        exchange
            .connections
            .iter()
            .flat_map(|connection| &connection.streams)
    };
    let halves = || streams().flat_map(|stream| [&stream.request, &stream.response]);
    let blocks: Vec<Vec<u8>> = halves().flat_map(|half| &half.headers).map(block).collect();
    let short: Vec<u8> = blocks.iter().flat_map(|block| short(block)).collect();
    put(folder, "hpack", name, &[vec![200, 0, 16], short.clone()]);
    put(folder, "hpack_against", name, &[vec![0], short]);
    let fields = halves()
        .flat_map(|half| &half.headers)
        .flat_map(|list| &list.fields);
    let fields: Vec<u8> = fields
        .flat_map(|field| [vec![0, 0x98], short_of(&field.name), short_of(&field.value)].concat())
        .collect();
    put(
        folder,
        "hpack_against",
        &format!("{name}-written"),
        &[vec![1], fields.clone()],
    );
    put(
        folder,
        "h2_against",
        name,
        &[vec![0, 1, 0, 1, 0, 16, 1, 2, 0, 3, 9, 0, 3, 2, 2], fields],
    );
    for (index, message) in halves().flat_map(|half| &half.messages).enumerate() {
        of_message(folder, &format!("{name}-{index}"), message);
    }
}

fn of_message(folder: &Path, name: &str, message: &Message) {
    for schema in 0..3 {
        put(
            folder,
            "protobuf",
            &format!("{name}-{schema}"),
            &[vec![schema], message.head.to_vec()],
        );
    }
    let framed = [&[0][..], &message.length.to_be_bytes(), &message.head].concat();
    for coding in 0..3 {
        let choices = vec![9, 99, 1, 50, 3, 200, 8, 60, coding];
        put(
            folder,
            "messages",
            &format!("{name}-{coding}"),
            &[choices.clone(), vec![0], framed.clone()],
        );
        put(
            folder,
            "messages",
            &format!("{name}-{coding}-packed"),
            &[choices, vec![1], framed.clone()],
        );
    }
}

/// A block that says the same with the same representations.
fn block(list: &HeaderList) -> Vec<u8> {
    let mut out = Vec::new();
    for field in &list.fields {
        literal::encode_literal(
            &mut out,
            &field.name,
            &field.value,
            true,
            field.representation,
        );
    }
    out
}

fn short(bytes: &[u8]) -> Vec<u8> {
    match bytes.len() {
        length @ 0..0xff => [&[length as u8][..], bytes].concat(),
        _ => Vec::new(),
    }
}

fn short_of(bytes: &[u8]) -> Vec<u8> {
    short(&bytes[..bytes.len().min(200)])
}

fn part((direction, bytes): &(Direction, Vec<u8>)) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let bytes = &bytes[..length.into()];
    [&[*direction as u8][..], &length.to_le_bytes(), bytes].concat()
}

fn runs(capture: &[u8]) -> Runs {
    let mut reader = Reader::new(capture).expect("a capture");
    let mut runs: Runs = Vec::new();
    while let Some(record) = reader.next_record().expect("a record") {
        if let Event::Bytes(direction, bytes) = record.event {
            match runs.last_mut() {
                Some((last, run)) if *last == direction => run.extend_from_slice(bytes),
                _ => runs.push((direction, bytes.to_vec())),
            }
        }
    }
    runs
}

fn put(folder: &Path, target: &str, name: &str, parts: &[Vec<u8>]) {
    let folder = folder.join(target);
    fs::create_dir_all(&folder).expect("a folder");
    let bytes = parts.concat();
    if bytes.len() <= LONGEST {
        fs::write(folder.join(name), bytes).expect("written");
    }
}

fn name(path: &Path) -> String {
    let name = path.strip_prefix(repository()).expect("in the repository");
    name.to_string_lossy().replace('/', "-")
}

/// The files below a folder of the repository whose names end so, in order.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![repository().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let skips = ["target", "node_modules", ".wirecheck", "generated"];
            match path.is_dir() {
                true if skips.iter().any(|skip| path.ends_with(skip)) => {}
                true => folders.push(path),
                false if path.extension().is_some_and(|found| found == ending) => found.push(path),
                false => {}
            }
        }
    }
    found.sort();
    found
}
