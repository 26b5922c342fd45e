//! The bodies that need more than the core: the import of packets, which is
//! the program's, and h2.

#[path = "../bodies/input.rs"]
#[allow(dead_code, reason = "these use a part of it")]
mod input;

pub mod h2_against;
pub mod import;
