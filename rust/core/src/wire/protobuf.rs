//! Protobuf messages as fields with their byte ranges.

pub mod record;
