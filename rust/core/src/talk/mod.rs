//! One connection of a scripted peer, without the socket: what it says is
//! written by [`Talk`], what comes back is taken in by [`Heard`].

mod hear;
mod say;

pub use hear::{Heard, HeardFrame};
pub(crate) use say::data_frames;
pub use say::{CannotSay, Talk};

#[cfg(test)]
mod tests;
