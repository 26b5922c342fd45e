//! `wirecheck tap`.

use std::fs::File;
use std::io::{IsTerminal as _, stderr, stdout};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::{Resource, getrlimit};
use wirecheck_core::model::exit::Exit;
use wirecheck_core::wire::secret::Secrets;

use super::Result;
use super::arguments::{Color, TapArguments};
use super::error::CliError;
use super::service::endpoint;
use super::signals::Signals;
use crate::export::pcapng::SERVER_PORT;
use crate::export::suite::Suite;
use crate::live::{Destination, Outcome, Outputs, Packets, Printer, Telling, Told, read_along};
use crate::report::style::Style;
use crate::report::{count, number, tap as text};
use crate::tap::{Endpoint, Held, Tap, TapOptions};

/// File descriptors that are not for connections.
const OTHER_FILES: u64 = 64;
/// How long the end may take before the user is told what it waits for.
const SAY_SO_AFTER: Duration = Duration::from_millis(300);
/// Connections that are open at one time, where the system allows more.
const MOST_OPEN: u64 = 4_096;

/// Taps until it is told to end.
pub fn run(arguments: &TapArguments, color: Color) -> Result<Exit> {
    let prepared = Prepared::new(arguments, color)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(CliError::Start)?;
    let exit = runtime.block_on(prepared.run(arguments));
    runtime.shutdown_timeout(Duration::from_secs(1));
    exit
}

/// Everything that can be wrong before a socket is opened.
struct Prepared {
    listen: Endpoint,
    upstream: Endpoint,
    telling: Telling,
    outputs: Outputs,
    /// That of what goes to stderr.
    style: Style,
}

impl Prepared {
    fn new(arguments: &TapArguments, color: Color) -> Result<Self> {
        let listen = match &arguments.listen {
            Some(address) => endpoint(address)?,
            None => Endpoint::any_port(),
        };
        let upstream = endpoint(&arguments.to)?;
        if arguments.json && is_stdout(arguments.pcapng.as_deref()) {
            return Err(CliError::StdoutTwice);
        }
        let schema = arguments.schema.load()?;
        if arguments.save_cases.is_some() && schema.is_none() {
            return Err(CliError::NoTypes);
        }
        let secrets = Secrets::new(&arguments.secrets);
        let stdout_is_taken = arguments.json || is_stdout(arguments.pcapng.as_deref());
        let text_style = match stdout_is_taken {
            true => color.style(&stderr()),
            false => color.style(&stdout()),
        };
        let text: Destination = match stdout_is_taken {
            true => Box::new(stderr()),
            false => Box::new(stdout()),
        };
        let suite = match (&arguments.save_cases, &schema) {
            (Some(_), Some(schema)) => Some(Suite::new(schema.clone(), secrets.clone())),
            _ => None,
        };
        let packets = arguments
            .pcapng
            .as_deref()
            .map(|file| packets(file, arguments));
        Ok(Self {
            listen,
            upstream,
            outputs: Outputs {
                text: Printer::new(text),
                json: arguments.json.then(|| Printer::new(stdout())),
                packets: packets.transpose()?,
                suite,
            },
            telling: Telling {
                schema,
                secrets,
                style: text_style,
                upstream: arguments.to.clone(),
            },
            style: color.style(&stderr()),
        })
    }

    async fn run(self, arguments: &TapArguments) -> Result<Exit> {
        let mut signals = Signals::new().map_err(CliError::Start)?;
        let options = TapOptions::live(most_open());
        let opened = Tap::open_live(&self.listen, self.upstream, options).await;
        let (tap, arrivals) = opened.map_err(CliError::Tap)?;
        announce(tap.address(), arguments);
        let reader = read_along(arrivals, self.telling, self.outputs);
        signals.next().await;
        tokio::spawn(end_at_once_if_told_again(signals));
        let captured = tap.close(Duration::ZERO, Held::LetGo).await;
        let told = tokio::task::spawn_blocking(move || reader.join()).await;
        let told = told.ok().and_then(std::result::Result::ok);
        let mut told = told.ok_or(CliError::Start(std::io::Error::other("the reader failed")))?;
        told.summary.turned_away = captured.totals.turned_away;
        if let Some(error) = captured.accept_failure {
            let told = &mut told.summary.left_out;
            told.push(format!("connections, since accepting one failed: {error}"));
        }
        self::end(told, arguments, self.style)
    }
}

/// What is left to do is bounded in time, but that may be too long for some.
async fn end_at_once_if_told_again(mut signals: Signals) {
    let again = signals.next();
    tokio::pin!(again);
    if tokio::time::timeout(SAY_SO_AFTER, &mut again)
        .await
        .is_err()
    {
        eprintln!("waiting for what takes the output; told to end once more, it ends at once");
        again.await;
    }
    std::process::exit(i32::from(Exit::Interrupted.code()));
}

/// Writes what is written at the end, and says what passed.
fn end(mut told: Told, arguments: &TapArguments, style: Style) -> Result<Exit> {
    let mut failed = false;
    if let (Some(file), Some(outcome)) = (&arguments.pcapng, &told.packets) {
        if told.unmasked > 0 {
            let bytes = number(told.unmasked);
            let told_of = format!(
                "{bytes} bytes are a gap in {}: secrets in them could not be masked",
                file.display()
            );
            told.summary.left_out.push(told_of);
        }
        failed |= say_packets(file, outcome, &mut told.summary);
    }
    if let (Some(file), Some(suite)) = (&arguments.save_cases, &told.suite) {
        let saved = save(file, suite, arguments);
        match saved {
            Ok(()) => {
                let cases = count(suite.len(), "case");
                told.summary
                    .files
                    .push(format!("{}: {cases}", file.display()));
            }
            Err(error) => {
                failed = true;
                told.summary.left_out.push(format!("cases: {error}"));
            }
        }
        for (why, calls) in suite.left_out() {
            let calls = count(calls as usize, "call");
            told.summary
                .left_out
                .push(format!("{calls} {why}: no case"));
        }
    }
    eprint!("{}", text::summary(&told.summary, style));
    Ok(
        match (failed, arguments.strict && told.summary.broke_must()) {
            (true, _) => Exit::Infrastructure,
            (false, true) => Exit::Incompatible,
            (false, false) => Exit::Ok,
        },
    )
}

/// Says what became of the packets; whether that was nothing good.
fn say_packets(file: &Path, outcome: &Outcome, summary: &mut text::Summary) -> bool {
    let file = file.display();
    if outcome.missed > 0 {
        let bytes = number(outcome.missed);
        let told = format!("{bytes} bytes are a gap in {file}: the disk was too slow");
        summary.left_out.push(told);
    }
    match &outcome.written {
        Some(Ok(written)) => {
            let packets = count(written.packets as usize, "packet");
            let told = format!("{file}: {packets}, the server's port is {SERVER_PORT}");
            summary.files.push(told);
            false
        }
        Some(Err(error)) => {
            summary
                .left_out
                .push(format!("{file} is not whole: {error}"));
            true
        }
        None => {
            summary
                .left_out
                .push(format!("{file} is not whole: the disk was too slow"));
            true
        }
    }
}

fn save(file: &Path, suite: &Suite, arguments: &TapArguments) -> Result<()> {
    let stem = file
        .file_stem()
        .map_or("tap".into(), |stem| stem.to_string_lossy());
    let name: String = stem
        .chars()
        .map(|c| match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9' | '.' | '_' | '-') => c,
            _ => '-',
        })
        .collect();
    let between = format!("through a tap in front of {}", arguments.to);
    std::fs::write(file, suite.yaml(&name, &between)).map_err(|source| CliError::Write {
        path: file.to_owned(),
        source,
    })
}

fn packets(file: &Path, arguments: &TapArguments) -> Result<Packets> {
    let to: Destination = match is_stdout(Some(file)) {
        true => Box::new(stdout()),
        false => Box::new(File::create(file).map_err(|source| CliError::Write {
            path: file.to_owned(),
            source,
        })?),
    };
    let began = SystemTime::now().duration_since(UNIX_EPOCH);
    let about = concat!("wirecheck ", env!("CARGO_PKG_VERSION"));
    let name = format!("in front of {}", arguments.to);
    Packets::new(to, about, &name, began.unwrap_or_default())
        .map_err(|error| CliError::Packets { error })
}

fn is_stdout(file: Option<&Path>) -> bool {
    file == Some(Path::new("-"))
}

/// Each connection takes two sockets.
fn most_open() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let room = files.saturating_sub(OTHER_FILES) / 2;
    room.clamp(1, MOST_OPEN) as usize
}

fn announce(address: &str, arguments: &TapArguments) {
    let end = if stderr().is_terminal() {
        "; Ctrl-C ends it"
    } else {
        ""
    };
    eprintln!("tap {address} -> {}{end}", arguments.to);
}
