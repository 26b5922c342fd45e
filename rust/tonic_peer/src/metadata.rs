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
