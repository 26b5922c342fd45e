//! From what a user wrote to the list of cells: cases and suites, patterns,
//! the list of known deviations, and the plan that they give together.

pub mod case;
pub mod cells;
pub mod dialogue;
pub mod expand;
pub mod expect;
pub mod faults;
pub mod generate;
pub mod given;
pub mod known;
pub mod known_edit;
pub mod load;
pub mod manifest;
mod message;
pub mod official;
pub mod part;
pub mod pattern;
pub mod program;
pub mod resolve;
mod resolve_expect;
pub mod schema;
pub mod service;
pub mod source;
pub mod span;
pub mod told;
pub mod types;
pub mod variant;
