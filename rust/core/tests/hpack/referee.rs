//! The Python process that gives hpack's opinions.

use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, BufWriter, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::{self, JoinHandle};

use super::generate::Step;
use super::opinion::{self, Opinion, spell_octets};

/// The release whose opinions the rulings are about.
const HPACK_VERSION: &str = "4.2.0";

/// Where Python is: what `WIRECHECK_PYTHON` names, or the project's virtual
/// environment.
pub fn python() -> OsString {
    env::var_os("WIRECHECK_PYTHON").unwrap_or_else(|| {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../.venv/bin/python")
            .into()
    })
}

/// Why `python` cannot be the referee, if it cannot.
pub fn obstacle(python: &OsString) -> Option<String> {
    let version = Command::new(python)
        .args(["-c", "import hpack; print(hpack.__version__)"])
        .stdin(Stdio::null())
        .output();
    let found = match version {
        Err(error) => format!("it does not start: {error}"),
        Ok(output) if !output.status.success() => "it has no hpack".to_owned(),
        Ok(output) => match String::from_utf8_lossy(&output.stdout).trim() {
            HPACK_VERSION => return None,
            other => format!("it has hpack {other}"),
        },
    };
    let python = PathBuf::from(python);
    Some(format!(
        "needs Python with hpack {HPACK_VERSION}; {}: {found}; run `make python`, \
         or name another Python in WIRECHECK_PYTHON",
        python.display()
    ))
}

/// A running referee. It ends with this value.
pub struct Referee {
    child: Child,
    writer: Option<JoinHandle<()>>,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Referee {
    /// Starts it on `sequences`, which are written while answers are read.
    pub fn start(
        python: &OsString,
        sequences: impl Iterator<Item = Vec<Step>> + Send + 'static,
    ) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hpack/referee.py");
        let mut child = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python started a moment ago");
        let stdin = child.stdin.take().expect("a pipe");
        let stdout = child.stdout.take().expect("a pipe");
        Self {
            child,
            writer: Some(thread::spawn(move || write_all(stdin, sequences))),
            answers: BufReader::new(stdout).lines(),
        }
    }

    /// Its opinions on the blocks of the next sequence.
    pub fn next(&mut self) -> Vec<Opinion> {
        let line = self.answers.next().expect("the referee ended early");
        let line = line.expect("the referee writes text");
        line.split(' ').map(read_opinion).collect()
    }
}

impl Drop for Referee {
    fn drop(&mut self) {
        // Its work is done or has failed: errors would tell nothing new.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

/// Writes until the referee is gone.
fn write_all(stdin: ChildStdin, sequences: impl Iterator<Item = Vec<Step>>) {
    let mut stdin = BufWriter::new(stdin);
    for sequence in sequences {
        let line = spell_sequence(&sequence);
        if stdin.write_all(line.as_bytes()).is_err() {
            return;
        }
    }
}

fn spell_sequence(sequence: &[Step]) -> String {
    let mut line = String::new();
    for step in sequence {
        match step {
            Step::Limit(size) => line.push_str(&format!("L{size} ")),
            Step::Block(block) => {
                line.push('B');
                spell_octets(&mut line, block);
                line.push(' ');
            }
        }
    }
    line.push('\n');
    line
}

fn read_opinion(word: &str) -> Opinion {
    opinion::python(word).unwrap_or_else(|| panic!("the referee says {word:?}"))
}
