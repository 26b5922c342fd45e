//! The rules of the wire, as a list and one by one.

use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};
use wirecheck_core::judge::finding::{Finding, Level};
use wirecheck_core::judge::rules::{Example, Rule};
use wirecheck_core::model::from_judge::{culprit, level};

use super::outline::outline;
use super::style::{Line, Page, Paint, Style};
use super::text;

/// Where what is named on the left begins.
const COLUMN: usize = 12;
/// Lines that are the same, shown on both sides of those that are not.
const CONTEXT: usize = 2;

/// All of these rules, section by section.
pub fn rules(rules: &[&Rule], style: Style) -> String {
    let mut page = Page::new(style);
    let widest = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let column = 2 + widest + 2;
    let mut last = None;
    for rule in rules {
        if last.is_some_and(|last| last != section(rule)) {
            page.blank();
        }
        last = Some(section(rule));
        let name = Line::indent(2).paint(Paint::Strong, rule.id).pad(column);
        let name = name.paint(paint(rule.level), level(rule.level));
        page.entry(name, column + 8, rule.about);
    }
    page.blank();
    page.line(Line::new(format!(
        "{}; wirecheck explain RULE tells one with an example",
        text::count(rules.len(), "rule")
    )));
    page.finish()
}

/// What stands before the slash.
pub fn section(rule: &Rule) -> &'static str {
    rule.id
        .split_once('/')
        .map_or(rule.id, |(section, _)| section)
}

/// The same for programs.
pub fn rules_json(rules: &[&Rule]) -> Value {
    let rules = rules.iter().map(|rule| {
        json!({
            "id": rule.id, "level": level(rule.level), "about": rule.about,
            "section": rule.section.name, "quote": rule.section.quote, "link": rule.section.link,
        })
    });
    json!({ "schema_version": 1, "rules": rules.collect::<Vec<_>>() })
}

/// Explains a rule: what it wants, in whose words, and an exchange that keeps
/// it beside one that breaks it.
pub fn explain_rule(rule: &Rule, style: Style) -> String {
    let mut page = Page::new(style);
    let head = Line::default().paint(Paint::Strong, rule.id);
    page.line(head.text("   ").paint(paint(rule.level), level(rule.level)));
    page.entry(Line::default(), 2, rule.about);
    page.blank();
    entry(&mut page, "section", rule.section.name);
    entry(&mut page, "says", &format!("\"{}\"", rule.section.quote));
    page.entry(label("link"), COLUMN, rule.section.link);
    entry(&mut page, "broken", meaning(rule.level));
    if let Some(example) = Example::of(rule) {
        put_example(&mut page, rule, &example);
    }
    page.finish()
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
        insta::assert_snapshot!(super::rules(rules::all(), Style::Plain));
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
