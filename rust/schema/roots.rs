//! Which `.proto` files are meant, and what their names are relative to.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::SchemaError;

/// How deep below a folder files are looked for.
const DEPTH: usize = 16;

/// Every file that is named, and every `.proto` file below a folder that is,
/// in the order of their paths.
pub(super) fn proto_files(named: &[PathBuf]) -> Result<Vec<PathBuf>, SchemaError> {
    let mut files = Vec::new();
    for path in named {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        below(path, DEPTH, &mut files)?;
        if files.len() == before {
            return Err(SchemaError::Empty(path.clone()));
        }
    }
    Ok(files)
}

fn below(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), SchemaError> {
    let failed = |source| SchemaError::Read {
        path: folder.to_owned(),
        source,
    };
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        // A link could lead back up.
        if path.is_dir() && !path.is_symlink() && depth > 0 {
            below(&path, depth - 1, files)?;
        } else if path.extension().is_some_and(|ending| ending == "proto") {
            files.push(path);
        }
    }
    Ok(())
}

/// The folders that imports are relative to, if files stand where their
/// packages say: `proto/shop/v1/shop.proto` with `package shop.v1` has the
/// root `proto`. A file that does not has its own folder.
pub(super) fn guessed(files: &[PathBuf]) -> Result<Vec<PathBuf>, SchemaError> {
    let mut roots = Vec::new();
    let mut seen = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(file).map_err(|source| SchemaError::Read {
            path: file.clone(),
            source,
        })?;
        let root = root_of(file, package(&text).unwrap_or_default());
        if seen.insert(root.clone()) {
            roots.push(root);
        }
    }
    Ok(roots)
}

pub(crate) fn root_of(file: &Path, package: &str) -> PathBuf {
    let folder = file.parent().unwrap_or(Path::new(""));
    let parts: Vec<&str> = package.split('.').filter(|part| !part.is_empty()).collect();
    let folders: Vec<Component> = folder.components().collect();
    let tail = folders.iter().rev().zip(parts.iter().rev());
    let agree = tail
        .take_while(|(folder, part)| folder.as_os_str() == **part)
        .count();
    match agree == parts.len() {
        true => folders[..folders.len() - agree].iter().collect(),
        false => folder.to_owned(),
    }
}

/// The package that a file states, without reading the rest of it.
fn package(text: &str) -> Option<&str> {
    text.lines().find_map(|line| {
        let rest = line.trim_start().strip_prefix("package")?;
        let name = rest.strip_prefix([' ', '\t'])?.split(';').next()?;
        Some(name.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_above_the_folders_of_the_package() {
        let root = |file: &str, package| root_of(Path::new(file), package);
        assert_eq!(
            root("proto/shop/v1/shop.proto", "shop.v1"),
            Path::new("proto")
        );
        assert_eq!(root("shop/v1/shop.proto", "shop.v1"), Path::new(""));
        assert_eq!(root("/a/shop.proto", "shop.v1"), Path::new("/a"));
        assert_eq!(root("v1/shop.proto", "shop.v1"), Path::new("v1"));
        assert_eq!(root("api/shop.proto", ""), Path::new("api"));
    }

    #[test]
    fn a_package_is_a_statement_and_no_word_of_a_comment() {
        let text = "// package of goods\nsyntax = \"proto3\";\npackage  shop.v1 ;\n";
        assert_eq!(package(text), Some("shop.v1"));
        assert_eq!(package("message package_of {}"), None);
    }
}
