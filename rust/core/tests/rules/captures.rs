//! The real captures under `tests/captures`, and what they say.

use std::path::PathBuf;

use wirecheck_core::wire::decode::decode_capture;
use wirecheck_core::wire::exchange::{Exchange, Limits};

/// One unary call.
pub const SAY_HELLO: &str = "python-grpcio.python-grpcio.say-hello";
/// Ten unary calls on one connection.
pub const TEN_CALLS: &str = "python-grpcio.python-grpcio.ten-calls";
/// Two calls with `-bin` metadata as Base64 both ways.
pub const BASE64: &str = "python-grpcio.python-grpcio.metadata-base64";
/// The same as raw bytes (gRFC G1).
pub const TRUE_BINARY: &str = "python-grpcio.python-grpcio.metadata-true-binary";
/// A Trailers-Only error.
pub const UNKNOWN_METHOD: &str = "python-grpcio.python-grpcio.unknown-method";
/// A Trailers-Only error with a percent-encoded message.
pub const FAIL: &str = "python-grpcio.python-grpcio.fail-with-details";
/// A call with `grpc-timeout` that the client resets.
pub const DEADLINE: &str = "python-grpcio.python-grpcio.deadline";
/// Three response messages.
pub const STREAMING: &str = "python-grpcio.python-grpcio.server-streaming";

/// The bytes of a capture, named without its ending.
pub fn read(name: &str) -> Vec<u8> {
    let path = folder().join(format!("{name}.wirecap"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of all captures, in order.
pub fn names() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).expect("the folder of captures");
    let files = entries.map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<_> = files
        .filter_map(|file| Some(file.to_str()?.strip_suffix(".wirecap")?.to_owned()))
        .collect();
    names.sort();
    names
}

pub fn decode(capture: &[u8]) -> Exchange {
    decode_capture(capture, Limits::default()).expect("a capture")
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/captures")
}
