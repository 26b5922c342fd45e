//! From a case to the contract's orders.

use bytes::Bytes;
use wirecheck_core::plan::case::Api;
use wirecheck_core::plan::schema::Shape;
use wirecheck_core::plan::types::{
    CallPlan, ChannelPlan, ListenerPlan, Metadata, Payload, Piece, ScriptPlan, StepKind, StepPlan,
    Types,
};
use wirecheck_core::plan::variant::Variant;

mod tls;

use super::cell::Stage;
use super::certificates::CertificateError;
use crate::peer::contract::{self, piece, step, wait};
use crate::tap::Endpoint;

/// The order that opens a listener.
///
/// # Errors
///
/// The cell is over TLS, and no certificate can be made.
pub fn listen(
    id: u64,
    listener: &ListenerPlan,
    stage: &Stage<'_>,
    address: &Endpoint,
) -> Result<contract::Listen, CertificateError> {
    let case = stage.case;
    let options = &listener.options;
    let scripts = &listener.scripts;
    let needs = [
        stage.needs(),
        listener.needs.clone(),
        needs_of_codings(
            options.compression.as_ref(),
            options.accept_compression.as_ref(),
        ),
    ];
    Ok(contract::Listen {
        listener: id,
        transport: Some(transport(address)),
        options: Some(contract::ServerOptions {
            max_receive_message_size: options.max_receive_message_size,
            max_send_message_size: options.max_send_message_size,
            max_concurrent_streams: options.max_concurrent_streams,
            max_header_list_size: options.max_header_list_size,
            initial_stream_window: options.initial_stream_window,
            initial_connection_window: options.initial_connection_window,
            compression: options.compression.clone(),
            accept_compression: options.accept_compression.clone(),
            ..Default::default()
        }),
        services: listener.services.clone(),
        scripts: scripts.iter().map(method_scripts).collect(),
        descriptor_set: case.descriptors.clone(),
        scope: stage.scope.clone(),
        requires: requires(
            needs.concat(),
            &case.descriptors,
            scripts.iter().map(|script| &script.types),
        ),
        tls: tls::of_server(stage, listener)?,
    })
}

/// What options with the name of a coding need. A peer that has never heard of
/// such an option would drop it in silence.
fn needs_of_codings(sent: Option<&String>, accepted: Option<&String>) -> Vec<String> {
    let sent = sent.map(|coding| format!("compression:{coding}"));
    let accepted = accepted.map(|_| "option:accept_compression".to_owned());
    sent.into_iter().chain(accepted).collect()
}

/// Of TCP the peer has the port chosen by the operating system.
fn transport(address: &Endpoint) -> contract::Transport {
    let kind = match address {
        Endpoint::Tcp(address) => contract::transport::Kind::Tcp(contract::Tcp {
            ipv6: address.is_ipv6(),
        }),
        Endpoint::Unix(path) => contract::transport::Kind::Uds(contract::Uds {
            path: path.display().to_string(),
        }),
    };
    contract::Transport { kind: Some(kind) }
}

/// The order that makes a channel.
///
/// # Errors
///
/// As those of [`listen`].
pub fn open(
    id: u64,
    channel: &ChannelPlan,
    target: &str,
    stage: &Stage<'_>,
) -> Result<contract::Open, CertificateError> {
    let options = &channel.options;
    let needs = [
        stage.needs(),
        channel.needs.clone(),
        needs_of_codings(
            options.compression.as_ref(),
            options.accept_compression.as_ref(),
        ),
    ];
    Ok(contract::Open {
        channel: id,
        target: target.to_owned(),
        options: Some(contract::ChannelOptions {
            max_receive_message_size: options.max_receive_message_size,
            max_send_message_size: options.max_send_message_size,
            max_header_list_size: options.max_header_list_size,
            initial_stream_window: options.initial_stream_window,
            initial_connection_window: options.initial_connection_window,
            authority: authority(channel, stage),
            compression: options.compression.clone(),
            accept_compression: options.accept_compression.clone(),
            ..Default::default()
        }),
        requires: needs.concat(),
        tls: tls::of_client(stage, channel)?,
    })
}

/// What the case says, or its suite for Unix sockets.
fn authority(channel: &ChannelPlan, stage: &Stage<'_>) -> Option<String> {
    let of_suite = match stage.variant {
        Variant::Uds => stage.case.authority_over_uds.clone(),
        _ => None,
    };
    channel.options.authority.clone().or(of_suite)
}

/// The order that makes a call.
pub fn call(
    id: u64,
    channel: u64,
    call: &CallPlan,
    scope: &str,
    descriptors: &Bytes,
) -> contract::Call {
    contract::Call {
        call: id,
        channel,
        method: call.path.clone(),
        shape: shape(call.types.shape).into(),
        api: api(call.api).into(),
        request_type: call.types.request.full_name().to_owned(),
        response_type: call.types.response.full_name().to_owned(),
        descriptor_set: descriptors.clone(),
        metadata: metadata(&call.metadata),
        timeout_ns: call
            .timeout
            .map(|timeout| u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX)),
        send: call.send.iter().map(step_of).collect(),
        receive: call.receive.iter().map(step_of).collect(),
        whole: call.whole,
        scope: scope.to_owned(),
        requires: requires(
            call.bearer_token
                .iter()
                .map(|_| "call-credentials".to_owned())
                .collect(),
            descriptors,
            [&call.types],
        ),
        bearer_token: call.bearer_token.clone().unwrap_or_default(),
    }
}

/// The package of the official interop cases, which not every peer has built in.
const OFFICIAL: &str = "grpc.testing";

/// A peer that ignores descriptors, or has not all the types built in, would not
/// find them.
fn requires<'a>(
    mut needs: Vec<String>,
    descriptors: &Bytes,
    types: impl IntoIterator<Item = &'a Types>,
) -> Vec<String> {
    let mut types = types.into_iter();
    if !descriptors.is_empty() {
        needs.push("dynamic-messages".to_owned());
    } else if types.any(|types| types.request.package_name() == OFFICIAL) {
        needs.push(format!("types:{OFFICIAL}"));
    }
    needs
}

fn method_scripts(script: &ScriptPlan) -> contract::MethodScripts {
    contract::MethodScripts {
        method: script.path.clone(),
        shape: shape(script.types.shape).into(),
        request_type: script.types.request.full_name().to_owned(),
        response_type: script.types.response.full_name().to_owned(),
        scripts: vec![contract::Script {
            send: script.send.iter().map(step_of).collect(),
            receive: script.receive.iter().map(step_of).collect(),
            whole: false,
        }],
    }
}

fn step_of(step: &StepPlan) -> contract::Step {
    let (kind, requires) = kind_of(&step.kind);
    let switch = step.uncompressed.then_some("per-message-compression");
    contract::Step {
        name: step.name.clone().unwrap_or_default(),
        requires: requires
            .into_iter()
            .chain(switch)
            .map(str::to_owned)
            .collect(),
        kind: Some(kind),
        uncompressed: step.uncompressed,
    }
}

/// The step's kind, with the feature that it needs: a peer that does not know
/// a kind of step would see none at all.
fn kind_of(kind: &StepKind) -> (step::Kind, Option<&'static str>) {
    match kind {
        StepKind::Message(bytes) => (step::Kind::Message(payload(bytes)), None),
        StepKind::Raw(bytes) => (step::Kind::Raw(payload(bytes)), Some("raw-messages")),
        StepKind::HalfClose => (step::Kind::HalfClose(contract::HalfClose {}), None),
        StepKind::AwaitHeaders => (
            step::Kind::AwaitHeaders(contract::AwaitHeaders {}),
            Some("await-headers"),
        ),
        StepKind::Receive(count) => (
            step::Kind::Receive(contract::Receive { count: *count }),
            None,
        ),
        StepKind::WaitRelease(name) => (wait_for(wait::Event::Released(name.clone())), None),
        StepKind::WaitStep(name) => (wait_for(wait::Event::Step(name.clone())), None),
        StepKind::Cancel => (step::Kind::Cancel(contract::Cancel {}), None),
        StepKind::Headers(entries) => (
            step::Kind::Headers(contract::Headers {
                metadata: metadata(entries),
            }),
            None,
        ),
        StepKind::Status {
            code,
            message,
            details,
            trailing,
        } => {
            let status = contract::Status {
                code: *code,
                message: message.clone(),
                details: details.clone().into(),
                trailing: metadata(trailing),
            };
            (step::Kind::Status(status), None)
        }
        StepKind::Reset(error_code) => (
            step::Kind::Reset(contract::Reset {
                error_code: *error_code,
            }),
            Some("reset"),
        ),
        StepKind::Panic(message) => (
            step::Kind::Panic(contract::Panic {
                message: message.clone(),
            }),
            Some("panic"),
        ),
    }
}

fn wait_for(event: wait::Event) -> step::Kind {
    step::Kind::Wait(contract::Wait { event: Some(event) })
}

fn payload(payload: &Payload) -> contract::Payload {
    let pieces = payload.pieces.iter().map(|piece| contract::Piece {
        kind: Some(match piece {
            Piece::Bytes(bytes) => piece::Kind::Bytes(bytes.clone().into()),
            Piece::Fill { byte, count } => piece::Kind::Fill(contract::Fill {
                byte: (*byte).into(),
                count: *count,
            }),
        }),
    });
    contract::Payload {
        pieces: pieces.collect(),
    }
}

fn metadata(metadata: &Metadata) -> Vec<contract::Metadatum> {
    let entries = metadata.iter();
    entries
        .map(|(key, value)| contract::Metadatum {
            key: key.clone(),
            value: value.clone().into(),
        })
        .collect()
}

fn shape(shape: Shape) -> contract::Shape {
    match shape {
        Shape::Unary => contract::Shape::Unary,
        Shape::ClientStreaming => contract::Shape::ClientStreaming,
        Shape::ServerStreaming => contract::Shape::ServerStreaming,
        Shape::Bidirectional => contract::Shape::Bidirectional,
    }
}

fn api(api: Api) -> contract::Api {
    match api {
        Api::Idiomatic => contract::Api::Idiomatic,
        Api::Stream => contract::Api::Stream,
    }
}
