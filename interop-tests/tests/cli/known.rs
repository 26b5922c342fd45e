//! `wirecheck known`: what fails is adopted, and what was mended is taken off the list.

use std::fs;
use std::path::PathBuf;

use wirecheck_interop_tests::prerequisite::project_root;

use super::changed_byte::{CELL, changed_suite};
use super::text::assert_text;
use super::wirecheck::{Answer, Place, answer, cell, command};

/// Comments and a layout that nobody would write again.
const LIST: &str = "# What deviates here.\n\n[[known]]   # two timers\n\
    cells   = '*/rust-tonic/greeter/deadline'\nfinding=\"expect/status\"\n\
    reason  = \"two timers\"\nsince   = \"2026-11-22\"\n\n# the end\n";

/// Suites of which one cell fails, beside an own list of known deviations.
struct Team {
    place: Place,
    cases: PathBuf,
}

impl Team {
    fn new(suite: &str) -> Self {
        let place = Place::new();
        let cases = place.write("greeter.yaml", suite);
        Self { place, cases }
    }

    fn list(&self) -> PathBuf {
        self.cases.join("known.toml")
    }

    fn read(&self) -> String {
        fs::read_to_string(self.list()).expect("a list")
    }

    /// Types `wirecheck WORDS --cases .. --runs .. ARGUMENTS`.
    fn types(&self, words: &[&str], arguments: &[&str]) -> Answer {
        let mut command = command(words);
        command
            .arg("--cases")
            .arg(&self.cases)
            .arg("--runs")
            .arg(self.place.runs());
        answer(command.args(arguments))
    }

    fn run(&self, arguments: &[&str]) -> Answer {
        self.types(&["run", "--no-build"], arguments)
    }
}

#[test]
fn after_adopting_all_only_what_is_new_is_red() {
    let team = Team::new(&changed_suite());
    assert_eq!(team.run(&[CELL]).exit, Some(1));
    let added = team.types(&["known", "add"], &["--all"]);
    assert_eq!(added.exit, Some(0), "{}", added.stderr);
    assert_text!(team.place.path(), added.stdout);
    assert_text!(team.place.path(), team.read());
    let again = team.run(&[CELL]);
    assert_eq!(again.exit, Some(0), "{}", again.stderr);
    assert_eq!(cell(&team.place.last(), CELL).outcome, "known");
    // And once more: nothing is left to add.
    let before = team.read();
    let none = team.types(&["known", "add"], &["--all"]);
    assert_eq!(none.exit, Some(0), "{}", none.stderr);
    assert!(
        none.stdout.starts_with("no failure to list in run "),
        "{}",
        none.stdout
    );
    assert_eq!(team.read(), before);
}

#[test]
fn what_was_mended_is_pruned_and_the_rest_stays_byte_for_byte() {
    let team = Team::new(&changed_suite());
    fs::write(team.list(), LIST).expect("a list");
    assert_eq!(team.run(&[CELL]).exit, Some(1));
    let why = [
        "--reason",
        "tonic: \"to be\\mended\"",
        "--link",
        "https://example.com/1",
        CELL,
    ];
    let added = team.types(&["known", "add"], &why);
    assert_eq!(added.exit, Some(0), "{}", added.stderr);
    let grown = team.read();
    assert!(grown.starts_with(LIST), "{grown}");
    assert!(
        grown.contains(r#"reason = "tonic: \"to be\\mended\"""#),
        "{grown}"
    );
    assert!(
        grown.contains("link = \"https://example.com/1\""),
        "{grown}"
    );
    let whole = project_root().join("interop-tests/cases/greeter.yaml");
    fs::copy(whole, team.cases.join("greeter.yaml")).expect("the suite, mended");
    assert_eq!(team.run(&[CELL]).exit, Some(1), "stale");
    let pruned = team.types(&["known", "prune"], &[]);
    assert_eq!(pruned.exit, Some(0), "{}", pruned.stderr);
    assert!(
        pruned.stdout.starts_with("1 entry removed\n"),
        "{}",
        pruned.stdout
    );
    assert_eq!(team.read(), LIST);
    assert_eq!(team.run(&[CELL]).exit, Some(0));
    let none = team.types(&["known", "prune"], &[]);
    assert!(
        none.stdout.starts_with("no entry is stale in run "),
        "{}",
        none.stdout
    );
}

/// Or a list would be taken apart by a run that did not look at all of it.
#[test]
fn an_entry_that_not_all_of_its_cells_were_run_for_is_left_and_said() {
    let team = Team::new(&changed_suite());
    let wide = "[[known]]\ncells = \"*/rust-tonic/greeter/say-hello\"\nfinding = \"expect/time\"\n\
        reason = \"r\"\nsince = \"2026-11-22\"\n";
    fs::write(team.list(), wide).expect("a list");
    let whole = project_root().join("interop-tests/cases/greeter.yaml");
    fs::copy(whole, team.cases.join("greeter.yaml")).expect("the suite");
    assert_eq!(team.run(&[CELL]).exit, Some(1), "stale");
    let pruned = team.types(&["known", "prune"], &[]);
    assert_eq!(pruned.exit, Some(1), "{}", pruned.stderr);
    assert!(
        pruned.stdout.contains("run all of them first"),
        "{}",
        pruned.stdout
    );
    assert_eq!(team.read(), wide);
}

#[test]
fn what_no_entry_can_make_known_is_said() {
    let place = Place::new();
    let ghost = ["--peer", "ghost=/no/such/program"];
    let lost = "ghost/rust-tonic/greeter/say-hello";
    assert_eq!(place.run(&[ghost[0], ghost[1], lost]).exit, Some(3));
    let list = place.path().join("known.toml");
    fs::write(&list, LIST).expect("a list");
    let known = ["--known", list.to_str().expect("UTF-8"), "--all"];
    let here = place.about(&["known", "add", ghost[0], ghost[1]], &known);
    assert_eq!(here.exit, Some(1), "{}", here.stderr);
    assert!(
        here.stdout.contains("it came to no verdict"),
        "{}",
        here.stdout
    );
    let elsewhere = place.about(&["known", "add"], &known);
    assert!(
        elsewhere.stdout.contains("it is not planned here"),
        "{}",
        elsewhere.stdout
    );
    assert_eq!(fs::read_to_string(&list).expect("a list"), LIST);
}

#[test]
fn add_wants_to_be_told_what() {
    let team = Team::new(&changed_suite());
    assert_eq!(team.types(&["known", "add"], &[]).exit, Some(2));
    assert_eq!(
        team.types(&["known", "add"], &["--all", CELL]).exit,
        Some(2)
    );
    let no_run = team.types(&["known", "add"], &["--all"]);
    assert_eq!(no_run.exit, Some(2));
    assert!(
        no_run.stderr.contains("there is no run to look at"),
        "{}",
        no_run.stderr
    );
    assert_eq!(team.run(&[CELL]).exit, Some(1));
    let wrong = team.types(&["known", "add"], &["sai-hello"]);
    assert_eq!((wrong.exit, wrong.stdout.as_str()), (Some(2), ""));
    assert!(wrong.stderr.contains("`say-hello`"), "{}", wrong.stderr);
    assert!(!team.list().exists());
}

/// A device in the place of a list is read as an empty one, and must never be replaced.
#[test]
fn only_a_file_is_changed() {
    let team = Team::new(&changed_suite());
    assert_eq!(team.run(&[CELL]).exit, Some(1));
    let answer = team.types(&["known", "add"], &["--known", "/dev/null", "--all"]);
    assert_eq!((answer.exit, answer.stdout.as_str()), (Some(2), ""));
    assert!(
        answer
            .stderr
            .contains("cannot change `/dev/null`: it is no regular file"),
        "{}",
        answer.stderr
    );
}
