//! The texts of gRPC over HTTP/2: timeouts, percent-encoded messages and
//! content types (PROTOCOL-HTTP2, "Requests" and "Responses").

use thiserror::Error;

/// Why a `grpc-timeout` is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TimeoutError {
    /// There are no digits.
    #[error("no digits")]
    NoDigits,
    /// More digits than eight.
    #[error("{0} digits, at most 8 are allowed")]
    TooManyDigits(usize),
    /// A byte that is no ASCII digit before the unit.
    #[error("byte {0:#04x} among the digits")]
    NotADigit(u8),
    /// The last byte is none of `H M S m u n`.
    #[error("no unit H, M, S, m, u or n at the end")]
    NoUnit,
    /// The value is 0, but the grammar has a positive integer.
    #[error("not a positive integer")]
    Zero,
}

/// A `grpc-timeout` in nanoseconds.
///
/// # Errors
/// When it is not 1 to 8 digits of a positive integer and a unit.
pub fn parse_timeout(value: &[u8]) -> Result<u128, TimeoutError> {
    let Some((unit, digits)) = value.split_last() else {
        return Err(TimeoutError::NoDigits);
    };
    let unit = unit_nanoseconds(*unit).ok_or(TimeoutError::NoUnit)?;
    if let Some(byte) = digits.iter().find(|byte| !byte.is_ascii_digit()) {
        return Err(TimeoutError::NotADigit(*byte));
    }
    match digits.len() {
        0 => return Err(TimeoutError::NoDigits),
        1..=8 => {}
        count => return Err(TimeoutError::TooManyDigits(count)),
    }
    match digits
        .iter()
        .fold(0_u128, |value, digit| value * 10 + u128::from(digit - b'0'))
    {
        0 => Err(TimeoutError::Zero),
        value => Ok(value * unit),
    }
}

fn unit_nanoseconds(unit: u8) -> Option<u128> {
    Some(match unit {
        b'H' => 3_600_000_000_000,
        b'M' => 60_000_000_000,
        b'S' => 1_000_000_000,
        b'm' => 1_000_000,
        b'u' => 1_000,
        b'n' => 1,
        _ => return None,
    })
}

/// Why a `grpc-message` is not percent-encoded. Offsets count its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PercentError {
    /// A byte that must be encoded: not in 0x20 to 0x24 or 0x26 to 0x7e.
    #[error("byte {byte:#04x} at offset {offset} is not encoded")]
    Unencoded {
        /// Where.
        offset: usize,
        /// The byte.
        byte: u8,
    },
    /// A `%` without two hexadecimal digits behind it.
    #[error("`%` at offset {offset} is not followed by two hexadecimal digits")]
    Escape {
        /// Where the `%` is.
        offset: usize,
    },
    /// The decoded bytes are not UTF-8.
    #[error("the decoded message is not UTF-8 from its byte {offset} on")]
    NotUtf8 {
        /// Where in the decoded bytes.
        offset: usize,
    },
}

/// Decodes a `grpc-message` that keeps to its grammar.
///
/// # Errors
/// At the first byte that does not, or when the result is not UTF-8. What a
/// receiver does then: [`percent_decode_lossy`].
pub fn percent_decode(value: &[u8]) -> Result<String, PercentError> {
    check_percent(value)?;
    String::from_utf8(unescape(value)).map_err(|error| PercentError::NotUtf8 {
        offset: error.utf8_error().valid_up_to(),
    })
}

/// Decodes a `grpc-message` as a receiver must: what is wrong stays as it is,
/// and what is not UTF-8 becomes U+FFFD.
pub fn percent_decode_lossy(value: &[u8]) -> String {
    String::from_utf8_lossy(&unescape(value)).into_owned()
}

/// Checks the encoding of a `grpc-message`, but not what it decodes to.
///
/// # Errors
/// At the first byte that should be encoded or is encoded wrongly.
pub fn check_percent(value: &[u8]) -> Result<(), PercentError> {
    let mut offset = 0;
    while let Some(&byte) = value.get(offset) {
        offset += match byte {
            b'%' if escaped(&value[offset..]).is_some() => 3,
            b'%' => return Err(PercentError::Escape { offset }),
            0x20..=0x7e => 1,
            _ => return Err(PercentError::Unencoded { offset, byte }),
        };
    }
    Ok(())
}

fn unescape(value: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(&byte) = rest.first() {
        let (byte, length) = escaped(rest).map_or((byte, 1), |byte| (byte, 3));
        decoded.push(byte);
        rest = &rest[length..];
    }
    decoded
}

/// The byte that an escape at the front stands for.
fn escaped(bytes: &[u8]) -> Option<u8> {
    match bytes {
        [b'%', high, low, ..] => Some(hex_digit(*high)? << 4 | hex_digit(*low)?),
        _ => None,
    }
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

/// A `content-type` of gRPC in its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentType<'a> {
    /// What follows `application/grpc+`, such as `proto`.
    pub subtype: Option<&'a str>,
    /// What follows a `;`, without white space around it. The grammar of gRPC
    /// has no parameters; receivers accept them.
    pub parameters: Option<&'a str>,
}

/// Splits a `content-type`; `None` if it is not `application/grpc`, alone or
/// with a subtype.
pub fn parse_content_type(value: &[u8]) -> Option<ContentType<'_>> {
    let value = std::str::from_utf8(value).ok()?;
    let (media_type, parameters) = match value.split_once(';') {
        Some((media_type, parameters)) => (media_type.trim_end(), Some(parameters.trim())),
        None => (value, None),
    };
    const GRPC: &str = "application/grpc";
    let (name, rest) = media_type.split_at_checked(GRPC.len())?;
    let subtype = match rest.strip_prefix('+') {
        _ if !name.eq_ignore_ascii_case(GRPC) => return None,
        Some(subtype) if !subtype.is_empty() => Some(subtype),
        None if rest.is_empty() => None,
        _ => return None,
    };
    Some(ContentType {
        subtype,
        parameters,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_in_each_unit() {
        assert_eq!(parse_timeout(b"99m"), Ok(99_000_000));
        assert_eq!(parse_timeout(b"1n"), Ok(1));
        assert_eq!(parse_timeout(b"100000u"), Ok(100_000_000));
        assert_eq!(parse_timeout(b"007S"), Ok(7_000_000_000));
        assert_eq!(parse_timeout(b"2M"), Ok(120_000_000_000));
        assert_eq!(
            parse_timeout(b"99999999H"),
            Ok(99_999_999 * 3_600_000_000_000)
        );
    }

    #[test]
    fn what_is_no_timeout() {
        assert_eq!(parse_timeout(b""), Err(TimeoutError::NoDigits));
        assert_eq!(parse_timeout(b"S"), Err(TimeoutError::NoDigits));
        assert_eq!(parse_timeout(b"10"), Err(TimeoutError::NoUnit));
        assert_eq!(parse_timeout(b"10s"), Err(TimeoutError::NoUnit));
        assert_eq!(parse_timeout(b"-1S"), Err(TimeoutError::NotADigit(b'-')));
        assert_eq!(parse_timeout(b" 1S"), Err(TimeoutError::NotADigit(b' ')));
        assert_eq!(
            parse_timeout(b"123456789n"),
            Err(TimeoutError::TooManyDigits(9))
        );
        assert_eq!(parse_timeout(b"0S"), Err(TimeoutError::Zero));
    }

    #[test]
    fn messages_are_decoded() {
        assert_eq!(
            percent_decode(b"50%25 of %E4%B8%96%e7%95%8c"),
            Ok("50% of 世界".into())
        );
        assert_eq!(percent_decode(b""), Ok(String::new()));
        assert_eq!(percent_decode(b" ~{}\"<>"), Ok(" ~{}\"<>".into()));
    }

    #[test]
    fn a_wrong_message_is_told_and_still_read() {
        assert_eq!(
            percent_decode(b"a%zz"),
            Err(PercentError::Escape { offset: 1 })
        );
        assert_eq!(
            percent_decode(b"a%"),
            Err(PercentError::Escape { offset: 1 })
        );
        assert_eq!(
            percent_decode(b"%4"),
            Err(PercentError::Escape { offset: 0 })
        );
        assert_eq!(
            percent_decode(b"a\tb"),
            Err(PercentError::Unencoded { offset: 1, byte: 9 })
        );
        assert_eq!(
            percent_decode("ä".as_bytes()),
            Err(PercentError::Unencoded {
                offset: 0,
                byte: 0xc3
            })
        );
        assert_eq!(
            percent_decode(b"ab%FF"),
            Err(PercentError::NotUtf8 { offset: 2 })
        );
        assert_eq!(check_percent(b"ab%FF"), Ok(()));
        assert_eq!(
            percent_decode_lossy(b"100%, %zz %41 %FF"),
            "100%, %zz A \u{fffd}"
        );
        assert_eq!(percent_decode_lossy("ä".as_bytes()), "ä");
    }

    #[test]
    fn content_types_are_split() {
        let parts = |value: &'static str| {
            parse_content_type(value.as_bytes()).map(|found| (found.subtype, found.parameters))
        };
        assert_eq!(parts("application/grpc"), Some((None, None)));
        assert_eq!(parts("application/grpc+proto"), Some((Some("proto"), None)));
        assert_eq!(
            parts("application/grpc+json; charset=utf-8"),
            Some((Some("json"), Some("charset=utf-8")))
        );
        assert_eq!(parts("Application/GRPC;a=b"), Some((None, Some("a=b"))));
        for other in [
            "application/json",
            "application/grpc-web",
            "application/grpc+",
            "application/gr",
            "",
            "ä",
        ] {
            assert_eq!(parts(other), None, "{other}");
        }
    }
}
