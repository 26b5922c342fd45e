//! The article's programs, run as a reader runs them, and what the article says of them.
//!
//! Needs `.venv` and the generated stubs: `make python`, which `make test` runs first.

mod checkout;
mod claims;
mod documentation;
mod port;
mod tour;
