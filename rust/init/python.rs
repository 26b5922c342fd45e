//! Projects in Python: folders that ask for grpcio, and the scripts in them.

use std::path::{Path, PathBuf};

use super::address::Told;
use super::project::{Language, Program, Project};
use super::role::{Markers, Role};
use super::tree::Tree;

const MARKERS: Markers = Markers {
    server: &["grpc.server(", "aio.server("],
    client: &["insecure_channel(", "secure_channel("],
};

/// Every project that asks for grpcio, or has scripts that use it.
pub fn projects(tree: &Tree) -> Vec<Project> {
    let mut projects: Vec<Project> = Vec::new();
    for (path, text) in tree.files() {
        if asks_for_grpcio(path, text) && !is_said_already(&projects, path) {
            projects.push(project(path));
        }
    }
    for (path, text) in tree.sources(Path::new(""), &["py"]) {
        let Some(program) = program(path, text, tree) else {
            continue;
        };
        let nearest = projects
            .iter_mut()
            .filter(|project| path.starts_with(project.folder()))
            .max_by_key(|project| project.folder().components().count());
        match nearest {
            Some(project) => project.add(program),
            None => {
                let mut project = project(path);
                project.add(program);
                projects.push(project);
            }
        }
    }
    projects
}

fn project(file: &Path) -> Project {
    Project {
        file: file.to_owned(),
        language: Language::Python,
        library: "grpcio".into(),
        programs: Vec::new(),
    }
}

/// Projects often ask in several files of one folder.
fn is_said_already(projects: &[Project], path: &Path) -> bool {
    projects
        .iter()
        .any(|project| project.folder() == folder(path))
}

fn asks_for_grpcio(path: &Path, text: &str) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_project = ["pyproject.toml", "setup.py", "setup.cfg", "Pipfile"].contains(&&*name)
        || name.starts_with("requirements");
    let is_asked_for = |line: &str| {
        let line = line.trim().trim_start_matches(['"', '\'']);
        line.starts_with("grpcio") || line.contains("\"grpcio") || line.contains("'grpcio")
    };
    is_project && text.lines().any(is_asked_for)
}

fn program(path: &Path, text: &str, tree: &Tree) -> Option<Program> {
    if is_generated_or_test(path) {
        return None;
    }
    let role = MARKERS.role([text].into_iter())?;
    // A module that only others import is no program.
    if !text.contains("__main__") && path.file_name().is_none_or(|name| name != "__main__.py") {
        return None;
    }
    let (cwd, script) = match package_of(path, tree) {
        Some((above, module)) => (above, vec!["-m".to_owned(), module]),
        None => (PathBuf::new(), vec![path.display().to_string()]),
    };
    let mut run = interpreter(folder(path), &cwd, tree);
    run.extend(script);
    Some(Program {
        name: path.display().to_string(),
        source: path.to_owned(),
        role,
        build: None,
        run,
        cwd: Some(cwd).filter(|cwd| !cwd.as_os_str().is_empty()),
        told: Told::by(role, [text].into_iter()),
        has_health: role == Role::Server && text.contains("health_pb2_grpc"),
    })
}

fn is_generated_or_test(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let in_tests = path.components().any(|part| {
        ["test", "tests"]
            .iter()
            .any(|tests| part.as_os_str() == *tests)
    });
    name.ends_with("_pb2_grpc.py") || name.starts_with("test_") || in_tests
}

/// The folder above the package that a script belongs to, and the name by which
/// `python -m` runs it from there.
fn package_of(path: &Path, tree: &Tree) -> Option<(PathBuf, String)> {
    let is_package = |folder: &&Path| tree.text(&folder.join("__init__.py")).is_some();
    let packages = path.ancestors().skip(1).take_while(is_package);
    let above = packages.last()?.parent()?;
    let module = path.with_extension("");
    let module = module.strip_prefix(above).ok()?.display().to_string();
    let module = module.replace('/', ".");
    let module = module.strip_suffix(".__main__").unwrap_or(&module);
    Some((above.to_owned(), module.to_owned()))
}

/// What a project runs Python with, for the scripts in a folder, as it is
/// typed in another.
fn interpreter(home: &Path, cwd: &Path, tree: &Tree) -> Vec<String> {
    let locked_by = |file: &str| {
        let mut folders = home.ancestors();
        folders.find(|folder| tree.text(&folder.join(file)).is_some())
    };
    let by_tool = |tool: &str, project: &Path| {
        let project = from(cwd, project);
        let option = [tool, "run", "--project", &project, "python"];
        let kept = option.into_iter().filter(|word| {
            // In the project's own folder it is found without.
            !project.is_empty() || !["--project", ""].contains(word)
        });
        kept.map(str::to_owned).collect()
    };
    if let Some(project) = locked_by("uv.lock") {
        return by_tool("uv", project);
    }
    if let Some(project) = locked_by("poetry.lock") {
        return by_tool("poetry", project);
    }
    let python = tree.python_of(home);
    vec![python.map_or("python3".into(), |python| from(cwd, &python))]
}

/// A path as it is from a folder.
fn from(cwd: &Path, path: &Path) -> String {
    match path.strip_prefix(cwd) {
        Ok(below) => below.display().to_string(),
        Err(_) => format!(
            "{}{}",
            "../".repeat(cwd.components().count()),
            path.display()
        ),
    }
}

fn folder(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new(""))
}
