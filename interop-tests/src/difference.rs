//! Where two byte strings part, told so that a reader sees it at once.

use std::fmt;

/// How many bytes are shown on either side of the first one that differs.
const CONTEXT: usize = 8;

/// Two byte strings that are not equal, each with the name of who wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    offset: usize,
    left: (String, Vec<u8>),
    right: (String, Vec<u8>),
}

impl Difference {
    /// Compares two byte strings; `None` if they are equal.
    pub fn between(left: (&str, &[u8]), right: (&str, &[u8])) -> Option<Self> {
        let offset = first_difference(left.1, right.1)?;
        let owned = |(name, bytes): (&str, &[u8])| (name.to_owned(), bytes.to_vec());
        Some(Self {
            offset,
            left: owned(left),
            right: owned(right),
        })
    }

    /// The first offset at which the two differ, or at which the shorter one ends.
    pub fn offset(&self) -> usize {
        self.offset
    }

    fn sentence(&self) -> String {
        let told = |(name, bytes): &(String, Vec<u8>)| match bytes.get(self.offset) {
            Some(byte) => format!("{name} has {byte:02x}"),
            None => format!("{name} has ended"),
        };
        let (left, right) = (told(&self.left), told(&self.right));
        format!("at byte {}, {left} and {right}", self.offset)
    }

    fn row(&self, (name, bytes): &(String, Vec<u8>), width: usize) -> String {
        let start = self.offset.saturating_sub(CONTEXT);
        let end = bytes.len().min(self.offset + CONTEXT + 1);
        let shown = hex(bytes.get(start..end).unwrap_or_default());
        let before = if start > 0 { "… " } else { "" };
        let after = if end < bytes.len() { " …" } else { "" };
        let length = bytes.len();
        format!("{name:<width$}  {before}{shown}{after}  ({length} bytes)")
    }

    fn mark(&self, width: usize) -> String {
        let start = self.offset.saturating_sub(CONTEXT);
        let before = if start > 0 { 2 } else { 0 };
        let indent = width + 2 + before + 3 * (self.offset - start);
        format!("{:indent$}^^", "")
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.left.0.len().max(self.right.0.len());
        writeln!(f, "{}", self.sentence())?;
        writeln!(f, "  {}", self.row(&self.left, width))?;
        writeln!(f, "  {}", self.row(&self.right, width))?;
        write!(f, "  {}", self.mark(width))
    }
}

impl std::error::Error for Difference {}

fn first_difference(left: &[u8], right: &[u8]) -> Option<usize> {
    let common = left.iter().zip(right).position(|(l, r)| l != r);
    common.or_else(|| (left.len() != right.len()).then(|| left.len().min(right.len())))
}

fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(" ")
}

#[cfg(test)]
mod tests {
    use super::Difference;

    #[test]
    fn equal_bytes_have_no_difference() {
        assert_eq!(Difference::between(("a", b"abc"), ("b", b"abc")), None);
    }

    #[test]
    fn a_changed_byte_is_named_and_marked() {
        let told = Difference::between(("prost", b"\n\x05World"), ("Python", b"\n\x05Wosld"))
            .expect("they differ")
            .to_string();
        assert_eq!(
            told,
            "at byte 4, prost has 72 and Python has 73\n\
             \x20 prost   0a 05 57 6f 72 6c 64  (7 bytes)\n\
             \x20 Python  0a 05 57 6f 73 6c 64  (7 bytes)\n\
             \x20                     ^^"
        );
    }

    #[test]
    fn a_missing_end_is_a_difference() {
        let difference = Difference::between(("a", b"abc"), ("b", b"ab")).expect("they differ");
        assert_eq!(difference.offset(), 2);
        assert!(
            difference
                .to_string()
                .contains("at byte 2, a has 63 and b has ended")
        );
    }

    #[test]
    fn long_bytes_are_shown_around_the_difference_only() {
        let mut other = vec![0; 1000];
        other[500] = 1;
        let difference =
            Difference::between(("a", &[0; 1000]), ("b", &other)).expect("they differ");
        assert_eq!(difference.offset(), 500);
        let told = difference.to_string();
        assert!(told.lines().all(|line| line.len() < 80), "{told}");
        let column = |line: &str, mark: &str| line.find(mark).map(|at| line[..at].chars().count());
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(column(lines[2], "01"), column(lines[3], "^^"), "{told}");
    }
}
