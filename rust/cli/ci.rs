//! `wirecheck ci`.

use std::path::Path;

use clap::{Parser, ValueEnum as _};
use wirecheck_core::model::exit::Exit;

use super::arguments::{CiArguments, CiService, RunArguments, is_typed};
use super::context;
use super::error::CliError;
use super::reports::write_file;
use super::{Result, print};
use crate::peer::install::Installable;
use crate::report::job::{self, Job};
use crate::run::folder::RUNS;

/// The arguments of a run alone, to be held against what `run` takes.
#[derive(Debug, Parser)]
#[command(name = "wirecheck run", no_binary_name = true)]
struct OfRun {
    #[command(flatten)]
    run: RunArguments,
}

/// Writes a job.
pub fn run(arguments: &CiArguments) -> Result<Exit> {
    let job = job_of(&arguments.run)?;
    let text = match arguments.service {
        CiService::Github => job::github(&job),
        CiService::Gitlab => job::gitlab(&job),
    };
    match &arguments.output {
        Some(path) => write(path, &text, arguments.force)?,
        None => print(&text),
    }
    Ok(Exit::Ok)
}

/// A job that would fail for what was typed here is not written.
fn job_of(run: &[String]) -> Result<Job> {
    let parsed = OfRun::try_parse_from(run).map_err(|error| CliError::Run(first_words(&error)))?;
    let taking_part = context::peers(&parsed.run.place)?;
    let languages = Installable::value_variants().iter();
    let peers = languages
        .filter(|language| taking_part.iter().any(|peer| language.brings(&peer.name)))
        .map(|language| language.command())
        .collect();
    // What the environment says here does not hold there.
    let runs = parsed.run.place.runs.filter(|_| is_typed(run, "--runs"));
    let runs = runs.map_or(RUNS.to_owned(), |runs| runs.display().to_string());
    Ok(Job {
        run: run.to_vec(),
        runs: runs.trim_end_matches('/').to_owned(),
        version: env!("CARGO_PKG_VERSION").into(),
        repository: env!("CARGO_PKG_REPOSITORY").into(),
        peers,
    })
}

/// What is wrong, without the usage.
fn first_words(error: &clap::Error) -> String {
    let text = error.to_string();
    let text = text.trim_start_matches("error: ");
    let first = text.split("\n\n").next().unwrap_or(text);
    first.trim_end().to_owned()
}

fn write(path: &Path, text: &str, force: bool) -> Result<()> {
    if path.exists() && !force {
        return Err(CliError::Exists(path.to_owned()));
    }
    write_file(path, text.as_bytes())?;
    print(&format!("wrote {}\n", path.display()));
    Ok(())
}
