//! What each fuzz target does with its input, and what has to hold then.
//!
//! The targets of cargo-fuzz and the tests that replay the kept inputs share
//! these bodies. Each is `run`: it takes any bytes, and panics where something
//! does not hold.

pub mod capture;
pub mod case_file;
pub mod connection;
pub mod dialogue;
pub mod hpack;
pub mod hpack_against;
pub mod input;
pub mod manifest;
pub mod masking;
pub mod messages;
#[path = "../../rust/core/tests/hpack/opinion.rs"]
#[allow(dead_code, reason = "it has Python's opinion too")]
mod opinion;
pub mod protobuf;
pub mod relay;
pub mod run_json;
pub mod segments;
