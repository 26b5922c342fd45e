//! The examples of the README and of docs/, typed as they stand there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use wirecheck_interop_tests::prerequisite::project_root;
use wirecheck_interop_tests::varying::VARYING;

use super::wirecheck::{Answer, Place, answer, command, program};

/// What stands for the reader's own peer in an example; one that is there is
/// started in its place.
const OWN_PEER: &str = "path/to/peer --verbose";

/// One run of everything, since it takes long.
#[test]
fn the_documentation_says_what_a_whole_run_does() {
    let place = Place::new();
    let mut run = command(&["run", "--runs"]);
    let run = answer(run.arg(place.runs()));
    assert_eq!(run.exit, Some(0), "{}\n{}", run.stderr, unexpected(&place));
    the_matrix_in_the_readme_is(&place, &run);
    every_command_does_what_it_says(&place);
}

/// What was found in cells that are not as expected. A table only names one
/// that failed beside others and passed alone.
fn unexpected(place: &Place) -> String {
    let run = place.last();
    let cells = run.cells.iter();
    let cells = cells.filter(|cell| ["fail", "flaky", "error"].contains(&cell.outcome.as_str()));
    cells
        .map(|cell| {
            let findings = cell.attempts.iter().flat_map(|attempt| &attempt.findings);
            let found: Vec<_> = findings
                .map(|found| (&found.code, &found.sentence))
                .collect();
            format!("{} {}: {found:?}\n", cell.outcome, cell.id)
        })
        .collect()
}

fn the_matrix_in_the_readme_is(place: &Place, run: &Answer) {
    let is_progress = |line: &&str| line.starts_with('[');
    let printed: Vec<&str> = run.stderr.lines().skip_while(is_progress).collect();
    let here = place.runs().display().to_string();
    let readme = readme_with(&printed.join("\n").replace(&here, ".wirecheck/runs"));
    let shown = matrix_in(&readme);
    insta::with_settings!({ filters => VARYING, omit_expression => true }, {
        insta::assert_snapshot!("matrix", without_cuts(&printed.join("\n")));
        insta::assert_snapshot!("matrix", without_cuts(shown));
    });
    let report = place.about(&["report"], &["--format", "compatibility"]);
    assert_eq!(report.exit, Some(0), "{}", report.stderr);
    the_page_of_compatibility_is(&report.stdout);
}

/// What reached a limit is left out: some peers give up before, some do not.
fn without_cuts(text: &str) -> String {
    let mut is_cut = false;
    let lines = text.lines().filter(|line| {
        is_cut = line.starts_with("cut ") || is_cut && line.starts_with("        ");
        !is_cut
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn matrix_in(readme: &str) -> &str {
    blocks(readme, "console")
        .find_map(|block| block.strip_prefix("$ make interop\n"))
        .expect("the README shows `make interop`")
}

/// The README; `UPDATE_READMES=1` puts the matrix into it first.
fn readme_with(matrix: &str) -> String {
    const README: &str = "README.md";
    if std::env::var_os("UPDATE_READMES").is_some() {
        let readme = read(README);
        let readme = readme.replacen(matrix_in(&readme), &format!("{matrix}\n"), 1);
        fs::write(project_root().join(README), readme).expect("it can be written");
    }
    read(README)
}

/// `UPDATE_READMES=1` writes it. Versions of toolchains differ from machine to machine.
fn the_page_of_compatibility_is(told: &str) {
    const PAGE: &str = "docs/compatibility.md";
    if std::env::var_os("UPDATE_READMES").is_some() {
        fs::write(project_root().join(PAGE), told).expect("the page can be written");
    }
    let without_versions = |page: &str| {
        let lines = page
            .lines()
            .skip_while(|line| !line.starts_with("## Pairs"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let page = read(PAGE);
    assert!(page.contains("## Deviations"), "{page}");
    assert_eq!(
        without_versions(&page),
        without_versions(told),
        "{PAGE} is not what a run says; UPDATE_READMES=1 writes it anew"
    );
}

/// Each command that stands there, about this run.
fn every_command_does_what_it_says(place: &Place) {
    let mut typed = BTreeSet::new();
    for file in documents() {
        typed.extend(commands(&read(&file)));
    }
    let known = read("interop-tests/cases/known.toml");
    let known = place.write("known.toml", &known).join("known.toml");
    assert!(typed.len() > 6, "only {typed:?} are left of the examples");
    for line in typed {
        let own = format!("{} peer rust-tonic", program().display());
        let argv = shlex::split(&line.replace(OWN_PEER, &own)).expect("quotes are closed");
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        let mut command = command(&argv);
        if argv[0] == "known" {
            // What is listed as known in the checkout is not this test's to change.
            command.arg("--known").arg(&known);
        }
        let answer = answer(command.env("WIRECHECK_RUNS", place.runs()));
        // Deviations are known of a peer by its name, so under another it fails.
        let right = match line.contains(OWN_PEER) {
            true => [Some(0), Some(1)].contains(&answer.exit),
            false => answer.exit == Some(0),
        };
        assert!(
            right,
            "`wirecheck {line}` exits with {:?}:\n{}",
            answer.exit, answer.stderr
        );
    }
}

#[test]
fn the_cases_in_the_documentation_can_be_run() {
    let text = read("docs/cases.md");
    let suites: Vec<&str> = blocks(&text, "yaml").collect();
    assert!(!suites.is_empty(), "docs/cases.md shows no suite");
    for (index, suite) in suites.into_iter().enumerate() {
        let place = Place::new();
        let folder = place.write(&format!("suite{index}.yaml"), suite);
        let folder = folder.display().to_string();
        let pairs: &[&str] = match suite.contains("against: ") {
            true => &["rust-tonic/scripted", "scripted/rust-tonic"],
            false => &["rust-tonic/rust-tonic"],
        };
        let run = place.run(&[&["--cases", folder.as_str()][..], pairs].concat());
        assert_eq!(run.exit, Some(0), "{}", run.stderr);
    }
}

#[test]
fn the_known_deviation_in_the_documentation_is_one() {
    let text = read("docs/cases.md");
    let entry = blocks(&text, "toml").next().expect("an entry is shown");
    let place = Place::new();
    let folder = place.write("known.toml", entry);
    let known = folder.join("known.toml").display().to_string();
    let run = place.run(&[
        "--known",
        &known,
        "python-grpcio/rust-tonic/greeter/request-over-limit",
    ]);
    assert_eq!(run.exit, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("k known 1"), "{}", run.stderr);
}

#[test]
fn the_commands_of_make_are_there() {
    let help = assert_cmd::Command::new("make")
        .arg("help")
        .current_dir(project_root())
        .output()
        .expect("make");
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let targets: BTreeSet<&str> = help
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let mut named = BTreeSet::new();
    for file in documents() {
        let text = read(&file);
        let parts = text.split("`make ").skip(1);
        let of_text = parts.filter_map(|part| part.split(['`', ' ']).next());
        let in_blocks = blocks(&text, "console").flat_map(str::lines);
        let of_blocks = in_blocks
            .filter_map(|line| line.strip_prefix("$ make "))
            .filter_map(|line| line.split_whitespace().next());
        named.extend(of_text.chain(of_blocks).map(str::to_owned));
    }
    assert!(named.contains("interop") && named.contains("test"));
    for target in &named {
        assert!(
            targets.contains(target.as_str()),
            "there is no `make {target}`:\n{help}"
        );
    }
}

#[test]
fn every_link_to_a_file_leads_somewhere() {
    for file in documents() {
        let text = read(&file);
        let folder = project_root().join(&file);
        let folder = folder.parent().expect("a folder");
        for target in text.split("](").skip(1) {
            let target = target.split([')', '#']).next().unwrap_or_default();
            let is_file = !target.is_empty() && !target.contains("://");
            assert!(
                !is_file || folder.join(target).exists(),
                "{file} links to {target}, which is not there"
            );
        }
    }
}

/// Every page, by its path from the root.
fn documents() -> Vec<String> {
    let root = project_root();
    let pages = |folder: &str| {
        let entries = fs::read_dir(root.join(folder)).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").path());
        names.filter(|path| path.extension().is_some_and(|ending| ending == "md"))
    };
    let pages = pages(".").chain(pages("docs")).chain(pages("docs/guide"));
    let relative = |path: &Path| {
        path.strip_prefix(&root)
            .unwrap_or(path)
            .display()
            .to_string()
    };
    pages.map(|path| relative(&path)).collect()
}

/// What is typed after `wirecheck` in the examples of a page: in its blocks, and in
/// its tables, where a command stands alone between backticks.
fn commands(text: &str) -> Vec<String> {
    let in_blocks = blocks(text, "console")
        .flat_map(str::lines)
        .filter_map(|line| line.strip_prefix("$ "))
        .map(|line| line.split(" # ").next().unwrap_or_default().trim_end())
        .filter_map(|line| line.strip_prefix("target/debug/"));
    let in_tables = text
        .lines()
        .filter(|line| line.starts_with('|'))
        .flat_map(|line| line.split('`').skip(1).step_by(2));
    in_blocks
        .chain(in_tables)
        .filter_map(|command| command.strip_prefix("wirecheck "))
        .map(str::to_owned)
        .collect()
}

/// The fenced blocks of a language.
fn blocks<'a>(text: &'a str, language: &str) -> impl Iterator<Item = &'a str> {
    let fence = format!("```{language}\n");
    let begins: Vec<usize> = text
        .match_indices(&fence)
        .map(|(at, fence)| at + fence.len())
        .collect();
    begins.into_iter().map(|begin| {
        let rest = &text[begin..];
        &rest[..rest.find("```").expect("a block ends")]
    })
}

fn read(path: &str) -> String {
    fs::read_to_string(project_root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
