//! What prost makes of the schemas that are compared.

#![allow(missing_docs, dead_code)] // all is generated, whether a check uses it or not

/// `proto/hello.proto`.
pub mod hello {
    include!(concat!(env!("OUT_DIR"), "/_.rs"));
}

/// `proto/wirecheck/test/v1/scalars.proto`.
pub mod scalars {
    include!(concat!(env!("OUT_DIR"), "/wirecheck.test.v1.rs"));
}
