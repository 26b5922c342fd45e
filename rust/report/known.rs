//! What was changed in the list of known deviations.

use wirecheck_core::model::adopt::{Adoption, Fate, Stale};
use wirecheck_core::model::run::Run;

use super::matrix::more;
use super::style::{Line, Page, Paint, Style};
use super::text;

/// The most entries and cells that are named one by one.
const MOST: usize = 20;
/// Where lists begin.
const INDENT: usize = 2;

/// Entries that were added, and what could not be listed.
pub fn adopted(run: &Run, file: &str, adoption: &Adoption, style: Style) -> String {
    let mut page = Page::new(style);
    let entries = &adoption.entries;
    let title = match (entries.len(), adoption.left.is_empty()) {
        (0, true) => format!("no failure to list in run {}: {file} is as it was", run.id),
        (0, false) => format!("{file} is as it was"),
        (1, _) => format!("{file}: 1 entry added"),
        (many, _) => format!("{file}: {} entries added", text::number(many as u64)),
    };
    page.line(Line::default().paint(Paint::Strong, title));
    let told = entries.iter().map(|entry| {
        let got = entry.got.as_ref();
        let got = got.map_or(String::new(), |got| format!(", got {}", text::fit(got, 40)));
        format!("{}   {}{got}", entry.cells, entry.finding)
    });
    list(&mut page, told.collect());
    if !adoption.left.is_empty() {
        let cells = text::count(adoption.left.len(), "cell");
        let title = format!("{cells} not as expected, and not to be listed:");
        page.line(Line::default().paint(Paint::Bad, title));
        let left = adoption.left.iter();
        list(
            &mut page,
            left.map(|(id, why)| format!("{id}   {why}")).collect(),
        );
    }
    page.finish()
}

/// Entries that were removed, and those that stay with why.
pub fn pruned(run: &Run, stale: &[Stale], style: Style) -> String {
    let mut page = Page::new(style);
    let (gone, kept): (Vec<&Stale>, Vec<&Stale>) =
        stale.iter().partition(|entry| entry.fate == Fate::Remove);
    let title = match (gone.len(), kept.is_empty()) {
        (0, true) => format!("no entry is stale in run {}", run.id),
        (0, false) => "no entry removed".to_owned(),
        (1, _) => "1 entry removed".to_owned(),
        (many, _) => format!("{} entries removed", text::number(many as u64)),
    };
    page.line(Line::default().paint(Paint::Strong, title));
    let told = |entry: &&Stale| format!("{}   {}", entry.at, entry.pattern);
    list(&mut page, gone.iter().map(told).collect());
    if !kept.is_empty() {
        page.line(Line::default().paint(Paint::Bad, "stale, and left for you to decide:"));
        let told = kept
            .iter()
            .map(|entry| format!("{}, {}", told(entry), why(&entry.fate)));
        list(&mut page, told.collect());
    }
    page.finish()
}

fn why(fate: &Fate) -> String {
    match fate {
        Fate::Remove => "removed".into(),
        Fate::Narrow { shown, stale } => {
            let still = text::count(*shown, "cell");
            format!("still shown by {still}, no more by {stale}: narrow the pattern")
        }
        Fate::Wait { cells } => {
            let cells = text::count(*cells, "cell");
            format!("{cells} of its own came to no verdict: run all of them first")
        }
        Fate::Changed => "changed since that run: run again first".into(),
    }
}

fn list(page: &mut Page, lines: Vec<String>) {
    for line in lines.iter().take(MOST) {
        page.entry(Line::default(), INDENT, line);
    }
    if lines.len() > MOST {
        page.line(Line::indent(INDENT).text(more(lines.len() - MOST)));
    }
}

#[cfg(test)]
mod tests {
    use wirecheck_core::plan::known_edit::NewEntry;

    use super::*;

    fn run() -> Run {
        Run {
            id: "8c1e".into(),
            ..Run::default()
        }
    }

    fn entry(number: usize) -> NewEntry {
        NewEntry {
            cells: format!("python-grpcio/rust-tonic/greeter/case-{number}"),
            finding: "expect/status".into(),
            got: Some("CANCELLED".into()),
            reason: "r".into(),
            link: None,
            since: "2026-11-22".into(),
            rate: None,
        }
    }

    #[test]
    fn what_was_added_is_named_and_so_is_what_was_not() {
        let adoption = Adoption {
            entries: (1..=22).map(entry).collect(),
            left: vec![("a/b/c/d".into(), "it passes when it is run alone".into())],
        };
        insta::assert_snapshot!(adopted(&run(), "known.toml", &adoption, Style::Plain));
        let nothing = adopted(&run(), "known.toml", &Adoption::default(), Style::Plain);
        assert_eq!(
            nothing,
            "no failure to list in run 8c1e: known.toml is as it was\n"
        );
    }

    #[test]
    fn what_was_removed_is_named_and_so_is_what_stays() {
        let stale = |fate| Stale {
            at: "known.toml:12".into(),
            pattern: "*/rust-tonic/greeter/deadline".into(),
            place: Some(0),
            fate,
        };
        let all = [
            Fate::Remove,
            Fate::Narrow { shown: 1, stale: 2 },
            Fate::Wait { cells: 1 },
            Fate::Changed,
        ];
        insta::assert_snapshot!(pruned(&run(), &all.map(stale), Style::Plain));
        assert_eq!(
            pruned(&run(), &[], Style::Plain),
            "no entry is stale in run 8c1e\n"
        );
    }
}
