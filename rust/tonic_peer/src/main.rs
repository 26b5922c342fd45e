//! `tonic-peer client|server`: the Wirecheck peer `rust-tonic` as a program of its own.

use std::env;
use std::process::ExitCode;

use wirecheck_tonic_peer::{Role, run};

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("client"), None) => run(Role::Client),
        (Some("server"), None) => run(Role::Server),
        _ => {
            eprintln!("usage: tonic-peer client|server");
            ExitCode::from(2)
        }
    }
}
