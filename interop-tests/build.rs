//! Generates the Rust that the Python byte test holds against Python's, and the
//! contract for `broken-peer`, with protox, so that nobody needs a `protoc`.

use std::error::Error;

const SCHEMAS: &str = "../proto";
const COMPARED_WITH_PYTHON: [&str; 2] = ["hello.proto", "wirecheck/test/v1/scalars.proto"];
const CONTRACT: &str = "wirecheck/v1/peer.proto";

fn main() -> Result<(), Box<dyn Error>> {
    let compared = protox::compile(COMPARED_WITH_PYTHON, [SCHEMAS])?;
    prost_build::Config::new()
        // In the order of their keys, so that a value has the same bytes in every run.
        .btree_map(["."])
        .compile_fds(compared)?;
    prost_build::Config::new()
        // They hold indented text, which rustdoc would take for code.
        .disable_comments(["."])
        .compile_fds(protox::compile([CONTRACT], [SCHEMAS])?)?;

    println!("cargo::rerun-if-changed=build.rs");
    // Named one by one: the other schemas in that folder are no reason to build again.
    for schema in COMPARED_WITH_PYTHON.iter().chain([&CONTRACT]) {
        println!("cargo::rerun-if-changed={SCHEMAS}/{schema}");
    }

    // Without a path of its own the loader takes any libpython of the same minor
    // version that it comes upon first, such as the system's in place of pyenv's.
    #[cfg(feature = "py")]
    pyo3_build_config::add_libpython_rpath_link_args();
    Ok(())
}
