//! What the test driver's tests share.

pub mod difference;
pub mod prerequisite;
pub mod varying;
