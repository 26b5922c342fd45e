//! Generates the greeter's and the bench's Rust from the schemas in `proto/`,
//! with protox, so that nobody needs a `protoc`.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let schemas = "../../proto";
    let greeter = protox::compile(["hello.proto"], [schemas])?;
    tonic_prost_build::configure().compile_fds(greeter)?;

    // Only `benches/claim.rs` includes this one.
    let book = protox::compile(["wirecheck/bench/v1/book.proto"], [schemas])?;
    prost_build::compile_fds(book)?;

    // Named one by one: the other schemas in that folder are no reason to build again.
    println!("cargo::rerun-if-changed={schemas}/hello.proto");
    println!("cargo::rerun-if-changed={schemas}/wirecheck/bench/v1/book.proto");
    Ok(())
}
