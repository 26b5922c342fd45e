//! From a case as it is written to a case that can be run: looks names up in
//! the schema, turns JSON and hex into bytes, and points at what cannot be
//! understood.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::case::{self, Case};
use super::expand::expand;
use super::load::Loaded;
use super::message::encoded;
use super::resolve_expect::resolve_expect;
use super::schema::{Schema, split_path};
use super::source::{Problem, Segment, did_you_mean};
use super::span;
use super::types::*;
use super::variant::Variant;
use crate::wire::capture::Direction;
use crate::wire::{frame, names};

/// How long a case may take if it does not say. A call on loopback takes a few
/// milliseconds; a machine under full load was seen to need two seconds.
pub const DEFAULT_LIMIT: Duration = Duration::from_secs(10);

/// The services that every peer has.
const BUILT_IN: [&str; 2] = ["Greeter", "helloworld.Greeter"];

/// All cases of a suite, in the order in which they are written.
///
/// # Errors
///
/// The first case that cannot be understood, with its place.
pub fn resolve(loaded: &Loaded, schema: &Schema) -> Result<Vec<CasePlan>, Problem> {
    let mut plans: Vec<CasePlan> = Vec::new();
    slug(&loaded.suite.suite).map_err(|fault| problem(loaded, &fault.under("suite")))?;
    for (index, written) in loaded.suite.cases.iter().enumerate() {
        let at_case = |fault: Fault| problem(loaded, &fault.under(index).under("cases"));
        for case in expand(written).map_err(|what| at_case(Fault::new(what).under("each")))? {
            let plan = Resolver {
                loaded,
                schema,
                index,
            }
            .case(&case)
            .map_err(at_case)?;
            if plans.iter().any(|other| other.id == plan.id) {
                let fault = Fault::new(format!("two cases are named `{}`", plan.name));
                return Err(at_case(fault.under("name")));
            }
            plans.push(plan);
        }
    }
    Ok(plans)
}

/// What is wrong, and where below the value that is being looked at.
#[derive(Debug)]
pub(super) struct Fault {
    path: Vec<Segment>,
    message: String,
    hint: Option<String>,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            path: Vec::new(),
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    /// The same fault, seen from one level further up.
    pub(super) fn under(mut self, segment: impl Into<Segment>) -> Self {
        self.path.insert(0, segment.into());
        self
    }
}

pub(super) type Resolved<T> = Result<T, Fault>;

fn problem(loaded: &Loaded, fault: &Fault) -> Problem {
    let range = loaded.tree.range(&fault.path);
    loaded
        .source
        .problem(range, fault.message.clone())
        .with_hint(fault.hint.clone())
}

struct Resolver<'a> {
    loaded: &'a Loaded,
    schema: &'a Schema,
    index: usize,
}

impl Resolver<'_> {
    fn case(&self, case: &Case) -> Resolved<CasePlan> {
        slug(&case.name).map_err(|fault| fault.under("name"))?;
        let listeners = self.listeners(case)?;
        let channels = self.channels(case, &listeners)?;
        let calls = self.calls(case, &channels)?;
        let actions = each(&case.actions, "do", |action| action_plan(action, &calls))?;
        let expect =
            resolve_expect(case, &calls, self.schema).map_err(|fault| fault.under("expect"))?;
        let suite = self.loaded.suite.suite.clone();
        let calls_paths: Vec<String> = calls.iter().map(|call| call.path.clone()).collect();
        let descriptors = self.descriptors(&listeners, &calls);
        Ok(CasePlan {
            id: format!("{suite}/{}", case.name),
            suite,
            suite_about: self.loaded.suite.about.clone(),
            name: case.name.clone(),
            about: case.about.clone(),
            keyword: case.keyword,
            section: case.section.clone(),
            tags: case.tags.clone(),
            needs: case.needs.clone(),
            variants: match case.variants.is_empty() {
                true => Variant::DEFAULT.into(),
                false => case.variants.clone(),
            },
            limit: optional_span(case.limit.as_ref(), "limit")?.unwrap_or(DEFAULT_LIMIT),
            repeat: case.repeat.unwrap_or(1).max(1),
            at: self.location(),
            digest: digest(case),
            listeners,
            channels,
            calls,
            actions,
            expect,
            client: PeerKind::Contract,
            server: self.server_kind(case, &calls_paths),
            descriptors,
            agrees: false,
        })
    }

    /// A method that no peer has built in, and that the case gives no script
    /// for, is one of somebody's own server.
    fn server_kind(&self, case: &Case, paths: &[String]) -> PeerKind {
        let is_built_in = |path: &String| {
            split_path(path).is_some_and(|(service, _)| BUILT_IN.contains(&service))
        };
        let has_own_server = case.server.listeners.is_empty() && !self.schema.is_built_in();
        match has_own_server && !paths.iter().any(is_built_in) {
            true => PeerKind::Foreign,
            false => PeerKind::Contract,
        }
    }

    fn descriptors(&self, listeners: &[ListenerPlan], calls: &[CallPlan]) -> bytes::Bytes {
        let scripts = listeners.iter().flat_map(|listener| &listener.scripts);
        let of_scripts = scripts.map(|script| &script.types);
        let types = calls.iter().map(|call| &call.types).chain(of_scripts);
        let kinds = types.flat_map(|types| [&types.request, &types.response]);
        self.schema.descriptors(kinds).into()
    }

    fn location(&self) -> super::source::Location {
        let range = self
            .loaded
            .tree
            .range(&["cases".into(), self.index.into(), "name".into()]);
        self.loaded.source.location(range.start)
    }

    fn listeners(&self, case: &Case) -> Resolved<Vec<ListenerPlan>> {
        if case.server.listeners.is_empty() {
            let services = BUILT_IN.map(str::to_owned).to_vec();
            let options = case::ServerOptions::default();
            return Ok(vec![ListenerPlan {
                name: "main".into(),
                services,
                scripts: Vec::new(),
                options,
            }]);
        }
        let listeners = case.server.listeners.iter().map(|(name, listener)| {
            self.listener(name, listener).map_err(|fault| {
                fault
                    .under(name.as_str())
                    .under("listeners")
                    .under("server")
            })
        });
        listeners.collect()
    }

    fn listener(&self, name: &str, listener: &case::Listener) -> Resolved<ListenerPlan> {
        let scripts = listener.scripts.iter().map(|(path, scripts)| {
            self.script(path, scripts)
                .map_err(|fault| fault.under(path.as_str()).under("scripts"))
        });
        Ok(ListenerPlan {
            name: name.to_owned(),
            services: listener.services.clone(),
            scripts: scripts.collect::<Resolved<_>>()?,
            options: listener.options.clone(),
        })
    }

    fn script(&self, path: &str, scripts: &case::MethodScripts) -> Resolved<ScriptPlan> {
        let types = self.types(path, scripts.like.as_deref())?;
        let send = each(&scripts.send, "send", |step| {
            step_plan(step, &types.response)
        })?;
        let receive = each(&scripts.receive, "receive", |step| {
            step_plan(step, &types.response)
        })?;
        Ok(ScriptPlan {
            path: path.to_owned(),
            types,
            send,
            receive,
        })
    }

    fn channels(&self, case: &Case, listeners: &[ListenerPlan]) -> Resolved<Vec<ChannelPlan>> {
        if case.channels.is_empty() {
            return Ok(vec![ChannelPlan {
                name: "main".into(),
                listener: 0,
                options: Default::default(),
            }]);
        }
        let channels = case.channels.iter().map(|(name, channel)| {
            let names: Vec<_> = listeners
                .iter()
                .map(|listener| listener.name.as_str())
                .collect();
            let listener =
                index_of(channel.listener.as_deref(), &names, "listener").map_err(|fault| {
                    fault
                        .under("listener")
                        .under(name.as_str())
                        .under("channels")
                })?;
            Ok(ChannelPlan {
                name: name.clone(),
                listener,
                options: channel.options.clone(),
            })
        });
        channels.collect()
    }

    fn calls(&self, case: &Case, channels: &[ChannelPlan]) -> Resolved<Vec<CallPlan>> {
        if let Some(path) = &case.call {
            return self.one_call(case, path).map(|call| vec![call]);
        }
        if case.calls.is_empty() {
            return Err(Fault::new("a case needs `call` or `calls`"));
        }
        let mut calls: Vec<CallPlan> = Vec::new();
        for (index, call) in case.calls.iter().enumerate() {
            let plan = self
                .call(call, channels, &calls)
                .map_err(|fault| fault.under(index).under("calls"))?;
            calls.push(plan);
        }
        Ok(calls)
    }

    /// The shorthand: one unary call whose messages are given as JSON.
    fn one_call(&self, case: &Case, path: &str) -> Resolved<CallPlan> {
        let types = self
            .types(path, None)
            .map_err(|fault| fault.under("call"))?;
        let send = case.send.iter().enumerate().map(|(index, json)| {
            let bytes =
                encoded(&types.request, json).map_err(|fault| fault.under(index).under("send"))?;
            Ok(StepPlan {
                name: None,
                kind: StepKind::Message(Payload::bytes(bytes)),
            })
        });
        Ok(CallPlan {
            id: "call".into(),
            channel: 0,
            path: path.to_owned(),
            send: send.collect::<Resolved<_>>()?,
            types,
            api: case::Api::Idiomatic,
            metadata: metadata(&case.metadata)?,
            timeout: optional_span(case.timeout.as_ref(), "timeout")?,
            parallel: 1,
            start_after: None,
            receive: Vec::new(),
            whole: false,
        })
    }

    fn call(
        &self,
        call: &case::Call,
        channels: &[ChannelPlan],
        before: &[CallPlan],
    ) -> Resolved<CallPlan> {
        let types = self
            .types(&call.method, call.like.as_deref())
            .map_err(|fault| fault.under("method"))?;
        let names: Vec<_> = channels
            .iter()
            .map(|channel| channel.name.as_str())
            .collect();
        let start_after = call
            .start_after
            .as_ref()
            .map(|event| event_plan(event, before))
            .transpose();
        Ok(CallPlan {
            id: call.id.clone().unwrap_or_else(|| "call".into()),
            channel: index_of(call.channel.as_deref(), &names, "channel")
                .map_err(|fault| fault.under("channel"))?,
            path: call.method.clone(),
            api: call.api,
            metadata: metadata(&call.metadata)?,
            timeout: optional_span(call.timeout.as_ref(), "timeout")?,
            parallel: call.parallel.unwrap_or(1).max(1),
            start_after: start_after.map_err(|fault| fault.under("start_after"))?,
            send: each(&call.send, "send", |step| step_plan(step, &types.request))?,
            receive: each(&call.receive, "receive", |step| {
                step_plan(step, &types.request)
            })?,
            types,
            whole: false,
        })
    }

    /// Shape and types of a path, or of the method that it is `like`.
    fn types(&self, path: &str, like: Option<&str>) -> Resolved<Types> {
        if split_path(path).is_none() {
            return Err(Fault::new(format!(
                "`{path}` is not a path such as `/helloworld.Greeter/SayHello`"
            )));
        }
        let known = like.unwrap_or(path);
        let Some(method) = self.schema.method(known) else {
            let paths = self.schema.paths();
            let hint = did_you_mean(known, paths.iter().map(String::as_str));
            let hint = hint.or_else(|| {
                Some("for a method that nobody has, `like: PATH` says whose types it uses".into())
            });
            return Err(Fault::new(format!("no schema has the method `{known}`")).hint(hint));
        };
        Ok(Types {
            shape: method.shape,
            request: method.request,
            response: method.response,
        })
    }
}

/// Resolves each item of a list, with its index in the fault's path.
pub(super) fn each<T, U>(
    items: &[T],
    key: &str,
    resolve: impl Fn(&T) -> Resolved<U>,
) -> Resolved<Vec<U>> {
    let resolved = items.iter().enumerate();
    resolved
        .map(|(index, item)| resolve(item).map_err(|fault| fault.under(index).under(key)))
        .collect()
}

fn step_plan(step: &case::Step, kind: &prost_reflect::MessageDescriptor) -> Resolved<StepPlan> {
    let mut kinds = Vec::new();
    if let Some(json) = &step.message {
        let bytes = encoded(kind, json).map_err(|fault| fault.under("message"))?;
        kinds.push(StepKind::Message(Payload::bytes(bytes)));
    }
    if let Some(text) = &step.hex {
        kinds.push(StepKind::Message(Payload::bytes(
            hex(text).map_err(|fault| fault.under("hex"))?,
        )));
    }
    if let Some(text) = &step.raw {
        kinds.push(StepKind::Raw(Payload::bytes(
            hex(text).map_err(|fault| fault.under("raw"))?,
        )));
    }
    if let Some(fill) = &step.fill {
        kinds.push(StepKind::Message(
            fill_payload(fill).map_err(|fault| fault.under("fill"))?,
        ));
    }
    if let Some(entries) = &step.headers {
        kinds.push(StepKind::Headers(
            metadata(entries).map_err(|fault| fault.under("headers"))?,
        ));
    }
    if let Some(status) = &step.status {
        kinds.push(status_step(status).map_err(|fault| fault.under("status"))?);
    }
    if let Some(wait) = &step.wait {
        kinds.push(wait_step(wait).map_err(|fault| fault.under("wait"))?);
    }
    kinds.extend(step.half_close.map(|_| StepKind::HalfClose));
    kinds.extend(step.await_headers.map(|_| StepKind::AwaitHeaders));
    kinds.extend(step.receive.map(StepKind::Receive));
    kinds.extend(step.cancel.map(|_| StepKind::Cancel));
    kinds.extend(step.reset.map(StepKind::Reset));
    kinds.extend(step.panic.clone().map(StepKind::Panic));
    let kind = exactly_one(kinds, "a step")?;
    Ok(StepPlan {
        name: step.name.clone(),
        kind,
    })
}

fn status_step(status: &case::Status) -> Resolved<StepKind> {
    Ok(StepKind::Status {
        code: status_code(&status.code).map_err(|fault| fault.under("code"))?,
        message: status.message.clone(),
        details: status
            .details
            .as_deref()
            .map(hex)
            .transpose()
            .map_err(|fault| fault.under("details"))?
            .unwrap_or_default(),
        trailing: metadata(&status.trailing).map_err(|fault| fault.under("trailing"))?,
    })
}

fn wait_step(wait: &case::Wait) -> Resolved<StepKind> {
    match (&wait.released, &wait.step) {
        (Some(name), None) => Ok(StepKind::WaitRelease(name.clone())),
        (None, Some(name)) => Ok(StepKind::WaitStep(name.clone())),
        _ => Err(Fault::new(
            "`wait` names one release, or one step of the other lane",
        )),
    }
}

/// A message that is text field 1, so many characters long.
fn fill_payload(fill: &case::Fill) -> Resolved<Payload> {
    let byte = match fill.byte.as_deref().unwrap_or("a").as_bytes() {
        [byte] if byte.is_ascii_graphic() => *byte,
        _ => return Err(Fault::new("`byte` is one ASCII character").under("byte")),
    };
    let count = match (&fill.count, &fill.encoded_size) {
        (Some(count), None) => number(count).map_err(|fault| fault.under("count"))?,
        (None, Some(size)) => count_for_size(
            number(size).map_err(|fault| fault.under("encoded_size"))?,
        )
        .ok_or_else(|| {
            Fault::new("no text field gives a message of exactly this size").under("encoded_size")
        })?,
        _ => return Err(Fault::new("`fill` takes either `count` or `encoded_size`")),
    };
    let mut head = vec![0x0a]; // field 1, wire type LEN
    varint(count, &mut head);
    Ok(Payload {
        pieces: vec![Piece::Bytes(head), Piece::Fill { byte, count }],
    })
}

/// The length of a text field that makes the message with it `size` bytes
/// long: one byte of tag, the length as a varint, the text.
fn count_for_size(size: u64) -> Option<u64> {
    (1..=10)
        .map(|prefix| size.checked_sub(1 + prefix))
        .zip(1u64..)
        .find_map(|(count, prefix)| {
            let count = count?;
            let mut length = Vec::new();
            varint(count, &mut length);
            (length.len() as u64 == prefix).then_some(count)
        })
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn action_plan(action: &case::Action, calls: &[CallPlan]) -> Resolved<ActionPlan> {
    let mut kinds = Vec::new();
    if let Some(event) = &action.wait {
        kinds.push(ActionPlan::Wait(
            event_plan(event, calls).map_err(|fault| fault.under("wait"))?,
        ));
    }
    if let Some(name) = &action.release {
        kinds.push(ActionPlan::Release(name.clone()));
    }
    if let Some(tap) = &action.tap {
        kinds.push(tap_plan(tap).map_err(|fault| fault.under("tap"))?);
    }
    exactly_one(kinds, "an action")
}

fn tap_plan(tap: &case::TapAction) -> Resolved<ActionPlan> {
    match (&tap.hold, tap.pass) {
        (Some(hold), None) => {
            let frame = frame_plan(hold).map_err(|fault| fault.under("hold"))?;
            let direction = frame
                .direction
                .ok_or_else(|| Fault::new("`hold` needs `from`: whose bytes?").under("hold"))?;
            Ok(ActionPlan::Hold(direction, frame))
        }
        (None, Some(party)) => Ok(ActionPlan::Pass(direction(party))),
        _ => Err(Fault::new("`tap` takes either `hold` or `let`")),
    }
}

fn event_plan(event: &case::Event, calls: &[CallPlan]) -> Resolved<EventPlan> {
    let mut kinds = Vec::new();
    kinds.extend(event.began.map(EventPlan::Began));
    kinds.extend(event.handled.map(EventPlan::Handled));
    kinds.extend(event.reached.clone().map(EventPlan::Reached));
    if let Some(id) = &event.call_ended {
        let names: Vec<_> = calls.iter().map(|call| call.id.as_str()).collect();
        kinds.push(EventPlan::CallEnded(
            index_of(Some(id), &names, "call").map_err(|fault| fault.under("call_ended"))?,
        ));
    }
    if let Some(frame) = &event.frame {
        kinds.push(EventPlan::Frame(
            frame_plan(frame).map_err(|fault| fault.under("frame"))?,
        ));
    }
    exactly_one(kinds, "an event")
}

pub(super) fn frame_plan(written: &case::FrameMatch) -> Resolved<FramePlan> {
    let kind = written
        .kind
        .as_deref()
        .map(frame_kind)
        .transpose()
        .map_err(|fault| fault.under("type"))?;
    let error = written
        .error
        .as_deref()
        .map(error_code)
        .transpose()
        .map_err(|fault| fault.under("error"))?;
    Ok(FramePlan {
        direction: written.from.map(direction),
        kind,
        ends_stream: written.ends_stream,
        nth: written.nth.unwrap_or(1).max(1),
        error,
    })
}

fn frame_kind(name: &str) -> Resolved<u8> {
    let names: Vec<_> = (0..=9).filter_map(frame::type_name).collect();
    let kind = names.iter().position(|known| *known == name);
    kind.map(|kind| kind as u8).ok_or_else(|| {
        Fault::new(format!("unknown frame type `{name}`"))
            .hint(did_you_mean(name, names.iter().copied()))
    })
}

fn error_code(name: &str) -> Resolved<u32> {
    let known = names::error_names();
    let code = known.iter().position(|known| *known == name);
    code.map(|code| code as u32).ok_or_else(|| {
        Fault::new(format!("unknown error code `{name}`"))
            .hint(did_you_mean(name, known.iter().copied()))
    })
}

fn direction(party: case::Party) -> Direction {
    match party {
        case::Party::Client => Direction::ClientToServer,
        case::Party::Server => Direction::ServerToClient,
    }
}

pub(super) fn metadata(entries: &[case::Metadatum]) -> Resolved<Metadata> {
    each(entries, "metadata", |entry| {
        match (&entry.value, &entry.hex) {
            (Some(value), None) => Ok((entry.key.clone(), value.clone().into_bytes())),
            (None, Some(text)) => Ok((
                entry.key.clone(),
                hex(text).map_err(|fault| fault.under("hex"))?,
            )),
            _ => Err(Fault::new("metadata has either `value` or `hex`")),
        }
    })
}

pub(super) fn status_code(name: &str) -> Resolved<u32> {
    names::status_code(name).ok_or_else(|| {
        let known = names::status_names().iter().copied();
        Fault::new(format!("unknown status `{name}`")).hint(did_you_mean(name, known))
    })
}

/// Bytes from hex digits, white space ignored.
pub(super) fn hex(text: &str) -> Resolved<Vec<u8>> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let wrong = || Fault::new("hex is pairs of the digits 0 to 9 and a to f, as in `0a 05`");
    if !digits.len().is_multiple_of(2) {
        return Err(wrong());
    }
    let nibble = |digit: u8| (digit as char).to_digit(16).ok_or_else(wrong);
    digits
        .chunks_exact(2)
        .map(|pair| Ok((nibble(pair[0])? << 4 | nibble(pair[1])?) as u8))
        .collect()
}

pub(super) fn index_of(name: Option<&str>, names: &[&str], what: &str) -> Resolved<usize> {
    let Some(name) = name else { return Ok(0) };
    names
        .iter()
        .position(|known| *known == name)
        .ok_or_else(|| {
            Fault::new(format!("there is no {what} `{name}` in this case"))
                .hint(did_you_mean(name, names.iter().copied()))
        })
}

fn exactly_one<T>(mut kinds: Vec<T>, what: &str) -> Resolved<T> {
    match (kinds.pop(), kinds.is_empty()) {
        (Some(kind), true) => Ok(kind),
        (None, _) => Err(Fault::new(format!(
            "{what} needs one key that says what it does"
        ))),
        (Some(_), false) => Err(Fault::new(format!(
            "{what} does one thing, this one does several"
        ))),
    }
}

fn number(number: &case::Number) -> Resolved<u64> {
    number
        .0
        .as_u64()
        .ok_or_else(|| Fault::new(format!("`{}` is not a number of bytes", number.0)))
}

fn optional_span(span: Option<&case::Span>, key: &str) -> Resolved<Option<Duration>> {
    span.map(|span| parse_span(&span.0).map_err(|fault| fault.under(key)))
        .transpose()
}

fn parse_span(text: &str) -> Resolved<Duration> {
    span::parse(text).ok_or_else(|| {
        Fault::new(format!("`{text}` is not a time")).hint(Some(span::HOW.to_owned()))
    })
}

/// A part of an id may stand in a shell, a path and an address without quotes.
fn slug(name: &str) -> Resolved<()> {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    match !name.is_empty() && name.chars().all(legal) {
        true => Ok(()),
        false => Err(Fault::new(format!(
            "`{name}` cannot be a name: use a to z, 0 to 9, `.`, `_` and `-`"
        ))),
    }
}

fn digest(case: &Case) -> String {
    let written = serde_json::to_vec(case).unwrap_or_default();
    Sha256::digest(written)[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
