//! What a call or a handler received, within the limits of an envelope.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tonic::Status;

use crate::codec::CodecError;
use crate::contract::Seen;

/// The most messages that are told one by one.
const MAX_TOLD: usize = 1000;
/// What is told of every message.
const HEAD: usize = 4 * 1024;
/// What all messages that are told in full may have together. With 4 KiB of
/// every other one they still fit in an envelope.
const WHOLE_BUDGET: usize = 4 * 1024 * 1024;

/// The messages that came in, in their order.
pub struct Inbox {
    messages: Vec<Seen>,
    count: u64,
    /// Bytes that may still be told beyond the first 4 KiB of a message.
    budget: usize,
}

impl Inbox {
    /// `whole`: messages are told in full.
    pub fn new(whole: bool) -> Self {
        Self {
            messages: Vec::new(),
            count: 0,
            budget: if whole { WHOLE_BUDGET } else { 0 },
        }
    }

    /// A message, as the codec encoded it again.
    pub fn add(&mut self, message: &Bytes) {
        if self.is_told() {
            let seen = self.see(message);
            self.messages.push(seen);
        }
    }

    /// A status that the library made; it counts if it stands for a message
    /// that the codec refused.
    pub fn add_refused(&mut self, status: &Status) {
        if let Some(error) = CodecError::find(status)
            && self.is_told()
        {
            self.messages.push(Seen {
                codec_error: error.to_string(),
                ..Seen::default()
            });
        }
    }

    /// The messages that are told, and how many there were.
    pub fn take(&mut self) -> (Vec<Seen>, u64) {
        (std::mem::take(&mut self.messages), self.count)
    }

    fn is_told(&mut self) -> bool {
        self.count += 1;
        self.messages.len() < MAX_TOLD
    }

    fn see(&mut self, message: &Bytes) -> Seen {
        let head = if message.len() <= HEAD {
            message.len()
        } else if message.len() <= self.budget {
            self.budget -= message.len();
            message.len()
        } else {
            HEAD
        };
        Seen {
            length: message.len() as u64,
            sha256: Bytes::copy_from_slice(&Sha256::digest(message)),
            head: message.slice(..head),
            codec_error: String::new(),
            // tonic decompresses before a codec sees anything.
            compressed: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heads(whole: bool, sizes: &[usize]) -> Vec<usize> {
        let mut inbox = Inbox::new(whole);
        for size in sizes {
            inbox.add(&Bytes::from(vec![0; *size]));
        }
        let (messages, count) = inbox.take();
        assert_eq!(count, sizes.len() as u64);
        messages.iter().map(|seen| seen.head.len()).collect()
    }

    #[test]
    fn tells_short_messages_in_full_and_long_ones_in_part() {
        assert_eq!(heads(false, &[0, HEAD, HEAD + 1]), [0, HEAD, HEAD]);
    }

    #[test]
    fn tells_whole_messages_up_to_four_mebibytes_together() {
        assert_eq!(heads(true, &[WHOLE_BUDGET, HEAD + 1]), [WHOLE_BUDGET, HEAD]);
        assert_eq!(heads(true, &[WHOLE_BUDGET + 1, HEAD + 1]), [HEAD, HEAD + 1]);
    }

    #[test]
    fn tells_as_much_as_fits_in_an_envelope() {
        let mut sizes = vec![HEAD; MAX_TOLD + 1];
        sizes[0] = WHOLE_BUDGET;
        let told = heads(true, &sizes);
        assert_eq!(told.len(), MAX_TOLD);
        // A hash and two lengths come with each head, and metadata with all of them.
        let rest = MAX_TOLD * 60 + 32 * 1024;
        assert!(told.iter().sum::<usize>() + rest < crate::frames::MAX_ENVELOPE);
    }

    #[test]
    fn counts_what_the_codec_refused() {
        let mut inbox = Inbox::new(false);
        inbox.add_refused(&Status::internal("of another cause"));
        assert_eq!(inbox.take().1, 0);
    }
}
