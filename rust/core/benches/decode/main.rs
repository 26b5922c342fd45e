//! What reading costs: the frames, the header blocks, the messages and the
//! rules of two mixes of traffic, on one core, and the memory that it takes.
//! `make bench` runs it.
//!
//! Each way of reading is measured by itself over the same bytes, in
//! interleaved rounds; the share of a stage is the median of the differences.

mod traffic;
mod ways;

use std::time::Duration;

use traffic::{Mix, Traffic};
use ways::Way;

const ROUNDS: usize = 5;
/// Wanted of long messages, in bytes a second, and of small exchanges.
const LEAST_THROUGHPUT: f64 = 400e6;
const MOST_TIME: Duration = Duration::from_micros(30);

fn main() {
    for mix in [Mix::Long, Mix::Small] {
        let traffic = Traffic::of(mix);
        let mut times = vec![Vec::new(); Way::ALL.len()];
        for _ in 0..ROUNDS {
            for (way, times) in Way::ALL.iter().zip(&mut times) {
                times.push(way.time(&traffic));
            }
        }
        print(&traffic, &times);
    }
    println!("\nmost memory of this process: {} MiB", most_memory() >> 20);
}

fn print(traffic: &Traffic, times: &[Vec<Duration>]) {
    println!("\n{traffic}\n");
    println!("| read | {} | of the whole |", traffic.mix.unit());
    println!("|---|---|---|");
    let whole = &times[Way::ALL.len() - 1];
    for (way, times) in Way::ALL.iter().zip(times) {
        let shares = times.iter().zip(whole);
        let shares = shares.map(|(time, whole)| time.as_secs_f64() / whole.as_secs_f64());
        let (time, share) = (median(times.clone()), median_of(shares.collect()));
        println!(
            "| {way} | {:.2} | {:.0} % |",
            traffic.figure(time),
            share * 100.0
        );
    }
    let (figure, aim) = match traffic.mix {
        Mix::Long => (
            traffic.rate(median(whole.clone())) >= LEAST_THROUGHPUT,
            "at least 400 MB/s",
        ),
        Mix::Small => (
            traffic.each(median(whole.clone())) <= MOST_TIME,
            "at most 30 µs each",
        ),
    };
    let met = if figure { "met" } else { "missed" };
    println!("\nThe aim of the whole, {aim}: {met}.");
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn median_of(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// The peak of this process in bytes, as Linux says it; 0 elsewhere.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kilobytes.unwrap_or(0_u64) << 10
}
