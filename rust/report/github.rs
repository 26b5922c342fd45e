//! Annotations as GitHub Actions shows them beside the code: one for each
//! cause, as workflow commands.

use std::path::Path;

use wirecheck_core::judge::outcome::Outcome;
use wirecheck_core::model::run::{Cause, Cell, KnownOf, Run};

use super::failure::chosen;
use super::matrix::{causes, more};
use super::reproduce;
use super::tally;
use super::text;
use super::whole::{first_cell, unexpected_causes};

/// GitHub drops what a step annotates beyond this, and does not say so.
const MOST: usize = 10;
/// The most columns of a cause.
const MOST_SENTENCE: usize = 400;

/// One command a line, for each cause that is not as expected; the last one
/// says how many there was no room for. `folder` is where the run was made,
/// seen from the root of the repository.
pub fn annotations(run: &Run, folder: &Path) -> String {
    let causes = unexpected_causes(run);
    let shown = match causes.len() {
        all @ ..=MOST => all,
        _ => MOST - 1,
    };
    let mut out: String = causes[..shown]
        .iter()
        .map(|cause| annotation(run, cause, folder))
        .collect();
    if shown < causes.len() {
        let left = more(causes.len() - shown);
        let message = format!("{left}: `wirecheck report` tells all causes");
        out.push_str(&command("error", &[("title", "wirecheck")], &message));
    }
    out
}

fn annotation(run: &Run, cause: &Cause, folder: &Path) -> String {
    let outcome = Outcome::of_name(&cause.outcome);
    let kind = match outcome {
        Outcome::Flaky => "warning",
        _ => "error",
    };
    let cell = first_cell(run, cause);
    let title = title(cause, outcome);
    let mut properties = Vec::new();
    let place = cell.and_then(|cell| place(run, cell));
    let (file, line) = place.unwrap_or_default();
    if !file.is_empty() {
        let file = folder.join(file).display().to_string();
        properties.extend([("file", file), ("line", line)]);
    }
    properties.push(("title", title));
    let properties: Vec<(&str, &str)> = properties
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    command(kind, &properties, &message(run, cause, cell))
}

fn title(cause: &Cause, outcome: Outcome) -> String {
    let cells = text::count(cause.cells.len(), "cell");
    let what = format!("{} in {cells}", tally::word(outcome));
    match causes::who(cause) {
        Some(who) => format!("{what}, {}", text::clean(&who)),
        None => what,
    }
}

fn message(run: &Run, cause: &Cause, cell: Option<&Cell>) -> String {
    let mut lines = vec![
        text::fit(&cause.sentence, MOST_SENTENCE),
        text::clean(&causes::cases(run, &cause.cells)),
    ];
    if let Some(cell) = cell {
        lines.push(text::clean(&reproduce::command(run, "run", &cell.id)));
    }
    lines.join("\n")
}

/// Where a reader would change something: the entry that is stale, or else the
/// case.
fn place(run: &Run, cell: &Cell) -> Option<(String, String)> {
    if tally::outcome(cell) == Outcome::Stale {
        let entry: &KnownOf = run.known.get(*cell.known_entry.first()?)?;
        return split(&entry.at);
    }
    let of_finding = chosen(run, cell).and_then(|(_, finding)| finding.case_at.as_deref());
    if let Some(place) = of_finding.and_then(split) {
        return Some(place);
    }
    let id = format!("{}/{}", cell.suite, cell.case);
    let case = run.cases.iter().find(|case| case.id == id)?;
    Some((case.file.clone(), case.line.to_string()))
}

/// `file:line`.
fn split(place: &str) -> Option<(String, String)> {
    let (file, line) = place.rsplit_once(':')?;
    line.parse::<u32>().ok()?;
    Some((file.to_owned(), line.to_owned()))
}

fn command(kind: &str, properties: &[(&str, &str)], message: &str) -> String {
    let properties: Vec<String> = properties
        .iter()
        .map(|(name, value)| format!("{name}={}", property(value)))
        .collect();
    format!("::{kind} {}::{}\n", properties.join(","), data(message))
}

/// What stands behind the last `::` of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn here() -> &'static Path {
        Path::new("")
    }

    #[test]
    fn each_cause_has_its_place() {
        insta::assert_snapshot!(annotations(&sample::mixed(), here()));
    }

    #[test]
    fn a_green_run_has_none() {
        assert_eq!(annotations(&sample::green(), here()), "");
    }

    #[test]
    fn files_are_named_from_the_root_of_the_repository() {
        let shown = annotations(&sample::mixed(), Path::new("services/shop"));
        assert!(
            shown.contains("file=services/shop/cases/greeter.yaml,line=5,"),
            "{shown}"
        );
    }

    #[test]
    fn there_are_never_more_than_ten() {
        let ten = annotations(&sample::with_causes(10), here());
        assert_eq!(ten.lines().count(), 10);
        assert!(ten.contains("cause 9"), "{ten}");
        let many = annotations(&sample::with_causes(12), here());
        let lines: Vec<&str> = many.lines().collect();
        assert_eq!(lines.len(), 10);
        assert_eq!(
            lines[9],
            "::error title=wirecheck::... 3 more: `wirecheck report` tells all causes"
        );
    }

    #[test]
    fn a_peer_cannot_add_a_command() {
        let mut run = sample::with_causes(1);
        run.causes[0].sentence = "100%0A\r\n::add-mask::x".into();
        run.causes[0].peer = Some("a,line=1::b\n".into());
        let shown = annotations(&run, here());
        assert_eq!(shown.lines().count(), 1, "{shown}");
        assert!(
            shown.contains(r"title=fail in 1 cell%2C client a%2Cline=1%3A%3Ab\n::"),
            "{shown}"
        );
        assert!(shown.contains(r"::100%250A\r\n::add-mask::x%0A"), "{shown}");
    }
}
