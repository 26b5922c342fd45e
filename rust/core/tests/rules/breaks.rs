//! The language of the tables: an edit of a real capture, and the one place
//! that a rule must point at.

use wirecheck_core::judge::finding::{Culprit, Finding, Level};
use wirecheck_core::judge::rules;
use wirecheck_core::wire::capture::Direction;

use crate::captures::decode;
use crate::editor::Edit;

/// An edit that breaks a rule.
pub struct Break {
    rule: &'static str,
    edit: fn() -> Edit,
    culprit: Culprit,
    at: At,
    /// Rules that nobody can keep who breaks this one.
    also: &'static [&'static str],
}

/// The bytes that the finding's range must hold, nothing more and nothing less.
#[derive(Clone, Copy)]
pub enum At {
    Bytes(&'static [u8]),
    /// The nth frame of a type from one side.
    Frame(Direction, u8, usize),
    /// None, behind the last byte of one side.
    End(Direction),
}

/// Says that an edit breaks a rule at these bytes.
pub const fn breaks(rule: &'static str, edit: fn() -> Edit, culprit: Culprit, at: At) -> Break {
    Break {
        rule,
        edit,
        culprit,
        at,
        also: &[],
    }
}

impl Break {
    /// The edit breaks these rules too.
    pub const fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }

    pub fn rule(&self) -> &'static str {
        self.rule
    }

    /// The edited capture.
    pub fn capture(&self) -> Vec<u8> {
        (self.edit)().capture()
    }

    /// Holds the edited capture against all rules.
    fn check(&self) -> Result<(), String> {
        let edit = (self.edit)();
        let findings = rules::check(&decode(&edit.capture()));
        let ours = findings.iter().filter(|finding| finding.code == self.rule);
        let ours: Vec<_> = ours
            .filter(|finding| finding.culprit == self.culprit)
            .collect();
        if !ours.iter().any(|finding| self.at.is_met(finding, &edit)) {
            let seen: Vec<_> = ours.iter().map(|finding| told(finding, &edit)).collect();
            let wanted = self.at.told(&edit);
            return Err(format!(
                "{}: nothing at {wanted}; found: {seen:?}",
                self.rule
            ));
        }
        let mut musts = findings
            .iter()
            .filter(|finding| finding.level == Level::Must);
        let is_other = |finding: &&Finding| {
            let mut ours = self.also.iter().chain([&self.rule]);
            ours.all(|rule| finding.code != *rule)
        };
        match musts.find(|finding| is_other(finding)) {
            Some(other) => Err(format!("{} brings {}", self.rule, told(other, &edit))),
            None => Ok(()),
        }
    }
}

/// Checks a whole table, and tells all that is wrong with it.
pub fn check_all(table: &[Break]) {
    let wrong: Vec<_> = table.iter().filter_map(|row| row.check().err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

impl At {
    /// The finding points here, and says when it was.
    fn is_met(self, finding: &Finding, edit: &Edit) -> bool {
        let place = &finding.place;
        let met = match self {
            Self::Bytes(bytes) => bytes_of(finding, edit).as_deref() == Some(bytes),
            Self::Frame(direction, kind, nth) => {
                place.frame.is_some()
                    && bytes_of(finding, edit) == Some(edit.encoded(direction, kind, nth))
            }
            Self::End(direction) => {
                let end = edit.bytes(1, direction).len() as u64;
                place.direction == Some(direction) && place.byte_range == Some(end..end)
            }
        };
        met && place.connection == Some(1) && place.at_ns.is_some()
    }

    fn told(self, edit: &Edit) -> String {
        match self {
            Self::Bytes(bytes) => format!("`{}`", bytes.escape_ascii()),
            Self::Frame(direction, kind, nth) => {
                format!("`{}`", edit.encoded(direction, kind, nth).escape_ascii())
            }
            Self::End(direction) => format!("the end of {direction:?}"),
        }
    }
}

fn bytes_of(finding: &Finding, edit: &Edit) -> Option<Vec<u8>> {
    let place = &finding.place;
    let range = place.byte_range.clone()?;
    let bytes = edit.bytes(place.connection?, place.direction?);
    bytes
        .get(range.start as usize..range.end as usize)
        .map(<[u8]>::to_vec)
}

fn told(finding: &Finding, edit: &Edit) -> String {
    let bytes = bytes_of(finding, edit).unwrap_or_default();
    let Finding {
        code,
        culprit,
        sentence,
        ..
    } = finding;
    format!(
        "{code} by {culprit:?}: {sentence}, at `{}`",
        bytes.escape_ascii()
    )
}
