//! Two messages byte by byte and field by field.

use prost_reflect::MessageDescriptor;
use wirecheck_core::model::run::{FindingOf, ValueOf};
use wirecheck_core::wire::canonical::canonical;
use wirecheck_core::wire::diff::{self, Column, Diff, Row as HexRow};

use super::{COLUMN, INDENT, entry};
use crate::report::fields::{self, Row};
use crate::report::style::{Line, Page, Paint};
use crate::report::table::Table;
use crate::report::text;

/// The most pairs of hex rows.
const MOST_ROWS: usize = 4;
/// The most rows of the field table.
const MOST_FIELDS: usize = 10;
/// The most columns of a value in the field table.
const MOST_VALUE: usize = 30;

/// Both sides of a difference, where it is one of bytes.
struct Sides<'a> {
    expected: (&'a ValueOf, Vec<u8>),
    got: (&'a ValueOf, Vec<u8>),
}

fn sides(finding: &FindingOf) -> Option<Sides<'_>> {
    let side = |value: &'_ ValueOf| value.hex.as_deref().map(text::unhex);
    let (expected, got) = (finding.expected.as_ref()?, finding.got.as_ref()?);
    Some(Sides {
        expected: (expected, side(expected)?),
        got: (got, side(got)?),
    })
}

/// Whether both sides are there in full and are encodings of the same message.
pub fn same_meaning(finding: &FindingOf, kind: Option<&MessageDescriptor>) -> bool {
    let Some(sides) = sides(finding) else {
        return false;
    };
    if is_cut(&sides.expected) || is_cut(&sides.got) || sides.expected.1 == sides.got.1 {
        return false;
    }
    match (
        canonical(&sides.expected.1, kind),
        canonical(&sides.got.1, kind),
    ) {
        (Ok(expected), Ok(got)) => expected == got,
        _ => false,
    }
}

fn is_cut((value, bytes): &(&ValueOf, Vec<u8>)) -> bool {
    value.cut || (bytes.len() as u64) < value.length
}

/// Puts both sides on a page, if the difference is one of bytes.
pub fn put(page: &mut Page, finding: &FindingOf, kind: Option<&MessageDescriptor>) -> bool {
    let Some(sides) = sides(finding) else {
        return false;
    };
    let found = diff::diff(&sides.expected.1, &sides.got.1, MOST_ROWS);
    put_rows(page, &found, &sides);
    page.blank();
    put_fields(page, &sides, kind);
    true
}

fn put_rows(page: &mut Page, found: &Diff, sides: &Sides<'_>) {
    let length = match (sides.expected.0.length, sides.got.0.length) {
        (expected, got) if expected == got => text::count(got as usize, "byte"),
        (expected, got) => format!(
            "{}, expected {}",
            text::count(got as usize, "byte"),
            text::number(expected)
        ),
    };
    entry(
        page,
        "offset",
        &format!("message, {length}: - is what was expected, + is what came"),
    );
    for row in &found.rows {
        let expected = hex_line(row.expected_offset, "-", row, |column| column.expected);
        page.line(expected);
        page.line(hex_line(row.got_offset, "+", row, |column| column.got));
        page.line(marks(row));
    }
    if found.more {
        page.line(Line::indent(COLUMN).text("... more rows differ"));
    }
    for (name, side) in [("expected", &sides.expected), ("got", &sides.got)] {
        if is_cut(side) {
            let kept = text::number(side.1.len() as u64);
            let mut note = format!("{name}: only the first {kept} bytes are compared");
            if let Some(digest) = &side.0.sha256 {
                note.push_str(&format!("; SHA-256 of all {digest}"));
            }
            entry(page, "", &note);
        }
    }
}

fn hex_line(offset: usize, sign: &str, row: &HexRow, side: impl Fn(&Column) -> Option<u8>) -> Line {
    let mut line = Line::indent(INDENT)
        .paint(Paint::Dim, format!("{offset:04x}"))
        .pad(COLUMN - 4)
        .text(sign)
        .pad(COLUMN);
    for column in &row.columns {
        let text = side(column).map_or("..".to_owned(), |byte| format!("{byte:02x}"));
        let paint = match (column.differs(), sign) {
            (false, _) => Paint::Plain,
            (true, "-") => Paint::Good,
            (true, _) => Paint::Bad,
        };
        line = line.paint(paint, text).text(" ");
    }
    line
}

fn marks(row: &HexRow) -> Line {
    let marks: Vec<&str> = row
        .columns
        .iter()
        .map(|column| if column.differs() { "^^" } else { "  " })
        .collect();
    Line::indent(COLUMN).text(marks.join(" "))
}

/// A field of each side; `None` where a side has none.
type Pair<'r> = (Option<&'r Row>, Option<&'r Row>);

fn put_fields(page: &mut Page, sides: &Sides<'_>, kind: Option<&MessageDescriptor>) {
    let expected = fields::rows(&sides.expected.1, sides.expected.0.length, kind);
    let got = fields::rows(&sides.got.1, sides.got.0.length, kind);
    let pairs = align(&expected.rows, &got.rows);
    let shown: Vec<&Pair<'_>> = match pairs.len() {
        0..=MOST_FIELDS => pairs.iter().collect(),
        _ => pairs
            .iter()
            .filter(|pair| differs(pair))
            .take(MOST_FIELDS)
            .collect(),
    };
    if !shown.is_empty() {
        let mut table = Table::default();
        table.texts(["field", "bytes", "expected", "got", ""]);
        for pair in &shown {
            table.row(field_row(pair));
        }
        table.put(page, INDENT, 3);
    }
    if shown.len() < pairs.len() {
        let left = text::count(pairs.len() - shown.len(), "field");
        page.line(Line::indent(INDENT).text(format!("... {left} left out, equal ones first")));
    }
    for (name, read) in [("expected", &expected), ("got", &got)] {
        if let Some(note) = &read.note {
            page.entry(Line::indent(INDENT).text(name), COLUMN, note);
        }
    }
}

/// Fields of the same label, in the order of both sides.
fn align<'r>(expected: &'r [Row], got: &'r [Row]) -> Vec<Pair<'r>> {
    let mut pairs = Vec::new();
    let mut rest = got;
    for row in expected {
        match rest.iter().position(|other| other.label == row.label) {
            Some(at) => {
                pairs.extend(rest[..at].iter().map(|extra| (None, Some(extra))));
                pairs.push((Some(row), Some(&rest[at])));
                rest = &rest[at + 1..];
            }
            None => pairs.push((Some(row), None)),
        }
    }
    pairs.extend(rest.iter().map(|extra| (None, Some(extra))));
    pairs
}

fn differs((expected, got): &Pair<'_>) -> bool {
    match (expected, got) {
        (Some(expected), Some(got)) => {
            (
                &expected.value,
                expected.wire_type,
                &expected.problem,
                expected.range.len(),
            ) != (&got.value, got.wire_type, &got.problem, got.range.len())
        }
        _ => true,
    }
}

fn field_row(pair: &Pair<'_>) -> Vec<Line> {
    let (expected, got) = pair;
    let row = got.or(*expected).expect("a pair has at least one field");
    let other_layout = match (expected, got) {
        (Some(expected), Some(got)) => expected.wire_type != got.wire_type,
        _ => false,
    };
    let value =
        |side: &Option<&Row>| side.map_or("(none)".to_owned(), |row| cell(row, other_layout));
    let (got_text, mark) = match differs(pair) {
        true => (
            Line::default().paint(Paint::Bad, value(got)),
            Line::new("<--"),
        ),
        false => (Line::new("="), Line::default()),
    };
    vec![
        Line::new(text::fit(&row.label, 24)),
        Line::new(fields::bytes_text(&row.range, 0)),
        Line::new(value(expected)),
        got_text,
        mark,
    ]
}

fn cell(row: &Row, with_layout: bool) -> String {
    let mut text = text::fit(&row.value, MOST_VALUE);
    if with_layout {
        text.push_str(&format!(" {}", row.wire_type.name()));
    }
    if let Some(problem) = &row.problem {
        text = text::fit(&format!("{text}: {problem}"), MOST_VALUE);
    }
    text
}
