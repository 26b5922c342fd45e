//! What the article's three programs share: the messages generated from
//! `proto/hello.proto`, and a way to print bytes as the article prints them.

pub mod notation;

/// The greeter without a package, so its path is `/Greeter/SayHello`.
pub mod proto {
    tonic::include_proto!("_");
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::proto::HelloRequest;

    /// What docs/article.md says of compatibility: prost reads past what it does
    /// not know, and does not hand it on, as Python's runtime does.
    #[test]
    fn unknown_fields_are_read_past_and_dropped() {
        let newer = b"\n\x05World\x12\x02Dr"; // field 2 is not in the schema
        let request = HelloRequest::decode(newer.as_slice()).expect("unknown fields are legal");
        assert_eq!(request.name, "World");
        assert_eq!(request.encode_to_vec(), b"\n\x05World");
    }
}
