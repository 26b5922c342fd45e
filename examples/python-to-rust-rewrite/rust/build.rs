//! Generates Rust from the service's schema.

use std::error::Error;

const ROOT: &str = "../proto";
const SCHEMA: &str = "shop/orders/v1/orders.proto";

fn main() -> Result<(), Box<dyn Error>> {
    let schema = protox::compile([SCHEMA], [ROOT])?;
    tonic_prost_build::configure()
        .build_client(false)
        // In the order of their keys, so that an order has the same bytes every time.
        .btree_map(".")
        // Written by hand, because prost drops the fields that a schema lacks.
        .extern_path(".shop.orders.v1.Draft", "crate::draft::Draft")
        .compile_fds(schema)?;
    println!("cargo::rerun-if-changed={ROOT}/{SCHEMA}");
    Ok(())
}
