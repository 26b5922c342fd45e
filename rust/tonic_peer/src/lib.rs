//! The Wirecheck peer `rust-tonic`: it makes and serves gRPC calls with tonic as
//! it is told on stdin, and reports on stdout what it saw. What each order means
//! is written in `proto/wirecheck/v1/peer.proto`.
//!
//! The library as its users have it, with what follows from that:
//!
//! - Unary and client-streaming calls of the idiomatic interface merge trailing
//!   metadata into leading metadata, so their results are marked `merged`, and
//!   they know no `await_headers`.
//! - tonic shows its users all header fields, also `content-type`, `date` and,
//!   after an OK, `grpc-status`; so they are in the reports.
//! - A call is cancelled by dropping it. There is no status then, so its report
//!   says CANCELLED in the peer's own words.
//! - A deadline is set with `Request::set_timeout`. tonic watches it on both
//!   sides until the response's headers have come, and calls it CANCELLED.
//! - tonic drops the future of a handler whose call has ended: `CALL_END_DROPPED`.
//! - A handler cannot choose the code of a reset: there is no feature `reset`.
//! - prost drops unknown fields, so what was seen is without them.
//!
//! Each listener has a thread with a runtime of its own, see [`server`]. The
//! orders and all calls share one single-threaded runtime: on two cores a unary
//! call takes about a quarter less time that way than with worker threads.

mod client;
mod codec;
mod coding;
mod contract;
mod events;
mod features;
mod frames;
mod latches;
mod metadata;
mod payload;
mod peer;
mod seen;
mod server;
mod steps;

use std::process::ExitCode;

use thiserror::Error;

pub use contract::Role;

/// `EX_SOFTWARE` of `sysexits.h`: the contract was broken, by either side.
const BROKEN_CONTRACT: u8 = 70;

/// Runs the peer until stdin ends. stdout carries frames and nothing else from
/// here on: what is printed later goes to stderr.
///
/// The exit code is 0, or 70 with a line on stderr when the contract was broken.
pub fn run(role: Role) -> ExitCode {
    match try_run(role) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rust-tonic: {error}");
            ExitCode::from(BROKEN_CONTRACT)
        }
    }
}

/// Why a peer ended before its time.
#[derive(Debug, Error)]
enum RunError {
    #[error("cannot keep stdout for frames: {0}")]
    Stdout(#[source] std::io::Error),
    #[error("cannot build a runtime: {0}")]
    Runtime(#[source] std::io::Error),
    #[error("broken contract: {0}")]
    Contract(#[from] peer::PeerError),
}

fn try_run(role: Role) -> Result<(), RunError> {
    let events = events::take_stdout().map_err(RunError::Stdout)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(RunError::Runtime)?;
    let result = runtime.block_on(peer::run(role, events));
    // A read of stdin may still be under way, and nothing can end it.
    runtime.shutdown_background();
    Ok(result?)
}
