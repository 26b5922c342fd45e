//! The rules of the wire, as a list and one by one.

use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};
use wirecheck_core::judge::finding::{Finding, Level, Section};
use wirecheck_core::judge::rules::{Behaviour, Example, Listed, Rule};
use wirecheck_core::model::from_judge::{culprit, level};
use wirecheck_core::plan::types::CasePlan;

use super::outline::outline;
use super::style::{Line, Page, Paint, Style};
use super::text;

/// Where what is named on the left begins.
const COLUMN: usize = 12;
/// Lines that are the same, shown on both sides of those that are not.
const CONTEXT: usize = 2;

/// All of these rules, section by section.
pub fn rules(rules: &[Listed], style: Style) -> String {
    let mut page = Page::new(style);
    let widest = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let column = 2 + widest + 2;
    let mut last = None;
    for rule in rules {
        if last.is_some_and(|last| last != rule.group()) {
            page.blank();
        }
        last = Some(rule.group());
        let name = Line::indent(2).paint(Paint::Strong, rule.id).pad(column);
        let name = name.paint(paint(rule.level), level(rule.level));
        let name = name.pad(column + 8).text(mark(rule)).pad(column + 10);
        page.entry(name, column + 10, rule.about);
    }
    let by_cases = rules.iter().filter(|rule| rule.by_cases).count();
    page.blank();
    page.line(Line::new(format!(
        "{}, {by_cases} of them (c) held by cases; wirecheck explain RULE tells one with an example",
        text::count(rules.len(), "rule")
    )));
    page.finish()
}

/// Marks what bytes alone do not prove.
fn mark(rule: &Listed) -> &'static str {
    if rule.by_cases { "c" } else { "" }
}

/// The same for programs.
pub fn rules_json(rules: &[Listed]) -> Value {
    let rules = rules.iter().map(|rule| {
        json!({
            "id": rule.id, "level": level(rule.level), "about": rule.about,
            "section": rule.section.name, "quote": rule.section.quote, "link": rule.section.link,
            "held_by": if rule.by_cases { "cases" } else { "bytes" },
        })
    });
    json!({ "schema_version": 1, "rules": rules.collect::<Vec<_>>() })
}

/// Explains a rule: what it wants, in whose words, and an exchange that keeps
/// it beside one that breaks it.
pub fn explain_rule(rule: &Rule, style: Style) -> String {
    let mut page = Page::new(style);
    put_head(&mut page, rule.id, rule.level, rule.about, &rule.section);
    if let Some(example) = Example::of(rule) {
        put_example(&mut page, rule, &example);
    }
    page.finish()
}

/// Explains a behaviour: what it wants, in whose words, and the cases that hold
/// it.
pub fn explain_behaviour(behaviour: &Behaviour, cases: &[CasePlan], style: Style) -> String {
    let mut page = Page::new(style);
    let Behaviour {
        id,
        level,
        about,
        section,
    } = behaviour;
    put_head(&mut page, id, *level, about, section);
    page.blank();
    let holding = cases.iter().filter(|case| case.holds.contains(id));
    let holding: Vec<&CasePlan> = holding.collect();
    let count = text::count(holding.len(), "case");
    entry(
        &mut page,
        "held by",
        &format!(
            "{count}: bytes alone do not prove it, so one side is made to say or do what it is about"
        ),
    );
    for case in &holding {
        page.blank();
        page.line(Line::indent(4).paint(Paint::Strong, &case.id));
        page.entry(Line::default(), 6, &case.about);
    }
    if let Some(case) = holding.first() {
        page.blank();
        entry(&mut page, "look", &format!("wirecheck explain {}", case.id));
        entry(&mut page, "run it", &format!("wirecheck run {}", case.id));
    }
    page.finish()
}

fn put_head(page: &mut Page, id: &str, of: Level, about: &str, section: &Section) {
    let head = Line::default().paint(Paint::Strong, id);
    page.line(head.text("   ").paint(paint(of), level(of)));
    page.entry(Line::default(), 2, about);
    page.blank();
    entry(page, "section", section.name);
    entry(page, "says", &format!("\"{}\"", section.quote));
    page.entry(label("link"), COLUMN, section.link);
    entry(page, "broken", meaning(of));
}

fn put_example(page: &mut Page, rule: &Rule, example: &Example) {
    let broken = example.broken();
    page.blank();
    entry(
        page,
        "example",
        "an exchange that keeps the rule, and (-, +) what breaks it:",
    );
    page.blank();
    put_difference(page, &outline(&example.kept()), &outline(&broken));
    page.blank();
    for finding in rule.check(&broken) {
        entry(page, "told as", &told(&finding));
    }
}

fn put_difference(page: &mut Page, kept: &str, broken: &str) {
    let difference = TextDiff::from_lines(kept, broken);
    for (number, group) in difference.grouped_ops(CONTEXT).iter().enumerate() {
        if number > 0 {
            page.line(Line::indent(4).paint(Paint::Dim, "..."));
        }
        for change in group.iter().flat_map(|op| difference.iter_changes(op)) {
            let (mark, paint) = match change.tag() {
                ChangeTag::Equal => ("  ", Paint::Plain),
                ChangeTag::Delete => ("- ", Paint::Good),
                ChangeTag::Insert => ("+ ", Paint::Bad),
            };
            let line = format!("{mark}{}", change.value().trim_end_matches('\n'));
            page.line(Line::indent(2).paint(paint, text::fit(&line, 96)));
        }
    }
}

fn told(finding: &Finding) -> String {
    // Some sentences end with what they expected.
    let expected = finding.expected.as_ref();
    let expected = expected.filter(|value| !finding.sentence.ends_with(&value.text));
    let expected = expected.map_or(String::new(), |value| format!(", expected {}", value.text));
    format!(
        "{}: {}{expected}",
        culprit(finding.culprit),
        finding.sentence
    )
}

fn meaning(level: Level) -> &'static str {
    match level {
        Level::Must => "it fails a cell, unless `known.toml` lists it",
        Level::Should => "it is counted as a habit of the peer, and fails nothing",
        Level::Info => "it is counted as a habit of the peer; nobody is wrong",
    }
}

fn entry(page: &mut Page, name: &str, text: &str) {
    page.entry(label(name), COLUMN, text);
}

fn label(name: &str) -> Line {
    Line::indent(2).paint(Paint::Dim, name)
}

fn paint(level: Level) -> Paint {
    match level {
        Level::Must => Paint::Bad,
        Level::Should => Paint::Warn,
        Level::Info => Paint::Dim,
    }
}

#[cfg(test)]
mod tests {
    use wirecheck_core::judge::rules;

    use super::*;

    #[test]
    fn the_list_of_rules() {
        insta::assert_snapshot!(super::rules(&rules::listed(), Style::Plain));
    }

    /// As a user reads about them, one of each kind of difference.
    #[test]
    fn rules_with_their_examples() {
        let ids = [
            "request/te-trailers",
            "request/definition-first",
            "request/no-trailers",
            "metadata/binary-base64",
            "message/complete",
            "message/accepted-encoding",
            "response/ends-with-trailers",
            "status/message-encoding",
            "http2/well-formed",
            "http2/concurrent-streams",
            "http2/goaway-before-close",
        ];
        for id in ids {
            let rule = rules::by_id(id).expect("the rule");
            let name = id.replace('/', "-");
            insta::assert_snapshot!(name, explain_rule(rule, Style::Plain));
        }
    }

    /// An example that shows no difference explains nothing.
    #[test]
    fn every_example_shows_what_breaks_its_rule() {
        for rule in rules::all() {
            let told = explain_rule(rule, Style::Plain);
            let changed = told
                .lines()
                .any(|line| line.starts_with("  + ") || line.starts_with("  - "));
            assert!(changed, "{}:\n{told}", rule.id);
            assert!(told.contains("told as"), "{}:\n{told}", rule.id);
        }
    }
}
