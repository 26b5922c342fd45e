//! Words and numbers as a reader writes them.

use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
use wirecheck_core::printable::is_printable;

/// What stands where something was cut.
const CUT: &str = "...";

/// Text without anything that moves a cursor, hides, or turns the direction of
/// what follows: such characters become escapes.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match is_printable(c) {
            true => out.push(c),
            false => out.extend(c.escape_default()),
        }
    }
    out
}

/// The columns that a text takes on a terminal.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// The text, or its beginning with `...` where it takes more columns than that.
pub fn fit(text: &str, columns: usize) -> String {
    let text = clean(text);
    if width(&text) <= columns {
        return text;
    }
    let room = columns.saturating_sub(CUT.len());
    format!("{}{CUT}", head(&text, room).trim_end())
}

/// The longest beginning that takes at most so many columns.
fn head(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > columns {
            return &text[..at];
        }
    }
    text
}

/// Lines of at most so many columns, broken at spaces. A word that is longer,
/// such as a link, stays whole.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let text = clean(text);
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if width(line) + 1 + width(word) <= columns {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// Lines of at most so many columns, also where a word must be broken for it.
pub fn fold(text: &str, columns: usize) -> Vec<String> {
    let mut folded = Vec::new();
    for line in wrap(text, columns) {
        let mut rest = line.as_str();
        while width(rest) > columns {
            let begin = head(rest, columns.max(2));
            folded.push(begin.to_owned());
            rest = &rest[begin.len()..];
        }
        folded.push(rest.to_owned());
    }
    folded
}

/// A number with commas between its thousands.
pub fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number and what is counted: `1 cell`, `1,540 cells`.
pub fn count(value: usize, noun: &str) -> String {
    match value {
        1 => format!("1 {noun}"),
        many => format!("{} {noun}s", number(many as u64)),
    }
}

/// A time that a reader waited: `0.21 s`, `41.2 s`, `2 m 5 s`.
pub fn waited(milliseconds: u64) -> String {
    let seconds = milliseconds as f64 / 1000.0;
    match milliseconds {
        0..1_000 => format!("{seconds:.2} s"),
        1_000..60_000 => format!("{seconds:.1} s"),
        _ => format!("{} m {} s", milliseconds / 60_000, milliseconds / 1000 % 60),
    }
}

/// A span of time as a case writes it: `100 ms`, `10 s`, `2 m`.
pub fn span(span: Duration) -> String {
    let milliseconds = span.as_millis();
    match milliseconds {
        ms if ms % 1000 != 0 => format!("{ms} ms"),
        ms if ms % 60_000 == 0 && ms > 0 => format!("{} m", ms / 60_000),
        ms => format!("{} s", ms / 1000),
    }
}

/// Nanoseconds as milliseconds: `3.1`.
pub fn milliseconds(nanoseconds: u64) -> String {
    format!("{:.1}", nanoseconds as f64 / 1e6)
}

/// Bytes in hexadecimal, between spaces.
pub fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(" ")
}

/// The bytes of hexadecimal text without spaces, as far as it is some.
pub fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .map_while(|c| c.to_digit(16).map(|digit| digit as u8))
        .collect();
    let pairs = digits.chunks_exact(2);
    pairs.map(|pair| pair[0] << 4 | pair[1]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas_and_nouns_agree() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(count(1, "cell"), "1 cell");
        assert_eq!(count(0, "cell"), "0 cells");
        assert_eq!(count(1540, "cell"), "1,540 cells");
    }

    #[test]
    fn times_have_the_unit_that_fits() {
        assert_eq!(waited(0), "0.00 s");
        assert_eq!(waited(214), "0.21 s");
        assert_eq!(waited(41_249), "41.2 s");
        assert_eq!(waited(125_000), "2 m 5 s");
        assert_eq!(span(Duration::from_millis(100)), "100 ms");
        assert_eq!(span(Duration::from_secs(10)), "10 s");
        assert_eq!(span(Duration::from_secs(120)), "2 m");
        assert_eq!(span(Duration::ZERO), "0 s");
        assert_eq!(milliseconds(3_149_000), "3.1");
    }

    #[test]
    fn long_text_is_cut_or_wrapped_by_its_columns() {
        assert_eq!(fit("short", 5), "short");
        assert_eq!(fit("too long", 6), "too...");
        assert_eq!(fit("你好世界", 7), "你好...");
        assert_eq!(wrap("a b c", 3), ["a b", "c"]);
        assert_eq!(
            wrap("https://a/long/link b", 6),
            ["https://a/long/link", "b"]
        );
        assert_eq!(wrap("", 6), [""]);
        assert_eq!(fold("a bcdefgh i", 3), ["a", "bcd", "efg", "h", "i"]);
        assert_eq!(fold("", 3), [""]);
    }

    #[test]
    fn hex_is_read_and_written() {
        assert_eq!(hex(&[0x0a, 0x05]), "0a 05");
        assert_eq!(unhex("0a05"), [0x0a, 0x05]);
        assert_eq!(unhex("0a0"), [0x0a]);
        assert_eq!(unhex("zz"), [0u8; 0]);
    }
}
