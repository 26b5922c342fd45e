//! The READMEs of the examples and the pages of the guide, typed as they stand there.
//!
//! `UPDATE_READMES=1` writes what is answered into them; look at it before it is committed.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use snapbox::{Assert, Redactions};
use tempfile::TempDir;
use wirecheck_interop_tests::prerequisite::project_root;

use crate::program::{Server, rust};

/// Ends a command that hangs. The longest take some seconds.
const LIMIT: Duration = Duration::from_secs(120);

/// What a reader types to see how a command ended.
const ASKS: &str = "echo $?";

/// What differs from one time to the next, as snapbox redacts it.
const VARYING: [(&str, &str); 9] = [
    ("[RUN]", r"\brun (?<redacted>[0-9a-f]{4,})\b"),
    ("[ID]", r"runs/(?<redacted>[0-9a-f]{4,})/"),
    ("[SEED]", r"seed (?<redacted>\d+)"),
    ("[TIME]", r"(?<redacted>[ +]+\d+(\.\d+)? (ms|s)\b)"),
    ("[VERSION]", r"\b(?<redacted>\d+\.\d+\.\d+)\b"),
    ("[DATE]", r"(?<redacted>\d{4}-\d\d-\d\d)"),
    ("[NOW]", r"(?<redacted>\w{3}, \d\d \w{3} \d{4} [0-9:]+ GMT)"),
    ("[FRAME]", r"\bframe (?<redacted>\d+)"),
    ("[BYTES]", r"bytes (?<redacted>\d+ to \d+)"),
];

const SHOP: &str = "rust-server-python-client";
const REWRITE: &str = "python-to-rust-rewrite";
const ROUTE_GUIDE: &str = "route-guide";

#[test]
fn the_readmes_of_the_examples() {
    for example in [SHOP, REWRITE, ROUTE_GUIDE] {
        follow(&format!("examples/{example}/README.md"), example);
    }
}

#[test]
fn the_pages_of_the_guide() {
    for (page, example) in [
        ("first-check", SHOP),
        ("own-cases", SHOP),
        ("known-failures", REWRITE),
        ("rewriting-a-service", REWRITE),
        ("ci", SHOP),
    ] {
        follow(&format!("docs/guide/{page}.md"), example);
    }
}

/// Types what stands in the console blocks of a page, in a copy of an example.
fn follow(page: &str, example: &str) {
    let path = project_root().join(page);
    let text = fs::read_to_string(&path).expect("a page");
    let parts = parts(&text);
    let mut reader = Reader::in_copy_of(example);
    let answers: Vec<String> = (0..parts.len())
        .map(|at| reader.answer(&parts, at))
        .collect();
    let redactions = redactions();
    if std::env::var_os("UPDATE_READMES").is_some() {
        let updated = parts.iter().zip(&answers).map(|(part, now)| match part {
            Part::Command { answer, .. } if still_holds(answer, now, &redactions) => answer,
            _ => now,
        });
        fs::write(&path, joined(&parts, updated)).expect("the page can be written");
        return;
    }
    let answered = redactions.redact(&joined(&parts, answers.iter()));
    // `...` alone on a line of a page stands for lines that it leaves out.
    Assert::new().eq(answered, redactions.redact(&text));
}

/// What a page leaves out stays with whoever wrote it.
fn still_holds(answer: &str, now: &str, redactions: &Redactions) -> bool {
    answer.contains("...\n") || redactions.redact(answer) == redactions.redact(now)
}

/// A page, in parts.
enum Part {
    /// What is only read.
    Text(String),
    /// What is typed, as it stands there, and what is answered.
    Command { lines: String, answer: String },
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut in_console = false;
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        in_console = match line {
            "```console\n" => true,
            "```\n" => false,
            _ => in_console,
        };
        if !(in_console && line.starts_with("$ ")) {
            parts.push(Part::Text(line.to_owned()));
            continue;
        }
        let mut command = line.to_owned();
        while command.ends_with("\\\n") {
            command.push_str(lines.next().expect("a command goes on"));
        }
        let is_answer = |line: &&str| !line.starts_with("$ ") && *line != "```\n";
        let answer = std::iter::from_fn(|| lines.next_if(is_answer)).collect();
        parts.push(Part::Command {
            lines: command,
            answer,
        });
    }
    parts
}

fn joined<'a>(parts: &[Part], answers: impl Iterator<Item = &'a String>) -> String {
    let joined = parts.iter().zip(answers).map(|(part, answer)| match part {
        Part::Text(text) => text.clone(),
        Part::Command { lines, .. } => format!("{lines}{answer}"),
    });
    joined.collect()
}

fn redactions() -> Redactions {
    let mut redactions = Redactions::new();
    for (placeholder, pattern) in VARYING {
        let pattern = regex::Regex::new(pattern).expect("a pattern");
        redactions
            .insert(placeholder, pattern)
            .expect("a placeholder");
    }
    redactions
}

/// Somebody who types what a README says.
struct Reader {
    /// Goes with the reader.
    _folder: TempDir,
    home: PathBuf,
    /// Servers that were left running, with the address that the README gives them.
    servers: Vec<(String, Server)>,
    /// How the last command ended.
    exit: i32,
}

impl Reader {
    /// In a copy, since commands leave files behind; what is built is used where it is.
    fn in_copy_of(example: &str) -> Self {
        let root = project_root();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = folder.path().join("examples").join(example);
        fs::create_dir(folder.path().join("examples")).expect("a folder");
        let copied = Command::new("cp")
            .arg("-r")
            .arg(root.join("examples").join(example))
            .arg(&home)
            .status();
        assert!(copied.expect("cp is there").success());
        for name in ["target", ".venv", "Cargo.toml"] {
            symlink(root.join(name), folder.path().join(name)).expect("a link");
        }
        Self {
            _folder: folder,
            home,
            servers: Vec::new(),
            exit: 0,
        }
    }

    /// Types a part, if it is a command.
    fn answer(&mut self, parts: &[Part], at: usize) -> String {
        let Part::Command { lines, .. } = &parts[at] else {
            return String::new();
        };
        let command = lines.trim_start_matches("$ ").replace("\\\n", "");
        let answer = self.type_in(command.trim_end());
        let next = parts.get(at + 1);
        let is_asked =
            matches!(next, Some(Part::Command { lines, .. }) if lines.trim_end().ends_with(ASKS));
        assert!(
            self.exit == 0 || is_asked,
            "`{command}` exits with {}:\n{answer}",
            self.exit
        );
        answer
    }

    fn type_in(&mut self, command: &str) -> String {
        match command.strip_suffix(" &") {
            Some(server) => self.start(server),
            None => self.run(command),
        }
    }

    /// A server gets a port that is free in place of the one that the README says.
    fn start(&mut self, line: &str) -> String {
        let (program, address) = line.split_once(" --addr ").expect("a server's address");
        let words = shlex::split(program).expect("quotes are closed");
        let mut command = self.command(&words[0]);
        command.args(&words[1..]);
        self.servers
            .push((address.to_owned(), Server::start(command)));
        format!("listening on {address}\n")
    }

    fn run(&mut self, line: &str) -> String {
        let line = self
            .servers
            .iter()
            .fold(line.to_owned(), |line, (shown, server)| {
                line.replace(shown, server.address())
            });
        let mut command = self.command("bash");
        // What a reader sees: both streams, as they come.
        command.args(["-c", &format!("exec 2>&1; (exit {}); {line}", self.exit)]);
        let output = assert_cmd::Command::from_std(command)
            .timeout(LIMIT)
            .output()
            .expect("bash is there");
        self.exit = output.status.code().expect("it ends by itself");
        if line == ASKS {
            self.exit = 0;
        }
        let printed = String::from_utf8(output.stdout).expect("UTF-8");
        self.as_shown(without_progress(&printed))
    }

    /// With the addresses that the page gives its servers.
    fn as_shown(&self, printed: String) -> String {
        // As a part of an id an address has no colon.
        let plain = |address: &str| address.replace(':', "-");
        self.servers
            .iter()
            .fold(printed, |printed, (shown, server)| {
                let is = server.address();
                printed
                    .replace(is, shown)
                    .replace(&plain(is), &plain(shown))
            })
    }

    /// With the programs of the checkout on the path, as the READMEs ask for.
    fn command(&self, program: &str) -> Command {
        let root = project_root();
        let built = rust("wirecheck");
        let built = PathBuf::from(built.get_program());
        let built = built.parent().expect("a folder");
        let path = std::env::var("PATH").unwrap_or_default();
        let python = root.join(".venv/bin");
        let mut command = Command::new(program);
        command
            .current_dir(&self.home)
            .env(
                "PATH",
                format!("{}:{}:{path}", built.display(), python.display()),
            )
            .env("PWD", &self.home);
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            let is_meant = ["CI", "NO_COLOR", "CLICOLOR_FORCE", "COLUMNS"].contains(&name.as_str())
                || ["WIRECHECK_", "GITHUB_"]
                    .iter()
                    .any(|begin| name.starts_with(begin));
            if is_meant {
                command.env_remove(name);
            }
        }
        command
    }
}

/// What ends first is a matter of chance; a terminal has one line for it, which goes.
fn without_progress(printed: &str) -> String {
    let lines = printed.split_inclusive('\n');
    lines
        .filter(|line| !(line.starts_with('[') && line.contains("/") && line.ends_with(" s\n")))
        .collect()
}
