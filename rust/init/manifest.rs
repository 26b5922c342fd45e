//! The text of `wirecheck.toml` for what was found.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use toml::Value;
use wirecheck_core::plan::manifest::FILE;

use super::Found;
use super::address::Told;
use super::peers::Entry;
use super::proto::ProtoFile;
use super::role::Role;
use crate::schema::roots::root_of;

/// Longer lists take a line for each item, in bytes.
const WIDTH: usize = 90;

/// The manifest, with comments.
pub fn text(found: &Found, entries: &[Entry<'_>]) -> String {
    let docs = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs");
    let mut text = format!(
        "#:schema {docs}/manifest.schema.json?raw=true\n\
         # What Wirecheck runs here. `wirecheck init` wrote it; paths in it are relative to this\n\
         # file, and every key is in {docs}/services.md\n"
    );
    put_schema(&mut text, found);
    text.push_str(
        "\n# Which of Wirecheck's own peers call your servers, or answer your clients. All, if unset.\n\
         # with = [\"rust-tonic\", \"python-grpcio\"]\n",
    );
    put_calls(&mut text, found);
    for entry in entries {
        text.push('\n');
        let peer = peer(entry);
        match &entry.open {
            None => text.push_str(&peer),
            Some(why) => put_as_comment(&mut text, why, &peer),
        }
    }
    text
}

fn put_schema(text: &mut String, found: &Found) {
    let files: Vec<&ProtoFile> = found.protos.used().collect();
    text.push_str("\n# The schema: .proto files, or folders of them.\n");
    if files.is_empty() {
        text.push_str("# protos = [\"proto\"]\n");
        return;
    }
    put_paths(text, "protos", &protos(found, &files));
    let follows = |file: &&ProtoFile| root_of(&file.path, &file.package) == file.root;
    if !files.iter().all(follows) {
        let roots: BTreeSet<PathBuf> = files.iter().map(|file| file.root.clone()).collect();
        text.push_str("# What their imports are relative to.\n");
        put_paths(text, "import_paths", &roots);
    }
}

/// The folders that the files' names are relative to; a file itself, where that
/// is the folder of everything, or has files that do not compile.
fn protos(found: &Found, files: &[&ProtoFile]) -> BTreeSet<PathBuf> {
    let is_sound = |root: &Path| {
        let mut unread = found.protos.unread.iter();
        !unread.any(|(path, _)| path.starts_with(root))
    };
    let path = |file: &&ProtoFile| match file.root.as_os_str().is_empty() || !is_sound(&file.root) {
        true => file.path.clone(),
        false => file.root.clone(),
    };
    files.iter().map(path).collect()
}

fn put_paths(text: &mut String, key: &str, paths: &BTreeSet<PathBuf>) {
    let shown = paths.iter().map(|path| match path.as_os_str().is_empty() {
        true => ".".to_owned(),
        false => path.display().to_string(),
    });
    let _ = writeln!(text, "{key} = {}", array(shown));
}

fn put_calls(text: &mut String, found: &Found) {
    let service = found.protos.used().find_map(|file| file.services.first());
    let service = service.map_or("Shop", String::as_str);
    let _ = write!(
        text,
        "\n[calls]\n\
         # Methods that must not be called.\n\
         # exclude = [\"{service}/Delete*\"]\n\
         # Fields that clients need not agree in. Times and ids are found without.\n\
         # leave_out = [\"created_at\"]\n"
    );
}

fn peer(entry: &Entry<'_>) -> String {
    let program = entry.program;
    let mut text = format!(
        "# {}: {}\n[peer.{}]\n",
        entry.project.library,
        program.source.display(),
        key(&entry.name)
    );
    let mut put = |key: &str, value: String| {
        let _ = writeln!(text, "{key} = {value}");
    };
    if needs_role(&program.run, &program.told) {
        put("role", string(program.role.word()));
    }
    if let Some(cwd) = &program.cwd {
        put("cwd", string(&cwd.display().to_string()));
    }
    if let Some(build) = &program.build {
        put("build", array(build.iter().cloned()));
    }
    let told = match &program.told {
        Told::Arguments(arguments) => arguments.as_slice(),
        _ => &[],
    };
    put("run", array(program.run.iter().chain(told).cloned()));
    match &program.told {
        Told::Variable(name, value) => put("env", format!("{{ {name} = {} }}", string(value))),
        Told::Fixed(address) if program.role == Role::Server => put("address", string(address)),
        _ => {}
    }
    if program.has_health {
        put("ready", string("grpc-health"));
    }
    text
}

/// Whether it does not follow from the command.
fn needs_role(run: &[String], told: &Told) -> bool {
    let has_word = |text: &String| text.contains("{port}") || text.contains("{target}");
    match told {
        Told::Variable(_, value) => !has_word(value),
        Told::Arguments(arguments) => !run.iter().chain(arguments).any(has_word),
        Told::Fixed(_) | Told::Unknown => true,
    }
}

/// A peer that is not complete would keep the others from being run.
fn put_as_comment(text: &mut String, why: &str, peer: &str) {
    let _ = writeln!(
        text,
        "# Not complete: {why}.\n\
         # Put {{port}}, {{address}} or {{target}} into `run` or `env`, and take the `#` away."
    );
    for line in peer.lines() {
        let _ = writeln!(text, "# {line}");
    }
}

fn array(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.map(|item| string(&item)).collect();
    let line = format!("[{}]", items.join(", "));
    match line.len() > WIDTH {
        true => format!("[\n    {},\n]", items.join(",\n    ")),
        false => line,
    }
}

fn string(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// A dot would begin another table.
fn key(name: &str) -> String {
    match name.contains(['.', '@']) {
        true => string(name),
        false => name.to_owned(),
    }
}

/// Where the manifest of a folder is.
pub fn path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}
