//! Wirecheck proves that gRPC programs written in different languages
//! understand each other, byte for byte.
//!
//! This library is what the program `wirecheck` is made of. Its pure half is
//! the crate `wirecheck_core`.

pub mod cli;
pub mod doctor;
pub mod export;
pub mod import;
pub mod init;
pub mod line;
pub mod lint;
pub mod live;
pub mod peer;
pub mod report;
pub mod run;
pub mod schema;
pub mod script;
pub mod tap;
