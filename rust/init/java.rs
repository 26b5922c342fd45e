//! Projects in Java and Kotlin that use grpc-java, and their main classes.

use std::path::Path;

use super::address::Told;
use super::project::{Language, Program, Project};
use super::role::{Markers, Role};
use super::tree::Tree;

const MARKERS: Markers = Markers {
    server: &["ServerBuilder", "newServerBuilderForPort"],
    client: &["ManagedChannelBuilder", "newChannelBuilder"],
};
const MAINS: [&str; 3] = ["void main(String", "fun main(", "void main()"];

/// What builds a project and starts it.
#[derive(Clone, Copy)]
enum Tool {
    Maven,
    Gradle { has_wrapper: bool },
}

/// Every project that asks for grpc-java.
pub fn projects(tree: &Tree) -> Vec<Project> {
    let is_build_file = |path: &Path| {
        let name = path.file_name().unwrap_or_default();
        name == "pom.xml" || name == "build.gradle" || name == "build.gradle.kts"
    };
    let files = tree
        .files()
        .filter(|(path, text)| is_build_file(path) && text.contains("io.grpc"));
    files
        .map(|(path, text)| project(path, text, tree))
        .collect()
}

fn project(path: &Path, text: &str, tree: &Tree) -> Project {
    let home = path.parent().unwrap_or(Path::new(""));
    let tool = match path.extension().is_some_and(|ending| ending == "xml") {
        true => Tool::Maven,
        false => Tool::Gradle {
            has_wrapper: tree.text(&home.join("gradlew")).is_some(),
        },
    };
    let programs: Vec<Program> = tree
        .sources(home, &["java", "kt"])
        .filter(|(path, _)| !path.iter().any(|part| part == "test"))
        .filter_map(|(path, text)| program(path, text, home, tool))
        .collect();
    // `gradle run` starts the one class that the build file names.
    let is_clear = matches!(tool, Tool::Maven) || programs.len() <= 1;
    Project {
        file: path.to_owned(),
        language: Language::Java,
        library: match version(text) {
            Some(version) => format!("grpc-java {version}"),
            None => "grpc-java".into(),
        },
        programs: if is_clear { programs } else { Vec::new() },
    }
}

fn program(path: &Path, text: &str, home: &Path, tool: Tool) -> Option<Program> {
    if !MAINS.iter().any(|main| text.contains(main)) {
        return None;
    }
    let role = MARKERS.role([text].into_iter())?;
    let name = path.file_stem()?.to_string_lossy().into_owned();
    let told = Told::by(role, [text].into_iter());
    let (build, run) = commands(tool, &class(path, text, &name), &told);
    Some(Program {
        source: path.to_owned(),
        role,
        build: Some(build),
        run,
        cwd: Some(home.to_owned()).filter(|home| !home.as_os_str().is_empty()),
        // Both tools take a program's arguments in one of their own.
        told: match told {
            Told::Arguments(_) => Told::Arguments(Vec::new()),
            other => other,
        },
        has_health: role == Role::Server && text.contains("HealthStatusManager"),
        name,
    })
}

fn commands(tool: Tool, class: &str, told: &Told) -> (Vec<String>, Vec<String>) {
    let arguments = match told {
        Told::Arguments(arguments) => arguments.join(" "),
        _ => String::new(),
    };
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    let (build, mut run): (Vec<String>, Vec<String>) = match tool {
        Tool::Maven => (
            words(&["mvn", "-q", "compile"]),
            words(&[
                "mvn",
                "-q",
                "exec:java",
                &format!("-Dexec.mainClass={class}"),
            ]),
        ),
        Tool::Gradle { has_wrapper } => {
            let gradle = if has_wrapper { "./gradlew" } else { "gradle" };
            (
                words(&[gradle, "-q", "classes"]),
                words(&[gradle, "-q", "run"]),
            )
        }
    };
    if !arguments.is_empty() {
        run.push(match tool {
            Tool::Maven => format!("-Dexec.args={arguments}"),
            Tool::Gradle { .. } => format!("--args={arguments}"),
        });
    }
    (build, run)
}

/// The full name of a main class; Kotlin makes one of a file.
fn class(path: &Path, text: &str, name: &str) -> String {
    let package = text
        .lines()
        .find_map(|line| line.strip_prefix("package "))
        .map(|package| package.trim().trim_end_matches(';'));
    let is_kotlin = path.extension().is_some_and(|ending| ending == "kt");
    let name = if is_kotlin {
        format!("{name}Kt")
    } else {
        name.to_owned()
    };
    package.map_or(name.clone(), |package| format!("{package}.{name}"))
}

/// `<grpc.version>1.76.0</grpc.version>`, or `io.grpc:grpc-netty:1.76.0`.
fn version(text: &str) -> Option<&str> {
    let of_maven = || text.split("<grpc.version>").nth(1)?.split('<').next();
    let of_gradle = || {
        let artifact = text.split("io.grpc:grpc-").nth(1)?;
        artifact.split(['"', '\'']).next()?.split(':').nth(1)
    };
    of_maven()
        .or_else(of_gradle)
        .filter(|version| version.starts_with(|c: char| c.is_ascii_digit()))
}
