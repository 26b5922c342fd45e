//! The peer `rust-tonic` with one fault on purpose: `broken-peer FAULT client|server`.
//!
//! Most faults stand between an honest peer and the harness, see [`between`] and
//! [`line`]; a process that will not end is a peer of its own, see [`stubborn`].
//! Nothing tells the harness which fault it is: what it sees on the pipes and on
//! the line is all that it has.

mod between;
mod contract;
mod frames;
mod line;
mod stubborn;

use std::env;
use std::process::ExitCode;

use wirecheck_tonic_peer::{Role, run};

/// `EX_USAGE` of `sysexits.h`.
const USAGE: u8 = 64;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [what, role] = arguments.as_slice() else {
        return usage();
    };
    let role = match role.as_str() {
        "client" => Role::Client,
        "server" => Role::Server,
        _ => return usage(),
    };
    match what.as_str() {
        between::HONEST => run(role),
        "ignores-stop" => stubborn::run(role),
        stubborn::GRANDCHILD => stubborn::linger(),
        name => match between::Fault::named(name) {
            Some(fault) => between::run(fault, role),
            None => usage(),
        },
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: broken-peer FAULT client|server");
    ExitCode::from(USAGE)
}
