//! Projects in Rust: packages that depend on tonic, and their binaries.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::address::Told;
use super::project::{Language, Program, Project};
use super::role::{Markers, Role};
use super::tree::{Tree, upwards};

const MARKERS: Markers = Markers {
    server: &["Server::builder", "_server::"],
    client: &["_client::", "Client::connect"],
};

/// Every package that depends on tonic.
pub fn projects(tree: &Tree) -> Vec<Project> {
    let packages = tree.named("Cargo.toml");
    packages
        .filter_map(|(path, text)| Package::of(path, text, tree))
        .map(|package| package.project(tree))
        .collect()
}

struct Package<'a> {
    /// Its Cargo.toml.
    path: &'a Path,
    folder: PathBuf,
    name: String,
    tonic: String,
    manifest: Table,
}

impl<'a> Package<'a> {
    fn of(path: &'a Path, text: &str, tree: &Tree) -> Option<Self> {
        let manifest: Table = text.parse().ok()?;
        let name = manifest.get("package")?.get("name")?.as_str()?.to_owned();
        let tonic = manifest.get("dependencies")?.get("tonic")?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Some(Self {
            tonic: version(tonic)
                .or_else(|| version_of_workspace(&folder, tree))
                .unwrap_or_default(),
            path,
            folder,
            name,
            manifest,
        })
    }

    fn project(&self, tree: &Tree) -> Project {
        let library = match self.tonic.is_empty() {
            true => "tonic".to_owned(),
            false => format!("tonic {}", self.tonic),
        };
        Project {
            file: self.path.to_owned(),
            language: Language::Rust,
            library,
            programs: self.programs(tree),
        }
    }

    fn programs(&self, tree: &Tree) -> Vec<Program> {
        let binaries = self.binaries(tree);
        let mains: Vec<&Path> = binaries.iter().map(|(_, main)| main.as_path()).collect();
        binaries
            .iter()
            .filter_map(|(name, main)| {
                self.program(name, main, &own_sources(main, &mains, tree), tree)
            })
            .collect()
    }

    /// Names and main files: those that Cargo.toml names, and those that Cargo
    /// finds by itself.
    fn binaries(&self, tree: &Tree) -> Vec<(String, PathBuf)> {
        let named = self.manifest.get("bin").and_then(Value::as_array);
        let mut found: Vec<(String, PathBuf)> = named
            .into_iter()
            .flatten()
            .filter_map(|bin| {
                let name = bin.get("name")?.as_str()?.to_owned();
                let path = bin.get("path").and_then(Value::as_str);
                let path = path.map_or_else(|| self.usual_main(&name, tree), PathBuf::from);
                Some((name, self.folder.join(path)))
            })
            .collect();
        for (name, path) in self.usual_binaries(tree) {
            if found.iter().all(|(_, other)| *other != path) {
                found.push((name, path));
            }
        }
        found
    }

    fn usual_main(&self, name: &str, tree: &Tree) -> PathBuf {
        let own = PathBuf::from(format!("src/bin/{name}.rs"));
        let folder = PathBuf::from(format!("src/bin/{name}/main.rs"));
        let is_there = |path: &PathBuf| tree.text(&self.folder.join(path)).is_some();
        let candidates = [own, folder].into_iter().find(is_there);
        candidates.unwrap_or_else(|| "src/main.rs".into())
    }

    fn usual_binaries(&self, tree: &Tree) -> Vec<(String, PathBuf)> {
        let main = self.folder.join("src/main.rs");
        let main = tree.text(&main).map(|_| (self.name.clone(), main.clone()));
        let folder = self.folder.join("src/bin");
        let others = tree.sources(&folder, &["rs"]).filter_map(|(path, _)| {
            let within = path.strip_prefix(&folder).ok()?;
            let parts: Vec<_> = within.iter().collect();
            let name = match parts[..] {
                [_] => within.file_stem()?,
                [folder, file] if file == "main.rs" => folder,
                _ => return None,
            };
            Some((name.to_string_lossy().into_owned(), path.to_owned()))
        });
        main.into_iter().chain(others).collect()
    }

    fn program(&self, name: &str, main: &Path, own: &[&str], tree: &Tree) -> Option<Program> {
        let of_library = self.library_sources(tree);
        let role = MARKERS
            .role(own.iter().copied())
            .or_else(|| MARKERS.role(of_library.iter().copied()))?;
        let workspace = workspace_of(&self.folder, tree).unwrap_or_else(|| self.folder.clone());
        let mut build = vec!["cargo".to_owned(), "build".to_owned()];
        if !workspace.as_os_str().is_empty() {
            // From here Cargo would not find it, or take another one for it.
            build.push("--manifest-path".into());
            build.push(self.path.display().to_string());
        }
        build.extend(["--bin".to_owned(), name.to_owned()]);
        let target = tree.cargo_target();
        let target = target.unwrap_or_else(|| workspace.join("target"));
        let program = target.join("debug").join(name);
        Some(Program {
            name: name.to_owned(),
            source: main.to_owned(),
            role,
            build: Some(build),
            run: vec![program.display().to_string()],
            cwd: None,
            told: Told::by(role, own.iter().copied()),
            has_health: role == Role::Server && serves_health(own),
        })
    }

    fn library_sources<'t>(&self, tree: &'t Tree) -> Vec<&'t str> {
        let folder = self.folder.join("src");
        let bins = folder.join("bin");
        tree.sources(&folder, &["rs"])
            .filter(|(path, _)| !path.starts_with(&bins))
            .map(|(_, text)| text)
            .collect()
    }
}

/// The main file's text before those of its modules.
fn own_sources<'t>(main: &Path, mains: &[&Path], tree: &'t Tree) -> Vec<&'t str> {
    let folder = main.parent().unwrap_or(Path::new(""));
    let is_alone = main.file_name().is_none_or(|name| name != "main.rs");
    let bins = folder.join("bin");
    let modules = tree
        .sources(folder, &["rs"])
        .filter(|(path, _)| !is_alone && !mains.contains(path) && !path.starts_with(&bins))
        .map(|(_, text)| text);
    tree.text(main).into_iter().chain(modules).collect()
}

fn serves_health(sources: &[&str]) -> bool {
    sources.iter().any(|text| text.contains("tonic_health"))
}

fn version(dependency: &Value) -> Option<String> {
    let version = match dependency {
        Value::String(version) => version,
        other => other.get("version")?.as_str()?,
    };
    let version = version.trim_start_matches(['^', '=', '~', '>', ' ']);
    let parts: Vec<&str> = version.split('.').take(2).collect();
    Some(parts.join("."))
}

fn version_of_workspace(folder: &Path, tree: &Tree) -> Option<String> {
    let workspace = workspace_of(folder, tree)?;
    let manifest: Table = tree.text(&workspace.join("Cargo.toml"))?.parse().ok()?;
    version(
        manifest
            .get("workspace")?
            .get("dependencies")?
            .get("tonic")?,
    )
}

/// The nearest folder upwards whose Cargo.toml begins a workspace.
fn workspace_of(folder: &Path, tree: &Tree) -> Option<PathBuf> {
    upwards(folder).into_iter().find(|folder| {
        let text = tree.text(&folder.join("Cargo.toml"));
        let manifest = text.and_then(|text| text.parse::<Table>().ok());
        manifest.is_some_and(|manifest| manifest.contains_key("workspace"))
    })
}
