//! `wirecheck lint`.

use std::path::{Path, PathBuf};

use serde_json::json;
use wirecheck_core::model::exit::Exit;
use wirecheck_core::wire::secret::Secrets;

use super::Result;
use super::arguments::{Format, LintArguments};
use super::error::CliError;
use super::print;
use crate::import::{ImportError, Left, Source};
use crate::lint::Linter;
use crate::report::lint::{ConnectionTold, Counts, Text, connection_json, counts_json, last_line};
use crate::report::{Style, count, number};

/// Holds captures against the rules. All of them are opened before the first is
/// read, so that a name that was mistyped costs nothing.
pub fn run(arguments: &LintArguments, style: Style, error_style: Style) -> Result<Exit> {
    let mut sources = Vec::new();
    for path in &arguments.files {
        let source = Source::open(path).map_err(|error| cannot(path, error))?;
        sources.push((path, source));
    }
    let mut output = Output::new(arguments.format, style);
    let mut damaged = Vec::new();
    for (path, source) in sources {
        let format = source.format().name();
        output.begin(path, format);
        let read = read(source, &Secrets::new(&arguments.secrets), &mut output);
        output.end(&read.left_out);
        if let Some(error) = read.error {
            let error = cannot(path, error);
            eprintln!("{}", error.render(error_style));
            damaged.push(error.exit());
        }
    }
    let exit = Exit::first_of(damaged.into_iter().chain([verdict(&output.counts)]));
    output.finish(exit);
    Ok(exit)
}

/// What held, and nothing when there was nothing that could be held.
fn verdict(counts: &Counts) -> Exit {
    match counts {
        counts if counts.broke_must() => Exit::Incompatible,
        Counts { http2: 0, .. } => Exit::NothingSelected,
        _ => Exit::Ok,
    }
}

/// What is left when a file was read.
struct Read {
    left_out: Vec<String>,
    /// It could not be read to its end.
    error: Option<ImportError>,
}

fn read(source: Source, secrets: &Secrets, output: &mut Output) -> Read {
    let mut linter = Linter::new(secrets.clone());
    let end = source.read(&mut |told| {
        linter.hear(&told, &mut |connection| output.connection(&connection));
    });
    let not_followed = linter.finish(&mut |connection| output.connection(&connection));
    let (left, error) = match end {
        Ok(left) => (left, None),
        Err(error) => (Left::default(), Some(error)),
    };
    Read {
        left_out: left_out(&left, not_followed),
        error,
    }
}

fn left_out(left: &Left, not_followed: u64) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(whole) = left.truncated_after {
        let whole = number(whole);
        lines.push(format!(
            "the end of the file, which is cut off after {whole} whole parts"
        ));
    }
    let unread = &left.unread;
    let link = unread.link.unwrap_or_default();
    let told = [
        (
            unread.fragments,
            "which IP had cut into fragments".to_owned(),
        ),
        (
            unread.cut,
            "of which the capture kept less than the headers".to_owned(),
        ),
        (
            unread.unknown_link,
            format!("whose link type {link} is not known"),
        ),
        (
            unread.not_followed,
            "of connections beyond 1,024 at one time".to_owned(),
        ),
    ];
    for (packets, why) in told.into_iter().filter(|(packets, _)| *packets > 0) {
        let packets = count(packets as usize, "packet");
        lines.push(format!("{packets} {why}"));
    }
    if not_followed > 0 {
        let connections = count(not_followed as usize, "connection");
        lines.push(format!("{connections} beyond 1,024 at one time"));
    }
    lines
}

fn cannot(path: &Path, error: ImportError) -> CliError {
    CliError::Import {
        path: PathBuf::from(path),
        error,
    }
}

/// Where connections go as they end.
struct Output {
    format: Format,
    style: Style,
    text: Text,
    counts: Counts,
    files: usize,
    /// Connections of the file so far.
    connections: usize,
}

impl Output {
    fn new(format: Format, style: Style) -> Self {
        Self {
            format,
            style,
            text: Text::new(style),
            counts: Counts::default(),
            files: 0,
            connections: 0,
        }
    }

    fn begin(&mut self, path: &Path, format: &str) {
        let path = path.display().to_string();
        self.text = Text::new(self.style);
        self.connections = 0;
        match self.format {
            Format::Text => print(&self.text.file(&path, format)),
            Format::Json => {
                let before = match self.files {
                    0 => "{\"schema_version\":1,\"files\":[\n",
                    _ => ",\n",
                };
                let (path, format) = (json!(path), json!(format));
                print(&format!(
                    "{before}{{\"path\":{path},\"format\":{format},\"connections\":["
                ));
            }
        }
        self.files += 1;
    }

    fn connection(&mut self, told: &ConnectionTold) {
        self.counts.add(told);
        match self.format {
            Format::Text => print(&self.text.connection(told)),
            Format::Json => {
                let before = if self.connections == 0 { "\n" } else { ",\n" };
                print(&format!("{before}{}", connection_json(told)));
            }
        }
        self.connections += 1;
    }

    fn end(&mut self, left_out: &[String]) {
        match self.format {
            Format::Text => print(&self.text.left_out(left_out)),
            Format::Json => print(&format!("],\"left_out\":{}}}", json!(left_out))),
        }
    }

    fn finish(&mut self, exit: Exit) {
        match self.format {
            Format::Text => print(&last_line(&self.counts, exit.code(), self.style)),
            Format::Json => print(&format!("],\"counts\":{}}}\n", counts_json(&self.counts))),
        }
    }
}
