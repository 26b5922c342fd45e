//! How two servers differ, as a reader sees it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wirecheck_core::judge::encoding::How;
use wirecheck_core::model::comparison::{Comparison, Found};
use wirecheck_core::model::exit::Exit;
use wirecheck_core::plan::schema::split_path;

use super::matrix::more;
use super::style::{Line, Page, Paint, Style, WIDTH};
use super::text;

/// Where values begin.
const COLUMN: usize = 14;
/// The most calls that are named of a difference.
const CALLS: usize = 4;
/// The most columns of a value.
const VALUE: usize = 400;

/// Each difference with both values and the calls that show it, what was not
/// compared, and the verdict.
pub fn comparison(found: &Comparison, style: Style) -> String {
    let mut page = Page::new(style);
    page.line(Line::default().paint(
        Paint::Strong,
        format!(
            "{} against {}: {}",
            found.left,
            found.right,
            text::count(found.calls, "call")
        ),
    ));
    for difference in &found.differences {
        page.blank();
        put(&mut page, found, difference);
    }
    for difference in &found.lax {
        page.blank();
        put(&mut page, found, difference);
    }
    page.blank();
    not_compared(&mut page, found);
    verdict(&mut page, found);
    page.finish()
}

fn put(page: &mut Page, found: &Comparison, difference: &Found) {
    let differs = &difference.differs;
    let calls = text::count(difference.calls.len(), "call");
    let method = method(difference);
    let title = format!(" {}  {method} `{}`", differs.kind.name(), differs.path);
    let title = text::fit(&title, WIDTH - calls.len() - 2);
    let paint = match differs.kind.is_lax() {
        true => Paint::Dim,
        false => Paint::Bad,
    };
    page.line(Line::default().paint(paint, title).right(calls));
    let column = COLUMN.max(found.left.len().max(found.right.len()) + 5);
    for (name, value) in [(&found.left, &differs.left), (&found.right, &differs.right)] {
        let value = value.as_deref().unwrap_or("(absent)");
        let label = Line::indent(3).paint(Paint::Dim, name.as_str());
        page.folded(label, column, &text::fit(value, VALUE));
    }
    if let Some(how) = differs.how {
        let label = Line::indent(3).paint(Paint::Dim, "note");
        let note = format!("same meaning, other bytes: {}", how.sentence());
        page.entry(label, column, &note);
    }
    let mut calls: Vec<String> = difference.calls.iter().take(CALLS).cloned().collect();
    calls.extend((difference.calls.len() > CALLS).then(|| more(difference.calls.len() - CALLS)));
    page.entry(
        Line::indent(3).paint(Paint::Dim, "in"),
        column,
        &calls.join(", "),
    );
}

fn method(difference: &Found) -> &str {
    split_path(&difference.method).map_or(difference.method.as_str(), |(_, method)| method)
}

fn not_compared(page: &mut Page, found: &Comparison) {
    const MOST: usize = 8;
    let label = || Line::default().paint(Paint::Dim, "not compared");
    let lines = found.not_compared.iter().cloned();
    let varying = found
        .varying
        .iter()
        .map(|path| format!("{path}: it varies by nature"));
    let lines: Vec<String> = lines.chain(varying).collect();
    for line in lines.iter().take(MOST) {
        page.entry(label(), COLUMN, line);
    }
    if lines.len() > MOST {
        page.line(Line::indent(COLUMN).text(more(lines.len() - MOST)));
    }
}

fn verdict(page: &mut Page, found: &Comparison) {
    let exit = format!("exit {}", exit(found).code());
    let lax = match found.lax.len() {
        0 => String::new(),
        several => format!("; same meaning in other bytes: {several}"),
    };
    let (paint, sentence) = match kinds(found).as_slice() {
        [] if found.calls == 0 => (Paint::Bad, "nothing was compared".to_owned()),
        [] => (Paint::Good, format!("no difference{lax}")),
        kinds => {
            let count = text::count(found.differences.len(), "difference");
            let kinds = kinds.iter().map(|(kind, count)| format!("{kind} {count}"));
            let kinds = kinds.collect::<Vec<_>>().join(", ");
            let sentence = format!("{count}: {kinds}{lax}");
            (Paint::Bad, sentence)
        }
    };
    let sentence = text::fit(&sentence, WIDTH - exit.len() - 2);
    page.line(Line::default().paint(paint, sentence).right(exit));
}

/// How many differences there are of each kind.
fn kinds(found: &Comparison) -> Vec<(&'static str, usize)> {
    let mut kinds: BTreeMap<&'static str, usize> = BTreeMap::new();
    for difference in &found.differences {
        *kinds.entry(difference.differs.kind.name()).or_default() += 1;
    }
    kinds.into_iter().collect()
}

/// What a comparison ends with: nothing compared is not "no difference", and the
/// same meaning in other bytes is none.
pub fn exit(found: &Comparison) -> Exit {
    match (found.differences.is_empty(), found.calls) {
        (false, _) => Exit::Incompatible,
        (true, 0) => Exit::Incomplete,
        (true, _) => Exit::Ok,
    }
}

/// The same for programs.
pub fn comparison_json(found: &Comparison) -> Value {
    let listed = |difference: &Found| {
        json!({
            "kind": difference.differs.kind.name(),
            "method": difference.method,
            "path": difference.differs.path,
            "left": difference.differs.left,
            "right": difference.differs.right,
            "how": difference.differs.how.map(How::sentence),
            "calls": difference.calls,
        })
    };
    let (differences, lax) = (found.differences.iter(), found.lax.iter());
    json!({
        "schema_version": 1,
        "left": found.left,
        "right": found.right,
        "calls": found.calls,
        "differences": differences.map(listed).collect::<Vec<_>>(),
        "lax": lax.map(listed).collect::<Vec<_>>(),
        "not_compared": found.not_compared,
        "varying": found.varying,
    })
}
