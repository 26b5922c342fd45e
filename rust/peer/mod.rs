//! Peers as processes: starting them, talking the contract with them, and
//! ending them with everything that they started.

pub mod builtin;
pub mod contract;
pub mod fault;
pub mod foreign;
pub mod install;
pub mod link;
pub mod log;
pub mod official;
pub mod process;
pub mod session;
pub mod spec;
pub mod up;
pub mod version;

/// Ends everything that was started and has not ended, by force and at once:
/// for the end of the program, when nobody is left who would.
pub fn end_all() {
    process::kill_all();
    foreign::container::remove_all();
}
