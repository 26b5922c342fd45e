//! The tables.

use std::process::Command;
use std::time::Duration;

use crate::child::Role;
use crate::live;
use crate::live::{OFFERED, OFFERED_FOR, Way};
use crate::{CALL_BYTES, CALLS, Failure, LONG_STREAM_BYTES, ROUNDS, STREAM_BYTES, STREAMS, Sample};

/// The threads of the proxies' runtimes that are measured.
pub const THREADS: [usize; 2] = [1, 2];

/// What the project asks of the tap, beside a proxy that only copies.
const MOST_LATENCY: f64 = 1.1;
const LEAST_THROUGHPUT: f64 = 0.7;
const MOST_MEMORY: u64 = 128 << 20;

/// All samples, each way's in the order of the rounds.
#[derive(Default)]
pub struct Samples(Vec<(Option<Role>, Sample)>);

impl Samples {
    pub fn add(&mut self, way: Option<Role>, sample: Sample) {
        self.0.push((way, sample));
    }

    pub fn print(&self) {
        println!(
            "\nUnary call of {CALL_BYTES} bytes, one at a time: median of {CALLS} calls, \
             in microseconds (target: at most {MOST_LATENCY:.2} times the copying proxy)"
        );
        self.print_table(
            |sample| sample.call.as_secs_f64() * 1e6,
            |ratio| ratio <= MOST_LATENCY,
        );
        println!(
            "\nClient stream of 64 KiB messages, {STREAMS} times {} MiB, all of it captured, \
             in MB/s (target: at least {LEAST_THROUGHPUT:.2} times the copying proxy)",
            STREAM_BYTES >> 20
        );
        self.print_table(
            |sample| sample.throughput / 1e6,
            |ratio| ratio >= LEAST_THROUGHPUT,
        );
    }

    fn print_table(&self, figure: impl Fn(&Sample) -> f64, is_met: impl Fn(f64) -> bool) {
        println!(
            "| proxy's runtime | direct | copying proxy | tap | tap / proxy | tap / direct | target |"
        );
        println!("|---|---|---|---|---|---|---|");
        let figures = |wanted: &dyn Fn(&Option<Role>) -> bool| -> Vec<f64> {
            let chosen = self.0.iter().filter(|(way, _)| wanted(way));
            chosen.map(|(_, sample)| figure(sample)).collect()
        };
        let direct = figures(&|way| way.is_none());
        for threads in THREADS {
            let plain = figures(&|way| matches!(way, Some(Role::Plain(_, n)) if *n == threads));
            let tap = figures(&|way| matches!(way, Some(Role::Tap(_, n, _)) if *n == threads));
            let to_plain = median_ratio(&tap, &plain);
            println!(
                "| {threads} thread{} | {:.0} | {:.0} | {:.0} | {to_plain:.2} | {:.2} | {} |",
                if threads == 1 { "" } else { "s" },
                median(direct.clone()),
                median(plain),
                median(tap.clone()),
                median_ratio(&tap, &direct),
                if is_met(to_plain) { "met" } else { "missed" },
            );
        }
    }
}

/// The median of the ratios within each round.
fn median_ratio(of: &[f64], to: &[f64]) -> f64 {
    median(of.iter().zip(to).map(|(of, to)| of / to).collect())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Says how much memory the tap took while that many bytes passed.
pub fn print_memory(streamed: u64, peak: u64) {
    println!(
        "\nPeak memory of a process that taps a stream of {} MiB with the default limit: \
         {:.1} MiB (target: under {} MiB; {})",
        streamed >> 20,
        peak as f64 / f64::from(1 << 20),
        MOST_MEMORY >> 20,
        if peak < MOST_MEMORY { "met" } else { "missed" },
    );
}

/// What one round says about one way, with the live tap or without.
#[derive(Debug, Clone)]
pub struct LiveSample {
    /// Calls that were answered in a second.
    pub answered: f64,
    /// The median time of a call.
    pub median: Duration,
    /// Bytes of the long stream in a second.
    pub throughput: f64,
    /// The most memory of the live tap, in bytes.
    pub peak: Option<u64>,
    /// What the live tap said.
    pub said: Option<String>,
}

/// The live tap's tables.
pub fn print_live(ways: &[Way], samples: &[(Way, LiveSample)]) {
    println!(
        "\nThe live tap: {OFFERED} calls of {CALL_BYTES} bytes a second offered for {} s on one \
         connection, then one stream of {} MiB (targets: at least {LEAST_THROUGHPUT:.2} of the \
         copying proxy's stream, memory under {} MiB)",
        OFFERED_FOR.as_secs(),
        LONG_STREAM_BYTES >> 20,
        MOST_MEMORY >> 20,
    );
    println!(
        "| | calls/s | / direct | / proxy | p50 µs | stream MB/s | / direct | / proxy | peak MiB |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let of = |wanted: Way, figure: fn(&LiveSample) -> f64| -> Vec<f64> {
        let chosen = samples.iter().filter(|(way, _)| *way == wanted);
        chosen.map(|(_, sample)| figure(sample)).collect()
    };
    for &way in ways {
        let ratios = |figure: fn(&LiveSample) -> f64| {
            let to = |other| median_ratio(&of(way, figure), &of(other, figure));
            (median(of(way, figure)), to(Way::Direct), to(Way::Plain))
        };
        let (calls, calls_direct, calls_plain) = ratios(|sample| sample.answered);
        let (bytes, bytes_direct, bytes_plain) = ratios(|sample| sample.throughput / 1e6);
        let micros = median(of(way, |sample| sample.median.as_secs_f64() * 1e6));
        let peak = samples.iter().filter(|(of, _)| *of == way);
        let peak = peak.filter_map(|(_, sample)| sample.peak).max();
        let peak = peak.map_or(String::new(), |peak| {
            format!("{:.0}", peak as f64 / f64::from(1 << 20))
        });
        println!(
            "| {} | {calls:.0} | {calls_direct:.2} | {calls_plain:.2} | {micros:.0} | {bytes:.0} \
             | {bytes_direct:.2} | {bytes_plain:.2} | {peak} |",
            way.name()
        );
    }
    for (way, sample) in samples {
        let said = sample.said.iter().flat_map(|said| said.lines());
        for line in said.filter(|line| line.contains("left out") || line.contains(" calls on ")) {
            println!("{}: {}", way.name(), line.trim());
        }
    }
}

/// The largest resident set of a process so far, in bytes: its id, or `self`.
pub fn peak_memory(process: &str) -> Result<u64, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kibibytes = kibibytes.ok_or("no VmHWM in a process's status")?;
    Ok(kibibytes.parse::<u64>()? * 1024)
}

/// Says what was measured, where and when.
pub fn print_machine() {
    let threads = std::thread::available_parallelism().map_or(0, usize::from);
    println!(
        "The tap between a tonic client and a tonic server, three processes on loopback; \
         medians of {ROUNDS} rounds, of {} for the live tap.",
        live::ROUNDS
    );
    println!(
        "{}, {}, {threads} threads, {}",
        first_line_of("date", &["-u", "+%Y-%m-%d"]),
        processor(),
        first_line_of("uname", &["-sr"]),
    );
}

fn first_line_of(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|_| format!("({program} is not installed)"))
}

fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split_once(": "));
    name.map_or("unknown processor", |(_, name)| name)
        .to_owned()
}
