//! `wirecheck record`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use wirecheck_core::model::exit::Exit;
use wirecheck_core::model::run::{Cell, Run};
use wirecheck_core::plan::cells::Plan;
use wirecheck_core::wire::capture::Reader;
use wirecheck_core::wire::decode::{LiveDecoder, Seen};
use wirecheck_core::wire::exchange::{Limits, Message};

use super::arguments::Place;
use super::compare::{cases, client, incomplete, server};
use super::context::Context;
use super::error::CliError;
use super::output::open_capture;
use super::reports::write_file;
use super::run::{Told, execute};
use super::{Result, print_bytes};
use crate::export::PassedCall;
use crate::export::suite::Suite;
use crate::report::{Style, count};

const EXAMPLES: &str = "Examples:
  wirecheck record --from python-shop --output interop/shop.yaml
  wirecheck record --from 127.0.0.1:50051 --proto shop.proto 'get-item.*' > shop.yaml";

/// `wirecheck record`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct RecordArguments {
    /// The server: its name in wirecheck.toml, or the address of one that runs.
    #[arg(long, value_name = "SERVER")]
    pub from: String,
    /// Record only the calls of cases that match, as for `wirecheck run`.
    #[arg(value_name = "PATTERN")]
    pub patterns: Vec<String>,
    /// The file of the cases [default: stdout].
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The seed of calls that are made by chance.
    #[arg(long, value_name = "N", default_value_t = 0, env = "WIRECHECK_SEED")]
    pub seed: u64,
    #[command(flatten)]
    pub place: Place,
}

/// Calls every method of a server and writes what it answers as cases, which
/// from then on say what is right.
pub fn run(arguments: &RecordArguments, style: Style) -> Result<Exit> {
    let mut context = Context::load(&arguments.place, arguments.seed)?;
    if context.schema.is_built_in() {
        return Err(CliError::NoSchema);
    }
    let cases = cases(&context, &arguments.patterns)?;
    let server = server(&context, &arguments.from)?;
    let client = client(&context)?;
    let from = server.name.clone();
    let plan = Plan::new(vec![client.name.clone()], vec![from.clone()], cases);
    context.peers = vec![client, server];
    // One call after the other, in the same order: a server may remember.
    let told = Told {
        one_by_one: true,
        seed: arguments.seed,
        build: arguments.place.build(false),
        ..Told::default()
    };
    let (run, folder) = execute(&context, plan, &told, style)?;
    if !run.complete || run.peers.iter().any(|peer| !peer.errors.is_empty()) {
        return Ok(incomplete(&run, style));
    }
    let mut suite = Suite::new(context.schema.clone(), context.secrets.clone());
    let mut left_out = Vec::new();
    for cell in &run.cells {
        match varies(&run, cell) {
            true => left_out.push(format!("{}: its answer varies by nature", cell.case)),
            false => add(&mut suite, folder.path(), cell)?,
        }
    }
    write(arguments, &suite, &from)?;
    tell(&suite, &left_out);
    Ok(match suite.is_empty() {
        true => Exit::Incomplete,
        false => Exit::Ok,
    })
}

/// What differs between two askings cannot be expected.
fn varies(run: &Run, cell: &Cell) -> bool {
    let mut agreements = run.agreements.iter();
    agreements.any(|agreement| agreement.cells.contains(&cell.id) && !agreement.left_out.is_empty())
}

/// Adds the calls of a cell, as they stand in its captures; the second asking
/// is the same call.
fn add(suite: &mut Suite, folder: &Path, cell: &Cell) -> Result<()> {
    let Some(attempt) = cell.attempts.last() else {
        return Ok(());
    };
    for capture in attempt.captures.iter().filter(|capture| capture.is_main()) {
        let failed = |why: String| CliError::NoCapture {
            cell: cell.id.clone(),
            why,
        };
        let file = open_capture(folder, capture).map_err(|error| failed(error.to_string()))?;
        let mut reader = Reader::new(file).map_err(|error| failed(error.to_string()))?;
        let mut decoder = LiveDecoder::new(Limits::default());
        let mut listener = Listener::default();
        loop {
            let record = reader
                .next_record()
                .map_err(|error| failed(error.to_string()))?;
            let Some(record) = record else { break };
            decoder.feed(record, &mut |seen| listener.hear(&seen, suite));
        }
    }
    Ok(())
}

/// Puts the messages of a call together, which are told as they come.
#[derive(Default)]
struct Listener {
    number: u64,
    /// By connection and stream, the messages of the request and the response.
    open: BTreeMap<(u32, u32), [Vec<Message>; 2]>,
}

impl Listener {
    fn hear(&mut self, seen: &Seen<'_>, suite: &mut Suite) {
        let (Seen::Messages(glimpse) | Seen::Ended(glimpse)) = seen else {
            return;
        };
        let stream = glimpse.stream();
        let key = (glimpse.connection().id, stream.id);
        let [requests, responses] = self.open.entry(key).or_default();
        requests.extend(stream.request.messages.iter().cloned());
        responses.extend(stream.response.messages.iter().cloned());
        if matches!(seen, Seen::Ended(_)) {
            self.number += 1;
            let messages = self.open.remove(&key).unwrap_or_default();
            suite.add(&PassedCall {
                number: self.number,
                messages: messages
                    .each_ref()
                    .map(|messages| messages.iter().collect()),
                glimpse,
                findings: Vec::new(),
            });
        }
    }
}

fn write(arguments: &RecordArguments, suite: &Suite, from: &str) -> Result<()> {
    let stem = arguments.output.as_deref().and_then(Path::file_stem);
    let name = stem.map_or("recorded".into(), |stem| {
        stem.to_string_lossy().to_lowercase()
    });
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    let name = name.replace(|c| !is_part(c), "-");
    let yaml = suite.yaml(&name, &format!("to {from}, which answered them"));
    match &arguments.output {
        Some(path) => write_file(path, yaml.as_bytes()),
        None => {
            print_bytes(yaml.as_bytes());
            Ok(())
        }
    }
}

fn tell(suite: &Suite, left_out: &[String]) {
    eprintln!("recorded  {}", count(suite.len(), "case"));
    // The second asking of each is known by then.
    let again = "that are in it already";
    for (why, calls) in suite.left_out().filter(|(why, _)| *why != again) {
        eprintln!(
            "left out  {} {why}",
            count(usize::try_from(calls).unwrap_or(usize::MAX), "call")
        );
    }
    for line in left_out {
        eprintln!("left out  {line}");
    }
}
