//! Entries that are added to `known.toml`, and taken from it: every other byte
//! of the file stays as it is.

use std::ops::Range;

use toml_edit::{ArrayOfTables, Document, Item, TomlError};

use super::known::Rate;
use crate::printable::is_printable;

/// An entry that is to be written. See [`Known`](super::known::Known).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// The cells that show it.
    pub cells: String,
    /// The code of the finding.
    pub finding: String,
    /// What was seen; any if unset.
    pub got: Option<String>,
    /// Why it is as it is.
    pub reason: String,
    /// Where it is discussed.
    pub link: Option<String>,
    /// A date.
    pub since: String,
    /// How often it shows up.
    pub rate: Option<Rate>,
}

impl NewEntry {
    /// Its lines, as TOML.
    pub fn lines(&self) -> Vec<String> {
        let key = |name: &str, value: &str| format!("{name} = {}", basic_string(value));
        let mut lines = vec![
            "[[known]]".to_owned(),
            key("cells", &self.cells),
            key("finding", &self.finding),
        ];
        lines.extend(self.got.as_ref().map(|got| key("got", got)));
        lines.push(key("reason", &self.reason));
        lines.extend(self.link.as_ref().map(|link| key("link", link)));
        lines.push(key("since", &self.since));
        lines.extend(self.rate.map(|rate| key("rate", &rate.to_string())));
        lines
    }
}

/// A basic string of TOML. What a peer said may be in it: nothing of that can
/// end the string, or make the file look like another.
fn basic_string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if !is_printable(c) => out.push_str(&format!("\\U{:08X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The file with these entries at its end.
pub fn append(text: &str, entries: &[NewEntry]) -> String {
    let newline = match text.contains("\r\n") {
        true => "\r\n",
        false => "\n",
    };
    let mut out = text.to_owned();
    if !out.is_empty() && !out.ends_with('\n') {
        out.push_str(newline);
    }
    for entry in entries {
        if !out.is_empty() {
            out.push_str(newline);
        }
        for line in entry.lines() {
            out.push_str(&line);
            out.push_str(newline);
        }
    }
    out
}

/// The list is not written as `[[known]]` tables, so that no single entry can
/// be taken out.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The file is no TOML.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// It is an array on one line, or the like.
    #[error("the entries are not written as `[[known]]`, so none can be taken out alone")]
    NotTables,
}

/// The file without the entries at these places of the list. A comment that
/// stands right above an entry goes with it; one with an empty line below it
/// is about what follows, and stays.
///
/// # Errors
///
/// See [`EditError`].
pub fn remove(text: &str, entries: &[usize]) -> Result<String, EditError> {
    let document = Document::parse(text)?;
    let tables = match document.get("known") {
        Some(Item::ArrayOfTables(tables)) => tables,
        _ => return Err(EditError::NotTables),
    };
    let mut ranges = entries
        .iter()
        .map(|index| range(text, tables, *index).ok_or(EditError::NotTables))
        .collect::<Result<Vec<_>, _>>()?;
    ranges.sort_by_key(|range| range.start);
    let mut out = String::new();
    let mut kept_to = 0;
    for range in ranges {
        out.push_str(&text[kept_to..range.start.max(kept_to)]);
        kept_to = range.end.max(kept_to);
    }
    out.push_str(&text[kept_to..]);
    Ok(out)
}

/// Whole lines: the comment above, the entry, and one empty line that set it
/// apart.
fn range(text: &str, tables: &ArrayOfTables, index: usize) -> Option<Range<usize>> {
    let table = tables.get(index)?;
    let header = table.span()?;
    let values = table.iter().filter_map(|(_, item)| item.span());
    let last = values.map(|span| span.end).max().unwrap_or(header.end);
    let mut start = line_start(text, header.start);
    while let Some(above) = line_above(text, start)
        && text[above..start].trim_start().starts_with('#')
    {
        start = above;
    }
    let mut end = line_end(text, last.max(header.end));
    let is_empty = |range: Range<usize>| text[range].trim().is_empty();
    match line_above(text, start) {
        Some(above) if is_empty(above..start) => start = above,
        _ if is_empty(end..line_end(text, end)) => end = line_end(text, end),
        _ => {}
    }
    Some(start..end)
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Where the line above the one that begins here begins.
fn line_above(text: &str, start: usize) -> Option<usize> {
    (start > 0).then(|| line_start(text, start - 1))
}

/// Behind the newline of the line that this is in.
fn line_end(text: &str, at: usize) -> usize {
    text[at..]
        .find('\n')
        .map_or(text.len(), |newline| at + newline + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::known::{Known, load};
    use crate::plan::source::Source;

    const FILE: &str = r#"# What deviates.

# tonic ------

[[known]] # the first
cells = "a"   # aligned
finding = "expect/status"
reason = "one"
since = "2026-11-22" # trailing

# Two timers run.
# Both of them.
[[known]]
cells='b'
finding="expect/status"
reason = """
two
lines"""
since = "2026-11-22"


# aio -------

[[known]]
cells = "c"
finding = "expect/status"
reason = "three"
since = "2026-11-22"
# the end
"#;

    fn entry(cells: &str) -> NewEntry {
        NewEntry {
            cells: cells.into(),
            finding: "expect/status".into(),
            got: None,
            reason: "as found".into(),
            link: None,
            since: "2026-11-22".into(),
            rate: None,
        }
    }

    fn read(text: &str) -> Vec<Known> {
        let loaded = load(&Source::new("known.toml", text));
        loaded.unwrap_or_else(|problem| panic!("{}\n{text}", problem.render(false)))
    }

    fn cells(text: &str) -> Vec<String> {
        let read = read(text);
        read.iter()
            .map(|known| known.cells.as_str().to_owned())
            .collect()
    }

    #[test]
    fn what_is_added_stands_at_the_end_and_all_else_stays() {
        let text = append(FILE, &[entry("d"), entry("e")]);
        assert!(text.starts_with(FILE));
        assert_eq!(cells(&text), ["a", "b", "c", "d", "e"]);
        insta::assert_snapshot!(&text[FILE.len()..]);
    }

    #[test]
    fn a_new_file_and_one_without_a_last_newline_are_well_formed() {
        assert!(append("", &[entry("a")]).starts_with("[[known]]\n"));
        assert_eq!(cells(&append(FILE.trim_end(), &[entry("d")])).len(), 4);
        let windows = append(&FILE.replace('\n', "\r\n"), &[entry("d")]);
        assert_eq!(
            windows.matches('\n').count(),
            windows.matches("\r\n").count()
        );
        assert_eq!(cells(&windows).len(), 4);
    }

    #[test]
    fn nothing_that_a_peer_says_gets_out_of_its_string() {
        for said in [
            "\"\n[[known]]\n",
            "\\",
            "\u{0}\u{7f}\u{202e}",
            "é\u{1f600}",
            "'''",
        ] {
            let mut hostile = entry("a");
            hostile.got = Some(said.into());
            let text = append("", &[hostile]);
            let read = read(&text);
            assert_eq!(read.len(), 1);
            assert_eq!(read[0].got.as_deref(), Some(said));
            assert!(
                text.chars().all(|c| c == '\n' || is_printable(c)),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_rate_and_a_link_are_written_too() {
        let mut full = entry("a");
        full.rate = Rate::parse("0..10/10");
        full.link = Some("https://example.com/1".into());
        let read = read(&append("", &[full]));
        assert_eq!(read[0].rate, Rate::parse("0..10/10"));
        assert_eq!(read[0].link.as_deref(), Some("https://example.com/1"));
    }

    #[test]
    fn what_is_removed_takes_its_own_comment_along_and_nothing_else() {
        let without = remove(FILE, &[1]).expect("tables");
        let gone = FILE.find("\n# Two").expect("it")..FILE.find("\n\n# aio").expect("it");
        let expected = format!("{}{}", &FILE[..gone.start], &FILE[gone.end..]);
        assert_eq!(without, expected);
        assert_eq!(cells(&without), ["a", "c"]);
    }

    #[test]
    fn the_first_the_last_and_all_can_be_removed() {
        let first = remove(FILE, &[0]).expect("tables");
        assert!(
            first.starts_with("# What deviates.\n\n# tonic ------\n\n# Two"),
            "{first}"
        );
        assert_eq!(cells(&remove(FILE, &[2]).expect("tables")), ["a", "b"]);
        let none = remove(FILE, &[2, 0, 1]).expect("tables");
        assert_eq!(
            none,
            "# What deviates.\n\n# tonic ------\n\n\n# aio -------\n# the end\n"
        );
        assert_eq!(cells(&none), Vec::<String>::new());
    }

    #[test]
    fn what_was_added_can_be_removed_without_a_trace() {
        for file in [FILE, "", "# only a comment\n"] {
            let added = append(file, &[entry("d"), entry("e")]);
            let count = cells(&added).len();
            let removed = remove(&added, &[count - 1, count - 2]).expect("tables");
            assert_eq!(removed, file);
        }
    }

    #[test]
    fn windows_line_ends_stay() {
        let windows = FILE.replace('\n', "\r\n");
        let without = remove(&windows, &[1]).expect("tables");
        assert_eq!(
            without,
            remove(FILE, &[1]).expect("tables").replace('\n', "\r\n")
        );
    }

    #[test]
    fn a_list_on_one_line_is_left_alone() {
        let inline = "known = [{ cells = \"a\", finding = \"f\", reason = \"r\", since = \"s\" }]";
        assert!(matches!(remove(inline, &[0]), Err(EditError::NotTables)));
        assert!(matches!(remove("", &[0]), Err(EditError::NotTables)));
    }
}
