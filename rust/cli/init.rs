//! `wirecheck init`.

use std::path::{Path, PathBuf};

use wirecheck_core::model::exit::Exit;

use super::arguments::InitArguments;
use super::error::CliError;
use super::reports::write_file;
use super::{Result, print};
use crate::init::tree::Tree;
use crate::init::{Found, manifest, peers};
use crate::report::{self, Style};

/// Looks at a folder, writes its manifest and says what was found.
pub fn run(arguments: &InitArguments, style: Style, stdout_style: Style) -> Result<Exit> {
    let folder = arguments.folder.as_path();
    let path = manifest::path(folder);
    if !arguments.stdout && !arguments.force && path.exists() {
        return Err(CliError::Exists(path));
    }
    let tree = Tree::read(folder).map_err(|source| CliError::Read {
        path: folder.to_owned(),
        source,
    })?;
    let root = std::path::absolute(folder).map_err(CliError::Start)?;
    let target = std::env::var_os("CARGO_TARGET_DIR").filter(|target| !target.is_empty());
    let tree = tree.with_cargo_target(target.map(PathBuf::from), &root);
    let found = Found::of(&tree);
    if found.is_empty() {
        return Err(CliError::NothingFound(folder.to_owned()));
    }
    let entries = peers::entries(&found);
    let text = manifest::text(&found, &entries);
    if arguments.stdout {
        // Stdout is for the manifest alone.
        eprint!("{}", report::found(&found, &entries, None, style));
        print(&text);
    } else {
        write_file(&path, text.as_bytes())?;
        let written = path.strip_prefix(Path::new(".")).unwrap_or(&path);
        print(&report::found(
            &found,
            &entries,
            Some(written),
            stdout_style,
        ));
    }
    Ok(Exit::Ok)
}
