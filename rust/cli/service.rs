//! Somebody's own services: the options that name them, and what a run of them
//! looks at.

use std::net::ToSocketAddrs as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use wirecheck_core::judge::leaves::PathPattern;
use wirecheck_core::plan::manifest::Manifest;
use wirecheck_core::plan::schema::Schema;
use wirecheck_core::plan::service::{self, Ask};
use wirecheck_core::plan::types::{CasePlan, Metadata, PeerKind};
use wirecheck_core::plan::variant::Variant;
use wirecheck_core::plan::{given, program, service::ServiceError};
use wirecheck_core::wire::secret::Secrets;

use super::Result;
use super::arguments::Place;
use super::context::{Gathered, load_suites};
use super::error::CliError;
use super::schema::SchemaArguments;
use crate::peer::process::Program;
use crate::peer::spec::{
    Body, ForeignClient, ForeignServer, Origin, PeerSpec, Readiness, TlsFiles,
};
use crate::schema::reflection;
use crate::tap::Endpoint;

/// How long a server that runs already may take to accept a connection.
const ADDRESS_LIMIT: Duration = Duration::from_secs(5);
/// The names of a server and a client that have no others.
const SERVER: &str = "server";
const CLIENT: &str = "client";

/// Somebody's own services.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Your own services")]
pub struct ServiceArguments {
    /// A server that runs: its methods are called by every client, each through the tap.
    #[arg(long, value_name = "ADDRESS")]
    pub server: Option<String>,
    /// A client's command, in which `{target}` stands for where the server is.
    #[arg(long, value_name = "COMMAND")]
    pub client: Option<String>,
    /// What the client must print: a file with its expected stdout.
    #[arg(long, value_name = "FILE", requires = "client")]
    pub client_output: Option<PathBuf>,
    /// Metadata of every call, as in `x-team: shop`; can be given several times.
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,
    /// The certificates to trust, in PEM: Wirecheck then speaks TLS to the server.
    #[arg(long, value_name = "FILE", requires = "server")]
    pub ca: Option<PathBuf>,
    /// The client's certificate, in PEM.
    #[arg(long, value_name = "FILE", requires_all = ["ca", "key"])]
    pub cert: Option<PathBuf>,
    /// The key of the client's certificate, in PEM.
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
    /// The server's name in its certificate, and `:authority` [default: that of its address].
    #[arg(long, value_name = "NAME")]
    pub authority: Option<String>,
    /// Metadata whose values are not to be shown or kept, beside `authorization` and the like.
    #[arg(long = "secret", value_name = "NAME")]
    pub secrets: Vec<String>,
    /// Methods that must not be called, as in `Shop/Delete*`; can be given several times.
    #[arg(long, value_name = "METHOD")]
    pub exclude: Vec<String>,
    /// Call only methods whose idempotency_level says that they can be called twice.
    #[arg(long)]
    pub idempotent_only: bool,
    /// Fields and metadata that clients need not agree in, as in `created_at` or `order.id`.
    #[arg(long = "leave-out", value_name = "FIELD")]
    pub left_out: Vec<String>,
    /// Ask the server for its schema, if it has server reflection.
    #[arg(long, requires = "server", conflicts_with_all = ["protos", "descriptor_sets"])]
    pub reflection: bool,
    #[command(flatten)]
    pub schema: SchemaArguments,
}

impl ServiceArguments {
    /// Whether anything is named that is not Wirecheck's own.
    pub fn is_named(&self) -> bool {
        self.server.is_some() || self.client.is_some() || !self.schema.files().is_empty()
    }
}

/// What a run of somebody's own services looks at.
pub fn gather(place: &Place, seed: u64, contract_peers: Vec<PeerSpec>) -> Result<Gathered> {
    let named = &place.service;
    let schema = match named.server.as_ref().filter(|_| named.reflection) {
        Some(server) => Some(reflected(server)?),
        None => named.schema.load()?,
    };
    if named.server.is_some() && named.client.is_none() && schema.is_none() {
        return Err(CliError::NoSchema);
    }
    if named.client.is_some() && named.server.is_none() && schema.is_none() {
        return Err(CliError::NoServer);
    }
    let left_out = patterns(&named.left_out)?;
    let mut gathered = Gathered {
        cases: Vec::new(),
        peers: peers(named, contract_peers)?,
        left_out,
        notes: Vec::new(),
        schema: schema.clone(),
    };
    if let Some(schema) = &schema {
        let ask = Ask {
            exclude: named.exclude.clone(),
            idempotent_only: named.idempotent_only,
            seed,
            metadata: metadata(&named.headers)?,
            variants: Vec::new(),
            authority: named.authority.clone(),
        };
        let (cases, notes) = cases(schema, &ask, named, place)?;
        gathered.cases = cases;
        gathered.notes = notes;
    }
    if named.client.is_some() && named.server.is_some() {
        gathered.cases.insert(0, program::against_server());
    }
    Ok(gathered)
}

fn reflected(server: &str) -> Result<Schema> {
    let address = endpoint(server)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CliError::Start)?;
    Ok(runtime.block_on(reflection::load(&address))?)
}

fn cases(
    schema: &Schema,
    ask: &Ask,
    named: &ServiceArguments,
    place: &Place,
) -> Result<(Vec<CasePlan>, Vec<String>)> {
    if named.client.is_some() && named.server.is_none() {
        return answers(schema, place.cases.as_deref());
    }
    let (mut cases, notes) = service::cases(schema, ask)?;
    if let Some(folder) = &place.cases {
        cases.extend(load_suites(folder, schema)?);
    }
    Ok((cases, notes))
}

/// What servers answer to a client: what the cases say, or what is made up.
fn answers(schema: &Schema, cases: Option<&Path>) -> Result<(Vec<CasePlan>, Vec<String>)> {
    let Some(cases) = cases else {
        return Ok((program::against_answers(schema), Vec::new()));
    };
    let given = given::replies(&load_suites(cases, schema)?);
    match given.by_path.is_empty() {
        true => Err(CliError::NoReplies(given.left_out)),
        false => Ok(program::against_given(schema, &given)),
    }
}

/// The team's own client is the first row: dynamic messages are not its codec.
pub fn peers(named: &ServiceArguments, contract_peers: Vec<PeerSpec>) -> Result<Vec<PeerSpec>> {
    let mut peers = Vec::new();
    if let Some(command) = &named.client {
        peers.push(client(command, named.client_output.as_ref())?);
    }
    peers.extend(contract_peers.into_iter().map(PeerSpec::dynamic));
    if let Some(address) = &named.server {
        let mut spec = server(address)?;
        if let Body::Server(server) = &mut spec.body {
            server.tls = tls(named);
        }
        peers.push(spec);
    }
    Ok(peers)
}

fn client(command: &str, output: Option<&PathBuf>) -> Result<PeerSpec> {
    let argv = shlex::split(command).filter(|argv| !argv.is_empty());
    let argv = argv.ok_or_else(|| CliError::Command(command.to_owned()))?;
    let output = output.map(|path| {
        std::fs::read_to_string(path).map_err(|source| CliError::Read {
            path: path.clone(),
            source,
        })
    });
    Ok(PeerSpec {
        name: CLIENT.into(),
        source: "--client".into(),
        body: Body::Client(ForeignClient {
            program: Program {
                argv,
                ..Program::default()
            },
            exit: 0,
            output: output.transpose()?,
            gives_word: false,
            over_tls: None,
        }),
        build: None,
        absent: None,
    })
}

fn tls(named: &ServiceArguments) -> Option<TlsFiles> {
    let ca = named.ca.clone()?;
    Some(TlsFiles {
        ca,
        cert: named.cert.clone(),
        key: named.key.clone(),
        authority: named.authority.clone(),
    })
}

/// A server that runs, named by its address.
pub fn server_at(address: &str) -> Result<PeerSpec> {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    let name = address.to_ascii_lowercase();
    Ok(PeerSpec {
        name: name.replace(|c| !is_part(c), "-"),
        ..server(address)?
    })
}

fn server(address: &str) -> Result<PeerSpec> {
    Ok(PeerSpec {
        name: SERVER.into(),
        source: "an address".into(),
        body: Body::Server(ForeignServer {
            origin: Origin::Runs(endpoint(address)?),
            ready: Readiness::Tcp,
            within: ADDRESS_LIMIT,
            tls: None,
            is_encrypted: false,
            over_tls: None,
        }),
        build: None,
        absent: None,
    })
}

/// An address as users write it: a name such as `localhost` is looked up, and
/// of several addresses the first that accepts a connection is taken.
pub fn endpoint(text: &str) -> Result<Endpoint> {
    if let Ok(endpoint) = text.parse() {
        return Ok(endpoint);
    }
    let wrong = |why: String| CliError::Address {
        text: text.to_owned(),
        why,
    };
    let found = text
        .to_socket_addrs()
        .map_err(|error| wrong(error.to_string()))?;
    let found: Vec<_> = found.collect();
    let accepting = found.iter().find(|address| {
        std::net::TcpStream::connect_timeout(address, Duration::from_millis(500)).is_ok()
    });
    let address = accepting.or(found.first()).copied();
    let address = address.ok_or_else(|| wrong("the name has no address".into()))?;
    Ok(Endpoint::Tcp(address))
}

fn metadata(headers: &[String]) -> Result<Metadata> {
    let entries = headers.iter().map(|header| {
        let (name, value) = header
            .split_once(':')
            .ok_or_else(|| CliError::Header(header.clone()))?;
        let name = name.trim().to_ascii_lowercase();
        let is_name = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        match is_name && !name.ends_with("-bin") {
            true => Ok((name, value.trim().as_bytes().to_vec())),
            false => Err(CliError::Header(header.clone())),
        }
    });
    entries.collect()
}

fn patterns(fields: &[String]) -> Result<Vec<PathPattern>> {
    let patterns = fields
        .iter()
        .map(|field| PathPattern::parse(field).ok_or_else(|| CliError::Field(field.clone())));
    patterns.collect()
}

impl From<ServiceError> for CliError {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

/// Metadata whose values are not to be shown or kept: what is always secret,
/// what was named, and what was typed as `--header`.
pub fn secrets(place: &Place, manifest: &Manifest) -> Secrets {
    let headers = place.service.headers.iter();
    let headers = headers.filter_map(|header| Some(header.split_once(':')?.0.trim().to_owned()));
    let named = place.service.secrets.iter().chain(&manifest.secrets);
    Secrets::new(named.cloned().chain(headers))
}

/// Whether a case suits a pair: each side is what the case needs there.
pub fn suits(client: &PeerSpec, server: &PeerSpec, case: &CasePlan) -> bool {
    let (client, server) = (client.kind(), server.kind());
    match client == PeerKind::Official || server == PeerKind::Official {
        false => client == case.client && server == case.server,
        true => {
            let takes_part =
                |kind: PeerKind| matches!(kind, PeerKind::Contract | PeerKind::Official);
            case.official.is_some() && takes_part(client) && takes_part(server)
        }
    }
}

/// Likewise, over a variant of the case.
pub fn suits_over(client: &PeerSpec, server: &PeerSpec, case: &CasePlan, variant: Variant) -> bool {
    suits(client, server, case) && client.calls_over(variant) && server.serves_over(variant)
}
