//! Schemas for tests, compiled from their files.

use std::path::PathBuf;

use prost_reflect::{DescriptorPool, MessageDescriptor};

/// A message of proto3 with fields of every kind.
pub fn everything() -> MessageDescriptor {
    let proto = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    message(
        proto,
        "wirecheck/test/v1/scalars.proto",
        "wirecheck.test.v1.Everything",
    )
}

/// A message of proto2, with what proto3 does not have.
pub fn legacy() -> MessageDescriptor {
    let schemas = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/schemas");
    message(schemas, "legacy.proto", "legacy.Legacy")
}

fn message(folder: PathBuf, file: &str, name: &str) -> MessageDescriptor {
    let files = protox::compile([file], [folder]).unwrap();
    DescriptorPool::from_file_descriptor_set(files)
        .unwrap()
        .get_message_by_name(name)
        .unwrap()
}
