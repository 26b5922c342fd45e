//! What was found: projects, and the programs in them.

use std::path::{Path, PathBuf};

use super::address::Told;
use super::role::Role;

/// The languages that are known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// Rust, with tonic.
    Rust,
    /// Python, with grpcio.
    Python,
    /// Go, with grpc-go.
    Go,
    /// Java or Kotlin, with grpc-java.
    Java,
    /// JavaScript or TypeScript, with grpc-js.
    Node,
}

/// A project that uses a gRPC library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The file that says so.
    pub file: PathBuf,
    /// Its language.
    pub language: Language,
    /// The library and what is known of its version, as in `tonic 0.14`.
    pub library: String,
    /// Its servers and clients.
    pub programs: Vec<Program>,
}

/// A server or a client, and how it is run from the folder that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// What its project calls it.
    pub name: String,
    /// Its main file.
    pub source: PathBuf,
    /// What it does in a call.
    pub role: Role,
    /// What builds it.
    pub build: Option<Vec<String>>,
    /// What starts it, but for its address.
    pub run: Vec<String>,
    /// The folder in which both are done, unless it is the one looked at.
    pub cwd: Option<PathBuf>,
    /// How it is told its address.
    pub told: Told,
    /// Whether it answers `grpc.health.v1.Health`.
    pub has_health: bool,
}

impl Project {
    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    /// Adds a program, which is named by its path from here.
    pub fn add(&mut self, program: Program) {
        let name = program.source.strip_prefix(self.folder());
        self.programs.push(Program {
            name: name.unwrap_or(&program.source).display().to_string(),
            ..program
        });
    }
}

impl Language {
    /// Its name as a part of a peer's.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::Go => "go",
            Self::Java => "java",
            Self::Node => "node",
        }
    }
}
