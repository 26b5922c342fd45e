//! Collects what a rule finds, within bounds.

use super::Rule;
use super::scope::Spot;
use crate::judge::finding::{Culprit, Evidence, Finding, Section};

/// The most findings of one rule that are kept for each culprit. A peer
/// controls the bytes and can break a rule in every field that it sends.
pub const MAX_FINDINGS: usize = 20;

/// The most bytes of a value that a sentence shows.
const SHOWN_BYTES: usize = 60;

/// One place where a rule is broken.
pub(super) struct Breach {
    spot: Spot,
    sentence: String,
    expected: Option<Evidence>,
    got: Option<Evidence>,
    section: Option<Section>,
}

impl Breach {
    /// A breach at a spot, told in one sentence without a full stop.
    pub fn new(spot: Spot, sentence: impl Into<String>) -> Self {
        Self {
            spot,
            sentence: sentence.into(),
            expected: None,
            got: None,
            section: None,
        }
    }

    /// What should have been there.
    pub fn expected(mut self, text: impl Into<String>) -> Self {
        self.expected = Some(Evidence::text(text));
        self
    }

    /// The value that is there.
    pub fn got(mut self, value: &[u8]) -> Self {
        self.got = Some(Evidence::bytes(shown(value), value));
        self
    }

    /// A closer place in the specification than the rule's own.
    pub fn section(mut self, section: Section) -> Self {
        self.section = Some(section);
        self
    }
}

/// What one rule finds in one exchange.
pub(super) struct Breaches<'r> {
    rule: &'r Rule,
    findings: Vec<Finding>,
    counts: Vec<(Culprit, usize)>,
}

impl<'r> Breaches<'r> {
    pub fn new(rule: &'r Rule) -> Self {
        Self {
            rule,
            findings: Vec::new(),
            counts: Vec::new(),
        }
    }

    /// Keeps a breach, or only counts it when its culprit has enough of them.
    pub fn push(&mut self, breach: Breach) {
        let count = self.count(breach.spot.culprit);
        *count += 1;
        if *count <= MAX_FINDINGS {
            self.findings.push(finding(self.rule, breach));
        }
    }

    fn count(&mut self, culprit: Culprit) -> &mut usize {
        let index = self.counts.iter().position(|(who, _)| *who == culprit);
        let index = index.unwrap_or_else(|| {
            self.counts.push((culprit, 0));
            self.counts.len() - 1
        });
        &mut self.counts[index].1
    }

    pub fn into_findings(mut self) -> Vec<Finding> {
        for (culprit, count) in self.counts {
            let Some(more) = count.checked_sub(MAX_FINDINGS).filter(|more| *more > 0) else {
                continue;
            };
            let last = self.findings.iter_mut().rfind(|f| f.culprit == culprit);
            if let Some(last) = last {
                last.sentence.push_str(&format!(" ({more} more like it)"));
            }
        }
        self.findings
    }
}

fn finding(rule: &Rule, breach: Breach) -> Finding {
    Finding {
        code: rule.id.to_owned(),
        level: rule.level,
        culprit: breach.spot.culprit,
        sentence: breach.sentence,
        place: breach.spot.place,
        expected: breach.expected,
        got: breach.got,
        section: Some(breach.section.unwrap_or(rule.section)),
        path: None,
    }
}

/// A value as a sentence shows it: printable, and cut when it is long.
pub(super) fn shown(value: &[u8]) -> String {
    let head = &value[..value.len().min(SHOWN_BYTES)];
    let cut = if head.len() < value.len() { "..." } else { "" };
    format!("{}{cut}", head.escape_ascii())
}
