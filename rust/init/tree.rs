//! The files of a folder that can tell what is in it, read once and within
//! limits, so that everything else is a function of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How deep below the folder files are looked for.
const DEPTH: usize = 8;
/// How many files are read at most.
const FILES: usize = 4_000;
/// Longer files are not read, in bytes: nobody writes them by hand.
const LENGTH: u64 = 512 * 1024;
/// How many folders above are asked for a Cargo workspace and a virtual environment.
const ABOVE: usize = 4;

/// Where Cargo looks for what holds for all projects below a folder.
const CARGO_CONFIG: &str = ".cargo/config.toml";

/// What is in these was put there by a tool.
const OF_TOOLS: [&str; 8] = [
    "target",
    "node_modules",
    "venv",
    "__pycache__",
    "site-packages",
    "build",
    "dist",
    "vendor",
];
/// Files whose names say what they are.
const NAMES: [&str; 13] = [
    "Cargo.toml",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "Pipfile",
    "uv.lock",
    "poetry.lock",
    "go.mod",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "gradlew",
    "package.json",
];
/// Endings of sources.
const ENDINGS: [&str; 11] = [
    "proto", "rs", "py", "go", "java", "kt", "js", "mjs", "cjs", "ts", "mts",
];

/// Texts by their paths, which are relative to the folder; those above it begin
/// with `..`.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    files: BTreeMap<PathBuf, String>,
    environments: BTreeSet<PathBuf>,
    /// `CARGO_TARGET_DIR`.
    cargo_target: Option<PathBuf>,
    cut: bool,
}

impl Tree {
    /// Reads a folder.
    ///
    /// # Errors
    ///
    /// It cannot be listed. What cannot be read below it is left out.
    pub fn read(root: &Path) -> io::Result<Self> {
        fs::read_dir(root)?;
        let mut tree = Self::default();
        tree.take_folder(root, Path::new(""), DEPTH);
        tree.take_file(root, CARGO_CONFIG.into());
        tree.take_above(root);
        Ok(tree)
    }

    /// A tree of these texts, and of virtual environments in these folders.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)], environments: &[&str]) -> Self {
        let owned = |&(path, text): &(&str, &str)| (PathBuf::from(path), text.to_owned());
        Self {
            files: files.iter().map(owned).collect(),
            environments: environments.iter().map(PathBuf::from).collect(),
            cargo_target: None,
            cut: false,
        }
    }

    /// The tree, where Cargo is told by its environment to build elsewhere. A
    /// folder below `root`, the tree's own, becomes a relative one.
    pub fn with_cargo_target(mut self, target: Option<PathBuf>, root: &Path) -> Self {
        self.cargo_target = target.map(|target| match target.strip_prefix(root) {
            Ok(below) => below.to_owned(),
            Err(_) => target,
        });
        self
    }

    /// Where Cargo builds when it is started in the tree's folder, unless that
    /// is beside the workspace: by its environment, or by the nearest
    /// configuration that says so.
    pub fn cargo_target(&self) -> Option<PathBuf> {
        let configured = upwards(Path::new("")).into_iter().find_map(|folder| {
            let config: toml::Table = self.text(&folder.join(CARGO_CONFIG))?.parse().ok()?;
            let target = config.get("build")?.get("target-dir")?.as_str()?;
            Some(folder.join(target))
        });
        self.cargo_target.clone().or(configured)
    }

    /// Whether there was more than the limits allow.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// A text, in the folder or above it.
    pub fn text(&self, path: &Path) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Every file of the folder, in the order of the paths.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.files
            .iter()
            .filter(|(path, _)| !path.starts_with(".."))
            .map(|(path, text)| (path.as_path(), text.as_str()))
    }

    /// The files of this name.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a Path, &'a str)> {
        self.files()
            .filter(move |(path, _)| path.file_name().is_some_and(|found| found == name))
    }

    /// The files with one of these endings, at or below a folder.
    pub fn sources<'tree>(
        &'tree self,
        folder: &Path,
        endings: &[&str],
    ) -> impl Iterator<Item = (&'tree Path, &'tree str)> {
        self.files()
            .filter(move |(path, _)| path.starts_with(folder) && has_ending(path, endings))
    }

    /// The nearest virtual environment's Python, at a folder or above it.
    pub fn python_of(&self, folder: &Path) -> Option<PathBuf> {
        upwards(folder).into_iter().find_map(|folder| {
            [".venv", "venv"]
                .map(|name| folder.join(name))
                .into_iter()
                .find(|environment| self.environments.contains(environment))
                .map(|environment| environment.join("bin/python"))
        })
    }

    fn take_folder(&mut self, root: &Path, relative: &Path, depth: usize) {
        let Ok(entries) = fs::read_dir(root.join(relative)) else {
            return;
        };
        let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
        names.sort();
        for name in names {
            let path = relative.join(&name);
            let full = root.join(&path);
            // A link could lead back up.
            if full.is_symlink() {
                continue;
            }
            if full.is_dir() {
                self.note_environment(root, &path);
                match is_of_tool(&path) {
                    true => {}
                    false if depth == 0 => self.cut = true,
                    false => self.take_folder(root, &path, depth - 1),
                }
            } else if is_telling(&path) {
                self.take_file(root, path);
            }
        }
    }

    fn take_file(&mut self, root: &Path, path: PathBuf) {
        if self.files.len() >= FILES {
            self.cut = true;
            return;
        }
        let full = root.join(&path);
        let is_short = fs::metadata(&full).is_ok_and(|metadata| metadata.len() <= LENGTH);
        if let (true, Ok(text)) = (is_short, fs::read_to_string(&full)) {
            self.files.insert(path, text);
        }
    }

    /// A folder may be a member of a Cargo workspace that begins above it, and
    /// use a virtual environment from there.
    fn take_above(&mut self, root: &Path) {
        let mut above = PathBuf::new();
        for _ in 0..ABOVE {
            // Above the checkout begins what is somebody else's.
            if root.join(&above).join(".git").exists() {
                return;
            }
            above.push("..");
            self.take_file(root, above.join("Cargo.toml"));
            self.take_file(root, above.join(CARGO_CONFIG));
            self.note_environment(root, &above.join(".venv"));
        }
    }

    fn note_environment(&mut self, root: &Path, path: &Path) {
        if root.join(path).join("bin/python").exists() {
            self.environments.insert(path.to_owned());
        }
    }
}

/// A folder and all above it, the nearest first, on to those above the tree.
pub fn upwards(folder: &Path) -> Vec<PathBuf> {
    let within = folder.ancestors().map(Path::to_owned);
    let above = (1..=ABOVE).map(|steps| PathBuf::from("../".repeat(steps).trim_end_matches('/')));
    within.chain(above).collect()
}

fn is_telling(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_requirements = name.starts_with("requirements") && name.ends_with(".txt");
    NAMES.contains(&&*name) || is_requirements || has_ending(path, &ENDINGS)
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let found = path.extension().and_then(|ending| ending.to_str());
    found.is_some_and(|ending| endings.contains(&ending))
}

fn is_of_tool(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') || OF_TOOLS.contains(&&*name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
        fs::write(path, text).expect("it can be written");
    }

    #[test]
    fn what_tools_made_is_not_looked_at() {
        let root = tempfile::tempdir().expect("a temporary folder");
        for path in [
            "server/Cargo.toml",
            "server/target/x/Cargo.toml",
            "web/node_modules/y/package.json",
            ".git/z.py",
            "notes.txt",
        ] {
            write(root.path(), path, "");
        }
        let tree = Tree::read(root.path()).expect("a folder");
        let found: Vec<&Path> = tree.files().map(|(path, _)| path).collect();
        assert_eq!(found, [Path::new("server/Cargo.toml")]);
        assert!(!tree.is_cut());
    }

    #[test]
    fn a_tree_without_end_is_cut_and_says_so() {
        let root = tempfile::tempdir().expect("a temporary folder");
        write(root.path(), &format!("{}a.py", "d/".repeat(DEPTH + 1)), "");
        std::os::unix::fs::symlink(root.path(), root.path().join("back")).expect("a link");
        let tree = Tree::read(root.path()).expect("a folder");
        assert_eq!(tree.files().count(), 0);
        assert!(tree.is_cut());
    }

    #[test]
    fn environments_are_found_beside_and_above() {
        let tree = Tree::of(&[], &["client/.venv", "../../.venv"]);
        let python = |folder: &str| tree.python_of(Path::new(folder));
        assert_eq!(
            python("client/tests"),
            Some("client/.venv/bin/python".into())
        );
        assert_eq!(python("server"), Some("../../.venv/bin/python".into()));
        assert_eq!(Tree::default().python_of(Path::new("")), None);
    }
}
