//! Whether generated code that lies in a project is that of the schema: Python's
//! `*_pb2.py` and Go's `*.pb.go` carry the schema that they were made from, so
//! that what differs is known exactly. Code in Rust is mostly made when it is
//! built, and carries none: nothing is said of it.

mod drift;
mod embedded;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use prost_reflect::prost_types::FileDescriptorProto;
use wirecheck_core::plan::schema::{Schema, ServiceMethod};

use super::Check;

/// What a check of generated code is called.
pub const WHAT: &str = "generated code";
/// How deep below a folder generated code is looked for, and how many files are
/// read.
const DEPTH: usize = 8;
const MOST_FILES: usize = 500;
/// The most bytes of a file that is read.
const MOST_BYTES: u64 = 8 << 20;
/// The most differences that are told of a file.
const MOST_TOLD: usize = 3;
/// What no code of a team's own is in.
const NOT_OWN: [&str; 6] = [
    ".venv",
    "venv",
    "node_modules",
    "target",
    "site-packages",
    "vendor",
];

/// A language whose generated code carries its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Python,
    Go,
}

impl Language {
    fn of(name: &str) -> Option<Self> {
        match name {
            name if name.ends_with("_pb2.py") => Some(Self::Python),
            name if name.ends_with(".pb.go") => Some(Self::Go),
            _ => None,
        }
    }

    /// What a module is called whose schema is in this file.
    fn module(self, proto: &str) -> String {
        let stem = proto.strip_suffix(".proto").unwrap_or(proto);
        match self {
            Self::Python => format!("{}_pb2.py", stem.replace('-', "_")),
            Self::Go => format!("{stem}.pb.go"),
        }
    }
}

/// Checks of the generated code below some folders, whose commands are to be
/// typed in the current one. `python` is the interpreter of the project.
pub fn checks(schema: &Schema, folders: &[PathBuf], python: &str) -> Vec<Check> {
    if schema.is_built_in() {
        return Vec::new();
    }
    let files = schema.files();
    let methods = schema.methods();
    let mut checks = Vec::new();
    let mut current = 0;
    for path in generated_files(folders) {
        let Some(source) = read(&path) else { continue };
        let found = match language_of(&path) {
            Some(language) => stale_messages(&path, language, &source, &files, python),
            None => stale_methods(&path, &source, &methods, &files, python),
        };
        match found {
            Some(Found::Current) => current += 1,
            Some(Found::Stale(check)) => checks.push(*check),
            None => {}
        }
    }
    if checks.is_empty() && current > 0 {
        let found = format!("{current} of the schema, all current");
        checks.push(Check::ok("schema", WHAT, found));
    }
    checks
}

/// The files of the schema, with where they lie.
type Files = [(FileDescriptorProto, Option<PathBuf>)];

/// What a file of this schema came to.
enum Found {
    Current,
    Stale(Box<Check>),
}

fn language_of(path: &Path) -> Option<Language> {
    Language::of(&path.file_name()?.to_string_lossy())
}

fn read(path: &Path) -> Option<String> {
    let length = std::fs::metadata(path).ok()?.len();
    (length <= MOST_BYTES).then(|| std::fs::read_to_string(path).ok())?
}

/// `None` for code of another schema.
fn stale_messages(
    path: &Path,
    language: Language,
    source: &str,
    files: &Files,
    python: &str,
) -> Option<Found> {
    let code = match language {
        Language::Python => embedded::python(source),
        Language::Go => embedded::go(source),
    }?;
    let (schema, proto) = file_of(&code, files)?;
    let differences = drift::drift(&code, schema);
    if differences.is_empty() {
        return Some(Found::Current);
    }
    let proto_shown = proto.map_or_else(
        || schema.name().to_owned(),
        |proto| proto.display().to_string(),
    );
    let found = format!(
        "{} is not what {proto_shown} says: {}",
        path.display(),
        told(&differences)
    );
    let command = proto.and_then(|proto| command(path, language, code.name(), proto, python));
    let mend = command.unwrap_or_else(|| format!("generate it again from {proto_shown}"));
    Some(Found::Stale(Box::new(Check::fix(
        "schema", WHAT, found, mend,
    ))))
}

/// The file of the schema that code says it was made from. Its name depends on
/// the folder that the compiler was told, so the end of it is enough, if there
/// is only one such file of the same package.
fn file_of<'a>(
    code: &FileDescriptorProto,
    files: &'a Files,
) -> Option<(&'a FileDescriptorProto, Option<&'a Path>)> {
    let name = code.name();
    let pair = |(file, path): &'a (FileDescriptorProto, Option<PathBuf>)| (file, path.as_deref());
    if let Some(exact) = files.iter().find(|(file, _)| file.name() == name) {
        return Some(pair(exact));
    }
    let is_end = |long: &str, short: &str| {
        long.strip_suffix(short)
            .is_some_and(|rest| rest.ends_with('/'))
    };
    let mut similar = files.iter().filter(|(file, _)| {
        file.package() == code.package() && (is_end(file.name(), name) || is_end(name, file.name()))
    });
    match (similar.next(), similar.next()) {
        (Some(one), None) => Some(pair(one)),
        _ => None,
    }
}

fn told(differences: &[String]) -> String {
    let mut told = differences[..differences.len().min(MOST_TOLD)].join("; ");
    if let more @ 1.. = differences.len().saturating_sub(MOST_TOLD) {
        told.push_str(&format!("; and {more} more"));
    }
    told
}

/// The command that makes the file again where it is: code lies below the folder
/// of the output as its schema lies below the folder of the imports.
fn command(
    path: &Path,
    language: Language,
    name: &str,
    proto: &Path,
    python: &str,
) -> Option<String> {
    let output = root(path, &language.module(name))?;
    let imports = root(proto, name)?;
    let has = |from: &str, to: &str| {
        let text = path.to_string_lossy();
        text.strip_suffix(from)
            .is_some_and(|stem| Path::new(&format!("{stem}{to}")).is_file())
    };
    let mut words = match language {
        Language::Python => vec![format!("{python} -m grpc_tools.protoc")],
        Language::Go => vec!["protoc".to_owned()],
    };
    words.push(format!("-I {imports}"));
    match language {
        Language::Python => {
            words.push(format!("--python_out={output}"));
            if has("_pb2.py", "_pb2.pyi") {
                words.push(format!("--pyi_out={output}"));
            }
            if has("_pb2.py", "_pb2_grpc.py") {
                words.push(format!("--grpc_python_out={output}"));
            }
        }
        Language::Go => {
            words.push(format!("--go_out={output} --go_opt=paths=source_relative"));
            if has(".pb.go", "_grpc.pb.go") {
                let options = "--go-grpc_opt=paths=source_relative";
                words.push(format!("--go-grpc_out={output} {options}"));
            }
        }
    }
    words.push(name.to_owned());
    Some(words.join(" "))
}

/// The folder that a path lies in under a name, for a shell.
fn root(path: &Path, name: &str) -> Option<String> {
    let name = Path::new(name);
    let depth = name.components().count();
    let root = path
        .ends_with(name)
        .then(|| path.ancestors().nth(depth))??;
    let root = match root.as_os_str().is_empty() {
        true => ".".to_owned(),
        false => root.to_string_lossy().into_owned(),
    };
    shlex::try_quote(&root)
        .ok()
        .map(|quoted| quoted.into_owned())
}

/// `*_pb2_grpc.py` names the paths of its methods; it may be older than the
/// messages beside it. Only services that it has are looked at.
fn stale_methods(
    path: &Path,
    source: &str,
    methods: &[ServiceMethod],
    files: &Files,
    python: &str,
) -> Option<Found> {
    let paths: BTreeSet<&str> = source
        .split(['\'', '"'])
        .filter(|text| text.starts_with('/') && text.matches('/').count() == 2)
        .collect();
    let service_of = |path: &str| path[1..].split('/').next().map(str::to_owned);
    let services: BTreeSet<String> = paths.iter().filter_map(|path| service_of(path)).collect();
    let wanted: BTreeSet<&str> = methods
        .iter()
        .filter(|method| services.contains(&method.service))
        .map(|method| method.path.as_str())
        .collect();
    if wanted.is_empty() {
        return None;
    }
    let known: BTreeSet<&str> = methods
        .iter()
        .map(|method| method.service.as_str())
        .collect();
    let own = paths
        .iter()
        .copied()
        .filter(|path| service_of(path).is_some_and(|service| known.contains(service.as_str())));
    let own: BTreeSet<&str> = own.collect();
    let missing = wanted
        .difference(&own)
        .map(|path| format!("the method `{}` is missing", &path[1..]));
    let extra = own
        .difference(&wanted)
        .map(|path| format!("the method `{}` is not in the schema", &path[1..]));
    let differences: Vec<String> = missing.chain(extra).collect();
    if differences.is_empty() {
        return Some(Found::Current);
    }
    let found = format!("{} is old: {}", path.display(), told(&differences));
    let mend = command_of_messages_beside(path, files, python)
        .unwrap_or_else(|| "generate it again, as the messages beside it".to_owned());
    Some(Found::Stale(Box::new(Check::fix(
        "schema", WHAT, found, mend,
    ))))
}

/// One command makes both files.
fn command_of_messages_beside(path: &Path, files: &Files, python: &str) -> Option<String> {
    let text = path.to_string_lossy();
    let beside = PathBuf::from(format!("{}_pb2.py", text.strip_suffix("_pb2_grpc.py")?));
    let code = embedded::python(&read(&beside)?)?;
    let (_, proto) = file_of(&code, files)?;
    command(&beside, Language::Python, code.name(), proto?, python)
}

fn generated_files(folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in folders {
        collect(folder, DEPTH, &mut files);
    }
    files.sort();
    files.dedup();
    files
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let shown = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let Ok(entries) = std::fs::read_dir(shown) else {
        return;
    };
    let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    for name in names {
        if files.len() >= MOST_FILES {
            return;
        }
        let path = folder.join(&name);
        let name = name.to_string_lossy();
        let is_own = !name.starts_with('.') && !NOT_OWN.contains(&name.as_ref());
        if path.is_dir() {
            // A link could lead back up.
            if is_own && depth > 0 && !path.is_symlink() {
                collect(&path, depth - 1, files);
            }
        } else if Language::of(&name).is_some() || name.ends_with("_pb2_grpc.py") {
            files.push(path);
        }
    }
}

#[cfg(test)]
mod tests;
