//! How a deviation is listed as known.

use wirecheck_core::model::run::{Cell, FindingOf, Run};

use super::{COLUMN, entry};
use crate::report::style::{Line, Page};
use crate::report::text;

/// The most bytes of a value that an entry names.
const MOST_GOT: usize = 72;

/// An entry for the known list, to be pasted.
pub fn put(page: &mut Page, run: &Run, cell: &Cell, finding: &FindingOf) {
    let mut lines = vec![
        "[[known]]".to_owned(),
        format!("cells = {}", toml_string(&cell.id)),
        format!("finding = {}", toml_string(&finding.code)),
    ];
    // Where bytes are compared, the value is only the word "message"; a long
    // one would not be read. Without it the entry covers any value.
    let got = finding.got.as_ref();
    let got = got.filter(|got| got.hex.is_none() && got.value.len() <= MOST_GOT);
    lines.extend(got.map(|got| format!("got = {}", toml_string(&got.value))));
    lines.push("reason = \"...\"".to_owned());
    let day = run.started.get(..10).unwrap_or("...");
    lines.push(format!("since = {}", toml_string(day)));
    let file = run
        .known
        .first()
        .and_then(|entry| entry.at.rsplit_once(':'));
    let file = file.map_or("known.toml", |(file, _)| file);
    entry(
        page,
        "accept",
        &format!("with this in {file}, and a reason:"),
    );
    for line in lines {
        page.line(Line::indent(COLUMN).text(line));
    }
}

/// A basic string of TOML.
fn toml_string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if text::clean(c.encode_utf8(&mut [0; 4])).len() > c.len_utf8() => {
                out.push_str(&format!("\\U{:08X}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_strings_hold_what_a_peer_said() {
        let shown = toml_string("a\"b\\c\n\u{7f}\u{e9}");
        assert_eq!(shown, "\"a\\\"b\\\\c\\U0000000A\\U0000007F\u{e9}\"");
    }
}
