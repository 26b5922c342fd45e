//! Generates the contract's messages, and the descriptors of the built-in
//! schemas, from `proto/` with protox: no protoc has to be installed.

use std::path::PathBuf;
use std::{env, fs};

use prost::Message as _;

/// The schemas that cases may use without bringing their own.
const BUILT_IN: [&str; 6] = [
    "hello.proto",
    "helloworld.proto",
    "grpc/testing/test.proto",
    "grpc/health/v1/health.proto",
    "grpc/reflection/v1/reflection.proto",
    "grpc/reflection/v1alpha/reflection.proto",
];
/// Where they are: what peers have built in, and what they get with an order.
const FOLDERS: [&str; 2] = ["proto", "interop-tests/schemas"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for folder in FOLDERS {
        println!("cargo:rerun-if-changed={folder}");
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let contract = protox::compile(["wirecheck/v1/peer.proto"], ["proto"])?;
    prost_build::Config::new()
        .bytes(["."])
        .compile_fds(contract)?;
    let schemas = protox::compile(BUILT_IN, FOLDERS)?;
    fs::write(out.join("schemas.bin"), schemas.encode_to_vec())?;
    Ok(())
}
