//! The schemas of a folder: what services they have, and what their imports are
//! relative to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::tree::Tree;
use crate::schema::roots;

/// A `.proto` file with services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtoFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its package; empty if it has none.
    pub package: String,
    /// The names of its services.
    pub services: Vec<String>,
    /// Its methods by their shapes.
    pub methods: Methods,
    /// The folder that its name is relative to.
    pub root: PathBuf,
    /// A file before it that has the same services.
    pub twin: Option<Twin>,
}

/// How many methods have which shape.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Methods {
    /// One request, one response.
    pub unary: usize,
    /// Many requests, one response.
    pub client_streaming: usize,
    /// One request, many responses.
    pub server_streaming: usize,
    /// Many both ways.
    pub bidirectional: usize,
}

/// Another file with the same services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twin {
    /// Where it is.
    pub path: PathBuf,
    /// Whether both say the same, line for line.
    pub is_equal: bool,
}

/// What is in the `.proto` files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Protos {
    /// Those with services.
    pub files: Vec<ProtoFile>,
    /// Those that cannot be read, with the reason.
    pub unread: Vec<(PathBuf, String)>,
}

impl Methods {
    /// All of them.
    pub fn count(&self) -> usize {
        self.unary + self.client_streaming + self.server_streaming + self.bidirectional
    }
}

impl Protos {
    /// Looks at every `.proto` file.
    pub fn of(tree: &Tree) -> Self {
        let mut protos = Self::default();
        let imported = imported(tree);
        for (path, text) in tree.sources(Path::new(""), &["proto"]) {
            let parsed = protox::file::File::from_source(&path.to_string_lossy(), text);
            let file = match &parsed {
                Ok(file) => file.file_descriptor_proto(),
                Err(error) => {
                    let why = error.to_string();
                    let why = why.lines().next().unwrap_or_default().to_owned();
                    protos.unread.push((path.to_owned(), why));
                    continue;
                }
            };
            if file.service.is_empty() {
                continue;
            }
            let mut methods = Methods::default();
            for method in file.service.iter().flat_map(|service| &service.method) {
                *match (method.client_streaming(), method.server_streaming()) {
                    (false, false) => &mut methods.unary,
                    (true, false) => &mut methods.client_streaming,
                    (false, true) => &mut methods.server_streaming,
                    (true, true) => &mut methods.bidirectional,
                } += 1;
            }
            let root = root_by_imports(path, &file.dependency, &imported, tree);
            protos.files.push(ProtoFile {
                path: path.to_owned(),
                package: file.package().to_owned(),
                services: file.service.iter().map(|it| it.name().to_owned()).collect(),
                methods,
                root: root.unwrap_or_else(|| roots::root_of(path, file.package())),
                twin: None,
            });
        }
        protos.find_twins(tree);
        protos
    }

    /// The files to use: each service once.
    pub fn used(&self) -> impl Iterator<Item = &ProtoFile> {
        self.files.iter().filter(|file| file.twin.is_none())
    }

    /// What the services are about: the last part of a package that is no
    /// version, if all agree in it.
    pub fn topic(&self) -> Option<String> {
        let topics: BTreeSet<&str> = self
            .used()
            .filter_map(|file| file.package.split('.').rfind(|part| !is_version(part)))
            .filter(|topic| !topic.is_empty())
            .collect();
        match topics.len() {
            1 => topics.first().map(|topic| topic.replace('_', "-")),
            _ => None,
        }
    }

    /// Teams copy schemas from one project to the next: the one that lies
    /// highest is used, and what is said of the others is whether they agree.
    fn find_twins(&mut self, tree: &Tree) {
        self.files
            .sort_by_key(|file| (file.path.components().count(), file.path.clone()));
        let mut first: BTreeMap<(String, Vec<String>), PathBuf> = BTreeMap::new();
        for file in &mut self.files {
            let services = (file.package.clone(), file.services.clone());
            match first.get(&services) {
                Some(path) => {
                    let lines = |path| tree.text(path).map(|text| Vec::from_iter(text.lines()));
                    file.twin = Some(Twin {
                        path: path.clone(),
                        is_equal: lines(path) == lines(&file.path),
                    });
                }
                None => {
                    first.insert(services, file.path.clone());
                }
            }
        }
    }
}

/// Every name that some file is imported by.
fn imported(tree: &Tree) -> BTreeSet<PathBuf> {
    let protos = tree.sources(Path::new(""), &["proto"]);
    protos.flat_map(|(_, text)| imports(text)).collect()
}

fn imports(text: &str) -> Vec<PathBuf> {
    let statements = text
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("import "));
    statements
        .filter_map(|rest| rest.split('"').nth(1))
        .map(PathBuf::from)
        .collect()
}

/// The folder from which the file imports others, or is imported.
fn root_by_imports(
    path: &Path,
    imports: &[String],
    imported: &BTreeSet<PathBuf>,
    tree: &Tree,
) -> Option<PathBuf> {
    let is_imported = |root: &&Path| {
        path.strip_prefix(root)
            .is_ok_and(|name| imported.contains(name))
    };
    let imports_from = |root: &&Path| {
        imports
            .iter()
            .any(|name| tree.text(&root.join(name)).is_some())
    };
    let folders = || path.parent().into_iter().flat_map(Path::ancestors);
    let root = folders().find(imports_from);
    root.or_else(|| folders().find(is_imported))
        .map(Path::to_owned)
}

fn is_version(part: &str) -> bool {
    let number = part.strip_prefix('v').unwrap_or_default();
    number.starts_with(|c: char| c.is_ascii_digit())
}
