//! What a Python peer brings along: its packages, and whether the code that was
//! generated for them is older than they are.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Check, Verdict};

/// How long an interpreter may take to import grpcio.
const LIMIT: Duration = Duration::from_secs(20);
/// How deep below a peer's folder generated code is looked for, and how many
/// files are read.
const DEPTH: usize = 6;
const MOST_FILES: usize = 500;
/// What no code of a team's own is in.
const NOT_OWN: [&str; 5] = [".venv", "venv", "node_modules", "target", ".git"];

/// Tools that run Python in the environment of a project, and how each adds a
/// package to it.
const TOOLS: [(&str, &str); 4] = [
    ("uv", "uv add"),
    ("poetry", "poetry add"),
    ("pipenv", "pipenv install"),
    ("pdm", "pdm add"),
];

/// Asks the interpreter what it would import.
const VERSIONS: &str =
    "import google.protobuf as p, grpc as g; print(p.__version__, g.__version__)";

/// A version as numbers, which compare as versions do.
pub type Version = Vec<u64>;

/// What generated code says it was generated with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Generated {
    /// `*_pb2.py`: the version of protobuf that it needs at least.
    Messages(Version),
    /// `*_pb2_grpc.py`: the version of grpcio that it needs at least.
    Services(Version),
}

/// Checks of a peer whose command is a Python interpreter.
pub async fn checks(subject: &str, argv: &[String], folder: &Path) -> Vec<Check> {
    let Some(python) = interpreter(argv) else {
        return Vec::new();
    };
    let install = installer(python);
    let (protobuf, grpcio) = match versions(python, folder).await {
        Ok(versions) => versions,
        Err(why) => {
            let mend = format!("{install} grpcio protobuf");
            return vec![Check::fix(subject, "packages", why, mend)];
        }
    };
    let found = format!("grpcio {}, protobuf {}", text(&grpcio), text(&protobuf));
    let mut checks = vec![Check::ok(subject, "packages", found)];
    for file in generated_files(folder) {
        let Ok(source) = std::fs::read_to_string(&file) else {
            continue;
        };
        let shown = file
            .strip_prefix(folder)
            .unwrap_or(&file)
            .display()
            .to_string();
        checks.extend(generated(&source).and_then(|generated| {
            too_old(subject, &shown, &generated, &protobuf, &grpcio, &install)
        }));
    }
    checks
}

/// Whether a program is a Python interpreter, by its name.
fn is_python(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or(program);
    name.strip_prefix("python")
        .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// The words of a command that start Python: the interpreter itself, or a tool
/// that runs it in the environment of its project.
pub fn interpreter(argv: &[String]) -> Option<&[String]> {
    let first = argv.first()?;
    if is_python(first) {
        return Some(&argv[..1]);
    }
    let is_tool = TOOLS.iter().any(|(tool, _)| tool == first);
    let runs = is_tool && argv.get(1).is_some_and(|verb| verb == "run");
    let python = argv.iter().position(|word| is_python(word));
    python.filter(|_| runs).map(|at| &argv[..=at])
}

/// What adds a package to the environment of an interpreter.
fn installer(python: &[String]) -> String {
    let of_tool = TOOLS.iter().find(|(tool, _)| python[0] == *tool);
    match of_tool {
        Some((_, install)) => (*install).to_owned(),
        None => format!("{} -m pip install", python.join(" ")),
    }
}

async fn versions(python: &[String], folder: &Path) -> Result<(Version, Version), String> {
    let mut command = tokio::process::Command::new(&python[0]);
    command
        .args(&python[1..])
        .args(["-c", VERSIONS])
        .current_dir(folder)
        .kill_on_drop(true);
    let shown = python.join(" ");
    let output = tokio::time::timeout(LIMIT, command.output()).await;
    let output = output
        .map_err(|_| format!("`{shown}` did not answer within {} s", LIMIT.as_secs()))?
        .map_err(|error| format!("`{shown}` cannot be started: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let versions: Vec<Version> = text.split_whitespace().map(version).collect();
    match <[Version; 2]>::try_from(versions) {
        Ok([protobuf, grpcio]) => Ok((protobuf, grpcio)),
        Err(_) => {
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            let last = errors.lines().rfind(|line| !line.trim().is_empty());
            Err(last.unwrap_or("it says no versions").trim().to_owned())
        }
    }
}

fn too_old(
    subject: &str,
    file: &str,
    generated: &Generated,
    protobuf: &Version,
    grpcio: &Version,
    install: &str,
) -> Option<Check> {
    let (package, needed, installed) = match generated {
        Generated::Messages(version) => ("protobuf", version, protobuf),
        Generated::Services(version) => ("grpcio", version, grpcio),
    };
    // A runtime also refuses code that is a major version older than the last.
    let is_ancient = package == "protobuf" && needed[0] + 1 < installed[0];
    let needed_text = text(needed);
    if needed > installed {
        let found = format!("{file} was generated for {package} {needed_text}");
        let mend = format!("{install} '{package}>={needed_text}'");
        return Some(Check::fix(subject, "generated code", found, mend));
    }
    is_ancient.then(|| Check {
        verdict: Verdict::Warn,
        ..Check::fix(
            subject,
            "generated code",
            format!("{file} was generated for {package} {needed_text}, long ago"),
            "generate it again with the grpcio-tools of the installed version",
        )
    })
}

/// What generated code says of itself.
pub fn generated(source: &str) -> Option<Generated> {
    let after = |mark: &str| {
        let line = source.lines().find(|line| line.contains(mark))?;
        let rest = line.split(mark).nth(1)?;
        let digits = rest.trim_start_matches(|c: char| !c.is_ascii_digit());
        let version = version(digits);
        (!version.is_empty()).then_some(version)
    };
    if let Some(version) = after("GRPC_GENERATED_VERSION =") {
        return Some(Generated::Services(version));
    }
    after("# Protobuf Python Version:").map(Generated::Messages)
}

fn version(text: &str) -> Version {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    text[..end]
        .split('.')
        .filter_map(|part| part.parse().ok())
        .collect()
}

fn text(version: &Version) -> String {
    let parts: Vec<String> = version.iter().map(u64::to_string).collect();
    parts.join(".")
}

fn generated_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect(folder, DEPTH, &mut files);
    files
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if files.len() >= MOST_FILES {
            return;
        }
        if path.is_dir() && !path.is_symlink() && depth > 0 && !NOT_OWN.contains(&name.as_str()) {
            collect(&path, depth - 1, files);
        } else if name.ends_with("_pb2.py") || name.ends_with("_pb2_grpc.py") {
            files.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_code_says_what_it_needs() {
        let messages = "# -*- coding: utf-8 -*-\n# Protobuf Python Version: 7.35.1\n";
        assert_eq!(
            generated(messages),
            Some(Generated::Messages(vec![7, 35, 1]))
        );
        let services = "import grpc\nGRPC_GENERATED_VERSION = '1.85.1'\n";
        assert_eq!(
            generated(services),
            Some(Generated::Services(vec![1, 85, 1]))
        );
        assert_eq!(generated("import grpc\n"), None);
    }

    #[test]
    fn code_that_is_newer_than_its_runtime_is_named_with_the_command() {
        let check = too_old(
            "python-shop",
            "shop_pb2.py",
            &Generated::Messages(vec![7, 35, 1]),
            &vec![6, 33, 5],
            &vec![1, 85, 1],
            "python3 -m pip install",
        );
        let check = check.expect("a fault");
        assert_eq!(check.verdict, Verdict::Fix);
        assert_eq!(
            check.mend.as_deref(),
            Some("python3 -m pip install 'protobuf>=7.35.1'")
        );
    }

    #[test]
    fn code_as_old_as_its_runtime_is_well_and_ancient_code_is_warned_of() {
        let of = |version: Version| {
            let generated = Generated::Messages(version);
            let check = too_old(
                "a",
                "b",
                &generated,
                &vec![7, 36, 2],
                &vec![1, 85, 1],
                "python",
            );
            check.map(|check| check.verdict)
        };
        assert_eq!(of(vec![7, 36, 2]), None);
        assert_eq!(of(vec![6, 30, 0]), None);
        assert_eq!(of(vec![5, 29, 0]), Some(Verdict::Warn));
    }

    #[test]
    fn a_tool_that_runs_python_is_known_with_its_options() {
        let words = |line: &str| -> Vec<String> { line.split(' ').map(str::to_owned).collect() };
        for (line, python, install) in [
            ("python3 client.py", "python3", "python3 -m pip install"),
            (
                "uv run --project app python client.py",
                "uv run --project app python",
                "uv add",
            ),
            (
                "poetry run python -m client",
                "poetry run python",
                "poetry add",
            ),
        ] {
            let words = words(line);
            let found = interpreter(&words).expect("a Python");
            assert_eq!(
                (found.join(" ").as_str(), installer(found).as_str()),
                (python, install)
            );
        }
        for line in ["sh run python", "uv sync", "uv run client"] {
            assert_eq!(interpreter(&words(line)), None, "{line}");
        }
    }

    #[test]
    fn a_python_is_known_by_its_name() {
        assert!(
            ["python", "python3", "/a/.venv/bin/python3.11"]
                .into_iter()
                .all(is_python)
        );
        assert!(
            ["python-config", "uv", "/python/x"]
                .into_iter()
                .all(|name| !is_python(name))
        );
    }
}
