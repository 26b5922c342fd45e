//! Wirecheck's pure core: bytes and data in, values out. Nothing here opens a
//! socket, reads a clock or starts a process.

pub mod judge;
pub mod model;
pub mod plan;
pub mod printable;
pub mod talk;
pub mod wire;
