//! What passes between two gRPC programs: the log of the tap, HTTP/2 frames,
//! HPACK, gRPC messages and protobuf fields, all with their byte ranges.

pub mod call;
pub mod canonical;
pub mod capture;
pub mod coding;
pub mod decode;
pub mod diff;
pub mod exchange;
pub mod frame;
pub mod framing;
pub mod grpc;
pub mod hpack;
pub mod mask;
pub mod metadata;
pub mod names;
pub mod payload;
pub mod protobuf;
pub mod relay;
pub mod secret;
pub mod tcp;
pub mod tls;
pub mod write;
