//! What the route guide's server and client share.

pub mod distance;
pub mod features;

/// Generated from `proto/route_guide.proto`.
pub mod proto {
    tonic::include_proto!("routeguide");
}
