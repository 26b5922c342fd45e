use proptest::prelude::*;
use wirecheck_core::model::run::{Cell, VersionOf};

use super::*;
use crate::report::sample;

fn evidence() -> Evidence<'static> {
    Evidence {
        exchange_of: &|_: &Cell| None,
        schema: None,
    }
}

fn shown(run: &Run, budget: usize) -> String {
    let text = markdown(run, evidence(), budget);
    assert!(text.len() <= budget, "{} > {budget}", text.len());
    assert_whole(&text);
    text
}

/// Nothing was cut within a fence, a tag or a row.
fn assert_whole(text: &str) {
    let outside = outside(text);
    for line in outside.iter().filter(|line| line.starts_with('|')) {
        assert!(line.ends_with('|'), "{line}");
    }
    let outside = outside.join("\n");
    let tags = |tag: &str| outside.matches(tag).count();
    for (begin, end) in [
        ("<details><summary>", "</summary>"),
        ("<details>", "</details>"),
        ("<p>", "</p>"),
        ("<b>", "</b>"),
    ] {
        assert_eq!(tags(begin), tags(end), "{begin}\n{text}");
    }
    assert!(text.is_empty() || text.ends_with('\n'), "{text}");
}

/// Lines outside of fences, which all have an end. Up to three spaces may
/// stand before a fence, and one that closes is at least as long.
fn outside(text: &str) -> Vec<&str> {
    let fence = |line: &str| {
        let line = line.strip_prefix("  ").unwrap_or(line);
        let line = line.strip_prefix(' ').unwrap_or(line);
        line.len() - line.trim_start_matches('~').len()
    };
    let mut open = 0;
    let mut lines = Vec::new();
    for line in text.lines() {
        let length = fence(line);
        let closes = length >= open && line.trim_matches([' ', '~']).is_empty();
        match open {
            0 if length > 2 => open = length,
            0 => lines.push(line),
            _ if closes => open = 0,
            _ => {}
        }
    }
    assert_eq!(open, 0, "a fence is open\n{text}");
    lines
}

#[test]
fn a_red_run() {
    insta::assert_snapshot!(shown(&sample::mixed(), STEP_SUMMARY));
}

#[test]
fn a_changed_byte_has_its_bytes_folded_away() {
    let mut run = sample::changed_byte();
    let sentence = "request message #1 differs at byte 4: 73, expected 72";
    sample::cause(&mut run, "", fail(), "client", "python-grpcio", sentence);
    insta::assert_snapshot!(shown(&run, STEP_SUMMARY));
}

fn fail() -> wirecheck_core::judge::outcome::Outcome {
    wirecheck_core::judge::outcome::Outcome::Fail
}

#[test]
fn a_green_run_has_no_causes() {
    insta::assert_snapshot!(shown(&sample::green(), STEP_SUMMARY));
}

#[test]
fn what_does_not_fit_is_told_in_short_and_then_counted() {
    let text = shown(&sample::with_causes(100), 12_000);
    assert!(text.contains("<details>"), "{text}");
    assert!(text.contains("<p><b>X fail</b> cause "), "{text}");
    let left = text.split("… ").nth(1).expect("the rest is counted");
    let left = left.split(' ').next().expect("a number");
    let told = text.matches("</b> cause ").count();
    assert_eq!(told + left.parse::<usize>().expect("a number"), 100);
    assert!(text.contains("### Peers"), "{text}");
}

#[test]
fn no_budget_is_too_small() {
    let run = sample::with_causes(30);
    for budget in (0..4_000).step_by(7) {
        shown(&run, budget);
    }
    assert_eq!(shown(&run, 0), "");
}

#[test]
fn the_step_summary_of_a_very_red_run_fits() {
    let text = shown(&sample::with_causes(2_000), STEP_SUMMARY);
    assert!(text.len() > STEP_SUMMARY / 2, "{} bytes", text.len());
}

const BREAKS: [&str; 8] = [
    "</summary></details><script>alert(1)</script>",
    "a | b | c",
    "`code` ```",
    "\n\n~~~~~~~~\n# title\n<img src=x>",
    "[link](https://example.com) ![i](j)",
    "<!-- comment",
    "@everyone #1",
    "\u{202e}\u{0}\x1b[2J",
];

/// All that a peer or a case can put into a run.
fn hostile(text: &str) -> Run {
    let mut run = sample::changed_byte();
    let name = format!("python-grpcio{text}");
    let cell = &mut run.cells[0];
    cell.client.clone_from(&name);
    let finding = &mut cell.attempts[0].findings[0];
    finding.sentence = text.into();
    finding.expected = Some(sample::words(text));
    finding.got = Some(sample::words(text));
    let cells = vec![cell.id.clone()];
    run.causes = vec![Cause {
        outcome: "fail".into(),
        sentence: text.into(),
        culprit: "client".into(),
        peer: Some(name.clone()),
        cells,
        ..Cause::default()
    }];
    run.incomplete_reason = Some(text.into());
    run.complete = false;
    run.peers[0].name = name;
    run.peers[0].versions = vec![VersionOf {
        name: text.into(),
        version: text.into(),
    }];
    run
}

#[test]
fn a_peer_cannot_break_out() {
    let calm = outside(&shown(&hostile("calm"), STEP_SUMMARY)).len();
    for text in BREAKS {
        let shown = shown(&hostile(text), STEP_SUMMARY);
        let lines = outside(&shown);
        assert_eq!(lines.len(), calm, "{text:?} adds a line\n{shown}");
        let outside = lines.join("\n");
        for tag in ["<script", "<img", "<!--", "@everyone", "\u{202e}", "\x1b"] {
            assert!(!outside.contains(tag), "{text:?} leaves {tag:?}\n{outside}");
        }
        // Between tags of HTML, brackets are only brackets.
        let prose = lines.iter().filter(|line| !line.starts_with('<'));
        for line in prose {
            assert!(!line.replace("\\]", "").contains("]("), "{line}");
        }
        for line in lines.iter().filter(|line| line.starts_with('|')) {
            assert_eq!(
                cells_of(line),
                cells_of(lines_above(&lines, line)),
                "{line}"
            );
        }
    }
}

/// The bars of a row that divide cells.
fn cells_of(line: &str) -> usize {
    line.replace("\\\\", "")
        .replace("\\|", "")
        .matches('|')
        .count()
}

/// The header of the table that a row is in.
fn lines_above<'a>(lines: &[&'a str], row: &str) -> &'a str {
    let at = lines.iter().position(|line| *line == row).expect("a row");
    let table = lines[..=at].iter().rposition(|line| !line.starts_with('|'));
    lines[table.map_or(0, |before| before + 1)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a peer says, and whatever the budget, blocks stay whole.
    #[test]
    fn blocks_stay_whole(text in "[~`|<>a\\n @\\[\\]!-]{0,40}", budget in 0_usize..6_000) {
        shown(&hostile(&text), budget);
    }
}
