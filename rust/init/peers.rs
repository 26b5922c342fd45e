//! Which peers the programs that were found make, and what they are called.

use std::collections::BTreeMap;

use super::Found;
use super::address::Told;
use super::project::{Program, Project};
use super::role::Role;

/// A program as a peer of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its name.
    pub name: String,
    /// Where it was found.
    pub project: &'a Project,
    /// What it is.
    pub program: &'a Program,
    /// Why it cannot take part as it is, as a sentence without an end.
    pub open: Option<String>,
}

/// Every program as a peer, in the order in which they were found.
pub fn entries(found: &Found) -> Vec<Entry<'_>> {
    let programs = found.projects.iter().flat_map(|project| {
        project
            .programs
            .iter()
            .map(move |program| (project, program))
    });
    let programs: Vec<(&Project, &Program)> = programs.collect();
    let names = names(&programs, found.protos.topic().as_deref());
    let entries = programs.into_iter().zip(names);
    entries
        .map(|((project, program), name)| Entry {
            name,
            project,
            program,
            open: open(program),
        })
        .collect()
}

fn open(program: &Program) -> Option<String> {
    match (&program.told, program.role) {
        (Told::Unknown, Role::Server) => {
            Some("how it is told where to listen cannot be seen in its sources".into())
        }
        (Told::Unknown, Role::Client) => {
            Some("how it is told whom to call cannot be seen in its sources".into())
        }
        (Told::Fixed(address), Role::Client) => Some(format!(
            "it always calls {address}, and must be told whom to call"
        )),
        _ => None,
    }
}

/// A way to name a program.
type Form<'a> = &'a dyn Fn(&Project, &Program) -> String;

/// The shortest names that keep all apart: language and topic, if need be with
/// the role, or else language and main file.
fn names(programs: &[(&Project, &Program)], topic: Option<&str>) -> Vec<String> {
    let short = |project: &Project, program: &Program| {
        let about = topic.map_or_else(|| stem(project, program), str::to_owned);
        format!("{}-{about}", project.language.word())
    };
    let forms: [Form<'_>; 3] = [
        &short,
        &|project, program| format!("{}-{}", short(project, program), program.role.word()),
        &|project, program| {
            let source = program.source.with_extension("");
            format!("{}-{}", project.language.word(), source.display())
        },
    ];
    let all = |form: Form<'_>| -> Vec<String> {
        programs
            .iter()
            .map(|(project, program)| usable(&form(project, program)))
            .collect()
    };
    let candidates = forms.map(all);
    let numbered = numbered(&candidates[2]);
    let counts = candidates.each_ref().map(|names| counts(names));
    (0..programs.len())
        .map(|at| {
            let unique = (0..candidates.len())
                .find(|form| counts[*form][&candidates[*form][at]] == 1)
                .map(|form| candidates[form][at].clone());
            unique.unwrap_or_else(|| numbered[at].clone())
        })
        .collect()
}

fn counts(names: &[String]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for name in names {
        *counts.entry(name.clone()).or_default() += 1;
    }
    counts
}

fn numbered(names: &[String]) -> Vec<String> {
    let number = |(at, name): (usize, &String)| format!("{name}-{}", at + 1);
    names.iter().enumerate().map(number).collect()
}

/// What a program is about, by its name, or else by its project's:
/// `shop-server` is about `shop`.
fn stem(project: &Project, program: &Program) -> String {
    let name = program.source.file_stem().unwrap_or_default();
    let name = match name.to_string_lossy() {
        name if ["main", "index", "__main__"].contains(&&*name) => program.name.clone(),
        name => name.into_owned(),
    };
    let name = name.to_lowercase().replace('_', "-");
    let words = name
        .split('-')
        .filter(|word| !["server", "client"].contains(word));
    let stem = match words.collect::<Vec<_>>().join("-") {
        none if none.is_empty() => {
            let folder = project.folder().file_name().unwrap_or_default();
            folder.to_string_lossy().into_owned()
        }
        stem => stem,
    };
    match stem.is_empty() {
        true => program.role.word().to_owned(),
        false => stem,
    }
}

/// Names of peers are parts of the ids of cells.
fn usable(name: &str) -> String {
    let lower = name.to_lowercase();
    let usable = |c: char| match c {
        'a'..='z' | '0'..='9' | '.' | '@' | '-' => c,
        _ => '-',
    };
    lower.chars().map(usable).collect()
}
