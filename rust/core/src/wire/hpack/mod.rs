//! HPACK (RFC 7541).

/// How a header field was encoded (RFC 7541, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Representation {
    /// An indexed header field (section 6.1).
    Indexed {
        /// The index in the static and dynamic tables.
        index: usize,
    },
}
