//! `wirecheck ci`: the job that is written parses, and has what it must.

use std::fs;

use serde_json::Value;

use super::wirecheck::{Answer, Place, wirecheck};

fn job(arguments: &[&str]) -> Value {
    let answer = wirecheck(arguments);
    assert_eq!(answer.exit, Some(0), "{}", answer.stderr);
    assert_eq!(answer.stderr, "");
    serde_saphyr::from_str(&answer.stdout).expect("YAML")
}

fn steps(workflow: &Value) -> &Vec<Value> {
    let steps = &workflow["jobs"]["interop"]["steps"];
    steps.as_array().expect("a list of steps")
}

/// The step that uses this action.
fn using<'a>(workflow: &'a Value, action: &str) -> &'a Value {
    let uses = |step: &&Value| {
        step["uses"]
            .as_str()
            .is_some_and(|uses| uses.starts_with(action))
    };
    let step = steps(workflow).iter().find(uses);
    step.unwrap_or_else(|| panic!("no step uses {action}"))
}

/// What the steps run, one below the other.
fn shell(workflow: &Value) -> Vec<&str> {
    let steps = steps(workflow).iter();
    steps
        .filter_map(|step| step["run"].as_str())
        .map(str::trim_end)
        .collect()
}

#[test]
fn a_workflow_of_github_installs_runs_and_keeps_the_run() {
    let workflow = job(&["ci", "github"]);
    assert_eq!(workflow["permissions"]["contents"], "read");
    assert!(workflow["on"].get("pull_request").is_some(), "{workflow}");
    let shell = shell(&workflow);
    assert!(shell[0].starts_with("cargo install --locked "), "{shell:?}");
    assert_eq!(
        shell[1..],
        ["wirecheck peers install python", "wirecheck run"]
    );
    let keep = using(&workflow, "actions/upload-artifact@");
    assert_eq!(
        keep["if"], "${{ !cancelled() }}",
        "a red run above all is kept"
    );
    assert_eq!(keep["with"]["path"], ".wirecheck/runs/latest/");
    // Or nothing would be kept: the folder's name begins with a dot.
    assert_eq!(keep["with"]["include-hidden-files"], true);
    for step in steps(&workflow) {
        let pinned = |uses: &str| {
            uses.rsplit('@')
                .next()
                .is_some_and(|commit| commit.len() == 40)
        };
        assert!(step["uses"].as_str().is_none_or(pinned), "{step}");
    }
}

#[test]
fn a_job_of_gitlab_hands_in_junit_and_keeps_the_runs() {
    let job = job(&["ci", "gitlab"]);
    let job = &job["interop"];
    let before = job["before_script"].as_array().expect("commands");
    assert_eq!(before[3], "wirecheck peers install python");
    let script = job["script"][0].as_str().expect("a command");
    let words = shlex::split(script).expect("a line of shell");
    let report = "junit=.wirecheck/runs/junit.xml";
    assert_eq!(words, ["wirecheck", "run", "--report", report]);
    let artifacts = &job["artifacts"];
    assert_eq!(artifacts["when"], "always");
    assert_eq!(artifacts["paths"][0], ".wirecheck/runs/");
    assert_eq!(artifacts["reports"]["junit"], ".wirecheck/runs/junit.xml");
}

/// A manifest that leaves the Python peers out needs none.
#[test]
fn peers_that_take_no_part_are_not_installed() {
    let place = Place::new();
    let folder = place.write("wirecheck.toml", "with = [\"rust-tonic\"]\n");
    let manifest = folder.join("wirecheck.toml").display().to_string();
    let answer = wirecheck(&["ci", "github", "--", "--manifest", &manifest]);
    assert_eq!(answer.exit, Some(0), "{}", answer.stderr);
    assert!(
        !answer.stdout.contains("peers install"),
        "{}",
        answer.stdout
    );
}

#[test]
fn what_run_gets_is_in_the_job_as_it_was_typed() {
    let typed = [
        "--runs=out/runs",
        "--peer",
        "mine=python 'a b.py': #x\n&& false",
        "python-*/**",
    ];
    for service in ["github", "gitlab"] {
        let mut arguments = vec!["ci", service, "--"];
        arguments.extend(typed);
        let job = job(&arguments);
        let command = match service {
            "github" => shell(&job).last().expect("a step").to_string(),
            _ => job["interop"]["script"][0]
                .as_str()
                .expect("a command")
                .to_owned(),
        };
        let words = shlex::split(&command).expect("a line of shell");
        assert_eq!(words[words.len() - typed.len()..], typed, "{command}");
        let text = job.to_string();
        assert!(
            text.contains("\"out/runs/") && !text.contains(".wirecheck/runs"),
            "{text}"
        );
    }
}

#[test]
fn what_run_would_refuse_is_refused_here() {
    let answer = wirecheck(&["ci", "github", "--", "--no-such-flag"]);
    assert_eq!((answer.exit, answer.stdout.as_str()), (Some(2), ""));
    insta::assert_snapshot!(answer.stderr);
}

#[test]
fn a_file_is_written_once_and_overwritten_only_by_force() {
    let place = Place::new();
    let file = place.path().join(".github/workflows/interop.yml");
    let name = file.to_str().expect("UTF-8");
    let write = |more: &[&str]| -> Answer {
        let mut arguments = vec!["ci", "github", "--output", name];
        arguments.extend(more);
        wirecheck(&arguments)
    };
    let first = write(&[]);
    assert_eq!(first.exit, Some(0), "{}", first.stderr);
    assert_eq!(first.stdout, format!("wrote {name}\n"));
    fs::write(&file, "mine").expect("a file");
    let second = write(&[]);
    assert_eq!((second.exit, second.stdout.as_str()), (Some(2), ""));
    assert!(
        second.stderr.contains("is there already"),
        "{}",
        second.stderr
    );
    assert!(second.stderr.contains("--force"), "{}", second.stderr);
    assert_eq!(fs::read_to_string(&file).expect("a file"), "mine");
    assert_eq!(write(&["--force"]).exit, Some(0));
    let written = fs::read_to_string(&file).expect("a file");
    assert_eq!(written, wirecheck(&["ci", "github"]).stdout);
}
