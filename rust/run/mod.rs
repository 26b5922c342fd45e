//! Runs a plan: peers are started once each, cells run side by side, and each
//! is judged when it has ended.

pub mod cell;
mod facts;
mod orders;
mod seen;
