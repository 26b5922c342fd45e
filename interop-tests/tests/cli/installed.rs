//! The program alone, as `cargo install` leaves it: no checkout around it, and peers in a cache.

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;
use tempfile::TempDir;
use wirecheck_core::model::run::Run;
use wirecheck_interop_tests::prerequisite::project_root;

use crate::wirecheck::{Answer, answer, command, program};

const SCHEMA: &str = "syntax = \"proto3\";\npackage greet.v1;\n\
    service Greet { rpc Hello(Name) returns (Name); }\nmessage Name { string name = 1; }\n";

/// A folder with the program, a project beside it, and a cache.
struct Elsewhere(TempDir);

impl Elsewhere {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Self(folder);
        fs::create_dir(place.project()).expect("a new folder");
        fs::write(place.project().join("greet.proto"), SCHEMA).expect("a file");
        fs::copy(program(), place.program()).expect("the program is built");
        place
    }

    fn program(&self) -> PathBuf {
        self.0.path().join("wirecheck")
    }

    fn project(&self) -> PathBuf {
        self.0.path().join("project")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        // Its environment is that of all tests, its program and its folder are not.
        let ours = command(arguments);
        let mut command = Command::new(self.program());
        command
            .args(arguments)
            .current_dir(self.project())
            .env_clear()
            .envs(std::env::vars_os())
            .env("WIRECHECK_CACHE", self.0.path().join("cache"));
        for (name, _) in ours.get_envs().filter(|(_, value)| value.is_none()) {
            if name != "WIRECHECK_CACHE" {
                command.env_remove(name);
            }
        }
        command
    }

    fn wirecheck(&self, arguments: &[&str]) -> Answer {
        answer(&mut self.command(arguments))
    }

    fn last(&self) -> Run {
        let run = self.project().join(".wirecheck/runs/latest/run.json");
        serde_json::from_slice(&fs::read(run).expect("a run")).expect("a run of this version")
    }
}

#[test]
fn without_a_checkout_there_is_the_rust_peer_and_a_way_to_the_others() {
    let place = Elsewhere::new();
    let answer = place.wirecheck(&["peers"]);
    assert_eq!(answer.exit, Some(0), "{}", answer.stderr);
    let rows = [
        "rust-tonic         client, server  built-in  rust",
        "python-grpcio      client, server  -         not installed: wirecheck peers install python",
    ];
    for row in rows {
        assert!(answer.stdout.contains(row), "{}", answer.stdout);
    }
}

#[test]
fn what_is_not_installed_is_not_run_and_said() {
    let place = Elsewhere::new();
    let client = ["run", "--client", "true {target}", "--proto", "greet.proto"];
    let answer = place.wirecheck(&client);
    let stderr = &answer.stderr;
    assert!(stderr.contains("not run: not installed"), "{stderr}");
    assert!(stderr.contains("1 of 3 pairs ran"), "{stderr}");
    assert!(
        stderr.contains("wirecheck peers install python"),
        "{stderr}"
    );
    let run = place.last();
    let absent = run.cells.iter().filter(|cell| cell.outcome == "not-run");
    assert_eq!(absent.count(), 4);
    assert_eq!(run.incomplete_reason, None);
}

#[test]
fn what_a_manifest_asks_for_and_is_not_there_makes_the_run_incomplete() {
    let place = Elsewhere::new();
    let manifest = "protos = [\"greet.proto\"]\nwith = [\"rust-tonic\", \"python-grpcio\"]\n\
        [peer.ours]\nrole = \"client\"\nrun = \"true {target}\"\n";
    fs::write(place.project().join("wirecheck.toml"), manifest).expect("a file");
    let answer = place.wirecheck(&["run"]);
    assert!(
        answer
            .stderr
            .contains("incomplete: python-grpcio.dynamic is not installed"),
        "{}",
        answer.stderr
    );
    let reason = place.last().incomplete_reason;
    assert_eq!(
        reason.as_deref(),
        Some("python-grpcio.dynamic is not installed")
    );
    let doctor = place.wirecheck(&["doctor", "python-grpcio.dynamic"]);
    assert_eq!(doctor.exit, Some(3), "{}", doctor.stdout);
    assert!(
        doctor.stdout.contains("wirecheck peers install python"),
        "{}",
        doctor.stdout
    );
}

/// All of it in one test: to install takes half a minute.
#[test]
fn installed_peers_take_part_and_need_no_network_any_more() {
    let place = Elsewhere::new();
    let install = place.wirecheck(&["peers", "install", "python"]);
    assert_eq!(
        install.exit,
        Some(0),
        "{}{}",
        install.stdout,
        install.stderr
    );
    for part in [
        "python-grpcio-aio  client, server  installed",
        "\ninstalled in ",
    ] {
        assert!(install.stdout.contains(part), "{}", install.stdout);
    }
    let again = place.wirecheck(&["peers", "install", "python", "--offline"]);
    assert_eq!(again.exit, Some(0), "{}", again.stderr);
    assert_eq!(again.stderr, "");
    // The shop's client wants a shop, and says so; what counts is that servers in every
    // language were there to be called.
    let client = project_root().join("examples/rust-server-python-client/client/client.py");
    let python = project_root().join(".venv/bin/python");
    let client = format!("{} {} {{target}}", python.display(), client.display());
    let schema = project_root().join("examples/rust-server-python-client/proto");
    let schema = schema.to_str().expect("a path in UTF-8");
    let answer = place.wirecheck(&["run", "--client", &client, "--proto", schema]);
    let run = place.last();
    assert_eq!(run.cells.len(), 6, "{}", answer.stderr);
    for cell in &run.cells {
        assert!(
            ["pass", "fail"].contains(&cell.outcome.as_str()),
            "{}: {}",
            cell.id,
            cell.outcome
        );
        let calls = cell.attempts.iter().map(|attempt| attempt.captures.len());
        assert!(calls.sum::<usize>() > 0, "{}", cell.id);
    }
}

#[test]
fn offline_without_packages_is_refused_with_the_way_to_bring_them() {
    let place = Elsewhere::new();
    let answer = place.wirecheck(&["peers", "install", "python", "--offline"]);
    assert_eq!(answer.exit, Some(3));
    let stderr = &answer.stderr;
    assert!(
        stderr.contains("error: the packages are not all here"),
        "{stderr}"
    );
    assert!(
        stderr.contains("hint: fetch them where there is a network: pip download"),
        "{stderr}"
    );
    assert!(
        stderr
            .trim_end()
            .ends_with("wirecheck peers install python --offline --wheels wheels"),
        "{stderr}"
    );
    // A set-up that did not come to its end is no installation.
    assert!(place.wirecheck(&["peers"]).stdout.contains("not installed"));
    let removed = place.wirecheck(&["peers", "uninstall", "python"]);
    assert!(removed.stdout.starts_with("removed "), "{}", removed.stdout);
    let nothing = place.wirecheck(&["peers", "uninstall", "python"]);
    assert_eq!(nothing.stdout, "python is not installed\n");
}

#[test]
fn a_python_that_is_not_there_is_named() {
    let place = Elsewhere::new();
    let answer = place.wirecheck(&["peers", "install", "python", "--python", "/no/such/python"]);
    assert_eq!(answer.exit, Some(3));
    assert!(
        answer
            .stderr
            .contains("`/no/such/python` cannot be started"),
        "{}",
        answer.stderr
    );
    assert!(
        answer.stderr.contains("hint: install Python"),
        "{}",
        answer.stderr
    );
}
