//! What hostile peers cost: each does one thing without end, in a process of
//! its own, whose peak of memory the system tells. What is beyond a limit is
//! counted and named, and the rules say what was wrong.

mod peers;

use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use peers::{PEERS, Peer};

/// Bytes that reading a hostile peer may take, the whole process.
const MOST_MEMORY: u64 = 256 << 20;
/// Says to this program that it is the process of a peer.
const CHILD: &str = "--peer";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    if let [_, flag, name] = &words[..]
        && flag == CHILD
    {
        let peer = PEERS.iter().find(|peer| peer.name == name);
        let told = peer.expect("a peer of the table").told();
        println!("{told}\nmemory: {}", most_memory().unwrap_or(0));
        return ExitCode::SUCCESS;
    }
    let trials = PEERS.iter().map(|peer| {
        Trial::ignorable_test(peer.name, move || match most_memory() {
            Some(_) => hold(peer).map(|()| Completion::Completed),
            None => Ok(Completion::ignored_with("there is no /proc/self/status")),
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

fn hold(peer: &Peer) -> Result<(), Failed> {
    let program = std::env::current_exe()?;
    let output = Command::new(program).args([CHILD, peer.name]).output()?;
    let stdout = String::from_utf8(output.stdout)?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    for wanted in peer.says {
        if !stdout.contains(wanted) {
            return Err(format!("no `{wanted}` in:\n{stdout}").into());
        }
    }
    let memory = stdout
        .lines()
        .find_map(|line| line.strip_prefix("memory: "));
    let memory: u64 = memory.ok_or("no memory was told")?.parse()?;
    println!("{}: {} MiB", peer.name, memory >> 20);
    match memory <= MOST_MEMORY {
        true => Ok(()),
        false => Err(format!("{} MiB were taken", memory >> 20).into()),
    }
}

/// The peak of this process in bytes, where Linux tells it.
fn most_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}
