//! The documents that the rules quote.

use crate::judge::finding::Section;

/// A section of gRPC's `PROTOCOL-HTTP2.md`. The quotes leave out its bold
/// type and keep its words.
macro_rules! grpc {
    ($section:literal, $anchor:literal, $quote:literal) => {
        $crate::judge::finding::Section {
            name: concat!("gRPC over HTTP2, \"", $section, "\""),
            quote: $quote,
            link: concat!(
                "https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#",
                $anchor
            ),
        }
    };
}

/// A section of RFC 9113, HTTP/2.
macro_rules! rfc9113 {
    ($section:literal, $quote:literal) => {
        $crate::judge::finding::Section {
            name: concat!("RFC 9113, section ", $section),
            quote: $quote,
            link: concat!("https://www.rfc-editor.org/rfc/rfc9113#section-", $section),
        }
    };
}

/// A section of RFC 7541, HPACK.
macro_rules! rfc7541 {
    ($section:literal, $quote:literal) => {
        $crate::judge::finding::Section {
            name: concat!("RFC 7541, section ", $section),
            quote: $quote,
            link: concat!("https://www.rfc-editor.org/rfc/rfc7541#section-", $section),
        }
    };
}

pub(super) use {grpc, rfc7541, rfc9113};

/// gRPC's `compression.md`, where both sides use different codings.
pub(super) const COMPRESSION_ASYMMETRY: Section = Section {
    name: "gRPC Compression, \"Compression Method Asymmetry Between Peers\"",
    quote: "For every message a server is requested to compress using an algorithm it knows the \
            client doesn't support (as indicated by the last `grpc-accept-encoding` header \
            received from the client), it SHALL send the message uncompressed.",
    link: "https://github.com/grpc/grpc/blob/master/doc/compression.md#compression-method-asymmetry-between-peers",
};

/// gRPC's `compression.md`, where a peer supports more than it says.
pub(super) const UNDISCLOSED_BUT_SUPPORTED: Section = Section {
    name: "gRPC Compression, \"Compression Method Asymmetry Between Peers\"",
    quote: "However, if it receives a message compressed in an undisclosed but supported \
            encoding, it MUST include said encoding in the response's `grpc-accept-encoding` \
            header.",
    link: COMPRESSION_ASYMMETRY.link,
};

/// gRFC G1, binary metadata without base64.
pub(super) const TRUE_BINARY: Section = Section {
    name: "gRFC G1, \"'True binary' encoding\"",
    quote: "When transmitting metadata on a connection where the peer has specified \
            GRPC_ALLOW_TRUE_BINARY_METADATA, instead of encoding using base64, an implementation \
            MAY instead prefix a NUL byte to the metadata and transmit the data in binary form.",
    link: "https://github.com/grpc/proposal/blob/master/G1-true-binary-metadata.md#true-binary-encoding",
};
