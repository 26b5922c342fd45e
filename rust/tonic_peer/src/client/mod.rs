//! The client's part: channels and calls.

mod call;
mod channel;
mod report;
mod versions;

pub use call::call;
pub use channel::{Channel, open};
