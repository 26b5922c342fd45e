//! What the client reported of each call.

use serde_json::Value;

use super::blame::{self, CallStream};
use super::{broken, messages, with_texts};
use crate::judge::check::{Check, State};
use crate::judge::finding::{Culprit, Evidence, Finding};
use crate::judge::observed::{CallResult, CallSeen, Observation};
use crate::plan::expect::Matcher;
use crate::plan::types::{CallExpect, CallPlan, CasePlan, Metadata};
use crate::wire::capture::Direction;
use crate::wire::exchange::{HeaderField, HeaderList};
use crate::wire::grpc::percent_decode_lossy;
use crate::wire::metadata::decode_bin;
use crate::wire::names::status_text;

const DETAILS: &str = "grpc-status-details-bin";

pub fn check(case: &CasePlan, seen: &Observation) -> Vec<Check> {
    let calls = case.calls.iter().enumerate();
    calls
        .flat_map(|(index, call)| check_call(case, seen, index, call))
        .collect()
}

fn check_call(case: &CasePlan, seen: &Observation, index: usize, call: &CallPlan) -> Vec<Check> {
    let expect = &case.expect.calls[index];
    let streams = blame::streams_of(case, &seen.exchange, index);
    let reports = seen.calls.get(index).map_or(&[][..], Vec::as_slice);
    if call.count > 1 {
        return vec![check_parallel(call, expect, reports)];
    }
    let Some(report) = reports.first() else {
        return vec![not_reported(call)];
    };
    match report {
        CallSeen::Result(result) => Context {
            case,
            index,
            call,
            expect,
            result,
            at: streams.first(),
        }
        .checks(),
        CallSeen::Unsupported(_) => Vec::new(),
        CallSeen::CouldNotTry(why) => vec![could_not_try(call, why)],
        CallSeen::Missing => vec![not_reported(call)],
        CallSeen::NotMade => vec![not_made(call)],
        CallSeen::Untold(why) => vec![untold(call, why)],
    }
}

fn path(call: &CallPlan, key: &str) -> String {
    format!("calls.{}.{key}", call.id)
}

pub(super) fn not_reported(call: &CallPlan) -> Check {
    let path = path(call, "status");
    let sentence = format!("the client reported nothing of the call `{}`", call.id);
    Check::broken(
        path.clone(),
        broken("expect/report", &path, Culprit::Client, sentence),
    )
}

pub(super) fn not_made(call: &CallPlan) -> Check {
    let path = path(call, "status");
    let sentence = format!("the client did not make the call `{}`", call.id);
    Check::broken(
        path.clone(),
        broken("expect/report", &path, Culprit::Client, sentence),
    )
}

pub(super) fn untold(call: &CallPlan, why: &str) -> Check {
    Check {
        path: path(call, "status"),
        state: State::Unobservable(why.to_owned()),
    }
}

pub(super) fn could_not_try(call: &CallPlan, why: &str) -> Check {
    let path = path(call, "status");
    let finding = broken(
        "expect/report",
        &path,
        Culprit::Client,
        "the client could not try the call".into(),
    );
    Check::broken(path, with_texts(finding, "a call", why))
}

/// Of parallel calls, so many must have come out with the expected status.
fn check_parallel(call: &CallPlan, expect: &CallExpect, reports: &[CallSeen]) -> Check {
    let as_expected = |seen: &&CallSeen| match seen {
        CallSeen::Result(result) => {
            expect.status.accepts(Some(&status_value(result.status)))
                && all_received(expect, result, call)
        }
        _ => false,
    };
    let good = reports.iter().filter(as_expected).count();
    let wanted = expect
        .count
        .clone()
        .unwrap_or(Matcher::Literal(Value::from(call.count)));
    let path = path(call, "count");
    if wanted.accepts(Some(&Value::from(good))) {
        return Check::met(path);
    }
    let sentence = format!("{good} of {} calls came out as expected", call.count);
    let others = reports
        .iter()
        .filter(|seen| !as_expected(seen))
        .map(describe);
    let got = others.take(3).collect::<Vec<_>>().join(", ");
    let finding = broken("expect/count", &path, Culprit::Undetermined, sentence);
    Check::broken(
        path,
        with_texts(
            finding,
            wanted.to_string(),
            format!("{good}; the others: {got}"),
        ),
    )
}

fn all_received(expect: &CallExpect, result: &CallResult, call: &CallPlan) -> bool {
    let Some(expected) = &expect.receive else {
        return true;
    };
    messages::difference(
        expected,
        &result.messages,
        result.message_count,
        &call.types.response,
    )
    .is_none()
}

fn describe(seen: &CallSeen) -> String {
    match seen {
        CallSeen::Result(result) => format!("{} {:?}", status_text(result.status), result.message),
        CallSeen::Unsupported(feature) => format!("unsupported: {feature}"),
        CallSeen::CouldNotTry(why) => format!("not tried: {why}"),
        CallSeen::Missing => "no report".into(),
        CallSeen::NotMade => "not made".into(),
        CallSeen::Untold(why) => format!("untold: {why}"),
    }
}

fn status_value(code: u32) -> Value {
    Value::from(status_text(code))
}

struct Context<'a> {
    case: &'a CasePlan,
    index: usize,
    call: &'a CallPlan,
    expect: &'a CallExpect,
    result: &'a CallResult,
    at: Option<&'a CallStream<'a>>,
}

impl Context<'_> {
    fn checks(&self) -> Vec<Check> {
        let mut checks = vec![self.status()];
        checks.extend(
            self.expect
                .message
                .as_ref()
                .map(|matcher| self.message(matcher)),
        );
        checks.extend(
            self.expect
                .details
                .as_ref()
                .map(|details| self.details(details)),
        );
        checks.extend(self.metadata("leading", &self.expect.leading));
        checks.extend(self.metadata("trailing", &self.expect.trailing));
        checks.extend(
            self.expect
                .receive
                .as_ref()
                .map(|expected| self.receive(expected)),
        );
        checks
    }

    fn status(&self) -> Check {
        let path = path(self.call, "status");
        let expected = &self.expect.status;
        if expected.accepts(Some(&status_value(self.result.status))) {
            return Check::met(path);
        }
        let got = status_text(self.result.status);
        let sentence = format!("the call ended with {got}, expected {expected}");
        let culprit = blame::of_status(self.at, self.result.status);
        let mut finding = with_texts(
            broken("expect/status", &path, culprit, sentence),
            expected.to_string(),
            got,
        );
        finding.place = self.place_of_end();
        Check::broken(path, finding)
    }

    fn message(&self, matcher: &Matcher) -> Check {
        let path = path(self.call, "message");
        let got = &self.result.message;
        if matcher.accepts(Some(&Value::from(got.as_str()))) {
            return Check::met(path);
        }
        let sentence = format!("the status message is {}, expected {matcher}", shown(got));
        let culprit = self.blame_end(|end| {
            let sent = end.get("grpc-message");
            let sent = sent.map_or(String::new(), |field| percent_decode_lossy(&field.value));
            matcher.accepts(Some(&Value::from(sent)))
        });
        let mut finding = broken("expect/message", &path, culprit, sentence);
        finding = with_texts(finding, matcher.to_string(), got.clone());
        finding.place = self.place_of_end();
        Check::broken(path, finding)
    }

    fn details(&self, expected: &[u8]) -> Check {
        let path = path(self.call, "details");
        if expected == self.result.details {
            return Check::met(path);
        }
        let sentence = "the status details are not as expected".to_owned();
        let culprit = self.blame_end(|end| sent(end, DETAILS) == [expected]);
        let mut finding = broken("expect/details", &path, culprit, sentence);
        finding.expected = Some(Evidence::bytes(DETAILS, expected));
        finding.got = Some(Evidence::bytes(DETAILS, &self.result.details));
        finding.place = self.place_of_end();
        Check::broken(path, finding)
    }

    /// Each expected key must have its values, in their order. Where the
    /// interface merges both kinds, each is looked for in the whole.
    fn metadata(&self, which: &str, wanted: &Metadata) -> Option<Check> {
        if wanted.is_empty() {
            return None;
        }
        let path = path(self.call, which);
        let got = match (which, self.result.merged) {
            ("trailing", false) => &self.result.trailing,
            _ => &self.result.leading,
        };
        Some(match missing(wanted, got) {
            None => Check::met(path),
            Some(finding_texts) => {
                let (key, expected, got) = finding_texts;
                let sentence = format!("{which} metadata `{key}` is {got}, expected {expected}");
                let culprit = self.blame_metadata(which, &key, wanted);
                Check::broken(
                    path.clone(),
                    with_texts(
                        broken("expect/metadata", &path, culprit, sentence),
                        expected,
                        got,
                    ),
                )
            }
        })
    }

    /// A key whose values were on the wire was lost by the client.
    fn blame_metadata(&self, which: &str, key: &str, wanted: &Metadata) -> Culprit {
        let Some(at) = self.at else {
            return Culprit::Undetermined;
        };
        let list = match which {
            "leading" => at.stream.response.initial(),
            _ => at.stream.response.trailers(),
        };
        let wanted = values(wanted, key);
        blame::of_field(list, |list| sent(list, key) == wanted)
    }

    /// Who is to blame for a part of the status, which comes with the trailers.
    fn blame_end(&self, is_expected: impl FnOnce(&HeaderList) -> bool) -> Culprit {
        match self.at {
            None => Culprit::Client,
            Some(at) => blame::of_field(at.stream.response.trailers(), is_expected),
        }
    }

    fn receive(&self, expected: &[crate::plan::types::MessageExpect]) -> Check {
        let path = path(self.call, "receive");
        let result = self.result;
        let kind = &self.call.types.response;
        let Some(difference) =
            messages::difference(expected, &result.messages, result.message_count, kind)
        else {
            return Check::met(path);
        };
        let wanted = difference.expected.bytes.clone().unwrap_or_default();
        let culprit = blame::of_message(
            self.at,
            Direction::ServerToClient,
            difference.index,
            &wanted,
        );
        let sentence = format!("the client's codec {}", difference.sentence);
        let mut finding: Finding = broken("expect/receive", &path, culprit, sentence);
        finding.expected = Some(difference.expected);
        finding.got = Some(difference.got);
        finding.place.message = Some(difference.index);
        Check::broken(path, finding)
    }

    fn place_of_end(&self) -> crate::judge::finding::Where {
        let trailers = self
            .at
            .and_then(|at| at.stream.response.trailers().map(|list| at.place_of(list)));
        trailers.unwrap_or_default()
    }
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "call {} of {}", self.index, self.case.id)
    }
}

fn shown(text: &str) -> String {
    match text.is_empty() {
        true => "empty".into(),
        false => format!("{text:?}"),
    }
}

/// The first key whose values are not there in their order, with what was
/// expected and what was seen. A joined value counts as its parts: `a,b` is
/// what a list of `a` and `b` may become (PROTOCOL-HTTP2, "Custom-Metadata").
pub(super) fn missing(expected: &Metadata, got: &Metadata) -> Option<(String, String, String)> {
    let mut keys: Vec<&str> = expected.iter().map(|(key, _)| key.as_str()).collect();
    keys.dedup();
    keys.into_iter().find_map(|key| {
        let wanted = values(expected, key);
        let seen = values(got, key);
        let same = wanted == seen || (!key.ends_with("-bin") && seen == [wanted.join(&b',')]);
        (!same).then(|| (key.to_owned(), listed(&wanted), listed(&seen)))
    })
}

fn values<'a>(metadata: &'a Metadata, key: &str) -> Vec<&'a [u8]> {
    metadata
        .iter()
        .filter(|(name, _)| name == key)
        .map(|(_, value)| value.as_slice())
        .collect()
}

/// The values of a key as they were sent, decoded if they are bytes. What two
/// peers may agree on apart from the specification is read as well.
fn sent(list: &HeaderList, key: &str) -> Vec<Vec<u8>> {
    let decoded = |field: &HeaderField| match key.ends_with("-bin") {
        true => decode_bin(&field.value, true).unwrap_or_default(),
        false => vec![field.value.to_vec()],
    };
    list.all(key).flat_map(decoded).collect()
}

fn listed(values: &[&[u8]]) -> String {
    match values {
        [] => "absent".into(),
        values => values
            .iter()
            .map(|value| format!("\"{}\"", value.escape_ascii()))
            .collect::<Vec<_>>()
            .join(", "),
    }
}
