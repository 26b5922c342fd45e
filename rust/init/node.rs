//! Packages for Node that depend on grpc-js, and their scripts.

use std::path::Path;

use serde_json::Value;

use super::address::Told;
use super::project::{Language, Program, Project};
use super::role::Role;
use super::tree::Tree;

const LIBRARY: &str = "@grpc/grpc-js";

/// Every package that depends on grpc-js.
pub fn projects(tree: &Tree) -> Vec<Project> {
    let packages = tree.named("package.json");
    packages
        .filter_map(|(path, text)| project(path, text, tree))
        .collect()
}

fn project(path: &Path, text: &str, tree: &Tree) -> Option<Project> {
    let package: Value = serde_json::from_str(text).ok()?;
    let of = |kind: &str| package.get(kind)?.get(LIBRARY)?.as_str();
    let version = of("dependencies").or_else(|| of("devDependencies"))?;
    let home = path.parent().unwrap_or(Path::new(""));
    let sources = tree.sources(home, &["js", "mjs", "cjs", "ts", "mts"]);
    Some(Project {
        file: path.to_owned(),
        language: Language::Node,
        library: format!("grpc-js {}", version.trim_start_matches(['^', '~', '='])),
        programs: sources
            .filter_map(|(path, text)| program(path, text, home))
            .collect(),
    })
}

fn program(path: &Path, text: &str, home: &Path) -> Option<Program> {
    let role = role(text)?;
    let within = path.strip_prefix(home).ok()?.display().to_string();
    let is_typed = within.ends_with("ts");
    let start: &[&str] = if is_typed { &["npx", "tsx"] } else { &["node"] };
    let run = start.iter().copied().chain([within.as_str()]);
    Some(Program {
        source: path.to_owned(),
        role,
        build: None,
        run: run.map(str::to_owned).collect(),
        cwd: Some(home.to_owned()).filter(|home| !home.as_os_str().is_empty()),
        told: Told::by(role, [text].into_iter()),
        has_health: role == Role::Server && text.contains("grpc-health-check"),
        name: within,
    })
}

/// A script that loads the library, or code that was generated for it, and
/// makes a server, or credentials for a channel.
fn role(text: &str) -> Option<Role> {
    if !text.contains(LIBRARY) {
        return None;
    }
    if text.contains("new grpc.Server(") || text.contains("new Server(") {
        return Some(Role::Server);
    }
    // Servers have credentials too, of a name that ends alike.
    let of_channels = |what: &str| {
        text.match_indices(what)
            .any(|(at, _)| !text[..at].ends_with("Server"))
    };
    let is_client = of_channels("credentials.create")
        || of_channels("Credentials.createInsecure")
        || of_channels("Credentials.createSsl");
    is_client.then_some(Role::Client)
}
