//! Cases for clients that know nothing of Wirecheck: run against a server of
//! the same kind, or against peers that answer with messages made up for them.

use std::time::Duration;

use prost::Message as _;
use sha2::{Digest, Sha256};

use super::case::{ServerOptions, ServerTls};
use super::generate::{Choice, message};
use super::given::Given;
use super::schema::{Schema, ServiceMethod, Shape};
use super::source::Location;
use super::types::{
    CasePlan, ExpectPlan, ListenerPlan, Payload, PeerKind, ScriptPlan, StepKind, StepPlan,
};
use super::variant::Variant;
use crate::wire::canonical::canonical;

/// How long a client may run.
pub const LIMIT: Duration = Duration::from_secs(60);
/// The most cases with given replies: each is a run of the client against every
/// server.
const MOST_ROUNDS: usize = 16;
/// The suite of these cases.
const SUITE: &str = "program";

/// A foreign client is run against a foreign server.
pub fn against_server() -> CasePlan {
    case(
        "run",
        "The client runs against the server and ends as it should.",
        PeerKind::Foreign,
    )
}

/// A foreign client is run against servers that answer every method of a schema:
/// with messages that have nothing set, and with ones that have everything set.
pub fn against_answers(schema: &Schema) -> Vec<CasePlan> {
    let answers = [
        (
            "answers.default",
            "Every answer is a message with nothing set.",
            None,
        ),
        (
            "answers.full",
            "Every answer is a message with everything set.",
            Some(Choice::Highest),
        ),
    ];
    let cases = answers.into_iter().map(|(name, about, mut choice)| {
        let scripts = schema.methods();
        let scripts = scripts
            .iter()
            .map(|method| script(method, choice.as_mut()))
            .collect();
        answering(case(name, about, PeerKind::Contract), schema, scripts)
    });
    cases.collect()
}

/// A foreign client is run against servers that answer as somebody said. A
/// method with several given replies has one after the other of them, each in a
/// case of its own; one without answers with a message that has nothing set.
/// Replies that no case has room for are said.
pub fn against_given(schema: &Schema, given: &Given) -> (Vec<CasePlan>, Vec<String>) {
    let rounds = given.rounds();
    let cases = (0..rounds.min(MOST_ROUNDS)).map(|round| given_case(schema, given, round));
    let mut left_out = given.left_out.clone();
    if rounds > MOST_ROUNDS {
        let beyond = given
            .by_path
            .values()
            .flat_map(|of| of.iter().skip(MOST_ROUNDS));
        left_out.extend(
            beyond.map(|reply| format!("{}: beyond {MOST_ROUNDS} replies of a method", reply.case)),
        );
    }
    (cases.collect(), left_out)
}

fn given_case(schema: &Schema, given: &Given, round: usize) -> CasePlan {
    let name = match round {
        0 => "answers.given".to_owned(),
        round => format!("answers.given-{}", round + 1),
    };
    let mut of = Vec::new();
    let scripts = schema.methods();
    let scripts = scripts
        .iter()
        .map(|method| {
            let replies = given.by_path.get(&method.path);
            // A method with fewer replies than others begins anew.
            let reply = replies.and_then(|replies| replies.get(round % replies.len()));
            of.extend(reply.map(|reply| (reply.case.as_str(), reply.digest.as_str())));
            reply.map_or_else(|| script(method, None), |reply| reply.script.clone())
        })
        .collect();
    let names: Vec<&str> = of.iter().map(|(case, _)| *case).collect();
    let digests: Vec<&str> = of.iter().map(|(_, digest)| *digest).collect();
    let about = format!("Answers are given by {}.", names.join(", "));
    let case = case(&name, &about, PeerKind::Contract);
    let digest = digest(&format!("{} {}", case.id, digests.join(" ")));
    answering(CasePlan { digest, ..case }, schema, scripts)
}

/// A case whose server follows these scripts.
fn answering(mut case: CasePlan, schema: &Schema, scripts: Vec<ScriptPlan>) -> CasePlan {
    let methods = schema.methods();
    let kinds = methods
        .iter()
        .flat_map(|method| [&method.types.request, &method.types.response]);
    case.descriptors = schema.descriptors(kinds).into();
    case.listeners[0].scripts = scripts;
    case
}

fn case(name: &str, about: &str, server: PeerKind) -> CasePlan {
    let id = format!("{SUITE}/{name}");
    CasePlan {
        digest: digest(&id),
        id,
        suite: SUITE.into(),
        suite_about: "A client that knows nothing of Wirecheck, as a whole.".into(),
        authority_over_uds: None,
        on_request: false,
        name: name.into(),
        about: about.into(),
        keyword: None,
        section: None,
        holds: Vec::new(),
        tags: vec!["generated".into()],
        needs: Vec::new(),
        blames: None,
        variants: Variant::DEFAULT.into(),
        limit: LIMIT,
        repeat: 1,
        at: Location {
            file: "(built in)".into(),
            line: 1,
            column: 1,
        },
        listeners: vec![ListenerPlan {
            name: "main".into(),
            services: Vec::new(),
            scripts: Vec::new(),
            options: ServerOptions::default(),
            tls: ServerTls::default(),
            needs: Vec::new(),
        }],
        channels: Vec::new(),
        calls: Vec::new(),
        actions: Vec::new(),
        expect: ExpectPlan::default(),
        official: None,
        streams_besides: 0,
        client: PeerKind::Foreign,
        server,
        descriptors: bytes::Bytes::new(),
        agrees: false,
        dialogue: None,
        faults: Default::default(),
    }
}

/// One answer where the method has one, two where it has a stream; whoever
/// streams requests has them read to their end first.
fn script(method: &ServiceMethod, choice: Option<&mut Choice>) -> ScriptPlan {
    let kind = &method.types.response;
    let bytes = choice.map_or(Vec::new(), |choice| message(kind, choice).encode_to_vec());
    let bytes = canonical(&bytes, Some(kind)).unwrap_or(bytes);
    let count = match method.types.shape {
        Shape::Unary | Shape::ClientStreaming => 1,
        Shape::ServerStreaming | Shape::Bidirectional => 2,
    };
    let answers = (0..count).map(|_| {
        let message = StepKind::Message(Payload::bytes(bytes.clone()));
        StepPlan::unnamed(message)
    });
    let read = StepPlan::named("read", StepKind::Receive(0));
    let waits = matches!(method.types.shape, Shape::ClientStreaming)
        .then(|| StepPlan::unnamed(StepKind::WaitStep("read".into())));
    ScriptPlan {
        path: method.path.clone(),
        types: method.types.clone(),
        send: waits.into_iter().chain(answers).collect(),
        receive: match method.types.shape {
            Shape::Unary | Shape::ServerStreaming => Vec::new(),
            Shape::ClientStreaming | Shape::Bidirectional => vec![read],
        },
    }
}

fn digest(id: &str) -> String {
    let digest = Sha256::digest(id.as_bytes());
    digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
