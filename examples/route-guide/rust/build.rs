//! Generates Rust from the route guide's schema.

use std::error::Error;

const ROOT: &str = "../proto";
const SCHEMA: &str = "route_guide.proto";

fn main() -> Result<(), Box<dyn Error>> {
    let schema = protox::compile([SCHEMA], [ROOT])?;
    tonic_prost_build::configure().compile_fds(schema)?;
    println!("cargo::rerun-if-changed={ROOT}/{SCHEMA}");
    Ok(())
}
