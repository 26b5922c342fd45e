//! What `wirecheck init` found, a line for each thing.

use std::path::Path;

use super::style::{Line, Page, Paint, Style};
use super::table::Table;
use super::text::count;
use crate::init::Found;
use crate::init::peers::Entry;
use crate::init::project::Project;
use crate::init::proto::{Methods, ProtoFile};

/// The columns between the columns.
const GAP: usize = 3;

/// Everything that was found; then what was written, if it was.
pub fn found(found: &Found, entries: &[Entry<'_>], written: Option<&Path>, style: Style) -> String {
    let mut table = Table::default();
    let mut put = |word: Line, what: &str, detail: &str| {
        table.row(vec![word, Line::new(what), Line::new(detail)]);
    };
    let good = || Line::default().paint(Paint::Good, "found");
    let warning = |word: &str| Line::default().paint(Paint::Warn, word);
    for project in &found.projects {
        put(good(), &shown(&project.file), &programs(project));
    }
    for file in &found.protos.files {
        match &file.twin {
            None => put(good(), &shown(&file.path), &services(file)),
            Some(twin) if twin.is_equal => {
                let detail = format!("a copy of {}", shown(&twin.path));
                put(Line::new("same"), &shown(&file.path), &detail);
            }
            Some(twin) => {
                let detail = format!("has the services of {}, and is another", shown(&twin.path));
                put(warning("differs"), &shown(&file.path), &detail);
            }
        }
    }
    for (path, why) in &found.protos.unread {
        put(warning("unread"), &shown(path), why);
    }
    if found.is_cut {
        let detail = "too deep or too many: not everything was looked at";
        put(warning("cut"), "this folder", detail);
    }
    for entry in entries {
        if let Some(why) = &entry.open {
            put(warning("open"), &entry.name, why);
        }
    }
    if let Some(path) = written {
        put(Line::new("wrote"), &shown(path), &peers(entries));
        put(Line::new("next"), "wirecheck doctor", "");
    }
    let mut page = Page::new(style);
    table.put(&mut page, 0, GAP);
    page.finish()
}

fn programs(project: &Project) -> String {
    let programs: Vec<String> = project
        .programs
        .iter()
        .map(|program| format!("{} `{}`", program.role.word(), program.name))
        .collect();
    match programs.is_empty() {
        true => format!(
            "{}, no server and no client by its sources",
            project.library
        ),
        false => format!("{}, {}", project.library, programs.join(", ")),
    }
}

fn services(file: &ProtoFile) -> String {
    let Methods {
        unary,
        client_streaming,
        server_streaming,
        bidirectional,
    } = file.methods;
    let shapes = [
        (unary, "unary"),
        (client_streaming, "client streaming"),
        (server_streaming, "server streaming"),
        (bidirectional, "bidirectional"),
    ];
    let shapes: Vec<String> = shapes
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, shape)| format!("{number} {shape}"))
        .collect();
    format!(
        "{}, {} ({})",
        count(file.services.len(), "service"),
        count(file.methods.count(), "method"),
        shapes.join(", ")
    )
}

fn peers(entries: &[Entry<'_>]) -> String {
    let names: Vec<&str> = entries
        .iter()
        .filter(|entry| entry.open.is_none())
        .map(|entry| entry.name.as_str())
        .collect();
    match names.is_empty() {
        true => "no peer yet".to_owned(),
        false => format!("{}: {}", count(names.len(), "peer"), names.join(", ")),
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
