//! Messages that a codec understood, against those that were expected.

use prost_reflect::MessageDescriptor;

use crate::judge::finding::Evidence;
use crate::judge::observed::MessageSeen;
use crate::plan::schema;
use crate::plan::types::{MessageExpect, Payload};
use crate::wire::canonical;

/// How a list of messages differs from what was expected.
pub struct Difference {
    /// The index of the first message that differs.
    pub index: usize,
    /// In one sentence, to follow "the client's codec" or the like.
    pub sentence: String,
    /// What was expected.
    pub expected: Evidence,
    /// What was seen.
    pub got: Evidence,
}

/// The first difference, if there is any.
pub fn difference(
    expected: &[MessageExpect],
    seen: &[MessageSeen],
    count: u64,
    kind: &MessageDescriptor,
) -> Option<Difference> {
    let differing = expected
        .iter()
        .zip(seen)
        .enumerate()
        .find_map(|(index, (expected, seen))| {
            one(expected, seen, kind).map(|(expected, got, sentence)| Difference {
                index,
                sentence,
                expected,
                got,
            })
        });
    differing.or_else(|| wrong_count(expected.len(), count))
}

fn wrong_count(expected: usize, count: u64) -> Option<Difference> {
    if expected as u64 == count {
        return None;
    }
    Some(Difference {
        index: expected.min(count as usize),
        sentence: format!("got {}, expected {expected}", messages(count)),
        expected: Evidence::text(messages(expected as u64)),
        got: Evidence::text(messages(count)),
    })
}

fn messages(count: u64) -> String {
    match count {
        1 => "1 message".into(),
        n => format!("{n} messages"),
    }
}

fn one(
    expected: &MessageExpect,
    seen: &MessageSeen,
    kind: &MessageDescriptor,
) -> Option<(Evidence, Evidence, String)> {
    if let Some(error) = &seen.codec_error {
        let sentence = "could not decode the message".to_owned();
        return Some((
            expected_evidence(expected),
            Evidence::text(error.clone()),
            sentence,
        ));
    }
    match expected {
        MessageExpect::Size(size) if *size == seen.length => None,
        MessageExpect::Size(size) => {
            let got = Evidence::text(format!("{} bytes", seen.length));
            let sentence = format!(
                "understood a message of {} bytes, expected {size}",
                seen.length
            );
            Some((expected_evidence(expected), got, sentence))
        }
        MessageExpect::Has(part) => {
            let is_whole = seen.head.len() as u64 == seen.length;
            if is_whole && part.is_in(kind, &seen.head) {
                return None;
            }
            let sentence = "understood a message without what was expected in it".to_owned();
            Some((
                expected_evidence(expected),
                seen_evidence(seen, kind),
                sentence,
            ))
        }
        MessageExpect::Is { bytes, json } if same_meaning(bytes, seen, kind) => {
            let _ = json;
            None
        }
        MessageExpect::Is { .. } => {
            let sentence = "understood another message than expected".to_owned();
            Some((
                expected_evidence(expected),
                seen_evidence(seen, kind),
                sentence,
            ))
        }
    }
}

fn same_meaning(expected: &[u8], seen: &MessageSeen, kind: &MessageDescriptor) -> bool {
    if Payload::bytes(expected.to_vec()).sha256().as_slice() == seen.sha256 {
        return true;
    }
    // Only a message that is there in full can be compared by its meaning.
    if seen.head.len() as u64 != seen.length {
        return false;
    }
    match (
        canonical::canonical(expected, Some(kind)),
        canonical::canonical(&seen.head, Some(kind)),
    ) {
        (Ok(expected), Ok(seen)) => expected == seen,
        _ => false,
    }
}

fn expected_evidence(expected: &MessageExpect) -> Evidence {
    match expected {
        MessageExpect::Is { bytes, json } => Evidence::bytes(json.to_string(), bytes),
        MessageExpect::Size(size) => Evidence::text(format!("{size} bytes")),
        MessageExpect::Has(part) => Evidence::text(format!("a message with {part}")),
    }
}

fn seen_evidence(seen: &MessageSeen, kind: &MessageDescriptor) -> Evidence {
    let whole = seen.head.len() as u64 == seen.length;
    let text = match schema::decode(kind, &seen.head) {
        Ok(json) if whole => json.to_string(),
        _ => format!("{} bytes", seen.length),
    };
    let mut evidence = Evidence::bytes(text, &seen.head);
    evidence.length = seen.length;
    evidence
}
