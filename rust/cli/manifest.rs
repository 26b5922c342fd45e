//! `wirecheck.toml` in the folder in which a command is typed: what a run of it
//! looks at.

use std::path::{Path, PathBuf};

use wirecheck_core::plan::load::load;
use wirecheck_core::plan::manifest::{self, Manifest, Peer, Role, Runs};
use wirecheck_core::plan::resolve::resolve;
use wirecheck_core::plan::schema::Schema;
use wirecheck_core::plan::service::{self, Ask};
use wirecheck_core::plan::source::Source;
use wirecheck_core::plan::types::{CasePlan, PeerKind};
use wirecheck_core::plan::{given, program};

use super::Result;
use super::arguments::Place;
use super::context::{Gathered, built_in_schema, load_suites};
use super::error::CliError;
use super::service::endpoint;
use super::with::{Here, is_apart, with};
use crate::peer::process::Program;
use crate::peer::spec::{
    Body, Build, ForeignClient, ForeignServer, Image, Official, Origin, PeerSpec, Readiness,
    TlsFiles,
};
use crate::schema::SchemaFiles;

/// A manifest that was read, and the folder that its paths are relative to.
#[derive(Debug)]
pub struct Read {
    /// Its folder; empty if it is the current one.
    pub base: PathBuf,
    /// What it says.
    pub manifest: Manifest,
}

/// The manifest that is named, or the one that is here, if there is one.
pub fn find(named: Option<&Path>) -> Result<Option<Read>> {
    let path = named.unwrap_or(Path::new(manifest::FILE));
    if named.is_none() && !path.exists() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(path).map_err(|source| CliError::Read {
        path: path.to_owned(),
        source,
    })?;
    let source = Source::new(path, text);
    let manifest = manifest::load(&source).map_err(|problem| CliError::Problems(vec![problem]))?;
    Ok(Some(Read {
        base: path.parent().map(Path::to_owned).unwrap_or_default(),
        manifest,
    }))
}

/// The official suite as the program carries it, for pairs of which one side or
/// both are official programs.
fn official_suite() -> Result<Vec<CasePlan>> {
    const TEXT: &str = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/interop-tests/cases/official.yaml"
    ));
    let source = Source::new("(built in) official.yaml", TEXT);
    let loaded = load(source).and_then(|loaded| resolve(&loaded, &built_in_schema()));
    let cases = loaded.map_err(|problem| CliError::Problems(vec![problem]))?;
    let cases = cases.into_iter().filter(|case| case.official.is_some());
    Ok(cases
        .map(|case| CasePlan {
            client: PeerKind::Official,
            server: PeerKind::Official,
            ..case
        })
        .collect())
}

impl Read {
    /// The known deviations' file.
    pub fn known_file(&self) -> PathBuf {
        let named = self.manifest.known.clone();
        self.base.join(named.unwrap_or_else(|| "known.toml".into()))
    }

    /// The files of the schema.
    pub fn schema_files(&self) -> SchemaFiles {
        let below = |paths: &[PathBuf]| paths.iter().map(|path| self.base.join(path)).collect();
        SchemaFiles {
            protos: below(&self.manifest.protos),
            import_paths: below(&self.manifest.import_paths),
            descriptor_sets: below(&self.manifest.descriptor_sets),
        }
    }

    /// What a run looks at.
    pub fn gather(&self, place: &Place, seed: u64, own: Vec<PeerSpec>) -> Result<Gathered> {
        let files = self.schema_files();
        let schema = match files.is_empty() {
            true => None,
            false => Some(files.load()?),
        };
        let (cases, notes) = self.cases(place, seed, schema.as_ref())?;
        Ok(Gathered {
            cases,
            peers: self.peers(own)?,
            left_out: self.manifest.left_out.clone(),
            notes,
            schema,
        })
    }

    /// The foreign pairs as a whole, every method of the servers, and own cases.
    fn cases(
        &self,
        place: &Place,
        seed: u64,
        schema: Option<&Schema>,
    ) -> Result<(Vec<CasePlan>, Vec<String>)> {
        let has = |is: fn(&Role) -> bool| self.manifest.peers.iter().any(|peer| is(&peer.role));
        let has_server = has(|role| matches!(role, Role::Server { .. }));
        let has_client = has(|role| matches!(role, Role::Client { .. }));
        let mut cases = Vec::new();
        let mut notes = Vec::new();
        if has_client && has_server {
            cases.push(program::against_server());
        }
        if has(|role| matches!(role, Role::Official(_))) {
            cases.extend(official_suite()?);
        }
        let Some(schema) = schema else {
            return Ok((cases, notes));
        };
        if has_server {
            let (calls, left_out) = service::cases(schema, &self.ask(seed))?;
            cases.extend(calls);
            notes = left_out;
        }
        let own = self
            .manifest
            .cases
            .as_ref()
            .map(|folder| self.base.join(folder));
        let own = match place.cases.clone().or(own) {
            Some(folder) => load_suites(&folder, schema)?,
            None => Vec::new(),
        };
        if has_client && !has_server {
            // Without a server of the team's own, cases say what a client is told.
            let given = given::replies(&own);
            let (answers, left_out) = program::against_given(schema, &given);
            notes = left_out;
            match answers.is_empty() {
                true => cases.extend(program::against_answers(schema)),
                false => cases.extend(answers),
            }
        }
        cases.extend(own);
        Ok((cases, notes))
    }

    fn ask(&self, seed: u64) -> Ask {
        let calls = &self.manifest.calls;
        let headers = calls.headers.iter();
        Ask {
            exclude: calls.exclude.clone(),
            idempotent_only: calls.idempotent_only,
            seed,
            authority: None,
            variants: self.manifest.variants.clone(),
            metadata: headers
                .map(|(name, value)| (name.clone(), value.clone().into_bytes()))
                .collect(),
        }
    }

    /// The team's own clients are the first rows: dynamic messages are not their
    /// codecs.
    pub fn peers(&self, own: Vec<PeerSpec>) -> Result<Vec<PeerSpec>> {
        let specs = self.manifest.peers.iter().map(|peer| self.spec(peer));
        let (mut clients, servers): (Vec<PeerSpec>, Vec<PeerSpec>) = specs
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .partition(PeerSpec::is_client);
        // Official cases are about a service that every peer has built in.
        let is_dynamic = self.manifest.peers.iter();
        let is_dynamic = { is_dynamic }.any(|peer| !matches!(peer.role, Role::Official(_)));
        clients.extend(self.with(own)?.into_iter().map(|peer| match is_dynamic {
            true => peer.dynamic(),
            false => peer,
        }));
        clients.extend(servers);
        Ok(clients)
    }

    /// Those of Wirecheck's own peers that take part.
    fn with(&self, own: Vec<PeerSpec>) -> Result<Vec<PeerSpec>> {
        let Some(wanted) = &self.manifest.with else {
            return Ok(own);
        };
        let current = std::env::current_dir().map_err(CliError::Start)?;
        let own = with(own, wanted, &self.base, &Here::find(&current)?)?;
        // Another version need not stand beside the one that comes with Wirecheck.
        let own = own.into_iter();
        let own = own.filter(|peer| wanted.contains(&peer.name) || is_apart(peer));
        Ok(own.map(PeerSpec::required).collect())
    }

    /// A peer of the manifest, as it is started.
    pub fn spec(&self, peer: &Peer) -> Result<PeerSpec> {
        let body = match &peer.role {
            Role::Contract => Body::Contract(self.command(peer)),
            Role::Server { ready, within, tls } => Body::Server(ForeignServer {
                origin: self.origin(peer)?,
                ready: match ready {
                    manifest::Readiness::Tcp => Readiness::Tcp,
                    manifest::Readiness::Health => Readiness::Health,
                    manifest::Readiness::Log(line) => Readiness::Log(line.clone()),
                },
                within: *within,
                tls: tls.as_ref().map(|tls| self.tls(tls)),
                is_encrypted: false,
                over_tls: None,
            }),
            Role::Client { exit, output } => Body::Client(ForeignClient {
                program: self.command(peer),
                exit: *exit,
                output: output.as_ref().map(|path| self.read(path)).transpose()?,
                gives_word: false,
                over_tls: None,
            }),
            Role::Official(official) => Body::Official(self.official(peer, official)),
        };
        Ok(PeerSpec {
            name: peer.name.clone(),
            source: peer.at.to_string(),
            body,
            build: peer.build.as_ref().map(|argv| {
                let program = self.program(peer, argv);
                Build {
                    hint: program.shown(),
                    program,
                }
            }),
            absent: None,
        })
    }

    fn program(&self, peer: &Peer, argv: &[String]) -> Program {
        Program {
            argv: argv.to_vec(),
            cwd: self.folder(peer),
            env: peer.env.clone().into_iter().collect(),
        }
    }

    /// The command of a peer that has one: of all but servers the manifest
    /// demands it.
    fn command(&self, peer: &Peer) -> Program {
        match &peer.runs {
            Runs::Command { argv, .. } => self.program(peer, argv),
            Runs::At(_) | Runs::Image { .. } | Runs::Apart => Program::default(),
        }
    }

    fn official(&self, peer: &Peer, official: &manifest::Official) -> Official {
        let program = |argv: &Option<Vec<String>>| {
            let argv = argv.as_ref()?;
            Some(self.program(peer, argv))
        };
        Official {
            client: program(&official.client),
            server: program(&official.server),
            client_tls: official.client_tls.clone(),
            server_tls: official.server_tls.clone(),
            features: official.features.clone(),
            within: official.within,
        }
    }

    fn origin(&self, peer: &Peer) -> Result<Origin> {
        Ok(match &peer.runs {
            Runs::Command { argv, address } => Origin::Command {
                program: self.program(peer, argv),
                address: address.as_deref().map(endpoint).transpose()?,
            },
            Runs::Apart => unreachable!("only a server has an origin"),
            Runs::At(address) => Origin::Runs(endpoint(address)?),
            Runs::Image {
                image,
                port,
                arguments,
            } => Origin::Image(Image {
                name: image.clone(),
                port: *port,
                arguments: arguments.clone(),
                env: peer.env.clone().into_iter().collect(),
                get: match &peer.build {
                    Some(argv) => self.program(peer, argv).shown(),
                    None => format!("docker pull {image}"),
                },
            }),
        })
    }

    fn tls(&self, tls: &manifest::Tls) -> TlsFiles {
        TlsFiles {
            ca: self.base.join(&tls.ca),
            cert: tls.cert.as_ref().map(|path| self.base.join(path)),
            key: tls.key.as_ref().map(|path| self.base.join(path)),
            authority: tls.authority.clone(),
        }
    }

    fn folder(&self, peer: &Peer) -> Option<PathBuf> {
        let folder = self.base.join(peer.cwd.as_deref().unwrap_or(Path::new("")));
        (!folder.as_os_str().is_empty()).then_some(folder)
    }

    fn read(&self, path: &Path) -> Result<String> {
        let path = self.base.join(path);
        std::fs::read_to_string(&path).map_err(|source| CliError::Read { path, source })
    }
}
