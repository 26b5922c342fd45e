//! What the application asked for, and what of it came to the wire.

use std::time::Duration;

use super::expectations::streams_of;
use super::finding::{Culprit, Evidence, Finding, Level};
use super::observed::Observation;
use super::rules;
use crate::plan::types::CasePlan;

const RULE: &str = "request/timeout-as-asked";

/// Libraries round up, and count from when the call was made: this share of the
/// deadline more or less is still what was asked for.
const TOLERANCE: f64 = 0.1;
/// A machine under load may take so long from the call to the wire.
const SLACK: Duration = Duration::from_millis(500);

/// A `grpc-timeout` that is not about the deadline of its call. None at all is
/// allowed: the deadline may be the client's own.
pub fn check(case: &CasePlan, seen: &Observation) -> Vec<Finding> {
    let calls = case.calls.iter().enumerate();
    let found = calls.filter_map(|(index, call)| {
        let asked = call.timeout?;
        let streams = streams_of(case, &seen.exchange, index);
        let at = streams.first()?;
        let list = at.stream.request.initial()?;
        let text = list.get("grpc-timeout")?.value_text().into_owned();
        let sent = parse(&text)?;
        (!is_about(asked, sent)).then(|| Finding {
            place: at.place_of(list),
            ..finding(asked, text)
        })
    });
    found.collect()
}

fn finding(asked: Duration, text: String) -> Finding {
    Finding {
        code: RULE.into(),
        level: Level::Info,
        culprit: Culprit::Client,
        sentence: format!(
            "`grpc-timeout` is {text} for a deadline of {} ms",
            asked.as_millis()
        ),
        place: super::finding::Where::default(),
        expected: Some(Evidence::text(format!("about {} ms", asked.as_millis()))),
        got: Some(Evidence::text(text)),
        section: rules::section(RULE),
        path: None,
    }
}

fn is_about(asked: Duration, sent: Duration) -> bool {
    let share = asked.mul_f64(TOLERANCE);
    let least = asked.saturating_sub(share).saturating_sub(SLACK);
    (least..=asked.saturating_add(share)).contains(&sent)
}

/// A value as the grammar has it; what is not is told by another rule.
fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let is_number = (1..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let count: u64 = digits.parse().ok().filter(|_| is_number)?;
    Some(match unit {
        "H" => Duration::from_secs(count * 3_600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(asked_ms: u64, text: &str) -> bool {
        let sent = parse(text).expect("a timeout");
        is_about(Duration::from_millis(asked_ms), sent)
    }

    #[test]
    fn rounding_and_a_slow_start_are_what_was_asked_for() {
        for (asked, text) in [
            (100, "101m"),
            (100, "100000u"),
            (5_000, "4972m"),
            (1_500, "1100m"),
            (7_200_000, "2H"),
        ] {
            assert!(fits(asked, text), "{asked} {text}");
        }
    }

    #[test]
    fn another_unit_or_number_is_not() {
        for (asked, text) in [(1_500, "1500u"), (1_500, "2S"), (5_000, "5m"), (100, "1S")] {
            assert!(!fits(asked, text), "{asked} {text}");
        }
    }

    #[test]
    fn what_is_outside_of_the_grammar_is_left_to_its_rule() {
        for text in ["", "S", "123456789n", "-1S", "1x", "1 S"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
