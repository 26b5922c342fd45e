//! Generates the contract's messages, and the descriptors of the built-in
//! schemas, from `proto/` with protox: no protoc has to be installed.

use std::path::PathBuf;
use std::{env, fs};

use prost::Message as _;

/// The schemas that cases may use without bringing their own.
const BUILT_IN: [&str; 3] = ["hello.proto", "helloworld.proto", "grpc/testing/test.proto"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let contract = protox::compile(["wirecheck/v1/peer.proto"], ["proto"])?;
    prost_build::Config::new()
        .bytes(["."])
        .compile_fds(contract)?;
    let schemas = protox::compile(BUILT_IN, ["proto"])?;
    fs::write(out.join("schemas.bin"), schemas.encode_to_vec())?;
    Ok(())
}
