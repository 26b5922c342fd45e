//! The list of rules itself, its page, and that every rule is tested.

use std::collections::BTreeSet;
use std::path::PathBuf;

use wirecheck_core::judge::finding::Level;
use wirecheck_core::judge::rules::{self, Listed};

use crate::{http2, message, metadata, request, response, status};

#[test]
fn every_rule_has_an_edit_that_breaks_it() {
    let tables = [
        request::BREAKS,
        metadata::BREAKS,
        message::BREAKS,
        response::BREAKS,
        status::BREAKS,
        http2::BREAKS,
    ];
    let edited: BTreeSet<_> = tables
        .iter()
        .flat_map(|table| *table)
        .map(|row| row.rule())
        .collect();
    let known: BTreeSet<_> = rules::all().iter().map(|rule| rule.id).collect();
    assert_eq!(edited, known);
}

#[test]
fn ids_are_unique_and_readable() {
    let mut seen = BTreeSet::new();
    for rule in rules::all() {
        assert!(seen.insert(rule.id), "{} stands twice", rule.id);
        assert!(is_section_and_name(rule.id), "{}", rule.id);
        assert!(std::ptr::eq(
            rules::by_id(rule.id).expect("the rule"),
            *rule
        ));
    }
}

/// `section/kebab-name`.
fn is_section_and_name(id: &str) -> bool {
    let words = |text: &str| {
        let is_word = |word: &str| {
            word.starts_with(|first: char| first.is_ascii_lowercase())
                && word
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        text.split('-')
            .all(|word| is_word(word) || word.chars().all(|c| c.is_ascii_digit()))
    };
    let [section, name] = id.split('/').collect::<Vec<_>>()[..] else {
        return false;
    };
    !name.is_empty() && words(section) && words(name)
}

#[test]
fn every_rule_quotes_and_links_its_section() {
    for rule in rules::all() {
        let section = rule.section;
        assert!(
            !rule.about.is_empty() && !rule.about.ends_with('.'),
            "{}",
            rule.id
        );
        assert!(
            !section.name.is_empty() && !section.quote.is_empty(),
            "{}",
            rule.id
        );
        assert!(
            !section.quote.contains("  "),
            "{} breaks its quote oddly",
            rule.id
        );
        assert!(section.link.starts_with("https://"), "{}", rule.id);
    }
}

#[test]
fn the_page_lists_the_rules() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules.md");
    let page = std::fs::read_to_string(&path).expect("docs/rules.md");
    let (_, table) = page
        .split_once("<!-- rules -->\n")
        .expect("the mark before the table");
    let wanted = table_of_rules();
    if std::env::var_os("UPDATE_DOCS").is_some() && table != wanted {
        let (before, _) = page.split_at(page.len() - table.len());
        std::fs::write(&path, format!("{before}{wanted}")).expect("docs/rules.md can be written");
        return;
    }
    assert_eq!(table, wanted, "run the test again with UPDATE_DOCS=1");
}

fn table_of_rules() -> String {
    let rows = rules::listed();
    let rows = rows.iter().map(row);
    let head = "| rule | level | held by | about | section |\n|---|---|---|---|---|\n".to_owned();
    std::iter::once(head).chain(rows).collect()
}

fn row(rule: &Listed) -> String {
    let level = match rule.level {
        Level::Must => "MUST",
        Level::Should => "SHOULD",
        Level::Info => "INFO",
    };
    let held_by = if rule.by_cases { "cases" } else { "bytes" };
    let Listed {
        id, about, section, ..
    } = rule;
    format!(
        "| `{id}` | {level} | {held_by} | {about} | [{}]({}) |\n",
        section.name, section.link
    )
}
