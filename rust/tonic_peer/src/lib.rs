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
//! - A client or a service of tonic compresses all that it sends, or nothing. Only
//!   the one response of a unary or client-streaming method can be left
//!   uncompressed, and no message of a stream: there is no feature
//!   `per-message-compression`.
//! - It decompresses before a codec or a handler sees anything, and does not say
//!   that it did: there is no feature `sees-compressed-flag`.
//! - It sends and accepts a coding only where it is told to. A server that was not
//!   answers UNIMPLEMENTED to a request in that coding.
//! - It has no call credentials. Its users send a token with an interceptor, which
//!   is metadata like any other and goes out over plain text as well: there is no
//!   feature `call-credentials`.
//! - It takes TLS from rustls, over TCP alone. A client that is refused for its
//!   certificate learns of that after the handshake of TLS 1.3, and has UNKNOWN or
//!   CANCELLED then instead of UNAVAILABLE.
//! - A deadline does not end a handshake that the other side leaves unanswered: the
//!   call has not left tonic's queue then. `Abort` ends it.
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
