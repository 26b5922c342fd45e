//! Interleaved rounds and their medians.

use std::time::{Duration, Instant};

const ROUNDS: usize = 25;
/// Long against the clock's resolution, short against the scheduler's.
const ROUND: Duration = Duration::from_millis(4);

/// Times every function in every round; nanoseconds per call.
pub fn rounds(functions: &[&dyn Fn()]) -> Vec<Vec<f64>> {
    let repeats: Vec<u32> = functions.iter().map(|run| repeats_for(run)).collect();
    let round = || {
        functions
            .iter()
            .zip(&repeats)
            .map(|(run, &repeats)| time(run, repeats).as_secs_f64() * 1e9 / f64::from(repeats))
            .collect()
    };
    std::iter::repeat_with(round).take(ROUNDS).collect()
}

/// How often a function runs in a round of about [`ROUND`].
fn repeats_for(run: &dyn Fn()) -> u32 {
    let mut repeats = 1;
    loop {
        let took = time(run, repeats);
        if took >= ROUND / 4 {
            let factor = ROUND.as_secs_f64() / took.as_secs_f64();
            return ((f64::from(repeats) * factor) as u32).max(1);
        }
        repeats *= 2;
    }
}

fn time(run: &dyn Fn(), repeats: u32) -> Duration {
    let begin = Instant::now();
    for _ in 0..repeats {
        run();
    }
    begin.elapsed()
}

/// The median of some figures.
pub fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = figures.collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    }
}
