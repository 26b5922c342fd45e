//! `wirecheck known`: the list of known deviations, changed by what a run
//! showed.

use std::path::Path;

use wirecheck_core::judge::outcome::Outcome;
use wirecheck_core::model::adopt::{self, Adoption, Fate, Words};
use wirecheck_core::model::exit::Exit;
use wirecheck_core::model::run::{Cell, Run};
use wirecheck_core::plan::known;
use wirecheck_core::plan::known_edit::{append, remove};
use wirecheck_core::plan::pattern::Pattern;
use wirecheck_core::plan::source::{Source, nearest};

use super::arguments::{KnownAddArguments, KnownArguments, KnownCommand, KnownPruneArguments};
use super::context::Context;
use super::error::CliError;
use super::{Result, print};
use crate::report::{self, Style};
use crate::run::folder;

/// Where a list begins that was not there.
const NEW_FILE: &str = "\
# Where a stack deviates from what a case expects: the exact finding, why, and
# where it is discussed. A listed cell that passes is stale, and red.
";

/// An entry for a cell that this command does not plan would be an error in
/// the next one.
const ELSEWHERE: &str = "it is not planned here: give the `--peer` and `--cases` of the run";

/// Carries out the one or the other.
pub fn run(arguments: &KnownArguments, style: Style) -> Result<Exit> {
    match &arguments.command {
        KnownCommand::Add(arguments) => add(arguments, style),
        KnownCommand::Prune(arguments) => prune(arguments, style),
    }
}

fn add(arguments: &KnownAddArguments, style: Style) -> Result<Exit> {
    let context = Context::load(&arguments.place, 0)?;
    let run = folder::load(&context.runs, "latest")?.run;
    let cells = failed(&run, &arguments.patterns)?;
    let planned = context.plan(&[])?.ids();
    let (here, elsewhere): (Vec<&Cell>, Vec<&Cell>) = cells
        .into_iter()
        .partition(|cell| planned.contains(&cell.id));
    let samples = |id: &str| {
        let mut cases = context.cases.iter();
        cases
            .find(|case| case.id == id)
            .map_or(1, |case| case.repeat)
    };
    let mut adoption = adopt::adopt(here, &context.known, &samples, &words(arguments));
    let elsewhere = elsewhere.iter();
    adoption
        .left
        .extend(elsewhere.map(|cell| (cell.id.clone(), ELSEWHERE.to_owned())));
    write_entries(&context.known_file, &adoption)?;
    let file = context.known_file.display().to_string();
    print(&report::adopted(&run, &file, &adoption, style));
    Ok(exit(adoption.left.is_empty()))
}

/// What stays red is said by the exit code too.
fn exit(all_is_well: bool) -> Exit {
    match all_is_well {
        true => Exit::Ok,
        false => Exit::Incompatible,
    }
}

/// What is not as expected, of all cells or of those that are named.
fn failed<'a>(run: &'a Run, patterns: &[String]) -> Result<Vec<&'a Cell>> {
    let mut wanted = Vec::new();
    for text in patterns {
        let pattern = Pattern::parse(text)?;
        if !run.cells.iter().any(|cell| pattern.matches(&cell.id)) {
            let ids = run
                .cells
                .iter()
                .flat_map(|cell| [cell.id.as_str(), &cell.case]);
            let nearest = nearest(text, ids, 3).into_iter().map(str::to_owned);
            return Err(CliError::Unknown {
                what: "cell",
                wanted: text.clone(),
                nearest: nearest.collect(),
            });
        }
        wanted.push(pattern);
    }
    let is_wanted = |cell: &&Cell| {
        patterns.is_empty() || wanted.iter().any(|pattern| pattern.matches(&cell.id))
    };
    let is_red = |cell: &&Cell| {
        let outcome = Outcome::of_name(&cell.outcome);
        outcome != Outcome::NotRun && !outcome.is_as_expected()
    };
    Ok(run.cells.iter().filter(is_red).filter(is_wanted).collect())
}

fn words(arguments: &KnownAddArguments) -> Words {
    let now = folder::now_rfc3339();
    let today = now.get(..10).unwrap_or(&now);
    let adopted = format!("adopted as it was on {today}, not looked into yet");
    Words {
        reason: arguments.reason.clone().unwrap_or(adopted),
        link: arguments.link.clone(),
        since: today.to_owned(),
    }
}

fn write_entries(file: &Path, adoption: &Adoption) -> Result<()> {
    if adoption.entries.is_empty() {
        return Ok(());
    }
    let text = match file.exists() {
        true => read(file)?,
        false => NEW_FILE.to_owned(),
    };
    let text = append(&text, &adoption.entries);
    check(file, &text)?;
    replace(file, &text)
}

/// Puts a file in the place of another at once: a list that somebody wrote by
/// hand must not be lost to a full disk.
fn replace(file: &Path, text: &str) -> Result<()> {
    if file.exists() && !file.is_file() {
        return Err(CliError::Edit {
            path: file.to_owned(),
            why: "it is no regular file".into(),
        });
    }
    // What a link points to is replaced, and not the link.
    let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let partial = file.with_extension("toml.partial");
    let replaced =
        write_like(&partial, text, &file).and_then(|()| std::fs::rename(&partial, &file));
    replaced.map_err(|source| {
        let _ = std::fs::remove_file(&partial);
        CliError::Write { path: file, source }
    })
}

/// With the permissions that the other file has, if it is there.
fn write_like(partial: &Path, text: &str, file: &Path) -> std::io::Result<()> {
    std::fs::write(partial, text)?;
    match std::fs::metadata(file) {
        Ok(there) => std::fs::set_permissions(partial, there.permissions()),
        Err(_) => Ok(()),
    }
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).map_err(|source| CliError::Read {
        path: file.to_owned(),
        source,
    })
}

/// A list that cannot be read any more is never written: tables cannot follow
/// one that is written in another form.
fn check(file: &Path, text: &str) -> Result<()> {
    let read = known::load(&Source::new(file, text));
    read.map(drop)
        .map_err(|problem| CliError::Problems(vec![problem]))
}

fn prune(arguments: &KnownPruneArguments, style: Style) -> Result<Exit> {
    let context = Context::load(&arguments.place, 0)?;
    let run = folder::load(&context.runs, "latest")?.run;
    let stale = adopt::stale(&run, &context.known);
    let gone = stale.iter().filter(|entry| entry.fate == Fate::Remove);
    let gone: Vec<usize> = gone.filter_map(|entry| entry.place).collect();
    if !gone.is_empty() {
        let file = &context.known_file;
        let text = remove(&read(file)?, &gone).map_err(|error| CliError::Edit {
            path: file.clone(),
            why: error.to_string(),
        })?;
        check(file, &text)?;
        replace(file, &text)?;
    }
    print(&report::pruned(&run, &stale, style));
    let is_well = stale.iter().all(|entry| entry.fate == Fate::Remove);
    Ok(exit(is_well))
}
