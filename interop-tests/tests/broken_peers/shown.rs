//! What the user of a broken peer sees, held against a snapshot.

use wirecheck_interop_tests::varying::VARYING;

use super::run::Finished;
use super::table::{Role, Row};

/// Beside what differs from run to run of any kind.
const OF_BROKEN_PEERS: [(&str, &str); 5] = [
    // Cases that are added before it move it.
    (r"(cases/[\w-]+\.yaml):\d+", "$1:[LINE]"),
    // Which pair is through first is a race.
    (r"(?m)^\[[12]/2\] .*\n", ""),
    // Nor does a flood always come as far.
    (r"(?m)^(cut .*): .*$", "$1: [SIZE]"),
    // Made up from the seed.
    (r"no-such-feature-[0-9a-f]+", "no-such-feature-[SEED]"),
    (r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT", "[DATE]"),
];

/// Breaks two promises at once, to send only what was asked for and not too much
/// of it, and is told of either or both, as they are noticed.
const TWICE_WRONG: [&str; 1] = ["floods-stdout"];

/// Holds it.
pub fn assert(row: &Row, finished: &Finished) {
    // What is shown is the outcome, and more than one is right.
    if row.outcomes.len() > 1 || TWICE_WRONG.contains(&row.fault) {
        return;
    }
    let folder = finished.folder.path().display().to_string();
    let text = finished.stderr.replace(&folder, "[FOLDER]");
    let role = match row.role {
        Role::Client => "client",
        Role::Server => "server",
    };
    let name = format!("{}_{}_{role}", row.language.name(), row.fault);
    let filters = OF_BROKEN_PEERS.iter().chain(&VARYING).copied();
    insta::with_settings!({ filters => filters, prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, text);
    });
}
