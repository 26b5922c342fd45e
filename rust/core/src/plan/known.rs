//! `known.toml`: deviations that are known, each with its exact finding, a
//! reason and a link. A listed cell that passes is stale, and red; an entry
//! that matches no cell at all is an error.

use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use super::pattern::Pattern;
use super::source::{Location, Problem, Source, did_you_mean, nearest};

/// One known deviation.
#[derive(Debug, Clone)]
pub struct Known {
    /// The cells that show it.
    pub cells: Pattern,
    /// The code of the finding.
    pub finding: String,
    /// What was seen, as the finding says it; any if unset.
    pub got: Option<String>,
    /// Why it is as it is.
    pub reason: String,
    /// Where it is discussed upstream.
    pub link: Option<String>,
    /// Since when it is listed, as a date.
    pub since: String,
    /// How often it shows up, where a race decides.
    pub rate: Option<Rate>,
    /// Where the entry stands.
    pub at: Location,
    /// The bytes of its header in the file.
    pub range: std::ops::Range<usize>,
}

/// `1..5/30`: in at least 1 and at most 5 of 30 samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The fewest samples that show it. 0 lets it stay away for a whole run.
    pub least: u32,
    /// The most samples that show it.
    pub most: u32,
    /// The samples of a cell, which the case gives as `repeat`.
    pub of: u32,
}

impl Rate {
    /// Reads `1..5/30`.
    pub fn parse(text: &str) -> Option<Self> {
        let (range, of) = text.split_once('/')?;
        let (least, most) = range.split_once("..")?;
        let rate = Self {
            least: least.parse().ok()?,
            most: most.parse().ok()?,
            of: of.parse().ok()?,
        };
        (rate.least <= rate.most && rate.most <= rate.of && rate.most > 0).then_some(rate)
    }

    /// Whether so many of these samples are as the entry says. A cell that is
    /// sampled several times over may show it as many times as often.
    pub fn contains(&self, shown: u32, samples: u32) -> bool {
        let times = (samples / self.of).max(1);
        (self.least..=self.most.saturating_mul(times)).contains(&shown)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}/{}", self.least, self.most, self.of)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    known: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    cells: Spanned<String>,
    finding: String,
    got: Option<String>,
    reason: String,
    link: Option<String>,
    since: String,
    rate: Option<Spanned<String>>,
}

/// Reads `known.toml`.
///
/// # Errors
///
/// The first problem, with its place.
pub fn load(source: &Source) -> Result<Vec<Known>, Problem> {
    let file: File = toml::from_str(source.text()).map_err(|error| toml_problem(source, &error))?;
    file.known
        .into_iter()
        .map(|entry| known(source, entry))
        .collect()
}

fn known(source: &Source, entry: Spanned<Entry>) -> Result<Known, Problem> {
    let range = first_line(source.text(), entry.span().start);
    let at = source.location(range.start);
    let entry = entry.into_inner();
    let cells = Pattern::parse(entry.cells.as_ref())
        .map_err(|error| source.problem(entry.cells.span(), error.to_string()))?;
    let rate = entry.rate.map(|written| {
        Rate::parse(written.as_ref()).ok_or_else(|| {
            let message = format!("`{}` is not a rate", written.as_ref());
            source
                .problem(written.span(), message)
                .with_hint(Some("write it as `1..5/30`".into()))
        })
    });
    Ok(Known {
        cells,
        finding: entry.finding,
        got: entry.got,
        reason: entry.reason,
        link: entry.link,
        since: entry.since,
        rate: rate.transpose()?,
        at,
        range,
    })
}

/// What the parser of TOML says, with a suggestion for a key that is not known.
pub(super) fn toml_problem(source: &Source, error: &toml::de::Error) -> Problem {
    let range = error.span().unwrap_or(0..1);
    let message = error.message();
    match unknown_field(message) {
        Some((field, expected)) => {
            let hint = did_you_mean(field, expected.iter().copied());
            source
                .problem(range, format!("unknown key `{field}`"))
                .with_hint(hint)
        }
        None => source.problem(range, message.trim()),
    }
}

/// The parser gives an unknown key and the known ones only in its sentence:
/// "unknown field `a`, expected one of `b`, `c`".
fn unknown_field(message: &str) -> Option<(&str, Vec<&str>)> {
    let mut quoted = message
        .strip_prefix("unknown field ")?
        .split('`')
        .skip(1)
        .step_by(2);
    Some((quoted.next()?, quoted.collect()))
}

/// Entries that match none of the cells, each as a problem with the nearest
/// ids. Only the full plan may be asked, or a filter would make entries
/// unmatched. One that names a version of a peer is for the runs that have it.
pub fn unmatched(source: &Source, known: &[Known], cells: &[String]) -> Vec<Problem> {
    let lost = known
        .iter()
        .filter(|entry| !entry.cells.as_str().contains('@'))
        .filter(|entry| !cells.iter().any(|id| entry.cells.matches(id)));
    lost.map(|entry| {
        let near = nearest(entry.cells.as_str(), cells.iter().map(String::as_str), 1);
        let message = format!("the pattern `{}` matches no cell", entry.cells.as_str());
        let hint = near.first().map(|id| format!("the nearest cell is `{id}`"));
        source.problem(entry.range.clone(), message).with_hint(hint)
    })
    .collect()
}

fn first_line(text: &str, start: usize) -> std::ops::Range<usize> {
    let length = text[start..].find('\n').unwrap_or(text.len() - start);
    start..start + length
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = r#"
[[known]]
cells = "*/rust-tonic/greeter/request-over-limit"
finding = "expect/status"
got = "OUT_OF_RANGE"
reason = "says OUT_OF_RANGE"
since = "2026-11-22"
rate = "1..5/30"
"#;

    #[test]
    fn a_rate_holds_for_a_multiple_of_its_samples() {
        let rate = Rate::parse("1..2/10").expect("a rate");
        assert!(rate.contains(2, 10) && !rate.contains(3, 10));
        assert!(rate.contains(4, 20) && !rate.contains(5, 20) && !rate.contains(0, 20));
        // Fewer samples than it speaks of.
        assert!(rate.contains(2, 3) && !rate.contains(3, 3));
    }

    #[test]
    fn an_entry_is_read_with_its_place() {
        let known = load(&Source::new("known.toml", ENTRY)).expect("valid");
        assert_eq!(
            known[0].rate,
            Some(Rate {
                least: 1,
                most: 5,
                of: 30
            })
        );
        assert_eq!(known[0].at.line, 2);
        assert!(
            known[0]
                .cells
                .matches("python-grpcio/rust-tonic/greeter/request-over-limit")
        );
    }

    #[test]
    fn an_unknown_key_has_a_caret_and_a_suggestion() {
        let problem = load(&Source::new(
            "known.toml",
            ENTRY.replace("reason", "raeson"),
        ))
        .expect_err("a problem");
        insta::assert_snapshot!(problem.render(false));
    }

    #[test]
    fn a_rate_must_make_sense() {
        for wrong in ["5..1/30", "1..31/30", "0..0/30", "1/30", "a..b/c"] {
            assert_eq!(Rate::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_version_need_not_take_part() {
        let text = ENTRY.replace("rust-tonic", "rust-tonic@0.12");
        let source = Source::new("known.toml", text);
        let known = load(&source).expect("valid");
        assert!(unmatched(&source, &known, &[]).is_empty());
    }

    #[test]
    fn an_entry_that_matches_no_cell_names_the_nearest() {
        let source = Source::new("known.toml", ENTRY);
        let known = load(&source).expect("valid");
        let cells = ["python-grpcio/rust-tonic/greeter/request-within-limit".to_owned()];
        let problems = unmatched(&source, &known, &cells);
        insta::assert_snapshot!(problems[0].render(false));
    }
}
