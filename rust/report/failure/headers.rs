//! A header list with the field at fault.

use wirecheck_core::model::run::{FindingOf, WhereOf};
use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::exchange::{Exchange, HeaderField, HeaderList, Stream};

use super::{COLUMN, INDENT};
use crate::report::matrix::more;
use crate::report::metadata::{header_name, header_value};
use crate::report::style::{Line, Page, Paint};
use crate::report::table::Table;
use crate::report::text;

/// The most header fields that are shown.
const MOST: usize = 16;
/// The most columns of a value.
const MOST_VALUE: usize = 30;
/// The most columns of a name.
const WIDEST_NAME: usize = 24;

/// The stream that a finding points to. Several listeners may each have a
/// connection of the same number.
pub fn stream<'e>(exchange: &'e Exchange, place: &WhereOf) -> Option<&'e Stream> {
    let connections = exchange.connections.iter();
    let mut connections = connections.filter(|connection| Some(connection.id) == place.connection);
    connections.find_map(|connection| connection.stream(place.stream?))
}

/// The header list that a finding points to.
fn list<'e>(finding: &FindingOf, exchange: Option<&'e Exchange>) -> Option<&'e HeaderList> {
    let place = &finding.place;
    if place.message.is_some() {
        return None;
    }
    let stream = stream(exchange?, place)?;
    let direction = match place.sender.as_deref()? {
        "client" => Direction::ClientToServer,
        _ => Direction::ServerToClient,
    };
    let mut lists = stream.half(direction).headers.iter();
    lists.find(|list| list.place.frame.is_some() && list.place.frame == place.frame)
}

/// Puts the list on a page with the expected value beside the one at fault, if
/// the finding is about one header field.
pub fn put(page: &mut Page, finding: &FindingOf, exchange: Option<&Exchange>) -> bool {
    let Some(list) = list(finding, exchange) else {
        return false;
    };
    let at_fault = list
        .fields
        .iter()
        .position(|field| is_pointed_at(field, finding, list));
    let absent = match at_fault {
        None => absent_name(finding, list),
        Some(_) => None,
    };
    if at_fault.is_none() && absent.is_none() {
        return false;
    }
    let expected = finding.expected.as_ref().map(|value| value.value.as_str());
    let mut table = Table::default();
    table.row(header_row(expected.is_some()));
    if let Some(name) = absent {
        table.row(row("-", &name, expected, "(absent)"));
    }
    // A list may be long: what is at fault is shown in any case.
    let shown = list.fields.iter().enumerate();
    let shown = shown.filter(|(index, _)| *index < MOST || Some(*index) == at_fault);
    for (index, field) in shown {
        let value = header_value(field);
        match Some(index) == at_fault {
            true => table.row(row(" ", &header_name(field), expected, &value)),
            false => table.row(same(field, &value, expected.is_some())),
        }
    }
    table.put(page, INDENT, 2);
    put_left(page, list);
    true
}

fn put_left(page: &mut Page, list: &HeaderList) {
    let left = list.fields.len().saturating_sub(MOST);
    if left > 0 {
        page.line(Line::indent(INDENT + 3).text(more(left)));
    }
}

/// A finding that is not about one field may still point to a list: the list
/// as it was sent.
pub fn put_as_sent(page: &mut Page, finding: &FindingOf, exchange: Option<&Exchange>) {
    let Some(list) = list(finding, exchange) else {
        return;
    };
    let mut label = Line::indent(INDENT).paint(Paint::Dim, "sent");
    for field in list.fields.iter().take(MOST) {
        let name = text::fit(&header_name(field), WIDEST_NAME);
        let begin = label.pad(COLUMN).text(name);
        page.folded(begin, COLUMN + WIDEST_NAME + 2, &header_value(field));
        label = Line::default();
    }
    put_left(page, list);
}

fn is_pointed_at(field: &HeaderField, finding: &FindingOf, list: &HeaderList) -> bool {
    let Some((start, end)) = finding.place.byte_range else {
        return false;
    };
    let whole_list = start == list.place.range.start && end == list.place.range.end;
    !whole_list && field.range.start <= start && end <= field.range.end
}

/// The name of a field that should be there: the last part of the case's key,
/// or what a rule's sentence names in backticks.
fn absent_name(finding: &FindingOf, list: &HeaderList) -> Option<String> {
    let name = match finding.path.as_deref() {
        Some(path) => {
            path.strip_prefix("wire.")?
                .split_once("headers.")
                .or_else(|| path.split_once("trailers."))?
                .1
        }
        None => finding.sentence.split('`').nth(1)?,
    };
    list.get(name).is_none().then(|| name.to_owned())
}

/// A rule may only say what must not be: then nothing stands beside it.
fn header_row(with_expected: bool) -> Vec<Line> {
    let titles: &[&str] = match with_expected {
        true => &["", "header", "expected", "got", ""],
        false => &["", "header", "got", ""],
    };
    titles.iter().map(Line::new).collect()
}

fn row(sign: &str, name: &str, expected: Option<&str>, got: &str) -> Vec<Line> {
    let fit = |value: &str| text::fit(value, MOST_VALUE);
    let mut row = vec![
        Line::new(sign),
        Line::default().paint(Paint::Strong, text::fit(name, WIDEST_NAME)),
    ];
    row.extend(expected.map(|value| Line::default().paint(Paint::Good, fit(value))));
    row.push(Line::default().paint(Paint::Bad, fit(got)));
    row.push(Line::new("<--"));
    row
}

fn same(field: &HeaderField, value: &str, with_expected: bool) -> Vec<Line> {
    let value = text::fit(value, MOST_VALUE);
    let mut row = vec![
        Line::new(" "),
        Line::new(text::fit(&header_name(field), WIDEST_NAME)),
    ];
    row.extend(with_expected.then(|| Line::new(&value)));
    row.push(Line::new(&value));
    row
}
