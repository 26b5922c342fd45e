//! Codings of messages, which tonic sends and accepts only where it is told to.

use tonic::codec::CompressionEncoding;

use crate::features::Refusal;

/// What a side does about compression, for every call.
#[derive(Clone, Copy, Default)]
pub struct Codings {
    pub send: Option<CompressionEncoding>,
    pub accept: Option<CompressionEncoding>,
}

impl Codings {
    /// From the options of the contract, by the names of `grpc-encoding`.
    pub fn new(send: Option<&str>, accept: Option<&str>) -> Result<Self, Refusal> {
        Ok(Self {
            send: send.map(|name| named(name, "compression")).transpose()?,
            accept: accept
                .map(|name| named(name, "accept_compression"))
                .transpose()?,
        })
    }
}

fn named(name: &str, option: &str) -> Result<CompressionEncoding, Refusal> {
    match name {
        "gzip" => Ok(CompressionEncoding::Gzip),
        // tonic has others too, behind features that this peer is built without.
        _ => Err(Refusal::Unsupported(format!("option:{option}"))),
    }
}

/// Tells a client or a server of tonic its codings. They have no trait in common.
macro_rules! with_codings {
    ($grpc:expr, $codings:expr) => {{
        let mut grpc = $grpc;
        if let Some(coding) = $codings.send {
            grpc = grpc.send_compressed(coding);
        }
        if let Some(coding) = $codings.accept {
            grpc = grpc.accept_compressed(coding);
        }
        grpc
    }};
}

pub(crate) use with_codings;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_gzip_and_says_what_it_does_not_know() {
        let codings = Codings::new(Some("gzip"), None).expect("gzip");
        assert!(codings.send.is_some() && codings.accept.is_none());
        let refused = Codings::new(None, Some("snappy")).err();
        assert!(
            matches!(&refused, Some(Refusal::Unsupported(name)) if name == "option:accept_compression"),
            "{refused:?}"
        );
    }
}
