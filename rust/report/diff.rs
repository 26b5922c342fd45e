//! How two runs differ, as a reader sees it.

use serde_json::{Value, json};
use wirecheck_core::judge::outcome::Outcome;
use wirecheck_core::model::diff::{Diff, Group, Seen, Turn};
use wirecheck_core::model::exit::Exit;

use super::matrix::more;
use super::style::{Line, Page, Paint, Style, WIDTH};
use super::text;

/// Where what was seen begins.
const COLUMN: usize = 12;
/// The most groups, sentences and cells that are told one by one.
const GROUPS: usize = 30;
const SENTENCES: usize = 3;
const CELLS: usize = 3;

/// What was held against what, each group of cells that differ, and the
/// verdict.
pub fn diff(title: &str, found: &Diff, style: Style) -> String {
    let mut page = Page::new(style);
    let cells = format!("{} in both", text::count(found.cells, "cell"));
    let title = text::fit(title, WIDTH - cells.len() - 2);
    page.line(Line::default().paint(Paint::Strong, title).right(cells));
    for group in found.groups.iter().take(GROUPS) {
        page.blank();
        put(&mut page, group);
    }
    page.blank();
    if found.groups.len() > GROUPS {
        page.line(Line::new(more(found.groups.len() - GROUPS)));
    }
    left_out(&mut page, found);
    verdict(&mut page, found);
    page.finish()
}

fn put(page: &mut Page, group: &Group) {
    let (word, paint) = match group.turn {
        Turn::Worse => ("worse", Paint::Bad),
        Turn::Other => ("other", Paint::Warn),
        Turn::Better => ("better", Paint::Good),
    };
    let cells = text::count(group.cells.len(), "cell");
    page.line(Line::indent(1).paint(paint, word).right(cells));
    for (name, seen) in [("before", &group.before), ("after", &group.after)] {
        told(page, name, seen);
    }
    let label = |word: &str| Line::indent(3).paint(Paint::Dim, word);
    for (number, cell) in group.cells.iter().take(CELLS).enumerate() {
        page.entry(label(if number == 0 { "cells" } else { "" }), COLUMN, cell);
    }
    if group.cells.len() > CELLS {
        page.line(Line::indent(COLUMN).text(more(group.cells.len() - CELLS)));
    }
}

fn told(page: &mut Page, name: &str, seen: &Seen) {
    let outcome = Outcome::of_name(&seen.outcome);
    let outcome = format!("{} {}", outcome.mark(), outcome.name());
    let mut sentences = seen.sentences.iter().take(SENTENCES);
    let first = match sentences.next() {
        Some(sentence) => format!("{outcome}: {sentence}"),
        None => outcome,
    };
    let label = |word: &str| Line::indent(3).paint(Paint::Dim, word);
    page.folded(label(name), COLUMN, &first);
    for sentence in sentences {
        page.folded(label(""), COLUMN, sentence);
    }
    if seen.sentences.len() > SENTENCES {
        page.line(Line::indent(COLUMN).text(more(seen.sentences.len() - SENTENCES)));
    }
}

fn left_out(page: &mut Page, found: &Diff) {
    for (count, which) in [(found.only_before, "first"), (found.only_after, "second")] {
        if count > 0 {
            let cells = text::count(count, "cell");
            let line = format!("not compared: {cells} of the {which} run alone");
            page.line(Line::default().paint(Paint::Dim, line));
        }
    }
}

fn verdict(page: &mut Page, found: &Diff) {
    let of = |turn: Turn| -> usize {
        let groups = found.groups.iter().filter(|group| group.turn == turn);
        groups.map(|group| group.cells.len()).sum()
    };
    let exit = format!("exit {}", exit(found).code());
    let counts = [
        (of(Turn::Worse), "worse"),
        (of(Turn::Other), "other"),
        (of(Turn::Better), "better"),
    ];
    let told = counts.iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = told
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let (paint, sentence) = match (told.is_empty(), found.cells) {
        (true, 0) => (Paint::Bad, "nothing was compared".to_owned()),
        (true, _) => (Paint::Good, "no difference".to_owned()),
        (false, cells) => {
            let same = cells - counts.iter().map(|(count, _)| count).sum::<usize>();
            let paint = if found.is_worse() {
                Paint::Bad
            } else {
                Paint::Good
            };
            (
                paint,
                format!("cells: {}, {same} as before", told.join(", ")),
            )
        }
    };
    page.line(Line::default().paint(paint, sentence).right(exit));
}

/// What a difference of two runs ends with: nothing compared is not "no
/// difference".
pub fn exit(found: &Diff) -> Exit {
    match (found.is_worse(), found.cells) {
        (true, _) => Exit::Incompatible,
        (false, 0) => Exit::Incomplete,
        (false, _) => Exit::Ok,
    }
}

/// The same for programs.
pub fn diff_json(before: &str, after: &str, found: &Diff) -> Value {
    json!({
        "schema_version": 1,
        "before": before,
        "after": after,
        "cells": found.cells,
        "only_before": found.only_before,
        "only_after": found.only_after,
        "groups": found.groups,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(outcome: &str, sentence: &str) -> Seen {
        let sentences = (!sentence.is_empty()).then(|| sentence.to_owned());
        Seen {
            outcome: outcome.into(),
            sentences: sentences.into_iter().collect(),
        }
    }

    #[test]
    fn groups_and_the_verdict_are_told() {
        let cells = (1..=5).map(|case| format!("a/rust-tonic@0.12/greeter/{case}"));
        let found = Diff {
            cells: 20,
            only_before: 0,
            only_after: 1,
            groups: vec![
                Group {
                    turn: Turn::Worse,
                    before: seen("pass", ""),
                    after: seen("fail", "the status is OUT_OF_RANGE"),
                    cells: cells.collect(),
                },
                Group {
                    turn: Turn::Better,
                    before: seen("fail", "a header is missing"),
                    after: seen("pass", ""),
                    cells: vec!["a/rust-tonic@0.12/greeter/6".into()],
                },
            ],
        };
        insta::assert_snapshot!(diff("run 1a2b against 3c4d", &found, Style::Plain));
        assert_eq!(exit(&found), Exit::Incompatible);
    }

    #[test]
    fn nothing_compared_is_not_no_difference() {
        assert_eq!(exit(&Diff::default()), Exit::Incomplete);
        let told = diff("run 1a2b against 3c4d", &Diff::default(), Style::Plain);
        assert!(told.contains("nothing was compared"), "{told}");
    }
}
