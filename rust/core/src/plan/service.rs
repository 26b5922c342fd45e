//! Cases for the methods of somebody's own service, which nobody had to write:
//! each asks the same thing twice, and what every client is told must agree.

use std::collections::BTreeSet;
use std::time::Duration;

use prost::Message as _;
use prost_reflect::MessageDescriptor;
use sha2::{Digest, Sha256};

use super::case::{Api, ChannelOptions, ClientTls, ServerOptions, ServerTls};
use super::generate::{Choice, message};
use super::pattern::Pattern;
use super::resolve::DEFAULT_LIMIT;
use super::schema::{Schema, ServiceMethod, Shape};
use super::source::nearest;
use super::types::{
    CallPlan, CasePlan, ChannelPlan, EventPlan, ExpectPlan, ListenerPlan, Metadata, Payload,
    PeerKind, StepKind, StepPlan,
};
use super::variant::Variant;
use crate::wire::canonical::canonical;

/// How long a call may take. A server that is watched for ever never ends one.
pub const CALL_LIMIT: Duration = Duration::from_secs(5);
/// The name of the listener and of the channel.
const MAIN: &str = "main";
/// The first call of a case, and the same one again.
pub const CALLS: [&str; 2] = ["first", "again"];

/// The feature of a peer whose codec keeps what a schema lacks.
const UNKNOWN_FIELDS: &str = "unknown-fields";

/// What is asked of a service.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// Methods that must not be called, as `package.Service/Method` or the end
    /// of it, with `*`.
    pub exclude: Vec<String>,
    /// Call only methods that say they can be called twice: with
    /// `idempotency_level` IDEMPOTENT or NO_SIDE_EFFECTS.
    pub idempotent_only: bool,
    /// The seed of what is by chance.
    pub seed: u64,
    /// Metadata of every call.
    pub metadata: Metadata,
    /// What the calls are made over; TCP if none are named.
    pub variants: Vec<Variant>,
    /// `:authority` of every call; that of the tap if unset.
    pub authority: Option<String>,
}

impl Ask {
    fn variants(&self) -> Vec<Variant> {
        match self.variants.is_empty() {
            true => Variant::DEFAULT.into(),
            false => self.variants.clone(),
        }
    }
}

/// Why there are no cases.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ServiceError {
    /// The schema has no service.
    #[error("the schema has no service")]
    NoService,
    /// A pattern matches no method.
    #[error("the schema has no method that matches `{pattern}`")]
    NoMethod {
        /// The pattern.
        pattern: String,
        /// Methods that resemble it.
        nearest: Vec<String>,
    },
    /// A pattern cannot be read.
    #[error("{0}")]
    Pattern(String),
    /// Every method was left out.
    #[error("every method is left out: {0}")]
    NoneLeft(String),
}

/// The cases of every method that may be called, and the methods that may not,
/// with the reason.
///
/// # Errors
///
/// There is nothing to call, or a pattern is wrong.
pub fn cases(schema: &Schema, ask: &Ask) -> Result<(Vec<CasePlan>, Vec<String>), ServiceError> {
    let methods = schema.methods();
    if methods.is_empty() {
        return Err(ServiceError::NoService);
    }
    let excluded = excluded(&methods, &ask.exclude)?;
    let mut cases = Vec::new();
    let mut left_out = Vec::new();
    for (index, method) in methods.iter().enumerate() {
        if excluded.contains(&index) {
            left_out.push(format!("{}: excluded", method.name()));
        } else if ask.idempotent_only && !method.is_idempotent {
            left_out.push(format!(
                "{}: its idempotency_level is unknown",
                method.name()
            ));
        } else {
            cases.extend(of_method(schema, method, ask));
        }
    }
    match cases.is_empty() {
        true => Err(ServiceError::NoneLeft(left_out.join(", "))),
        false => Ok((cases, left_out)),
    }
}

fn excluded(
    methods: &[ServiceMethod],
    patterns: &[String],
) -> Result<BTreeSet<usize>, ServiceError> {
    let mut excluded = BTreeSet::new();
    for text in patterns {
        let pattern =
            Pattern::parse(text).map_err(|error| ServiceError::Pattern(error.to_string()))?;
        let names: Vec<[String; 2]> = methods.iter().map(ServiceMethod::names).collect();
        let matching = names
            .iter()
            .enumerate()
            .filter(|(_, names)| names.iter().any(|name| pattern.matches(name)));
        let before = excluded.len();
        let matching: Vec<usize> = matching.map(|(index, _)| index).collect();
        excluded.extend(&matching);
        if matching.is_empty() && excluded.len() == before {
            let known = names.iter().flatten().map(String::as_str);
            let nearest = nearest(text, known, 3).into_iter().map(str::to_owned);
            return Err(ServiceError::NoMethod {
                pattern: text.clone(),
                nearest: nearest.collect(),
            });
        }
    }
    Ok(excluded)
}

/// The messages of one case.
struct Asked {
    name: String,
    about: String,
    messages: Vec<Vec<u8>>,
    /// Features that the client must have.
    needs: Vec<String>,
}

fn of_method(schema: &Schema, method: &ServiceMethod, ask: &Ask) -> Vec<CasePlan> {
    let descriptors = schema.descriptors_of(method);
    let requests = match method.types.shape {
        Shape::Unary | Shape::ServerStreaming => single_requests(method, ask.seed),
        Shape::ClientStreaming | Shape::Bidirectional => request_streams(method, ask.seed),
    };
    let mut seen = BTreeSet::new();
    let others = requests
        .into_iter()
        .filter(|asked| seen.insert(asked.messages.clone()));
    others
        .map(|asked| case(method, asked, ask, &descriptors))
        .collect()
}

fn single_requests(method: &ServiceMethod, seed: u64) -> Vec<Asked> {
    let kind = &method.types.request;
    let one = |name: &str, about: &str, message: Vec<u8>| Asked {
        name: name.into(),
        about: about.into(),
        messages: vec![message],
        needs: Vec::new(),
    };
    vec![
        one("default", "with nothing set", Vec::new()),
        one(
            "lowest",
            "with the smallest values",
            encoded(kind, &mut Choice::Lowest),
        ),
        one(
            "highest",
            "with the largest values",
            encoded(kind, &mut Choice::Highest),
        ),
        // A codec of ours that drops such a field is not the subject.
        Asked {
            needs: vec![UNKNOWN_FIELDS.into()],
            ..one(
                "unknown",
                "with a field that the schema lacks",
                with_unknown_field(kind),
            )
        },
        one(
            "random-1",
            "with values by chance",
            by_chance(method, seed, 1),
        ),
        one(
            "random-2",
            "with values by chance",
            by_chance(method, seed, 2),
        ),
    ]
}

/// A later version of the client may set fields that a server does not know.
fn with_unknown_field(kind: &MessageDescriptor) -> Vec<u8> {
    /// The last number below those that protobuf keeps for itself.
    const LAST: u32 = 18_999;
    let free = (1..=LAST)
        .rev()
        .find(|number| kind.get_field(*number).is_none());
    let mut bytes = encoded(kind, &mut Choice::Highest);
    prost::encoding::uint64::encode(free.unwrap_or(LAST), &150, &mut bytes);
    bytes
}

fn request_streams(method: &ServiceMethod, seed: u64) -> Vec<Asked> {
    let kind = &method.types.request;
    let stream = |name: &str, about: &str, messages: Vec<Vec<u8>>| Asked {
        name: name.into(),
        about: about.into(),
        messages,
        needs: Vec::new(),
    };
    let several = vec![
        encoded(kind, &mut Choice::Lowest),
        encoded(kind, &mut Choice::Highest),
        by_chance(method, seed, 1),
    ];
    let random = (2..6).map(|nth| by_chance(method, seed, nth)).collect();
    vec![
        stream("none", "with no message", Vec::new()),
        stream("default", "with one message, nothing set", vec![Vec::new()]),
        stream(
            "several",
            "with the smallest and the largest values",
            several,
        ),
        stream("random-1", "with four messages by chance", random),
    ]
}

fn encoded(kind: &MessageDescriptor, choice: &mut Choice) -> Vec<u8> {
    let bytes = message(kind, choice).encode_to_vec();
    // The entries of a map come in any order.
    canonical(&bytes, Some(kind)).unwrap_or(bytes)
}

/// Another message for each method and number, the same for the same seed.
fn by_chance(method: &ServiceMethod, seed: u64, nth: u64) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(nth.to_le_bytes());
    hash.update(method.path.as_bytes());
    let digest = hash.finalize();
    let seed = u64::from_le_bytes(digest[..8].try_into().expect("8 bytes"));
    encoded(&method.types.request, &mut Choice::random(seed))
}

fn case(method: &ServiceMethod, asked: Asked, ask: &Ask, descriptors: &[u8]) -> CasePlan {
    let suite = slug(&method.service);
    let name = format!("{}.{}", kebab(&method.method), asked.name);
    CasePlan {
        id: format!("{suite}/{name}"),
        suite_about: format!("The methods of {}, called by every client.", method.service),
        authority_over_uds: None,
        on_request: false,
        suite,
        about: format!("{} {}", method.name(), asked.about),
        name,
        keyword: None,
        section: None,
        holds: Vec::new(),
        tags: vec!["generated".into()],
        needs: asked.needs.clone(),
        blames: None,
        variants: ask.variants(),
        limit: DEFAULT_LIMIT + CALL_LIMIT * 2,
        repeat: 1,
        at: method.at.clone(),
        digest: digest(method, &asked),
        listeners: vec![ListenerPlan::named(MAIN)],
        channels: vec![ChannelPlan {
            name: MAIN.into(),
            listener: 0,
            options: ChannelOptions {
                authority: ask.authority.clone(),
                ..ChannelOptions::default()
            },
            tls: ClientTls::default(),
            count: 1,
            needs: Vec::new(),
        }],
        calls: vec![
            call(CALLS[0], method, &asked, ask, None),
            call(CALLS[1], method, &asked, ask, Some(EventPlan::CallEnded(0))),
        ],
        actions: Vec::new(),
        expect: ExpectPlan::default(),
        official: None,
        streams_besides: 0,
        client: PeerKind::Contract,
        server: PeerKind::Foreign,
        descriptors: descriptors.to_vec().into(),
        agrees: true,
        dialogue: None,
        faults: Default::default(),
    }
}

fn call(
    id: &str,
    method: &ServiceMethod,
    asked: &Asked,
    ask: &Ask,
    start_after: Option<EventPlan>,
) -> CallPlan {
    let send = asked.messages.iter().map(|bytes| {
        let message = StepKind::Message(Payload::bytes(bytes.clone()));
        StepPlan::unnamed(message)
    });
    CallPlan {
        id: id.into(),
        channel: 0,
        path: method.path.clone(),
        types: method.types.clone(),
        api: Api::Idiomatic,
        metadata: ask.metadata.clone(),
        timeout: Some(CALL_LIMIT),
        bearer_token: None,
        count: 1,
        in_turn: false,
        start_after,
        send: send.collect(),
        receive: Vec::new(),
        whole: true,
    }
}

fn digest(method: &ServiceMethod, asked: &Asked) -> String {
    let mut hash = Sha256::new();
    hash.update(method.path.as_bytes());
    for message in &asked.messages {
        hash.update((message.len() as u64).to_le_bytes());
        hash.update(message);
    }
    let digest = hash.finalize();
    digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A name as a part of a cell's id.
fn slug(name: &str) -> String {
    let lower = name.chars().map(|c| c.to_ascii_lowercase());
    lower
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '.' {
                c
            } else {
                '-'
            }
        })
        .collect()
}

/// `GetItem` as `get-item`.
fn kebab(name: &str) -> String {
    let mut out = String::new();
    let mut before_upper = true;
    for c in name.chars() {
        if c.is_ascii_uppercase() && !before_upper {
            out.push('-');
        }
        before_upper = c.is_ascii_uppercase() || c == '_';
        out.push(if c == '_' {
            '-'
        } else {
            c.to_ascii_lowercase()
        });
    }
    out
}

impl ListenerPlan {
    /// A listener of which nothing is asked but to be there.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.into(),
            services: Vec::new(),
            scripts: Vec::new(),
            options: ServerOptions::default(),
            tls: ServerTls::default(),
            needs: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
