//! Servers in containers: looked for, started, and removed again whatever
//! happens.
//!
//! All that talks with an engine is behind the cargo feature `containers`.

mod fault;

#[cfg(not(feature = "containers"))]
mod absent;
#[cfg(feature = "containers")]
mod engine;
#[cfg(feature = "containers")]
mod keep;
#[cfg(feature = "containers")]
mod live;
#[cfg(feature = "containers")]
mod look;

pub use fault::ContainerFault;

#[cfg(not(feature = "containers"))]
pub use absent::{all_gone, engine, look, remove_all, start};
#[cfg(feature = "containers")]
pub use {
    keep::start,
    live::{all_gone, remove_all},
    look::{engine, look},
};
