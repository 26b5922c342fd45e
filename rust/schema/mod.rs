//! The schema of somebody's own services: from `.proto` files, which are
//! compiled here without protoc, or from descriptor sets that protoc or buf
//! wrote.

pub mod reflection;
pub(crate) mod roots;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use miette::Diagnostic as _;
use prost_reflect::DescriptorPool;
use wirecheck_core::plan::schema::Schema;
use wirecheck_core::plan::source::{Problem, Source};

/// Where a schema is taken from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchemaFiles {
    /// `.proto` files, and folders with all that are below them.
    pub protos: Vec<PathBuf>,
    /// Folders in which imports are looked up, and to which the names of files
    /// are relative. Without any they follow from the packages of the files.
    pub import_paths: Vec<PathBuf>,
    /// Serialized `google.protobuf.FileDescriptorSet`s with all their imports.
    pub descriptor_sets: Vec<PathBuf>,
}

/// Why there is no schema.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// A file does not compile.
    #[error("{0}")]
    Problem(Box<Problem>),
    /// Files do not compile, and there is no line to point at.
    #[error("cannot compile `{}`: {why}", path.display())]
    Compile {
        /// What was compiled.
        path: PathBuf,
        /// The compiler's words.
        why: String,
    },
    /// A file or a folder cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A folder has no `.proto` file.
    #[error("there is no .proto file in `{}`", .0.display())]
    Empty(PathBuf),
    /// A server does not tell its schema.
    #[error("the server at {address} does not tell its schema: {why}")]
    Reflection {
        /// Where.
        address: String,
        /// Why not.
        why: String,
    },
    /// The bytes are no complete descriptor set.
    #[error("`{}` is no complete descriptor set: {why}", path.display())]
    NoSet {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl SchemaFiles {
    /// Whether no file is named.
    pub fn is_empty(&self) -> bool {
        self.protos.is_empty() && self.descriptor_sets.is_empty()
    }

    /// Compiles and reads everything.
    ///
    /// # Errors
    ///
    /// The first file that is wrong.
    pub fn load(&self) -> Result<Schema, SchemaError> {
        let (mut pool, mut paths) = Default::default();
        if !self.protos.is_empty() {
            (pool, paths) = self.compile()?;
        }
        for path in &self.descriptor_sets {
            add_set(&mut pool, path)?;
        }
        Ok(Schema::of_pool(pool, paths))
    }

    fn compile(&self) -> Result<(DescriptorPool, BTreeMap<String, PathBuf>), SchemaError> {
        let files = roots::proto_files(&self.protos)?;
        let roots = match self.import_paths.is_empty() {
            true => roots::guessed(&files)?,
            false => self.import_paths.clone(),
        };
        let failed = |path: &Path, error: protox::Error| of_compiler(path, &roots, &error);
        let mut compiler =
            protox::Compiler::new(&roots).map_err(|error| failed(&files[0], error))?;
        compiler.include_imports(true).include_source_info(true);
        for file in &files {
            compiler
                .open_file(file)
                .map_err(|error| failed(file, error))?;
        }
        let paths = compiler.files().filter_map(|file| {
            let path = file.path()?;
            Some((file.name().to_owned(), path.to_owned()))
        });
        Ok((compiler.descriptor_pool(), paths.collect()))
    }
}

fn add_set(pool: &mut DescriptorPool, path: &Path) -> Result<(), SchemaError> {
    let bytes = std::fs::read(path).map_err(|source| SchemaError::Read {
        path: path.to_owned(),
        source,
    })?;
    pool.decode_file_descriptor_set(bytes.as_slice())
        .map_err(|error| SchemaError::NoSet {
            path: path.to_owned(),
            why: error.to_string(),
        })
}

/// The compiler names a file relative to its import path and a place in it.
fn of_compiler(opened: &Path, roots: &[PathBuf], error: &protox::Error) -> SchemaError {
    let named = error.file().and_then(|name| {
        let candidates = roots.iter().map(|root| root.join(name));
        candidates.into_iter().find(|path| path.is_file())
    });
    let path = named.unwrap_or_else(|| opened.to_owned());
    let message = first_line(&error.to_string());
    let Ok(text) = std::fs::read_to_string(&path) else {
        return SchemaError::Compile { path, why: message };
    };
    let source = Source::new(path.clone(), text);
    if let Some(range) = edition(source.text()) {
        let problem = source
            .problem(range, "`edition` syntax cannot be compiled here")
            .with_hint(Some(format!(
                "let protoc do it: `protoc --include_imports --descriptor_set_out=schema.binpb {}`, \
                 then `--descriptor-set schema.binpb`",
                path.display()
            )));
        return SchemaError::Problem(Box::new(problem));
    }
    let label = error.labels().and_then(|mut labels| labels.next());
    let Some(label) = label else {
        return SchemaError::Compile { path, why: message };
    };
    let range = label.offset()..label.offset() + label.len().max(1);
    let problem = source
        .problem(range, message)
        .with_hint(hint(error, &roots_shown(roots)));
    SchemaError::Problem(Box::new(problem))
}

fn hint(error: &protox::Error, roots: &str) -> Option<String> {
    match error.is_file_not_found() {
        true => Some(format!(
            "imports were looked up in {roots}; `--import-path DIR` names other folders"
        )),
        false => error.help().map(|help| help.to_string()),
    }
}

fn roots_shown(roots: &[PathBuf]) -> String {
    let shown = roots.iter().map(|root| match root.as_os_str().is_empty() {
        true => "`.`".to_owned(),
        false => format!("`{}`", root.display()),
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// Where a file states its edition, if it does.
fn edition(text: &str) -> Option<Range<usize>> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start();
        let rest = trimmed.strip_prefix("edition").map(str::trim_start);
        if rest.is_some_and(|rest| rest.starts_with('=')) {
            let start = at + line.len() - trimmed.len();
            return Some(start..start + trimmed.trim_end().len());
        }
        at += line.len();
    }
    None
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
