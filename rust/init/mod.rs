//! What a folder has to do with gRPC: its projects, servers, clients and
//! schemas. All of it is a function of a [`Tree`], which is read once.

pub mod address;
mod go;
mod java;
pub mod manifest;
mod node;
pub mod peers;
pub mod project;
pub mod proto;
mod python;
mod role;
mod rust;
pub mod tree;

use project::Project;
use proto::Protos;
use tree::Tree;

pub use role::Role;

/// What was found in a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Projects that use a gRPC library, by language and then by path.
    pub projects: Vec<Project>,
    /// The schemas.
    pub protos: Protos,
    /// Whether there was more than was looked at.
    pub is_cut: bool,
}

impl Found {
    /// Looks at a tree.
    pub fn of(tree: &Tree) -> Self {
        let projects = [
            rust::projects(tree),
            python::projects(tree),
            go::projects(tree),
            java::projects(tree),
            node::projects(tree),
        ];
        Self {
            projects: projects.into_iter().flatten().collect(),
            protos: Protos::of(tree),
            is_cut: tree.is_cut(),
        }
    }

    /// Whether there is nothing to write a manifest of.
    pub fn is_empty(&self) -> bool {
        self.projects.is_empty() && self.protos.files.is_empty()
    }
}

#[cfg(test)]
mod tests;
