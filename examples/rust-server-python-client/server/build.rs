//! Generates Rust from the shop's schema.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use prost::Message as _;

const ROOT: &str = "../proto";
const SCHEMA: &str = "shop/v1/shop.proto";

fn main() -> Result<(), Box<dyn Error>> {
    let schema = protox::compile([SCHEMA], [ROOT])?;
    // Server reflection hands it out as it is.
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("shop.binpb"), schema.encode_to_vec())?;
    tonic_prost_build::configure()
        .build_client(false)
        .compile_fds(schema)?;
    println!("cargo::rerun-if-changed={ROOT}/{SCHEMA}");
    Ok(())
}
