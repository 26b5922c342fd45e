//! Replies that somebody gives for the calls of a client: what cases say of the
//! answer to a call, as scripts of a server that answers so.

use std::collections::BTreeMap;

use super::expect::Matcher;
use super::schema::Shape;
use super::types::{
    CallExpect, CallPlan, CasePlan, MessageExpect, Metadata, Payload, ScriptPlan, StepKind,
    StepPlan,
};
use crate::wire::canonical::canonical;
use crate::wire::names::status_code;

/// The step at which all requests of a stream have been read.
const READ: &str = "read";

/// One given reply.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The case that says it, as `suite/case`.
    pub case: String,
    /// The digest of that case.
    pub digest: String,
    /// What a handler does.
    pub script: ScriptPlan,
}

/// All given replies.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// By the path of the method, in the order in which they are written.
    pub by_path: BTreeMap<String, Vec<Reply>>,
    /// Cases that give no reply, with the reason.
    pub left_out: Vec<String>,
}

impl Given {
    /// How many replies the method with the most has.
    pub fn rounds(&self) -> usize {
        self.by_path.values().map(Vec::len).max().unwrap_or(0)
    }

    fn add(&mut self, case: &CasePlan, script: ScriptPlan) {
        let replies = self.by_path.entry(script.path.clone()).or_default();
        let is_new = |known: &Reply| known.script.send != script.send;
        if replies.iter().all(is_new) {
            replies.push(Reply {
                case: case.id.clone(),
                digest: case.digest.clone(),
                script,
            });
        }
    }
}

/// The replies that cases give: the script of a handler as it is written, or
/// else what is expected of a call, which is then what a server says.
pub fn replies(cases: &[CasePlan]) -> Given {
    let mut given = Given::default();
    for case in cases {
        let scripts = case.listeners.iter().flat_map(|listener| &listener.scripts);
        for script in scripts.clone() {
            match waits_for_a_release(script) {
                true => given.leave_out(case, "its script waits for a release of the harness"),
                false => given.add(case, script.clone()),
            }
        }
        for (call, expect) in case.calls.iter().zip(&case.expect.calls) {
            if scripts.clone().any(|script| script.path == call.path) {
                continue;
            }
            match script(call, expect) {
                Ok(script) => given.add(case, script),
                Err(why) => given.leave_out(case, why),
            }
        }
    }
    given
}

impl Given {
    fn leave_out(&mut self, case: &CasePlan, why: &str) {
        self.left_out
            .push(format!("{}: gives no reply, since {why}", case.id));
    }
}

fn waits_for_a_release(script: &ScriptPlan) -> bool {
    let mut steps = script.send.iter().chain(&script.receive);
    steps.any(|step| matches!(step.kind, StepKind::WaitRelease(_)))
}

/// What a handler does whose answer is as expected. Requests are read to their
/// end before a status ends the call: a client may send them all first.
fn script(call: &CallPlan, expect: &CallExpect) -> Result<ScriptPlan, &'static str> {
    let status = status(expect)?;
    let messages = messages(call, expect, &status)?;
    let streams = matches!(
        call.types.shape,
        Shape::ClientStreaming | Shape::Bidirectional
    );
    let wait = || StepKind::WaitStep(READ.into());
    let mut send = Vec::new();
    if !expect.leading.is_empty() {
        send.push(StepKind::Headers(expect.leading.clone()));
    }
    send.extend((call.types.shape == Shape::ClientStreaming).then(wait));
    send.extend(messages.into_iter().map(StepKind::Message));
    if let Some(status) = status.into_step() {
        send.extend((call.types.shape == Shape::Bidirectional).then(wait));
        send.push(status);
    }
    let read = StepPlan::named(READ, StepKind::Receive(0));
    Ok(ScriptPlan {
        path: call.path.clone(),
        types: call.types.clone(),
        send: send.into_iter().map(StepPlan::unnamed).collect(),
        receive: streams.then_some(read).into_iter().collect(),
    })
}

/// How the call ends.
struct Status {
    code: u32,
    message: String,
    details: Vec<u8>,
    trailing: Metadata,
}

impl Status {
    /// Nothing to do where the call simply ends.
    fn into_step(self) -> Option<StepKind> {
        let says_nothing = self.code == 0 && self.message.is_empty() && self.trailing.is_empty();
        (!says_nothing).then_some(StepKind::Status {
            code: self.code,
            message: self.message,
            details: self.details,
            trailing: self.trailing,
        })
    }
}

fn status(expect: &CallExpect) -> Result<Status, &'static str> {
    let code = text(&expect.status).and_then(status_code);
    let message = match &expect.message {
        None | Some(Matcher::Absent) => Some(""),
        Some(matcher) => text(matcher),
    };
    Ok(Status {
        code: code.ok_or("its status is not told")?,
        message: message.ok_or("its status message is not told")?.to_owned(),
        details: expect.details.clone().unwrap_or_default(),
        trailing: expect.trailing.clone(),
    })
}

/// A text that meets an expectation.
fn text(matcher: &Matcher) -> Option<&str> {
    match matcher {
        Matcher::Literal(value) => value.as_str(),
        Matcher::AnyOf(values) => values.first()?.as_str(),
        Matcher::Contains(text) => Some(text),
        _ => None,
    }
}

fn messages(
    call: &CallPlan,
    expect: &CallExpect,
    status: &Status,
) -> Result<Vec<Payload>, &'static str> {
    let expected = match (&expect.receive, status.code) {
        (Some(expected), _) => expected.as_slice(),
        (None, 0) => return Err("it does not say what is received"),
        (None, _) => &[],
    };
    let answers_once = matches!(call.types.shape, Shape::Unary | Shape::ClientStreaming);
    match (answers_once, status.code, expected.len()) {
        (true, 0, 1) | (true, 1.., 0) | (false, ..) => {}
        (true, 0, _) => return Err("the method answers with one message"),
        (true, ..) => return Err("a method that answers once sends no message with an error"),
    }
    let payloads = expected.iter().map(|message| match message {
        MessageExpect::Is { bytes, .. } => {
            // The entries of a map have no order of their own: the same reply has
            // to be the same bytes.
            let same = canonical(bytes, Some(&call.types.response));
            Ok(Payload::bytes(same.unwrap_or_else(|_| bytes.clone())))
        }
        MessageExpect::Size(_) => Err("of a message only the size is expected"),
        MessageExpect::Has(_) => Err("of a message only a part is expected"),
    });
    payloads.collect()
}

#[cfg(test)]
mod tests;
