//! Payloads: bytes that the contract gives in pieces.

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::contract::{Fill, Payload, piece};
use crate::features::Refusal;

/// The most bytes of one payload.
const MAX_PAYLOAD: u64 = 64 * 1024 * 1024;

/// Refuses what `assemble` could not put together.
pub fn check(payload: &Payload) -> Result<(), Refusal> {
    let mut length = 0_u64;
    for piece in &payload.pieces {
        length = length.saturating_add(match &piece.kind {
            Some(piece::Kind::Bytes(bytes)) => bytes.len() as u64,
            Some(piece::Kind::Fill(Fill {
                byte: 0..=255,
                count,
            })) => *count,
            Some(piece::Kind::Fill(fill)) => {
                return Err(Refusal::CouldNotTry(format!("{} is no byte", fill.byte)));
            }
            None => {
                return Err(Refusal::CouldNotTry(
                    "a piece of an unknown kind".to_owned(),
                ));
            }
        });
    }
    if length > MAX_PAYLOAD {
        let why = format!("a payload of {length} bytes; the limit is {MAX_PAYLOAD}");
        return Err(Refusal::CouldNotTry(why));
    }
    Ok(())
}

/// The bytes of a payload that was checked.
pub fn assemble(payload: &Payload) -> Bytes {
    // Most payloads are one piece, which is shared and not copied.
    if let [piece] = &payload.pieces[..]
        && let Some(piece::Kind::Bytes(bytes)) = &piece.kind
    {
        return bytes.clone();
    }
    let mut assembled = BytesMut::new();
    for piece in &payload.pieces {
        match &piece.kind {
            Some(piece::Kind::Bytes(bytes)) => assembled.put_slice(bytes),
            Some(piece::Kind::Fill(fill)) => {
                assembled.put_bytes(fill.byte as u8, fill.count as usize);
            }
            None => {}
        }
    }
    assembled.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Piece;

    fn payload(kinds: Vec<Option<piece::Kind>>) -> Payload {
        let pieces = kinds.into_iter().map(|kind| Piece { kind });
        Payload {
            pieces: pieces.collect(),
        }
    }

    fn bytes(bytes: &'static [u8]) -> Option<piece::Kind> {
        Some(piece::Kind::Bytes(Bytes::from_static(bytes)))
    }

    fn fill(byte: u32, count: u64) -> Option<piece::Kind> {
        Some(piece::Kind::Fill(Fill { byte, count }))
    }

    #[test]
    fn puts_pieces_together() {
        for (kinds, expected) in [
            (vec![], &b""[..]),
            (vec![bytes(b"ab")], b"ab"),
            (
                vec![bytes(b"ab"), fill(255, 2), bytes(b"c")],
                b"ab\xff\xffc",
            ),
        ] {
            let payload = payload(kinds);
            assert!(check(&payload).is_ok());
            assert_eq!(assemble(&payload), expected);
        }
    }

    #[test]
    fn refuses_what_is_no_payload() {
        for kinds in [
            vec![None],
            vec![fill(256, 1)],
            vec![fill(0, MAX_PAYLOAD), bytes(b"a")],
            vec![fill(0, u64::MAX), fill(0, u64::MAX)],
        ] {
            assert!(matches!(
                check(&payload(kinds)),
                Err(Refusal::CouldNotTry(_))
            ));
        }
        assert!(check(&payload(vec![fill(0, MAX_PAYLOAD)])).is_ok());
    }
}
