//! What can be typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use wirecheck_core::plan::span;

use super::compare::CompareArguments;
use super::diff::DiffArguments;
use super::doctor::DoctorArguments;
use super::record::RecordArguments;
use super::schema::SchemaArguments;
use super::service::ServiceArguments;
use crate::peer::install::Installable;
use crate::report::style::Style;
use crate::run::Flaky;
use crate::run::build::Network;

const EXIT_CODES: &str = "Exit codes:
    0  every outcome is as expected
    1  incompatible: a cell failed, or is listed as known and passes
    2  usage: a flag, a case, known.toml or a pattern is wrong
    3  infrastructure: a peer did not build, start or keep the contract
    4  nothing selected
    5  incomplete: a required peer did not run, or the run was stopped early
  130  interrupted";

const RUN_EXAMPLES: &str = "Examples:
  wirecheck run                                       every pair, every case
  wirecheck run python-grpcio/rust-tonic              one pair
  wirecheck run say-hello 'text.*'                    some cases of every pair
  wirecheck run '*/rust-tonic/greeter/cancel-*'       ids are client/server/suite/case
  wirecheck run --last-failed                         what was not as expected
  wirecheck run --with rust-tonic@0.12 --with python-grpcio@1.60.0
  wirecheck run --report junit=target/junit.xml       with a test report for CI";

const REPORT_EXAMPLES: &str = "Examples:
  wirecheck report                                    the latest run, as it was printed
  wirecheck report --format junit -o target/junit.xml a test report for CI
  wirecheck report --format markdown artifact/run.json";

const CI_EXAMPLES: &str = "Examples:
  wirecheck ci github --output .github/workflows/interop.yml
  wirecheck ci gitlab > interop.gitlab-ci.yml
  wirecheck ci github -- --cases interop/cases --peer mine='python peer.py'";

const PEERS_EXAMPLES: &str = "Examples:
  wirecheck peers                                     every peer, started once in each role
  wirecheck peers install python                      once, outside Wirecheck's own folder
  wirecheck peers install python --offline --wheels wheels";

/// Names the variable that forbids to fetch anything.
const OFFLINE: &str = "WIRECHECK_OFFLINE";

const LINT_EXAMPLES: &str = "Examples:
  wirecheck lint shop.pcapng                          what Wireshark, tshark or tcpdump captured
  wirecheck lint .wirecheck/runs/latest/captures/*.wirecap
  wirecheck lint --format json shop.pcapng > lint.json

Exit codes:
    0  nothing breaks a MUST
    1  something breaks a MUST
    2  usage: a file is no capture, empty, damaged or cannot be read
    4  nothing was held against the rules: no connection speaks HTTP/2 in plaintext";

const TAP_EXAMPLES: &str = "Examples:
  wirecheck tap --to 127.0.0.1:50051                            listens on a free port
  wirecheck tap --to shop:50051 --listen 127.0.0.1:50052 --proto shop.proto
  wirecheck tap --to 127.0.0.1:50051 --json > calls.ndjson
  wirecheck tap --to 127.0.0.1:50051 --pcapng - | wireshark -k -i -

Exit codes:
    0  told to end by Ctrl-C or SIGTERM, whatever passed
    1  with --strict: something that passed breaks a MUST
    2  usage: a flag, an address or the schema is wrong
    3  cannot listen there, or a file could not be written
  130  told to end a second time";

/// Proves that gRPC programs written in different languages understand each
/// other, byte for byte.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Use colour.
    #[arg(long, value_enum, default_value_t = Color::Auto, global = true, env = "WIRECHECK_COLOR")]
    pub color: Color,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find the gRPC projects of a folder, and write a manifest for them.
    Init(InitArguments),
    /// Run clients against servers and judge what they say and what passes between them.
    Run(RunArguments),
    /// List suites and cases.
    List(ListArguments),
    /// List the rules that every exchange is held against.
    Rules(RulesArguments),
    /// Explain what a case does and expects, or a rule with an example that breaks it.
    Explain(ExplainArguments),
    /// Check what a run needs, and print the command that mends each fault.
    Doctor(DoctorArguments),
    /// Send the same calls to two servers and show how their answers differ.
    Compare(CompareArguments),
    /// Show how two runs differ, or two versions of a peer.
    Diff(DiffArguments),
    /// Call every method of a server and write what it answers as cases.
    Record(RecordArguments),
    /// Show what passed in a cell: frames, headers, messages as fields, hex.
    Show(ShowArguments),
    /// Stand between any two programs and tell what passes: calls, messages, what breaks a rule.
    Tap(TapArguments),
    /// Hold captures against the rules of the wire: those of Wireshark, and those of a run.
    Lint(LintArguments),
    /// Make a report of a run that was made before: text, JUnit, Markdown, annotations, JSON.
    Report(ReportArguments),
    /// Change the list of known deviations by what the latest run showed.
    Known(KnownArguments),
    /// Write a job for a CI service that runs the matrix and keeps its reports.
    Ci(CiArguments),
    /// List the peers with their versions and features.
    Peers(PeersArguments),
    /// Be a peer that is built into this program.
    #[command(hide = true)]
    Peer(PeerArguments),
}

/// `wirecheck init`.
#[derive(Debug, Args)]
pub struct InitArguments {
    /// The folder.
    #[arg(value_name = "DIR", default_value = ".")]
    pub folder: PathBuf,
    /// Overwrite the manifest that is there.
    #[arg(long)]
    pub force: bool,
    /// Write the manifest to stdout, and no file.
    #[arg(long, conflicts_with = "force")]
    pub stdout: bool,
}

/// `wirecheck run`.
#[derive(Debug, Args)]
#[command(after_help = RUN_EXAMPLES)]
pub struct RunArguments {
    /// Run only cells whose id matches: `*` within a part, `**` over parts; parts may be left out.
    #[arg(value_name = "PATTERN")]
    pub patterns: Vec<String>,
    /// Run only cells that were not as expected in the latest run, or that it did not come to.
    #[arg(long)]
    pub last_failed: bool,
    /// Run every cell N times; a case that says how many samples it takes keeps to that.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repeat: Option<u32>,
    /// Cells side by side [default: 8 for each processor].
    #[arg(long, short, value_name = "N", env = "WIRECHECK_JOBS", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub jobs: Option<u16>,
    /// Replace the time limit of every case, as in `30s` or `500ms`.
    #[arg(long, value_name = "TIME", env = "WIRECHECK_TIMEOUT", value_parser = parse_time)]
    pub timeout: Option<Duration>,
    /// The seed of everything that is random.
    #[arg(long, value_name = "N", env = "WIRECHECK_SEED")]
    pub seed: Option<u64>,
    /// Stop at the first cell that is not as expected.
    #[arg(long)]
    pub fail_fast: bool,
    /// What a cell means that failed beside others and passes when it is run again alone.
    #[arg(long, value_name = "WORD", value_enum, default_value_t = Flaky::Fail, env = "WIRECHECK_FLAKY")]
    pub flaky: Flaky,
    /// Do not build peers that are not current.
    #[arg(long)]
    pub no_build: bool,
    /// What to write to stdout: the report as text, or the run as JSON.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Write a report to a file too, as in `junit=target/junit.xml`; can be given several times.
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = parse_report)]
    pub reports: Vec<ReportFile>,
    /// Give GitHub Actions annotations and a step summary.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Github::Auto, env = "WIRECHECK_GITHUB")]
    pub github: Github,
    #[command(flatten)]
    pub place: Place,
}

/// Where cases, peers and runs are.
#[derive(Debug, Args)]
pub struct Place {
    /// Add a peer that keeps the contract; the command gets `client` or `server` as its last argument.
    #[arg(long = "peer", value_name = "NAME=COMMAND")]
    pub peers: Vec<String>,
    /// Add a peer with another version of its library, as in `rust-tonic@0.12` or `rust-tonic=path:../tonic`.
    #[arg(long = "with", value_name = "NAME@VERSION")]
    pub with: Vec<String>,
    /// Peers or languages without which a run is not complete, as in `go,java`.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub require: Vec<String>,
    /// The folder of the suites, or one of its files [default: interop-tests/cases].
    #[arg(long, value_name = "DIR")]
    pub cases: Option<PathBuf>,
    /// The list of known deviations [default: known.toml beside the suites].
    #[arg(long, value_name = "FILE")]
    pub known: Option<PathBuf>,
    /// The folder of the runs [default: .wirecheck/runs].
    #[arg(long, value_name = "DIR", env = "WIRECHECK_RUNS")]
    pub runs: Option<PathBuf>,
    /// Let nothing that is built fetch anything: pip, cargo, Go, npm and Maven are told so.
    #[arg(long, env = OFFLINE)]
    pub offline: bool,
    /// The manifest of a team's own services [default: wirecheck.toml].
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    #[command(flatten)]
    pub service: ServiceArguments,
}

impl Place {
    /// Whether to build peers that are not current, and with what.
    pub fn build(&self, no_build: bool) -> Option<Network> {
        match (no_build, self.offline) {
            (true, _) => None,
            (false, true) => Some(Network::Forbidden),
            (false, false) => Some(Network::Allowed),
        }
    }
}

/// `wirecheck list`.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// List the ids of matching cells in place of the cases.
    #[arg(value_name = "PATTERN")]
    pub patterns: Vec<String>,
    /// What to write.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    pub place: Place,
}

/// `wirecheck rules`.
#[derive(Debug, Args)]
pub struct RulesArguments {
    /// Only those of a section: what stands before the slash, such as `status`.
    #[arg(value_name = "SECTION")]
    pub section: Option<String>,
    /// What to write.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `wirecheck explain`.
#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// The case, as `suite/case` or its name, or the id of a rule.
    #[arg(value_name = "CASE|RULE")]
    pub subject: String,
    #[command(flatten)]
    pub place: Place,
}

/// `wirecheck tap`.
#[derive(Debug, Args)]
#[command(after_help = TAP_EXAMPLES)]
pub struct TapArguments {
    /// The server: `host:port` or `unix:path`.
    #[arg(long, value_name = "ADDR")]
    pub to: String,
    /// Where clients connect [default: 127.0.0.1 and a free port, which is said].
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Write each call to stdout as one line of JSON; text goes to stderr, without the calls.
    #[arg(long)]
    pub json: bool,
    /// Write all bytes as packets for Wireshark, as they pass, secrets masked; `-` is stdout, and text goes to stderr.
    #[arg(long, value_name = "FILE")]
    pub pcapng: Option<PathBuf>,
    /// Save the calls as a suite of cases when all is over; needs a schema.
    #[arg(long, value_name = "FILE")]
    pub save_cases: Option<PathBuf>,
    /// Metadata whose values are shown and written nowhere, beside authorization, cookies and `*-token`; can be given several times.
    #[arg(long = "secret", value_name = "KEY")]
    pub secrets: Vec<String>,
    /// End with exit code 1 if anything that passed breaks a MUST.
    #[arg(long)]
    pub strict: bool,
    #[command(flatten)]
    pub schema: SchemaArguments,
}

/// `wirecheck lint`.
#[derive(Debug, Args)]
#[command(after_help = LINT_EXAMPLES)]
pub struct LintArguments {
    /// Captures: pcapng, pcap, or the .wirecap files of a run.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// What to write.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Metadata whose values are not shown, beside authorization, cookies and `*-token`; can be given several times.
    #[arg(long = "secret", value_name = "KEY")]
    pub secrets: Vec<String>,
}

/// `wirecheck show`.
#[derive(Debug, Args)]
pub struct ShowArguments {
    /// The cell, as `client/server/suite/case`, or a part of it that only one cell has.
    #[arg(value_name = "CELL")]
    pub cell: String,
    /// The run: an id, or a run.json [default: the newest that has run the cell].
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
    /// Which of several samples, counted from 1.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub sample: usize,
    /// Read messages without their schema, as anybody on the line can.
    #[arg(long)]
    pub no_schema: bool,
    /// Write the packets to a file for Wireshark or tshark instead, or to stdout as `-`.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["issue", "no_schema"])]
    pub pcapng: Option<PathBuf>,
    /// Write a Markdown block to paste into an issue upstream.
    #[arg(long)]
    pub issue: bool,
    #[command(flatten)]
    pub place: Place,
}

/// `wirecheck report`.
#[derive(Debug, Args)]
#[command(after_help = REPORT_EXAMPLES)]
pub struct ReportArguments {
    /// The run: an id, or a run.json.
    #[arg(value_name = "RUN.JSON", default_value = "latest")]
    pub run: String,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
    /// Write it to a file in place of stdout.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The folder of the runs [default: .wirecheck/runs].
    #[arg(long, value_name = "DIR", env = "WIRECHECK_RUNS")]
    pub runs: Option<PathBuf>,
}

/// `wirecheck known`.
#[derive(Debug, Args)]
pub struct KnownArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: KnownCommand,
}

/// What can be done with the list of known deviations.
#[derive(Debug, Subcommand)]
pub enum KnownCommand {
    /// List what failed in the latest run as known, so that only what is new is red.
    Add(KnownAddArguments),
    /// Remove entries that no cell of the latest run shows any more.
    Prune(KnownPruneArguments),
}

/// `wirecheck known add`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["patterns", "all"]))]
pub struct KnownAddArguments {
    /// Cells that failed, by their ids; as for `wirecheck run`.
    #[arg(value_name = "PATTERN")]
    pub patterns: Vec<String>,
    /// Every cell that failed.
    #[arg(long)]
    pub all: bool,
    /// Why it is as it is [default: that it was adopted today].
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Where it is discussed.
    #[arg(long, value_name = "URL")]
    pub link: Option<String>,
    #[command(flatten)]
    pub place: Place,
}

/// `wirecheck known prune`.
#[derive(Debug, Args)]
pub struct KnownPruneArguments {
    #[command(flatten)]
    pub place: Place,
}

/// `wirecheck ci`.
#[derive(Debug, Args)]
#[command(after_help = CI_EXAMPLES)]
pub struct CiArguments {
    /// The service.
    #[arg(value_enum)]
    pub service: CiService,
    /// Write it to a file in place of stdout.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Overwrite the file.
    #[arg(long, requires = "output")]
    pub force: bool,
    /// What `wirecheck run` gets in the job.
    #[arg(last = true, value_name = "ARGUMENTS OF RUN")]
    pub run: Vec<String>,
}

/// Services that jobs are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CiService {
    /// GitHub Actions.
    Github,
    /// GitLab CI/CD.
    Gitlab,
}

/// `wirecheck peers`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = PEERS_EXAMPLES)]
pub struct PeersArguments {
    /// What to do, if not to list them.
    #[command(subcommand)]
    pub command: Option<PeersCommand>,
    /// What to write.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Do not build peers that are not current.
    #[arg(long)]
    pub no_build: bool,
    #[command(flatten)]
    pub place: Place,
}

/// What can be done with peers beside listing them.
#[derive(Debug, Subcommand)]
pub enum PeersCommand {
    /// Build the peers of a language in the cache folder, from sources that this program carries.
    Install(InstallArguments),
    /// Remove every version of them from the cache folder.
    Uninstall(UninstallArguments),
    /// Build a peer with another version of its library, as a run does with `--with`.
    Build(BuildArguments),
}

/// `wirecheck peers install`.
#[derive(Debug, Args)]
pub struct InstallArguments {
    /// The language.
    #[arg(value_enum, value_name = "LANGUAGE")]
    pub language: Installable,
    /// The interpreter [default: python3].
    #[arg(long, value_name = "FILE")]
    pub python: Option<PathBuf>,
    /// Fetch nothing: packages must be in `--wheels`.
    #[arg(long, env = OFFLINE)]
    pub offline: bool,
    /// A folder with packages, as `pip download` fills it; looked at before any index.
    #[arg(long, value_name = "DIR")]
    pub wheels: Option<PathBuf>,
}

/// `wirecheck peers build`.
#[derive(Debug, Args)]
pub struct BuildArguments {
    /// The peer and its version, as in `rust-tonic@0.12`, `go-grpc@v1.60.0` or `rust-tonic=path:../tonic`.
    #[arg(value_name = "NAME@VERSION")]
    pub peer: String,
}

/// `wirecheck peers uninstall`.
#[derive(Debug, Args)]
pub struct UninstallArguments {
    /// The language.
    #[arg(value_enum, value_name = "LANGUAGE")]
    pub language: Installable,
}

/// `wirecheck peer`.
#[derive(Debug, Args)]
pub struct PeerArguments {
    /// The peer.
    pub name: String,
    /// `client` or `server`.
    pub role: String,
}

/// What is written to stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For readers.
    Text,
    /// For programs.
    Json,
}

/// The forms of a report of a whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// What `wirecheck run` prints.
    Text,
    /// JUnit XML.
    Junit,
    /// Markdown, of at most 900 KiB.
    Markdown,
    /// Annotations, as GitHub Actions takes them from a log.
    Github,
    /// The run.json itself.
    Json,
    /// A page to keep, as Markdown: who passes what, and what is known of whom.
    Compatibility,
}

/// A report that is wanted, and the file for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFile {
    /// Its form.
    pub format: ReportFormat,
    /// Where it goes.
    pub path: PathBuf,
}

/// Whether to tell GitHub Actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Github {
    /// If GITHUB_ACTIONS is `true`.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Whether to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set or TERM is `dumb`.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// What it means here and now, for what goes to this stream.
    pub fn style(self, stream: &impl std::io::IsTerminal) -> Style {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let wanted = match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if set("NO_COLOR") => false,
            Self::Auto if set("CLICOLOR_FORCE") => true,
            Self::Auto => {
                stream.is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
            }
        };
        if wanted { Style::Ansi } else { Style::Plain }
    }
}

/// Whether an option stands on this command line, as `--option VALUE` or
/// `--option=VALUE`: what clap gives may be from the environment.
pub fn is_typed(argv: &[String], option: &str) -> bool {
    argv.iter().any(|word| {
        word.strip_prefix(option)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    })
}

fn parse_report(text: &str) -> Result<ReportFile, String> {
    let (format, path) = text
        .split_once('=')
        .filter(|(_, path)| !path.is_empty())
        .ok_or("write it as FORMAT=FILE, for example `junit=target/junit.xml`")?;
    let format = ReportFormat::from_str(format, false).map_err(|_| {
        let all = ReportFormat::value_variants().iter();
        let names: Vec<String> = all
            .filter_map(ValueEnum::to_possible_value)
            .map(|value| format!("`{}`", value.get_name()))
            .collect();
        format!("there is no format `{format}`, but {}", names.join(", "))
    })?;
    Ok(ReportFile {
        format,
        path: path.into(),
    })
}

fn parse_time(text: &str) -> Result<Duration, String> {
    match span::parse(text) {
        Some(Duration::ZERO) => Err("a limit of nothing lets nothing run".into()),
        Some(time) => Ok(time),
        None => Err(span::HOW.into()),
    }
}
