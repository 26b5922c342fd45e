//! Peers as processes: starting them, talking the contract with them, and
//! ending them with everything that they started.

pub mod builtin;
pub mod contract;
pub mod foreign;
pub mod install;
pub mod link;
pub mod log;
pub mod process;
pub mod session;
pub mod spec;
pub mod up;
