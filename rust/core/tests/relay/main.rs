//! Faults on real captures and on frames written by hand.

mod edits;
mod lines;
mod passing;
mod support;
