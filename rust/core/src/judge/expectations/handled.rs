//! What the server's handlers saw.

use serde_json::Value;

use super::blame;
use super::calls::missing;
use super::{broken, messages, with_texts};
use crate::judge::check::{Check, State};
use crate::judge::finding::Culprit;
use crate::judge::observed::{CallEnd, HandledSeen, Observation, RequestEnd};
use crate::plan::expect::Matcher;
use crate::plan::types::{CasePlan, HandledExpect};
use crate::wire::capture::Direction;

pub fn check(case: &CasePlan, seen: &Observation) -> Vec<Check> {
    let expected = case.expect.handled.iter();
    if seen.is_server_silent {
        return expected.map(|(method, _)| unobservable(method)).collect();
    }
    expected
        .flat_map(|(method, expect)| check_method(case, seen, method, expect))
        .collect()
}

fn check_method(
    case: &CasePlan,
    seen: &Observation,
    method: &str,
    expect: &HandledExpect,
) -> Vec<Check> {
    let handled: Vec<&HandledSeen> = seen
        .handled
        .iter()
        .filter(|handled| handled.method == method)
        .collect();
    let mut checks = Vec::new();
    checks.extend(
        expect
            .times
            .as_ref()
            .map(|matcher| times(method, matcher, handled.len())),
    );
    for handled in handled {
        let one = One {
            case,
            seen,
            method,
            handled,
            expect,
        };
        checks.extend(expect.receive.as_ref().and_then(|_| one.receive()));
        checks.extend(one.metadata());
        checks.extend(
            expect
                .request_end
                .as_ref()
                .map(|matcher| one.request_end(matcher)),
        );
        checks.extend(
            expect
                .call_end
                .as_ref()
                .map(|matcher| one.call_end(matcher)),
        );
    }
    checks
}

fn unobservable(method: &str) -> Check {
    Check {
        path: format!("handled.{method}"),
        state: State::Unobservable("the server does not report its handlers".into()),
    }
}

fn times(method: &str, matcher: &Matcher, count: usize) -> Check {
    let path = format!("handled.{method}.times");
    if matcher.accepts(Some(&Value::from(count))) {
        return Check::met(path);
    }
    let sentence = format!(
        "the handler of {method} was entered {}, expected {matcher}",
        how_often(count)
    );
    let finding = broken("expect/handled", &path, Culprit::Server, sentence);
    Check::broken(
        path,
        with_texts(finding, matcher.to_string(), count.to_string()),
    )
}

fn how_often(count: usize) -> String {
    match count {
        0 => "never".into(),
        1 => "once".into(),
        n => format!("{n} times"),
    }
}

struct One<'a> {
    case: &'a CasePlan,
    seen: &'a Observation,
    method: &'a str,
    handled: &'a HandledSeen,
    expect: &'a HandledExpect,
}

impl One<'_> {
    fn path(&self, key: &str) -> String {
        format!("handled.{}.{key}", self.method)
    }

    fn receive(&self) -> Option<Check> {
        let (expected, kind) = (self.expect.receive.as_ref()?, self.expect.request.as_ref()?);
        let path = self.path("receive");
        let handled = self.handled;
        let Some(difference) =
            messages::difference(expected, &handled.messages, handled.message_count, kind)
        else {
            return Some(Check::met(path));
        };
        let call = self
            .case
            .calls
            .iter()
            .position(|call| call.path == self.method)?;
        let streams = blame::streams_of(self.case, self.seen.beside_server(), call);
        let wanted = difference.expected.bytes.clone().unwrap_or_default();
        let culprit = match blame::sends_raw(self.case, call) {
            true => Culprit::Server,
            false => blame::of_message(
                streams.first(),
                Direction::ClientToServer,
                difference.index,
                &wanted,
            ),
        };
        let sentence = format!("the server's codec {}", difference.sentence);
        let mut finding = broken("expect/handled", &path, culprit, sentence);
        finding.expected = Some(difference.expected);
        finding.got = Some(difference.got);
        finding.place.message = Some(difference.index);
        Some(Check::broken(path, finding))
    }

    fn metadata(&self) -> Option<Check> {
        if self.expect.metadata.is_empty() {
            return None;
        }
        let path = self.path("metadata");
        Some(
            match missing(&self.expect.metadata, &self.handled.metadata) {
                None => Check::met(path),
                Some((key, expected, got)) => {
                    let sentence =
                        format!("the handler saw metadata `{key}` as {got}, expected {expected}");
                    let finding =
                        broken("expect/handled", &path, self.blame_metadata(&key), sentence);
                    Check::broken(path, with_texts(finding, expected, got))
                }
            },
        )
    }

    /// A key that was on the wire was lost by the server, any other by the client.
    fn blame_metadata(&self, key: &str) -> Culprit {
        let Some(call) = self
            .case
            .calls
            .iter()
            .position(|call| call.path == self.method)
        else {
            return Culprit::Undetermined;
        };
        let streams = blame::streams_of(self.case, self.seen.beside_server(), call);
        let sent = streams
            .first()
            .and_then(|at| at.stream.request.initial())
            .is_some_and(|list| list.get(key).is_some());
        if sent {
            Culprit::Server
        } else {
            Culprit::Client
        }
    }

    fn request_end(&self, matcher: &Matcher) -> Check {
        self.end(
            "request_end",
            "the request end",
            matcher,
            self.handled.request_end.map(RequestEnd::name),
        )
    }

    fn call_end(&self, matcher: &Matcher) -> Check {
        self.end(
            "call_end",
            "the call end",
            matcher,
            self.handled.call_end.map(CallEnd::name),
        )
    }

    fn end(&self, key: &str, what: &str, matcher: &Matcher, got: Option<&str>) -> Check {
        let path = self.path(key);
        if matcher.accepts(got.map(Value::from).as_ref()) {
            return Check::met(path);
        }
        let got = got.unwrap_or("nothing");
        let sentence = format!("the handler saw {what} as {got}, expected {matcher}");
        let finding = broken("expect/handled", &path, Culprit::Server, sentence);
        Check::broken(path, with_texts(finding, matcher.to_string(), got))
    }
}
