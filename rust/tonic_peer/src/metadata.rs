//! Metadata between the contract and tonic.

use bytes::Bytes;
use tonic::metadata::{
    AsciiMetadataKey, AsciiMetadataValue, BinaryMetadataKey, BinaryMetadataValue, KeyAndValueRef,
    MetadataMap,
};

use crate::contract::Metadatum;
use crate::features::Refusal;

/// Metadata to send, duplicates kept; refused if tonic's types do not take it.
pub fn to_map(entries: &[Metadatum]) -> Result<MetadataMap, Refusal> {
    let mut map = MetadataMap::with_capacity(entries.len());
    for entry in entries {
        append(&mut map, entry)
            .ok_or_else(|| Refusal::CouldNotTry(format!("tonic takes no metadata {entry:?}")))?;
    }
    Ok(map)
}

fn append(map: &mut MetadataMap, entry: &Metadatum) -> Option<()> {
    let key = entry.key.as_bytes();
    if entry.key.ends_with("-bin") {
        let key = BinaryMetadataKey::from_bytes(key).ok()?;
        map.append_bin(key, BinaryMetadataValue::from_bytes(&entry.value));
    } else {
        let key = AsciiMetadataKey::from_bytes(key).ok()?;
        map.append(key, AsciiMetadataValue::try_from(&entry.value[..]).ok()?);
    }
    Some(())
}

/// Metadata as tonic shows it to its users.
pub fn from_map(map: &MetadataMap) -> Vec<Metadatum> {
    map.iter()
        .map(|entry| match entry {
            KeyAndValueRef::Ascii(key, value) => Metadatum {
                key: key.to_string(),
                value: Bytes::copy_from_slice(value.as_bytes()),
            },
            KeyAndValueRef::Binary(key, value) => Metadatum {
                key: key.to_string(),
                // What is no base64 is told as it came.
                value: value
                    .to_bytes()
                    .unwrap_or_else(|_| Bytes::copy_from_slice(value.as_encoded_bytes())),
            },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: &str, value: &'static [u8]) -> Metadatum {
        Metadatum {
            key: key.to_owned(),
            value: Bytes::from_static(value),
        }
    }

    #[test]
    fn keeps_the_order_within_a_key() {
        let entries = [
            entry("k", b"2"),
            entry("k", b"1"),
            entry("k-bin", b"\0\xff"),
            entry("k-bin", b""),
        ];
        let map = to_map(&entries).expect("valid metadata");
        assert_eq!(from_map(&map), entries);
    }

    #[test]
    fn tells_as_it_came_what_is_no_base64() {
        let mut headers = http::HeaderMap::new();
        headers.insert("k-bin", http::HeaderValue::from_static("a,b"));
        let map = MetadataMap::from_headers(headers);
        assert_eq!(from_map(&map), [entry("k-bin", b"a,b")]);
    }

    #[test]
    fn refuses_what_cannot_be_a_header() {
        for entry in [entry("no key", b""), entry("k", b"a\nb"), entry("", b"")] {
            assert!(matches!(to_map(&[entry]), Err(Refusal::CouldNotTry(_))));
        }
    }
}
