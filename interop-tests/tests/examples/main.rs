//! The programs below `examples/`, client against server, without Wirecheck.
//!
//! Needs `.venv` and the generated stubs, and the programs in Rust: `make test` sees to both.

mod compare;
mod folder;
mod given;
mod own_services;
mod program;
mod readme;
mod rewrite;
mod route_guide;
mod shop;
mod stale;
