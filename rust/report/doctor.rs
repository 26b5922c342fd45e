//! What the doctor found, as a table.

use super::style::{Line, Page, Paint, Style, WIDTH};
use super::text;
use crate::doctor::{Check, Verdict};

/// A row for each check, and under each fault what mends it.
pub fn doctor(checks: &[Check], style: Style) -> String {
    let mut page = Page::new(style);
    let widest = |of: &dyn Fn(&Check) -> &str, title: &str| {
        let widths = checks.iter().map(|check| of(check).chars().count());
        widths.chain([title.len()]).max().unwrap_or_default() + 2
    };
    let subject = widest(&|check| &check.subject, "check");
    let what = subject + widest(&|check| &check.what, "");
    page.line(
        Line::default()
            .paint(Paint::Dim, "check")
            .pad(what)
            .paint(Paint::Dim, "found"),
    );
    for check in checks {
        let (word, paint) = match check.verdict {
            Verdict::Ok => ("ok", Paint::Good),
            Verdict::Warn => ("warn", Paint::Warn),
            Verdict::Fix => ("FIX", Paint::Bad),
        };
        let room = WIDTH.saturating_sub(what + 6);
        let row = Line::new(&check.subject)
            .pad(subject)
            .text(&check.what)
            .pad(what);
        let mut parts = text::wrap(&check.found, room).into_iter();
        let verdict = Line::default().paint(paint, word);
        let first = row
            .text(parts.next().unwrap_or_default())
            .pad(WIDTH - 4)
            .append(verdict);
        page.line(first);
        for part in parts {
            page.line(Line::indent(what).text(part));
        }
        if let Some(mend) = &check.mend {
            page.line(Line::indent(what).paint(Paint::Strong, mend.as_str()));
        }
    }
    page.blank();
    let faults = checks
        .iter()
        .filter(|check| check.verdict == Verdict::Fix)
        .count();
    let (paint, sentence, exit) = match faults {
        0 => (Paint::Good, "all is ready".to_owned(), 0),
        faults => {
            let of = text::count(checks.len(), "check");
            let verb = if faults == 1 { "needs" } else { "need" };
            (
                Paint::Bad,
                format!("{faults} of {of} {verb} a fix; nothing was tested"),
                3,
            )
        }
    };
    page.line(
        Line::default()
            .paint(paint, sentence)
            .right(format!("exit {exit}")),
    );
    page.finish()
}
