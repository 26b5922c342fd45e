//! The judge: holds what both peers report and what the tap saw against the
//! case and against the rules. Pure: values in, findings out.

pub mod finding;
pub mod rules;
