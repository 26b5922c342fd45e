//! Reports of a run beside what is printed: files that were asked for, and
//! what GitHub Actions is told without being asked.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use wirecheck_core::model::run::{Cell, Run};
use wirecheck_core::plan::schema::Schema;

use super::Result;
use super::arguments::{Github, ReportFile, ReportFormat};
use super::error::CliError;
use super::output::exchange_of;
use crate::report::{self, Evidence, STEP_SUMMARY, Style};

/// A run with all that reports of it draw on.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The run.
    pub run: &'a Run,
    /// Its folder, with the captures.
    pub folder: &'a Path,
    /// Types and methods.
    pub schema: &'a Schema,
}

impl Subject<'_> {
    /// The report in this format. Only text has a style.
    pub fn render(&self, format: ReportFormat, style: Style) -> String {
        let run = self.run;
        match format {
            ReportFormat::Text => self.draw(|evidence| report::whole(run, evidence, style)),
            ReportFormat::Junit => self.draw(|evidence| report::junit(run, evidence)),
            ReportFormat::Markdown => self.summary(STEP_SUMMARY),
            ReportFormat::Github => report::annotations(run, &from_workspace()),
            ReportFormat::Json => format!("{}\n", json(run)),
            ReportFormat::Compatibility => report::compatibility(run),
        }
    }

    fn summary(&self, budget: usize) -> String {
        self.draw(|evidence| report::markdown(self.run, evidence, budget))
    }

    /// Captures are read when a report comes to them.
    fn draw(&self, report: impl FnOnce(Evidence<'_>) -> String) -> String {
        let exchange_of = |cell: &Cell| exchange_of(self.folder, cell.attempts.last()?);
        report(Evidence {
            exchange_of: &exchange_of,
            schema: Some(self.schema),
        })
    }
}

fn json(run: &Run) -> String {
    serde_json::to_string_pretty(run).expect("a run has only what JSON can hold")
}

/// This folder as seen from the root of the repository, which GitHub Actions
/// names: that is where it looks for files.
fn from_workspace() -> PathBuf {
    let workspace = std::env::var_os("GITHUB_WORKSPACE").map(PathBuf::from);
    let current = std::env::current_dir().unwrap_or_default();
    let below = workspace.and_then(|root| current.strip_prefix(root).ok().map(Path::to_owned));
    below.unwrap_or_default()
}

/// A file that is to be written in the end. It is opened before anything is
/// started, so that a run is not made for nothing.
#[derive(Debug)]
pub struct Destination {
    format: ReportFormat,
    path: PathBuf,
    file: File,
}

impl Destination {
    /// Opens the file, in a folder that is made if it has to be. What is in it
    /// stays until there is something to put in its place.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn open(wanted: &ReportFile) -> Result<Self> {
        let file = open_or_make(OpenOptions::new().write(true), &wanted.path)?;
        Ok(Self {
            format: wanted.format,
            path: wanted.path.clone(),
            file,
        })
    }

    /// Writes the report of a run.
    ///
    /// # Errors
    ///
    /// It cannot be written, as on a full disk.
    pub fn write(&mut self, subject: Subject<'_>) -> Result<()> {
        let text = subject.render(self.format, Style::Plain);
        replace(&mut self.file, &text).map_err(failed(&self.path))
    }
}

/// Writes a file that was asked for, in a folder that is made if it has to be.
///
/// # Errors
///
/// It cannot be written.
pub fn write_file(path: &Path, text: &[u8]) -> Result<()> {
    let mut file = open_or_make(OpenOptions::new().write(true), path)?;
    truncate(&file).map_err(failed(path))?;
    file.write_all(text).map_err(failed(path))
}

fn open_or_make(options: &mut OpenOptions, path: &Path) -> Result<File> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).map_err(failed(path))?;
    }
    options.create(true).open(path).map_err(failed(path))
}

fn replace(file: &mut File, text: &str) -> std::io::Result<()> {
    truncate(file)?;
    file.write_all(text.as_bytes())
}

/// A pipe or a device has no length to be set.
fn truncate(file: &File) -> std::io::Result<()> {
    match file.metadata()?.is_file() {
        true => file.set_len(0),
        false => Ok(()),
    }
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> CliError {
    let path = path.to_owned();
    move |source| CliError::Write { path, source }
}

/// The steps before may have written there.
fn open_summary(path: PathBuf) -> Result<(PathBuf, File)> {
    let file = open_or_make(OpenOptions::new().append(true), &path)?;
    Ok((path, file))
}

/// What GitHub Actions is told of a run: annotations, and a summary of the
/// step where there is a file for it.
#[derive(Debug)]
pub struct Actions {
    summary: Option<(PathBuf, File)>,
}

impl Actions {
    /// Nobody, unless this runs in GitHub Actions or it is asked for.
    ///
    /// # Errors
    ///
    /// The file of the summary cannot be written.
    pub fn here(when: Github) -> Result<Option<Self>> {
        let is_there = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        if when == Github::Never || (when == Github::Auto && !is_there) {
            return Ok(None);
        }
        let path = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty());
        let summary = path.map(|path| open_summary(path.into())).transpose()?;
        Ok(Some(Self { summary }))
    }

    /// Appends the summary and gives the annotations, which are to be printed.
    ///
    /// # Errors
    ///
    /// The file of the summary cannot be written any more.
    pub fn tell(&mut self, subject: Subject<'_>) -> Result<String> {
        if let Some((path, file)) = &mut self.summary {
            // The limit is one for all that a step writes.
            let there = file.metadata().map_or(0, |file| file.len());
            let budget = STEP_SUMMARY.saturating_sub(usize::try_from(there).unwrap_or(usize::MAX));
            let text = subject.summary(budget);
            file.write_all(text.as_bytes()).map_err(failed(path))?;
        }
        Ok(subject.render(ReportFormat::Github, Style::Plain))
    }
}
