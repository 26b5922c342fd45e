//! From a case as it is written to a case that can be run: looks names up in
//! the schema, turns JSON and hex into bytes, and points at what cannot be
//! understood.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::case::{self, Case, Party};
use super::dialogue::resolve::dialogue;
use super::expand::expand;
use super::faults::FaultsPlan;
use super::faults::resolve::faults;
use super::load::Loaded;
use super::message::encoded;
use super::resolve_expect::resolve_expect;
use super::schema::{Schema, split_path};
use super::source::{Problem, did_you_mean};
use super::types::*;
use super::variant::Variant;
use crate::judge::rules;
use action::{action_plan, event_plan};
use fault::{Fault, Resolved, each};
use step::{metadata, step_plan};
use text::{index_of, optional_span, slug};

pub(super) mod action;
pub(super) mod fault;
pub(super) mod step;
pub(super) mod text;

/// How long a case may take if it does not say. A call on loopback takes a few
/// milliseconds; a machine under full load was seen to need two seconds.
pub const DEFAULT_LIMIT: Duration = Duration::from_secs(10);

/// The most channels of one kind in a case. Each may become a connection, of
/// which a tap accepts a thousand.
const MOST_CHANNELS: u32 = 1_000;

/// The services that every peer has.
const BUILT_IN: [&str; 2] = ["Greeter", "helloworld.Greeter"];

/// All cases of a suite, in the order in which they are written.
///
/// # Errors
///
/// The first case that cannot be understood, with its place.
pub fn resolve(loaded: &Loaded, schema: &Schema) -> Result<Vec<CasePlan>, Problem> {
    let mut plans: Vec<CasePlan> = Vec::new();
    slug(&loaded.suite.suite).map_err(|fault| fault.under("suite").within(loaded))?;
    for (index, written) in loaded.suite.cases.iter().enumerate() {
        let at_case = |fault: Fault| fault.under(index).under("cases").within(loaded);
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
        let dialogue = dialogue(case, &calls, self.schema, self.loaded, self.index)?;
        let faults = faults(case, &calls, self.schema, self.loaded, self.index)?;
        let expect =
            resolve_expect(case, &calls, self.schema).map_err(|fault| fault.under("expect"))?;
        let suite = self.loaded.suite.suite.clone();
        let calls_paths: Vec<String> = calls.iter().map(|call| call.path.clone()).collect();
        let descriptors = self.descriptors(&listeners, &calls);
        let server = match case.against {
            Some(Party::Client) => PeerKind::Scripted,
            _ => self.server_kind(case, &calls_paths),
        };
        Ok(CasePlan {
            id: format!("{suite}/{}", case.name),
            suite,
            suite_about: self.loaded.suite.about.clone(),
            authority_over_uds: self.loaded.suite.authority_over_uds.clone(),
            on_request: self.loaded.suite.on_request,
            name: case.name.clone(),
            about: case.about.clone(),
            keyword: case.keyword,
            section: case.section.clone(),
            holds: holds(case)?,
            tags: case.tags.clone(),
            needs: case.needs.clone(),
            // What comes of it is the doing of the one that is tested.
            blames: case.blames.or(case.against),
            variants: self.variants(case, server, &faults)?,
            limit: optional_span(case.limit.as_ref(), "limit")?.unwrap_or(DEFAULT_LIMIT),
            repeat: case.repeat.unwrap_or(1).max(1),
            at: self.location(),
            digest: digest(case),
            listeners,
            channels,
            calls,
            actions,
            expect,
            official: official(case, calls_paths.len())?,
            streams_besides: 0,
            client: match case.against {
                Some(Party::Server) => PeerKind::Scripted,
                _ => PeerKind::Contract,
            },
            server,
            descriptors,
            agrees: false,
            dialogue,
            faults,
        })
    }

    /// What a case is run over: as it says itself, or its suite does.
    fn variants(
        &self,
        case: &Case,
        server: PeerKind,
        faults: &FaultsPlan,
    ) -> Resolved<Vec<Variant>> {
        let written = [&case.variants, &self.loaded.suite.variants];
        let said = written.into_iter().find(|variants| !variants.is_empty());
        let variants = said.map_or(Variant::DEFAULT.into(), Clone::clone);
        match variants.iter().find(|variant| variant.is_encrypted()) {
            Some(variant) if case.against.is_some() => Err(Fault::new(format!(
                "a script is in plain text, and `{}` is not",
                variant.name()
            ))
            .under("variants")),
            Some(variant) if server == PeerKind::Foreign => Err(Fault::new(format!(
                "`{}` is only for servers of Wirecheck's own",
                variant.name()
            ))
            .under("variants")),
            Some(variant) if looks_at_frames(case) => Err(Fault::new(format!(
                "over `{}` the tap cannot see the frames that `do` is about",
                variant.name()
            ))
            .under("variants")),
            Some(variant) if faults.needs_frames() => Err(Fault::new(format!(
                "over `{}` the line cannot see the frames that `faults` are about",
                variant.name()
            ))
            .hint(Some(
                "faults `after_bytes` and `refuse` need no frames".into(),
            ))
            .under("variants")),
            _ => Ok(variants),
        }
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
            return Ok(vec![ListenerPlan {
                name: "main".into(),
                services,
                scripts: Vec::new(),
                options: Default::default(),
                tls: Default::default(),
                needs: Vec::new(),
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
            tls: server_tls(&listener.tls)?,
            needs: listener.needs.clone(),
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
                tls: Default::default(),
                count: 1,
                needs: Vec::new(),
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
                tls: channel.tls.clone(),
                count: channel.count.unwrap_or(1).clamp(1, MOST_CHANNELS),
                needs: channel.needs.clone(),
            })
        });
        channels.collect()
    }

    fn calls(&self, case: &Case, channels: &[ChannelPlan]) -> Resolved<Vec<CallPlan>> {
        if let Some(path) = &case.call {
            return self.one_call(case, path).map(|call| vec![call]);
        }
        // A script may make calls that nobody asks the outcome of.
        if case.calls.is_empty() && case.against != Some(Party::Server) {
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
            let message = StepKind::Message(Payload::bytes(bytes));
            Ok(StepPlan::unnamed(message))
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
            bearer_token: None,
            count: 1,
            in_turn: false,
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
        if call.parallel.is_some() && call.in_turn.is_some() {
            let fault = Fault::new("a call is made `parallel` or `in_turn`, not both");
            return Err(fault.under("in_turn"));
        }
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
            bearer_token: call.bearer_token.clone(),
            count: call.parallel.or(call.in_turn).unwrap_or(1).max(1),
            in_turn: call.in_turn.is_some(),
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

/// What official programs have of a case that makes so many calls.
fn official(case: &Case, calls: usize) -> Resolved<Option<OfficialPlan>> {
    let Some(written) = &case.official else {
        return Ok(None);
    };
    let made = written.calls.unwrap_or(calls);
    if made == 0 || made > calls {
        let fault = Fault::new(format!(
            "of {calls} calls an official client makes 1 to {calls}"
        ));
        return Err(fault.under("calls").under("official"));
    }
    let name = written.case.clone();
    Ok(Some(OfficialPlan {
        case: name.unwrap_or_else(|| case.name.clone()),
        calls: made,
        besides: written.besides.unwrap_or_default(),
    }))
}

/// The harness waits for frames, or holds them.
fn looks_at_frames(case: &Case) -> bool {
    case.actions.iter().any(|action| {
        let holds = action.tap.as_ref().is_some_and(|tap| tap.hold.is_some());
        let waits = action
            .wait
            .as_ref()
            .is_some_and(|event| event.frame.is_some());
        holds || waits
    })
}

/// The rules that a case says it holds.
fn holds(case: &Case) -> Resolved<Vec<&'static str>> {
    each(&case.holds, "holds", |id| {
        rules::id(id).ok_or_else(|| {
            Fault::new(format!("there is no rule `{id}`")).hint(did_you_mean(id, rules::ids()))
        })
    })
}

/// A server cannot do without a certificate.
fn server_tls(written: &case::ServerTls) -> Resolved<case::ServerTls> {
    match written.certificate {
        case::Certificate::None => {
            let fault = Fault::new("only a client can do without a certificate");
            Err(fault.under("certificate").under("tls"))
        }
        _ => Ok(written.clone()),
    }
}

fn digest(case: &Case) -> String {
    let written = serde_json::to_vec(case).unwrap_or_default();
    Sha256::digest(written)[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
