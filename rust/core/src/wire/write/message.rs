//! gRPC's length-prefixed messages (gRPC over HTTP/2, "Length-Prefixed-Message").

/// The five bytes before a message: Compressed-Flag and Message-Length. What
/// they say need not be so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefix {
    /// The Compressed-Flag byte; 0 and 1 are defined.
    pub flag: u8,
    /// The declared length, if not that of the message.
    pub length: Option<u32>,
}

impl Prefix {
    /// Of a message that is not compressed, with its length as it is.
    pub const PLAIN: Self = Self {
        flag: 0,
        length: None,
    };

    /// The prefix and the message. A message of 4 GiB and more declares its
    /// length modulo 2^32.
    pub fn before(self, message: &[u8]) -> Vec<u8> {
        let length = self.length.unwrap_or(message.len() as u32);
        [&[self.flag][..], &length.to_be_bytes()[..], message].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_says_what_it_is_told() {
        assert_eq!(Prefix::PLAIN.before(b"ab"), [0, 0, 0, 0, 2, b'a', b'b']);
        let wrong = Prefix {
            flag: 7,
            length: Some(0x8000_0000),
        };
        assert_eq!(wrong.before(b""), [7, 0x80, 0, 0, 0]);
    }
}
