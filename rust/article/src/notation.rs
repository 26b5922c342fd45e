//! Python's notation for bytes, in which the article prints its message.

use std::fmt::Write;

/// Writes `bytes` as Python's `repr` does: `b'\n\x05World'`.
///
/// Printable ASCII stands for itself; tab, line feed and carriage return have
/// their short escapes, every other byte is `\x` and two lower-case digits. The
/// quotes are single ones, unless the bytes hold a single and no double quote.
pub fn python_repr(bytes: &[u8]) -> String {
    let quote = quote_for(bytes);
    let mut text = format!("b{quote}");
    for &byte in bytes {
        push_byte(&mut text, byte, quote);
    }
    text.push(quote);
    text
}

fn quote_for(bytes: &[u8]) -> char {
    if bytes.contains(&b'\'') && !bytes.contains(&b'"') {
        '"'
    } else {
        '\''
    }
}

fn push_byte(text: &mut String, byte: u8, quote: char) {
    match byte {
        b'\t' => text.push_str("\\t"),
        b'\n' => text.push_str("\\n"),
        b'\r' => text.push_str("\\r"),
        b'\\' => text.push_str("\\\\"),
        _ if char::from(byte) == quote => {
            text.push('\\');
            text.push(quote);
        }
        b' '..=b'~' => text.push(char::from(byte)),
        _ => write!(text, "\\x{byte:02x}").expect("a String takes every write"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_articles_message_reads_as_printed() {
        assert_eq!(python_repr(b"\n\x05World"), r"b'\n\x05World'");
    }

    #[test]
    fn no_bytes_are_a_pair_of_quotes() {
        assert_eq!(python_repr(b""), "b''");
    }

    #[test]
    fn short_escapes_are_those_of_python() {
        // Python writes \x00, \x07, \x08, \x0b and \x0c in full, unlike C.
        assert_eq!(
            python_repr(b"\0\x07\x08\t\n\x0b\x0c\r\\"),
            r"b'\x00\x07\x08\t\n\x0b\x0c\r\\'"
        );
    }

    #[test]
    fn bytes_outside_printable_ascii_are_hex() {
        assert_eq!(python_repr(b"\x1f ~\x7f\x80\xff"), r"b'\x1f ~\x7f\x80\xff'");
    }

    #[test]
    fn the_quotes_follow_pythons_rule() {
        assert_eq!(python_repr(br#"say "hi""#), r#"b'say "hi"'"#);
        assert_eq!(python_repr(b"it's"), r#"b"it's""#);
        assert_eq!(python_repr(br#"it's "so""#), r#"b'it\'s "so"'"#);
    }
}
