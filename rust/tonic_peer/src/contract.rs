//! The generated code: the contract with the harness, and the built-in services.

#![allow(clippy::all)]

include!(concat!(env!("OUT_DIR"), "/wirecheck.v1.rs"));

/// The greeter of `hello.proto`, which has no package: prost calls that `_`.
pub mod hello {
    include!(concat!(env!("OUT_DIR"), "/_.rs"));
}

/// The greeter of `helloworld.proto`.
pub mod helloworld {
    include!(concat!(env!("OUT_DIR"), "/helloworld.rs"));
}

/// The interface of the official interop cases.
pub mod testing {
    include!(concat!(env!("OUT_DIR"), "/grpc.testing.rs"));
}

/// What this peer was built from: `VERSIONS`, pairs of a name and a version.
pub mod built_from {
    include!(concat!(env!("OUT_DIR"), "/versions.rs"));
}

/// The schemas of the built-in services, a serialized `google.protobuf.FileDescriptorSet`.
pub const SERVICES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/services.bin"));
