//! Modules in Go that require grpc-go, and their commands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::address::Told;
use super::project::{Language, Program, Project};
use super::role::{Markers, Role};
use super::tree::Tree;

const MARKERS: Markers = Markers {
    server: &["grpc.NewServer("],
    client: &["grpc.NewClient(", "grpc.Dial(", "grpc.DialContext("],
};
const LIBRARY: &str = "google.golang.org/grpc ";

/// Every module that requires grpc-go.
pub fn projects(tree: &Tree) -> Vec<Project> {
    let modules = tree.named("go.mod");
    modules
        .filter_map(|(path, text)| project(path, text, tree))
        .collect()
}

fn project(path: &Path, text: &str, tree: &Tree) -> Option<Project> {
    let version = text.split(LIBRARY).nth(1)?.split_whitespace().next()?;
    let home = path.parent().unwrap_or(Path::new(""));
    let name = text.lines().find_map(|line| line.strip_prefix("module "))?;
    let name = name.trim().rsplit('/').next().unwrap_or_default();
    let commands = commands(home, tree).into_iter();
    Some(Project {
        file: path.to_owned(),
        language: Language::Go,
        library: format!("grpc-go {}", version.trim_start_matches('v')),
        programs: commands
            .filter_map(|(folder, sources)| program(home, name, &folder, &sources))
            .collect(),
    })
}

/// The folders of `package main`, with their sources.
fn commands<'t>(home: &Path, tree: &'t Tree) -> BTreeMap<PathBuf, Vec<&'t str>> {
    let mut commands: BTreeMap<PathBuf, Vec<&str>> = BTreeMap::new();
    for (path, text) in tree.sources(home, &["go"]) {
        let is_test = path.to_string_lossy().ends_with("_test.go");
        let is_main = text.lines().any(|line| line.trim_end() == "package main");
        if is_main && !is_test {
            let folder = path.parent().unwrap_or(Path::new(""));
            commands.entry(folder.to_owned()).or_default().push(text);
        }
    }
    commands
}

fn program(home: &Path, module: &str, folder: &Path, sources: &[&str]) -> Option<Program> {
    let role = MARKERS.role(sources.iter().copied())?;
    let within = folder.strip_prefix(home).ok()?.display().to_string();
    let name = match folder.file_name().filter(|_| !within.is_empty()) {
        Some(name) => name.to_string_lossy().into_owned(),
        None => module.to_owned(),
    };
    // `go run` would build within the time that a server has until it is ready.
    let built = format!(".wirecheck/bin/{name}");
    let build = ["go", "build", "-o", &built, &format!("./{within}")];
    Some(Program {
        source: folder.to_owned(),
        role,
        build: Some(build.map(str::to_owned).into()),
        run: vec![built],
        cwd: Some(home.to_owned()).filter(|home| !home.as_os_str().is_empty()),
        told: Told::by(role, sources.iter().copied()),
        has_health: role == Role::Server
            && sources.iter().any(|text| text.contains("grpc_health_v1")),
        name,
    })
}
