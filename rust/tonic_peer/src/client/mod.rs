//! The client's part: channels and calls.

mod call;
mod channel;
mod report;

pub use call::call;
pub use channel::{Channel, open};
