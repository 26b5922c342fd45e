//! The bodies of the fuzz targets, and the part of the program that one of them
//! needs and the core has not.

pub mod bodies;
#[path = "../rust/import/mod.rs"]
pub mod import;
pub mod outer;
