//! Generates Rust from the shop's schema.

use std::error::Error;

const ROOT: &str = "../proto";
const SCHEMA: &str = "shop/v1/shop.proto";

fn main() -> Result<(), Box<dyn Error>> {
    let schema = protox::compile([SCHEMA], [ROOT])?;
    tonic_prost_build::configure()
        .build_client(false)
        .compile_fds(schema)?;
    println!("cargo::rerun-if-changed={ROOT}/{SCHEMA}");
    Ok(())
}
