//! Two byte strings side by side in hexadecimal, aligned so that bytes that
//! are missing or too many do not make all that follows differ.

mod align;

use std::fmt;

/// Columns of a row.
pub const COLUMNS: usize = 16;

/// The rows in which two byte strings differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// The first rows with a difference, in order; rows without one are left
    /// out.
    pub rows: Vec<Row>,
    /// More rows differ.
    pub more: bool,
    /// Length of what was expected, in bytes.
    pub expected_length: usize,
    /// Length of what came, in bytes.
    pub got_length: usize,
}

/// Up to [`COLUMNS`] aligned bytes, of which at least one differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Offset of the first expected byte of the row.
    pub expected_offset: usize,
    /// Offset of the first byte of the row that came.
    pub got_offset: usize,
    /// The bytes.
    pub columns: Vec<Column>,
}

/// A byte of each side; `None` where a side has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The expected byte.
    pub expected: Option<u8>,
    /// The byte that came.
    pub got: Option<u8>,
}

impl Column {
    /// The sides have different bytes, or only one of them has one.
    pub fn differs(self) -> bool {
        self.expected != self.got
    }
}

/// The offset of the first byte that differs, or `None` if all are equal.
pub fn first_difference(expected: &[u8], got: &[u8]) -> Option<usize> {
    let common = align::common_prefix(expected, got);
    (common < expected.len().max(got.len())).then_some(common)
}

/// Aligns two byte strings and keeps the first `max_rows` rows that differ.
/// What is long and differs over a long way is compared byte by byte in place,
/// so that the work is bounded.
pub fn diff(expected: &[u8], got: &[u8], max_rows: usize) -> Diff {
    let mut found = Diff {
        rows: Vec::new(),
        more: false,
        expected_length: expected.len(),
        got_length: got.len(),
    };
    // Rows before the first difference are equal: begin with its row.
    let skipped = align::common_prefix(expected, got) / COLUMNS * COLUMNS;
    let (mut expected_offset, mut got_offset) = (skipped, skipped);
    let mut columns = align::columns(&expected[skipped..], &got[skipped..]).into_iter();
    loop {
        let row: Vec<Column> = columns.by_ref().take(COLUMNS).collect();
        if row.is_empty() {
            return found;
        }
        let lengths = (
            row.iter()
                .filter(|column| column.expected.is_some())
                .count(),
            row.iter().filter(|column| column.got.is_some()).count(),
        );
        if row.iter().any(|column| column.differs()) {
            if found.rows.len() == max_rows {
                found.more = true;
                return found;
            }
            found.rows.push(Row {
                expected_offset,
                got_offset,
                columns: row,
            });
        }
        expected_offset += lengths.0;
        got_offset += lengths.1;
    }
}

/// Three lines a row: `-` what was expected, `+` what came, and marks under
/// what differs. `..` stands where a side has no byte.
impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.rows {
            write_line(f, Some(row.expected_offset), "-", row, |column| {
                hex(column.expected)
            })?;
            write_line(f, Some(row.got_offset), "+", row, |column| hex(column.got))?;
            write_line(f, None, " ", row, |column| {
                if column.differs() {
                    "^^".into()
                } else {
                    "  ".into()
                }
            })?;
        }
        if self.more {
            writeln!(f, "      more rows differ")?;
        }
        Ok(())
    }
}

fn write_line(
    f: &mut fmt::Formatter<'_>,
    offset: Option<usize>,
    sign: &str,
    row: &Row,
    cell: impl Fn(Column) -> String,
) -> fmt::Result {
    let mut line = match offset {
        Some(offset) => format!("{offset:04x}  {sign}  "),
        None => format!("      {sign}  "),
    };
    for (index, column) in row.columns.iter().enumerate() {
        if index == COLUMNS / 2 {
            line.push(' ');
        }
        line.push_str(&cell(*column));
        line.push(' ');
    }
    writeln!(f, "{}", line.trim_end())
}

fn hex(byte: Option<u8>) -> String {
    byte.map_or_else(|| "..".into(), |byte| format!("{byte:02x}"))
}

#[cfg(test)]
mod tests;
