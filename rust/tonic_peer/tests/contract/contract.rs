//! The contract as generated code.

#![allow(clippy::all, dead_code)]

include!(concat!(env!("OUT_DIR"), "/wirecheck.v1.rs"));
