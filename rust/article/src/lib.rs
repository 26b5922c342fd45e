//! What the article's three programs share: the messages generated from
//! `proto/hello.proto`, and a way to print bytes as the article prints them.

pub mod notation;

/// The greeter without a package, so its path is `/Greeter/SayHello`.
pub mod proto {
    tonic::include_proto!("_");
}
