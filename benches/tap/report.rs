//! The tables.

use std::process::Command;

use crate::child::Role;
use crate::{CALL_BYTES, CALLS, ROUNDS, STREAM_BYTES, STREAMS, Sample};

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

/// Says what was measured, where and when.
pub fn print_machine() {
    let threads = std::thread::available_parallelism().map_or(0, usize::from);
    println!(
        "The tap between a tonic client and a tonic server, three processes on loopback; \
         medians of {ROUNDS} rounds."
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
