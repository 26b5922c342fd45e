//! A scripted peer and the rules: what it breaks it breaks on purpose.

use super::check::Check;
use super::finding::{Culprit, Finding, Level, Where};
use crate::plan::dialogue::DialoguePlan;
use crate::plan::types::CasePlan;

/// What is left of what the rules found: nothing against the script. Where the
/// case says which rules it breaks, the others are held against the case.
pub fn against_others(case: &CasePlan, mut found: Vec<Finding>) -> Vec<Finding> {
    let Some(dialogue) = &case.dialogue else {
        return found;
    };
    let script = Culprit::sender(dialogue.direction());
    found.retain_mut(|finding| {
        let is_meant = dialogue
            .breaks
            .as_ref()
            .is_none_or(|rules| rules.contains(&finding.code.as_str()));
        let is_of_script = finding.culprit == script;
        if is_of_script && !is_meant && finding.level == Level::Must {
            finding.culprit = Culprit::Case;
            return true;
        }
        !is_of_script
    });
    found
}

/// Whether each rule that the script is said to break was broken by it.
pub fn check(case: &CasePlan, found: &[Finding]) -> Vec<Check> {
    let Some(DialoguePlan {
        breaks: Some(rules),
        ..
    }) = &case.dialogue
    else {
        return Vec::new();
    };
    let script = case.dialogue.as_ref().map(DialoguePlan::direction);
    let script = script.map(Culprit::sender);
    let is_broken = |rule: &str| {
        let mut found = found.iter();
        found.any(|finding| finding.code == rule && Some(finding.culprit) == script)
    };
    let checks = rules.iter().map(|rule| {
        let path = format!("breaks.{rule}");
        match is_broken(rule) {
            true => Check::met(path),
            false => Check::broken(path.clone(), kept(rule, path)),
        }
    });
    checks.collect()
}

fn kept(rule: &str, path: String) -> Finding {
    Finding {
        code: "expect/breaks".into(),
        level: Level::Must,
        culprit: Culprit::Case,
        sentence: format!("the script was to break the rule `{rule}`, and did not"),
        place: Where::default(),
        expected: None,
        got: None,
        section: None,
        path: Some(path),
    }
}
