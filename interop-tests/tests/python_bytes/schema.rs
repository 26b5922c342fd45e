//! What prost makes of the schemas that are compared.

// All is generated, whether a check uses it or not, and named as the schema names it.
#![allow(missing_docs, dead_code, clippy::enum_variant_names)]

/// `proto/hello.proto`.
pub mod hello {
    include!(concat!(env!("OUT_DIR"), "/_.rs"));
}

/// `proto/wirecheck/test/v1/scalars.proto`.
pub mod scalars {
    include!(concat!(env!("OUT_DIR"), "/wirecheck.test.v1.rs"));
}
