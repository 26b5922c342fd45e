//! The examples that stand beside the rules: one keeps its rule, and with one
//! change it breaks that rule and no other MUST.

use wirecheck_core::judge::finding::Level;
use wirecheck_core::judge::rules::{self, Example};

/// Rules that nobody can keep who breaks the first.
const ALSO: [(&str, &str); 1] = [("response/unsupported-media-type", "request/content-type")];

#[test]
fn every_rule_has_an_example_that_keeps_and_one_that_breaks_it() {
    for rule in rules::all() {
        let example = Example::of(rule).unwrap_or_else(|| panic!("{} has no example", rule.id));
        let kept = rule.check(&example.kept());
        assert!(kept.is_empty(), "{} is kept: {kept:#?}", rule.id);
        let broken = rule.check(&example.broken());
        assert_eq!(broken.len(), 1, "{} is broken once: {broken:#?}", rule.id);
        assert_eq!(broken[0].level, rule.level);
    }
}

#[test]
fn an_example_breaks_no_other_must() {
    for rule in rules::all() {
        let example = Example::of(rule).expect("every rule has one");
        let findings = rules::check(&example.broken());
        let musts = findings.iter().filter(|found| found.level == Level::Must);
        let others = musts.filter(|found| {
            found.code != rule.id && !ALSO.contains(&(rule.id, found.code.as_str()))
        });
        let others: Vec<_> = others.collect();
        assert!(others.is_empty(), "{} brings {others:#?}", rule.id);
    }
}
