//! Header fields and metadata as a reader can take them in, secrets left out.

use wirecheck_core::model::run::MetadatumOf;
use wirecheck_core::wire::exchange::HeaderField;
use wirecheck_core::wire::grpc::percent_decode_lossy;
use wirecheck_core::wire::metadata::decode_bin;
use wirecheck_core::wire::names::status_name;
use wirecheck_core::wire::secret::Secrets;

use super::text;

/// The most bytes of a value that are written out.
const MOST_VALUE: usize = 120;

/// The value of a header field, with what it means behind it.
pub fn header_value(field: &HeaderField) -> String {
    let name = String::from_utf8_lossy(&field.name).into_owned();
    if is_secret(&name) {
        return redacted(field.value.len());
    }
    let value = shown(&field.value);
    match meaning(&name, &field.value) {
        Some(meaning) => format!("{value}   ({meaning})"),
        None => value,
    }
}

/// The name of a header field.
pub fn header_name(field: &HeaderField) -> String {
    shown(&field.name)
}

/// The value of an entry of metadata.
pub fn metadatum_value(entry: &MetadatumOf) -> String {
    let length = |text: &String| text.len();
    if is_secret(&entry.key) {
        let hex = entry.hex.as_ref().map(|hex| hex.len() / 2);
        return redacted(hex.or(entry.value.as_ref().map(length)).unwrap_or(0));
    }
    match (&entry.value, &entry.hex) {
        (Some(value), _) => text::fit(value, MOST_VALUE),
        (None, Some(hex)) => bytes(&text::unhex(hex)),
        (None, None) => String::new(),
    }
}

/// A value that must not stand in a report that is passed on.
fn is_secret(name: &str) -> bool {
    Secrets::default().is_secret(name)
}

fn redacted(length: usize) -> String {
    format!("(redacted, {})", text::count(length, "byte"))
}

fn shown(value: &[u8]) -> String {
    let head = &value[..value.len().min(MOST_VALUE)];
    let text = head.escape_ascii().to_string();
    match head.len() < value.len() {
        true => format!("{text}... {}", text::count(value.len(), "byte")),
        false => text,
    }
}

fn bytes(value: &[u8]) -> String {
    const MOST: usize = 24;
    match value.len() {
        0 => "(empty)".into(),
        1..=MOST => text::hex(value),
        all => format!(
            "{}... {}",
            text::hex(&value[..MOST]),
            text::count(all, "byte")
        ),
    }
}

/// What gRPC makes of a value, where that is not the value itself.
fn meaning(name: &str, value: &[u8]) -> Option<String> {
    match name {
        "grpc-status" => {
            let code = std::str::from_utf8(value).ok()?.parse().ok()?;
            status_name(code).map(str::to_owned)
        }
        "grpc-message" => {
            let message = percent_decode_lossy(value);
            (message.as_bytes() != value)
                .then(|| format!("\"{}\"", text::fit(&message, MOST_VALUE)))
        }
        name if name.ends_with("-bin") => {
            let values = decode_bin(value, true).ok()?;
            let values: Vec<String> = values.iter().map(|value| bytes(value)).collect();
            Some(values.join(", "))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: &str, value: Option<&str>, hex: Option<&str>) -> MetadatumOf {
        MetadatumOf {
            key: key.into(),
            value: value.map(str::to_owned),
            hex: hex.map(str::to_owned),
        }
    }

    #[test]
    fn secrets_are_left_out() {
        for key in ["authorization", "Cookie", "x-api-token"] {
            let shown = metadatum_value(&entry(key, Some("Bearer abc"), None));
            assert_eq!(shown, "(redacted, 10 bytes)", "{key}");
        }
        assert_eq!(metadatum_value(&entry("x-tokens", Some("3"), None)), "3");
    }

    #[test]
    fn values_say_what_they_mean() {
        assert_eq!(
            meaning("grpc-status", b"7").as_deref(),
            Some("PERMISSION_DENIED")
        );
        assert_eq!(
            meaning("grpc-message", b"a%20b").as_deref(),
            Some("\"a b\"")
        );
        assert_eq!(meaning("grpc-message", b"ab"), None);
        assert_eq!(meaning("x-bin", b"AQI").as_deref(), Some("01 02"));
        assert_eq!(meaning("x-bin", b"\0\x01").as_deref(), Some("01"));
        assert_eq!(
            metadatum_value(&entry("x-bin", None, Some("0102"))),
            "01 02"
        );
    }
}
