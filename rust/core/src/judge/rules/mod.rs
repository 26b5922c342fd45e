//! The rules of the wire: requirements of a specification that can be held
//! against an exchange, whatever the case says.

use super::finding::{Finding, Level, Section};
use crate::wire::exchange::Exchange;

/// One requirement of a specification.
pub struct Rule {
    /// Stable and readable, such as `request/te-trailers`.
    pub id: &'static str,
    /// What breaking it means.
    pub level: Level,
    /// What it requires, in one line.
    pub about: &'static str,
    /// Where it comes from.
    pub section: Section,
    /// Every place where an exchange breaks it.
    pub check: fn(&Rule, &Exchange) -> Vec<Finding>,
}

/// Every rule, in the order of the specification.
pub fn all() -> &'static [&'static Rule] {
    &[]
}
