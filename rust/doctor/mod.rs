//! Checks what a run needs before it is run, and knows the command that mends
//! each fault.

pub mod cargo;
pub mod containers;
pub mod generated;
pub mod python;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use wirecheck_core::plan::types::PeerKind;

use crate::peer::contract::Role;
use crate::peer::process::find_program;
use crate::peer::spec::{Absent, Body, ForeignServer, Origin, PeerSpec};
use crate::run::pool::Post;

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All is well.
    Ok,
    /// It may do harm.
    Warn,
    /// It must be mended.
    Fix,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What it is about: a peer, or the schema.
    pub subject: String,
    /// What of it.
    pub what: String,
    /// What was found, in a line.
    pub found: String,
    /// What that means.
    pub verdict: Verdict,
    /// The command that mends it, or what to do.
    pub mend: Option<String>,
}

impl Check {
    /// A check that found all well.
    pub fn ok(subject: &str, what: &str, found: impl Into<String>) -> Self {
        Self {
            subject: subject.to_owned(),
            what: what.to_owned(),
            found: found.into(),
            verdict: Verdict::Ok,
            mend: None,
        }
    }

    /// A peer that is not there: a run goes on without it, unless it was asked
    /// for.
    fn absent(subject: &str, absent: &Absent) -> Self {
        let verdict = match absent.is_required {
            true => Verdict::Fix,
            false => Verdict::Warn,
        };
        Self {
            verdict,
            ..Self::fix(subject, "program", &absent.why, &absent.mend)
        }
    }

    /// One that found something to mend.
    pub fn fix(
        subject: &str,
        what: &str,
        found: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            verdict: Verdict::Fix,
            mend: Some(mend.into()),
            ..Self::ok(subject, what, found)
        }
    }
}

/// Checks one peer: its program, what its language brings along, and, of a
/// server and of a peer of the contract, that it comes up.
pub async fn peer(spec: &PeerSpec, logs: &Path) -> Vec<Check> {
    if let Some(absent) = &spec.absent {
        return vec![Check::absent(&spec.name, absent)];
    }
    let program = program_of(spec);
    let mut checks = Vec::new();
    if let Some(image) = spec.body.image() {
        let (found, is_here) = containers::checks(&spec.name, image).await;
        checks.extend(found);
        if !is_here {
            return checks;
        }
    }
    if let Some((argv, cwd)) = &program {
        let found = find_program(argv.first().map_or("", String::as_str), cwd.as_deref());
        checks.push(program_check(spec, argv, found.as_deref()));
        if found.is_none() {
            return checks;
        }
        let folder = cwd.clone().unwrap_or_else(|| PathBuf::from("."));
        checks.extend(python::checks(&spec.name, argv, &folder).await);
        checks.extend(cargo::checks(&spec.name, argv, &folder));
    }
    if spec.is_server() || spec.kind() == PeerKind::Contract {
        checks.push(starts(spec, logs).await);
    }
    checks
}

/// The folders that peers are started in, beside the project's own, and the
/// Python that they use.
pub fn project(base: &Path, peers: &[PeerSpec]) -> (Vec<PathBuf>, String) {
    let programs = peers
        .iter()
        .filter(|peer| peer.kind() != PeerKind::Contract);
    let programs: Vec<_> = programs.filter_map(program_of).collect();
    let mut folders = vec![base.to_owned()];
    let others = programs.iter().filter_map(|(_, cwd)| cwd.clone());
    folders.extend(others.filter(|cwd| !cwd.starts_with(base)));
    let pythons = programs.iter().filter_map(|(argv, cwd)| {
        let words = python::interpreter(argv)?;
        // A path is one from the folder of its peer.
        let is_path = words[0].contains('/');
        let cwd = cwd.as_deref().filter(|_| is_path).unwrap_or(Path::new(""));
        let program = cwd.join(&words[0]).display().to_string();
        let words = std::iter::once(program).chain(words[1..].iter().cloned());
        Some(words.collect::<Vec<_>>().join(" "))
    });
    let python = pythons.into_iter().next();
    (folders, python.unwrap_or_else(|| "python3".to_owned()))
}

/// The command of a peer and its folder; nothing where it runs already, or in a
/// container.
fn program_of(spec: &PeerSpec) -> Option<(Vec<String>, Option<PathBuf>)> {
    let program = match &spec.body {
        Body::Contract(program) => program,
        Body::Server(ForeignServer {
            origin: Origin::Command { program, .. },
            ..
        }) => program,
        Body::Server(_) | Body::Scripted => return None,
        Body::Client(client) => &client.program,
        Body::Official(official) => official.server.as_ref().or(official.client.as_ref())?,
    };
    Some((program.argv.clone(), program.cwd.clone()))
}

fn program_check(spec: &PeerSpec, argv: &[String], found: Option<&Path>) -> Check {
    let name = argv.first().map_or("", String::as_str);
    match (found, &spec.build) {
        (Some(path), _) => Check::ok(&spec.name, "program", path.display().to_string()),
        (None, Some(build)) => {
            let found = format!("`{name}` is not there yet");
            Check::fix(&spec.name, "program", found, build.hint.clone())
        }
        (None, None) => {
            let found = format!("`{name}` is not there");
            let mend = "install it, or mend `run` in wirecheck.toml";
            Check::fix(&spec.name, "program", found, mend)
        }
    }
}

/// Starts a peer as a run would, and ends it again.
async fn starts(spec: &PeerSpec, logs: &Path) -> Check {
    let role = match spec.body {
        Body::Server(_) | Body::Official(_) => Role::Server,
        Body::Contract(_) | Body::Client(_) | Body::Scripted => Role::Client,
    };
    let post = Post::new(spec, role, logs, 0);
    let began = Instant::now();
    let up = post.up().await;
    let took = began.elapsed();
    post.stop().await;
    let what = match &spec.body {
        Body::Server(server) if matches!(server.origin, Origin::Runs(_)) => "answers",
        _ => "starts",
    };
    match up {
        Ok(_) => Check::ok(&spec.name, what, format!("ready in {}", shown(took))),
        Err(fault) => {
            let last = post.last_words();
            let found = match last.is_empty() {
                true => format!("it {fault}"),
                false => format!("it {fault}; its last line: {last}"),
            };
            let mend = fault.hint().map_or_else(
                || format!("run it by hand: `{}`", post.program.shown()),
                Cow::into_owned,
            );
            Check::fix(&spec.name, what, found, mend)
        }
    }
}

fn shown(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
