//! From findings to the verdict on a cell, with what is known to deviate.

use super::Judged;
use super::finding::{Culprit, Finding, Level};
use crate::plan::known::Known;

/// The verdict on a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// All is as expected.
    Pass,
    /// The same meaning in other bytes than expected.
    Lax,
    /// Something that must be is not.
    Fail,
    /// It fails as `known.toml` says.
    Known,
    /// It is listed as known, and passes.
    Stale,
    /// It failed, and passed when it was run again.
    Flaky,
    /// A peer declares that it lacks a feature.
    Unsupported,
    /// A peer or the harness could not do the work.
    Error,
    /// It was not run.
    NotRun,
}

impl Outcome {
    /// Every outcome, in the order in which totals are printed.
    pub const ALL: [Self; 9] = [
        Self::Pass,
        Self::Fail,
        Self::Stale,
        Self::Known,
        Self::Lax,
        Self::Flaky,
        Self::Unsupported,
        Self::Error,
        Self::NotRun,
    ];

    /// The outcome of this name. A word that this version does not know is an
    /// error.
    pub fn of_name(name: &str) -> Self {
        let mut all = Self::ALL.into_iter();
        all.find(|outcome| outcome.name() == name)
            .unwrap_or(Self::Error)
    }

    /// The word that reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Lax => "lax",
            Self::Fail => "fail",
            Self::Known => "known",
            Self::Stale => "stale",
            Self::Flaky => "flaky",
            Self::Unsupported => "unsupported",
            Self::Error => "error",
            Self::NotRun => "not-run",
        }
    }

    /// The mark that stands for it in a matrix.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Pass => "ok",
            Self::Lax => "~",
            Self::Fail => "X",
            Self::Known => "k",
            Self::Stale => "!",
            Self::Flaky => "f",
            Self::Unsupported => "-",
            Self::Error => "E",
            Self::NotRun => ".",
        }
    }

    /// Nobody needs to look.
    pub fn is_as_expected(self) -> bool {
        matches!(
            self,
            Self::Pass | Self::Lax | Self::Known | Self::Unsupported
        )
    }
}

/// The verdict on a cell and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The outcome.
    pub outcome: Outcome,
    /// Whose fault it is, if it is one.
    pub culprit: Option<Culprit>,
    /// The entries of `known.toml` that the cell shows, or shows no more.
    pub known: Vec<usize>,
    /// In one sentence, where the outcome needs one.
    pub reason: Option<String>,
}

/// Decides on a cell from all its samples.
pub fn decide(id: &str, samples: &[Judged], known: &[Known]) -> Verdict {
    let plain = without_versions(id);
    // What is known of a peer as it comes may be so of another version too; but
    // it need not.
    let of_another = |entry: &Known| {
        let plain = plain.as_deref();
        plain.is_some_and(|id| entry.cells.matches(id)) && samples_with(samples, entry) > 0
    };
    let entries: Vec<(usize, &Known)> = known
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.cells.matches(id) || of_another(entry))
        .collect();
    if let Some(finding) = unexpected(samples, &entries) {
        return verdict(Outcome::Fail, Some(finding.culprit), Vec::new(), None);
    }
    let shown: Vec<_> = entries
        .iter()
        .map(|(index, entry)| (*index, *entry, samples_with(samples, entry)))
        .collect();
    if let Some((index, reason)) = shown
        .iter()
        .find_map(|(index, entry, n)| too_often(entry, *n, samples.len()).map(|why| (*index, why)))
    {
        return verdict(
            Outcome::Fail,
            Some(Culprit::Undetermined),
            vec![index],
            Some(reason),
        );
    }
    let stale: Vec<usize> = shown
        .iter()
        .filter(|(_, entry, n)| *n == 0 && !may_stay_away(entry))
        .map(|(index, ..)| *index)
        .collect();
    if !stale.is_empty() {
        return verdict(
            Outcome::Stale,
            None,
            stale,
            Some("listed as known, but passes now".into()),
        );
    }
    if !entries.is_empty() {
        let reason = known[entries[0].0].reason.clone();
        return verdict(
            Outcome::Known,
            None,
            entries.iter().map(|(index, _)| *index).collect(),
            Some(reason),
        );
    }
    let lax = samples.iter().any(Judged::is_lax);
    verdict(
        if lax { Outcome::Lax } else { Outcome::Pass },
        None,
        Vec::new(),
        None,
    )
}

/// The id of the same cell of the peers as they come, if it has one in another
/// version: `a@1.0/b/suite/case` is that of `a/b/suite/case`.
fn without_versions(id: &str) -> Option<String> {
    let plain = |name: &str| match name.split_once('@') {
        // What stands behind a version is a part of the name: `a@1.0.dynamic`.
        Some((name, version)) if version.ends_with(DYNAMIC) => format!("{name}{DYNAMIC}"),
        Some((name, _)) => name.to_owned(),
        None => name.to_owned(),
    };
    let (client, rest) = id.split_once('/')?;
    let (server, rest) = rest.split_once('/')?;
    let plain = format!("{}/{}/{rest}", plain(client), plain(server));
    (plain != id).then_some(plain)
}

/// The end of the name of a peer that handles types that it got with its orders.
const DYNAMIC: &str = ".dynamic";

/// Decides on a cell that failed and was run again, alone.
pub fn decide_again(id: &str, samples: &[Judged], known: &[Known]) -> Verdict {
    let each = samples.chunks(1).map(|sample| decide(id, sample, known));
    let each: Vec<Verdict> = each.collect();
    match each.as_slice() {
        [first, again] if again.outcome != Outcome::Fail => Verdict {
            outcome: Outcome::Flaky,
            reason: Some("failed beside other cells, passed alone".into()),
            ..first.clone()
        },
        [_, again] => again.clone(),
        _ => decide(id, samples, known),
    }
}

fn verdict(
    outcome: Outcome,
    culprit: Option<Culprit>,
    known: Vec<usize>,
    reason: Option<String>,
) -> Verdict {
    Verdict {
        outcome,
        culprit,
        known,
        reason,
    }
}

/// The first MUST finding that no entry covers.
fn unexpected<'a>(samples: &'a [Judged], entries: &[(usize, &Known)]) -> Option<&'a Finding> {
    let findings = samples.iter().flat_map(|sample| &sample.findings);
    findings
        .filter(|finding| finding.level == Level::Must)
        .find(|finding| !entries.iter().any(|(_, entry)| covers(entry, finding)))
}

fn samples_with(samples: &[Judged], entry: &Known) -> usize {
    samples
        .iter()
        .filter(|sample| sample.findings.iter().any(|finding| covers(entry, finding)))
        .count()
}

/// An entry covers exactly the finding that it names.
pub fn covers(entry: &Known, finding: &Finding) -> bool {
    let got = finding.got.as_ref().map(|evidence| evidence.text.as_str());
    entry.finding == finding.code
        && entry
            .got
            .as_deref()
            .is_none_or(|wanted| got == Some(wanted))
}

fn may_stay_away(entry: &Known) -> bool {
    entry.rate.is_some_and(|rate| rate.least == 0)
}

/// A deviation that shows up at another rate than the entry says is another
/// deviation. None at all is not too often: it is stale.
fn too_often(entry: &Known, shown: usize, samples: usize) -> Option<String> {
    let in_u32 = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    match entry.rate {
        _ if shown == 0 => None,
        Some(rate) if rate.contains(in_u32(shown), in_u32(samples)) => None,
        Some(rate) => Some(format!(
            "known in {rate} samples, seen in {shown} of {samples}"
        )),
        None if shown == samples => None,
        None => Some(format!(
            "known without a rate, seen in {shown} of {samples} samples"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::finding::{Evidence, Where};
    use crate::plan::known;
    use crate::plan::source::Source;

    const ID: &str = "python-grpcio/rust-tonic/greeter/request-over-limit";

    fn entry(more: &str) -> Vec<Known> {
        let text = format!(
            "[[known]]\ncells = \"*/rust-tonic/greeter/request-over-limit\"\nfinding = \"expect/status\"\n\
             got = \"OUT_OF_RANGE\"\nreason = \"r\"\nsince = \"2026-11-22\"\n{more}"
        );
        known::load(&Source::new("known.toml", text)).expect("valid")
    }

    fn sample(got: Option<&str>) -> Judged {
        let finding = |got: &str| Finding {
            code: "expect/status".into(),
            level: Level::Must,
            culprit: Culprit::Server,
            sentence: String::new(),
            place: Where::default(),
            expected: None,
            got: Some(Evidence::text(got)),
            section: None,
            path: None,
        };
        Judged {
            findings: got.map(finding).into_iter().collect(),
            checks: Vec::new(),
        }
    }

    fn outcome(samples: &[Judged], known: &[Known]) -> Outcome {
        decide(ID, samples, known).outcome
    }

    #[test]
    fn the_exact_finding_is_known_and_any_other_fails() {
        let known = entry("");
        assert_eq!(
            outcome(&[sample(Some("OUT_OF_RANGE"))], &known),
            Outcome::Known
        );
        assert_eq!(outcome(&[sample(Some("INTERNAL"))], &known), Outcome::Fail);
        assert_eq!(outcome(&[sample(Some("OUT_OF_RANGE"))], &[]), Outcome::Fail);
    }

    #[test]
    fn what_is_listed_and_passes_is_stale() {
        assert_eq!(outcome(&[sample(None)], &entry("")), Outcome::Stale);
        assert_eq!(outcome(&[sample(None)], &[]), Outcome::Pass);
    }

    #[test]
    fn what_is_known_of_a_peer_may_be_so_of_another_version() {
        let id = "python-grpcio@1.60.0/rust-tonic@0.12.dynamic/greeter/request-over-limit";
        let of = |got| decide(id, &[sample(got)], &entry("")).outcome;
        assert_eq!(of(Some("OUT_OF_RANGE")), Outcome::Fail, "another peer");
        let id = id.replace(DYNAMIC, "");
        let of = |got| decide(&id, &[sample(got)], &entry("")).outcome;
        assert_eq!(of(Some("OUT_OF_RANGE")), Outcome::Known);
        assert_eq!(of(Some("INTERNAL")), Outcome::Fail);
        assert_eq!(of(None), Outcome::Pass, "it need not");
    }

    #[test]
    fn what_passes_alone_is_flaky_and_what_fails_again_fails() {
        let (bad, good) = (sample(Some("INTERNAL")), sample(None));
        let verdict = decide_again(ID, &[bad.clone(), good], &[]);
        assert_eq!(verdict.outcome, Outcome::Flaky);
        assert_eq!(verdict.culprit, Some(Culprit::Server));
        let verdict = decide_again(ID, &[bad.clone(), bad], &[]);
        assert_eq!(verdict.outcome, Outcome::Fail);
    }

    #[test]
    fn a_rate_holds_over_all_samples() {
        let samples = |shown: usize| -> Vec<Judged> {
            (0..30)
                .map(|n| sample((n < shown).then_some("OUT_OF_RANGE")))
                .collect()
        };
        let known = entry("rate = \"1..5/30\"");
        assert_eq!(outcome(&samples(0), &known), Outcome::Stale);
        assert_eq!(outcome(&samples(3), &known), Outcome::Known);
        assert_eq!(outcome(&samples(6), &known), Outcome::Fail);
        assert_eq!(
            outcome(&samples(0), &entry("rate = \"0..5/30\"")),
            Outcome::Known
        );
        assert_eq!(outcome(&samples(29), &entry("")), Outcome::Fail);
    }
}
