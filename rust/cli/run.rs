//! `wirecheck run`.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use wirecheck_core::model::exit::Exit;
use wirecheck_core::model::run::Run;
use wirecheck_core::plan::cells::Plan;

use super::arguments::{Format, ReportFormat, RunArguments, is_typed};
use super::context::Context;
use super::error::CliError;
use super::output::Ticker;
use super::reports::{Actions, Destination, Subject};
use super::selection::{Selection, select};
use super::signals::{self, Signals};
use super::{Result, print};
use crate::report::style::Style;
use crate::run::build::Network;
use crate::run::folder::RunFolder;
use crate::run::{Flaky, Options, run as run_plan};

/// Cells side by side for each processor: a cell mostly waits for its peers.
const JOBS_PER_CORE: usize = 8;

/// Runs what was asked for and prints the report.
pub fn run(arguments: &RunArguments, style: Style) -> Result<Exit> {
    // Cases by chance are the same ones every day, unless another seed is given.
    let context = Context::load(&arguments.place, arguments.seed.unwrap_or(0))?;
    let plan = match select(arguments, &context)? {
        Selection::Cells(plan) => plan,
        Selection::None(exit, why) => {
            eprintln!("{why}");
            return Ok(exit);
        }
    };
    let mut reports = Reports::open(arguments)?;
    let (run, folder) = execute(&context, plan, &told(arguments, &context), style)?;
    let subject = Subject {
        run: &run,
        folder: folder.path(),
        schema: &context.schema,
    };
    match arguments.format {
        Format::Text => eprint_all(&subject.render(ReportFormat::Text, style)),
        Format::Json => print(&subject.render(ReportFormat::Json, style)),
    }
    // A run stays what it was if a report of it could not be written.
    let errors = reports.write(subject, arguments.format);
    errors
        .iter()
        .for_each(|error| eprintln!("{}", error.render(style)));
    let exits = errors.iter().map(CliError::exit);
    Ok(Exit::first_of(exits.chain([exit_of(&run)])))
}

/// What is made of a run beside what is printed.
struct Reports {
    files: Vec<Destination>,
    actions: Option<Actions>,
}

impl Reports {
    /// Before anything is started.
    fn open(arguments: &RunArguments) -> Result<Self> {
        let files = arguments.reports.iter().map(Destination::open);
        Ok(Self {
            files: files.collect::<Result<_>>()?,
            actions: Actions::here(arguments.github)?,
        })
    }

    /// All of them, also after one that could not be written.
    fn write(&mut self, subject: Subject<'_>, format: Format) -> Vec<CliError> {
        let files = self.files.iter_mut();
        let mut errors: Vec<CliError> =
            files.filter_map(|file| file.write(subject).err()).collect();
        match self.actions.as_mut().map(|actions| actions.tell(subject)) {
            Some(Err(error)) => errors.push(error),
            // Stdout is the run and nothing else; GitHub reads both streams.
            Some(Ok(told)) if format == Format::Json => eprint_all(&told),
            Some(Ok(told)) => print(&told),
            None => {}
        }
        errors
    }
}

/// Writes to stderr. Nobody who closed it misses the rest.
fn eprint_all(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// What of a run was told on the command line.
#[derive(Debug, Clone)]
pub struct Told {
    /// Cells side by side.
    pub jobs: usize,
    /// Replaces the limit of every case.
    pub limit: Option<Duration>,
    /// The seed of everything that is random.
    pub seed: u64,
    /// Of one server only one cell at a time.
    pub one_by_one: bool,
    /// Stop at the first cell that is not as expected.
    pub fail_fast: bool,
    /// Build peers that are not current, and with what.
    pub build: Option<Network>,
    /// What a flaky cell means.
    pub flaky: Flaky,
    /// The folder of the runs, if it was told.
    pub runs: Option<PathBuf>,
}

impl Default for Told {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            jobs: cores * JOBS_PER_CORE,
            limit: None,
            seed: 0,
            one_by_one: false,
            fail_fast: false,
            build: Some(Network::Allowed),
            flaky: Flaky::Fail,
            runs: None,
        }
    }
}

fn told(arguments: &RunArguments, context: &Context) -> Told {
    let default = Told::default();
    Told {
        jobs: arguments.jobs.map_or(default.jobs, usize::from),
        limit: arguments.timeout,
        // Calls by chance are the same ones every day.
        seed: match context.schema.is_built_in() {
            true => arguments.seed.unwrap_or_else(random_seed),
            false => arguments.seed.unwrap_or(0),
        },
        one_by_one: false,
        fail_fast: arguments.fail_fast,
        build: arguments.place.build(arguments.no_build),
        flaky: arguments.flaky,
        runs: arguments.place.runs.clone(),
    }
}

/// Runs a plan to its end, and writes it to its folder.
pub fn execute(
    context: &Context,
    plan: Plan,
    told: &Told,
    style: Style,
) -> Result<(Run, RunFolder)> {
    let folder = RunFolder::create(&context.runs).map_err(CliError::Folder)?;
    if !context.schema.is_built_in() {
        let schema = context.schema.descriptor_set();
        folder.keep_schema(&schema).map_err(CliError::Folder)?;
    }
    let run = run_to_end(context, plan, &options(told, context), &folder, style)?;
    folder.save(&run).map_err(CliError::Folder)?;
    Ok((run, folder))
}

fn options(told: &Told, context: &Context) -> Options {
    let argv = typed(std::env::args().collect(), told.runs.as_deref());
    Options {
        jobs: told.jobs,
        limit: told.limit.or(context.limit),
        seed: told.seed,
        one_by_one: told.one_by_one,
        fail_fast: told.fail_fast,
        build: told.build,
        flaky: told.flaky,
        left_out: context.left_out.clone(),
        notes: context.notes.clone(),
        secrets: context.secrets.clone(),
        argv: without_values(argv, "--header"),
    }
}

/// The command line as if all of it had been typed: where the runs are may
/// have been told by the environment, and the report names that folder.
fn typed(mut argv: Vec<String>, runs: Option<&Path>) -> Vec<String> {
    let told = runs.filter(|_| !is_typed(&argv, "--runs"));
    if let Some(runs) = told {
        let verb = argv.iter().skip(1).position(|argument| argument == "run");
        let after = verb.map_or(argv.len(), |verb| verb + 2);
        argv.insert(after, format!("--runs={}", runs.display()));
    }
    argv
}

/// The command line without what may be secret: of `--header 'name: value'` the
/// value.
fn without_values(argv: Vec<String>, option: &str) -> Vec<String> {
    let mut before = String::new();
    let mask = |word: &str| match word.split_once(':') {
        Some((name, _)) => format!("{name}: [redacted]"),
        None => "[redacted]".to_owned(),
    };
    let words = argv.into_iter().map(|word| {
        let masked = match word
            .strip_prefix(option)
            .and_then(|rest| rest.strip_prefix('='))
        {
            Some(value) => format!("{option}={}", mask(value)),
            None if before == option => mask(&word),
            None => word.clone(),
        };
        before = word;
        masked
    });
    words.collect()
}

/// Small, so that it can be typed again.
fn random_seed() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    u64::from(since.subsec_nanos()) % 100_000
}

fn run_to_end(
    context: &Context,
    plan: Plan,
    options: &Options,
    folder: &RunFolder,
    style: Style,
) -> Result<Run> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(CliError::Start)?;
    let run = runtime.block_on(async {
        let (stop_sender, stop) = watch::channel(false);
        tokio::spawn(heed_signals(stop_sender));
        let mut ticker = Ticker::new(&plan, std::io::stderr().is_terminal(), style);
        let known = context.known.clone();
        run_plan(
            plan,
            known,
            &context.peers,
            options,
            folder,
            stop,
            |progress| ticker.show(progress),
        )
        .await
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(run)
}

/// The first signal ends the run in order. The second one ends it at once:
/// with this process go the pipes that the peers live on, their groups and
/// containers.
async fn heed_signals(stop: watch::Sender<bool>) {
    let Ok(mut signals) = Signals::new() else {
        return;
    };
    signals.next().await;
    stop.send_replace(true);
    signals.next().await;
    signals::end_now().await;
}

/// A code that this version does not know is no success.
fn exit_of(run: &Run) -> Exit {
    Exit::of_code(run.exit).unwrap_or(Exit::Infrastructure)
}
