//! The one model of a run, from which every report is made.

pub mod adopt;
pub mod comparison;
pub mod diff;
pub mod exit;
pub mod from_judge;
pub mod read;
pub mod redact;
pub mod run;
pub mod to_judge;
