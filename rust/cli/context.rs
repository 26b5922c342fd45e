//! What every command looks at: the cases, the schema, the known deviations
//! and the peers.

use std::path::{Path, PathBuf};
use std::time::Duration;

use wirecheck_core::judge::leaves::PathPattern;
use wirecheck_core::plan::cells::Plan;
use wirecheck_core::plan::known::{self, Known};
use wirecheck_core::plan::load::load;
use wirecheck_core::plan::pattern::{OVER_TCP, Pattern};
use wirecheck_core::plan::resolve::resolve;
use wirecheck_core::plan::schema::Schema;
use wirecheck_core::plan::source::{Problem, Source};
use wirecheck_core::plan::types::CasePlan;
use wirecheck_core::wire::secret::Secrets;

use super::arguments::Place;
use super::error::CliError;
use super::with::{Here, require, with};
use super::{Result, manifest, service};
use crate::peer::builtin::built_in;
use crate::peer::official::official;
use crate::peer::process::Program;
use crate::peer::spec::{Body, PeerSpec};
use crate::run::folder::{self, RUNS};

/// The built-in schemas, put here by the build script.
const SCHEMAS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/schemas.bin"));

/// See the module.
pub struct Context {
    /// The cases of all suites.
    pub cases: Vec<CasePlan>,
    /// Known deviations.
    pub known: Vec<Known>,
    /// The file that they are in, or would be in.
    pub known_file: PathBuf,
    /// The peers, in the order of the matrix.
    pub peers: Vec<PeerSpec>,
    /// Those that could have been asked for and were not.
    on_request: Vec<PeerSpec>,
    /// Types and methods.
    pub schema: Schema,
    /// The folder of the runs.
    pub runs: PathBuf,
    /// What clients need not agree in.
    pub left_out: Vec<PathPattern>,
    /// What is left out of what could be called, with the reason.
    pub notes: Vec<String>,
    /// Metadata whose values are not to be shown or kept.
    pub secrets: Secrets,
    /// The patterns of the manifest, for when none are typed.
    only: Vec<String>,
    /// The limit of the manifest.
    pub limit: Option<Duration>,
}

/// What a run of somebody's own services looks at.
pub struct Gathered {
    /// The cases.
    pub cases: Vec<CasePlan>,
    /// The peers, in the order of the matrix.
    pub peers: Vec<PeerSpec>,
    /// What clients need not agree in.
    pub left_out: Vec<PathPattern>,
    /// See [`Context::notes`].
    pub notes: Vec<String>,
    /// Types and methods, if any are known.
    pub schema: Option<Schema>,
}

impl Context {
    /// Reads everything. `seed` is for cases that are made by chance.
    pub fn load(place: &Place, seed: u64) -> Result<Self> {
        let current = std::env::current_dir().map_err(CliError::Start)?;
        let (home, peers) = contract_peers(place, &current)?;
        let manifest = manifest_of(place)?;
        let is_own = manifest.is_none() && !place.service.is_named();
        let (gathered, known_file) = match &manifest {
            Some(read) => (read.gather(place, seed, peers)?, read.known_file()),
            None if place.service.is_named() => {
                (service::gather(place, seed, peers)?, "known.toml".into())
            }
            None => own_suites(place, home.as_deref(), &current, peers)?,
        };
        let manifest = manifest.map(|read| read.manifest).unwrap_or_default();
        let known_file: PathBuf = place.known.clone().unwrap_or(known_file);
        let (known, source) = match place.known.is_none() && !known_file.exists() {
            true => (Vec::new(), None),
            false => load_known(&known_file)?,
        };
        let mut peers = gathered.peers;
        if gathered.cases.iter().any(|case| case.dialogue.is_some()) {
            peers.push(PeerSpec::scripted());
        }
        let context = Self {
            cases: gathered.cases,
            known,
            known_file,
            on_request: match is_own {
                true => official_but(&home, &peers),
                false => Vec::new(),
            },
            peers,
            schema: gathered.schema.unwrap_or_else(built_in_schema),
            runs: runs_of(place),
            left_out: gathered.left_out,
            notes: gathered.notes,
            secrets: service::secrets(place, &manifest),
            only: manifest.only,
            limit: manifest.limit,
        };
        context.check_known(source.as_ref())?;
        Ok(context)
    }

    /// Every client against every server for every case that suits them, with
    /// what the patterns select.
    pub fn plan(&self, patterns: &[String]) -> Result<Plan> {
        let peers: Vec<&PeerSpec> = self.peers.iter().collect();
        self.plan_of(&peers, patterns)
    }

    fn plan_of(&self, peers: &[&PeerSpec], patterns: &[String]) -> Result<Plan> {
        let specs = |takes_part: &dyn Fn(&PeerSpec) -> bool| -> Vec<&PeerSpec> {
            let peers = peers.iter().copied();
            peers.filter(|peer| takes_part(peer)).collect()
        };
        let can_serve = specs(&PeerSpec::is_server);
        let can_call = specs(&PeerSpec::is_client);
        let suits = |client: &PeerSpec, server: &PeerSpec| {
            self.cases
                .iter()
                .any(|case| service::suits(client, server, case))
        };
        // A peer that no case is for is no row and no column.
        let clients = specs(&|client| {
            client.is_client() && can_serve.iter().any(|server| suits(client, server))
        });
        let servers = specs(&|server| {
            server.is_server() && can_call.iter().any(|client| suits(client, server))
        });
        let names = |specs: &[&PeerSpec]| specs.iter().map(|spec| spec.name.clone()).collect();
        let patterns = match patterns.is_empty() {
            true => &self.only,
            false => patterns,
        };
        let mut plan = Plan::of(
            names(&clients),
            names(&servers),
            self.asked_for(patterns),
            |client, server, case, variant| {
                service::suits_over(clients[client], servers[server], case, variant)
            },
        );
        let patterns = patterns
            .iter()
            .map(|text| Pattern::parse(text))
            .collect::<Result<Vec<_>, _>>()?;
        plan.select(&patterns)?;
        Ok(plan)
    }

    /// All cases but those that take long, unless a pattern names their suite.
    fn asked_for(&self, patterns: &[String]) -> Vec<CasePlan> {
        let is_named = |suite: &str| {
            let mut parts = patterns.iter().flat_map(|pattern| pattern.split('/'));
            parts.any(|part| part.trim_end_matches(OVER_TCP) == suite)
        };
        let cases = self.cases.iter();
        cases
            .filter(|case| !case.on_request || is_named(&case.suite))
            .cloned()
            .collect()
    }

    /// The case of a name, `suite/case` or only the case.
    pub fn case(&self, wanted: &str) -> Result<&CasePlan> {
        let found: Vec<&CasePlan> = self
            .cases
            .iter()
            .filter(|case| case.id == wanted || case.name == wanted)
            .collect();
        match found.as_slice() {
            [case] => Ok(case),
            [] => {
                let known = self
                    .cases
                    .iter()
                    .flat_map(|case| [case.id.as_str(), case.name.as_str()]);
                let nearest = wirecheck_core::plan::source::nearest(wanted, known, 3);
                let nearest = nearest.into_iter().map(str::to_owned).collect();
                Err(CliError::Unknown {
                    what: "case",
                    wanted: wanted.to_owned(),
                    nearest,
                })
            }
            several => {
                let candidates = several.iter().map(|case| case.id.clone()).collect();
                Err(CliError::Ambiguous {
                    wanted: wanted.to_owned(),
                    candidates,
                })
            }
        }
    }

    /// An entry is matched against the full plan: with filters, or without the
    /// peers that nobody asked for, many would match nothing.
    fn check_known(&self, source: Option<&Source>) -> Result<()> {
        let Some(source) = source else { return Ok(()) };
        let peers: Vec<&PeerSpec> = self.peers.iter().chain(&self.on_request).collect();
        let ids = self.plan_of(&peers, &["**".into()])?.ids();
        let mut problems = known::unmatched(source, &self.known, &ids);
        problems.extend(self.wrong_rates(source));
        if problems.is_empty() {
            Ok(())
        } else {
            Err(CliError::Problems(problems))
        }
    }

    /// A rate counts samples, so it must know how many there are.
    fn wrong_rates(&self, source: &Source) -> Vec<Problem> {
        let wrong = self.known.iter().filter_map(|entry| {
            let rate = entry.rate?;
            let cases = self.cases.iter().filter(|case| {
                self.peers.iter().any(|client| {
                    self.peers.iter().any(|server| {
                        entry
                            .cells
                            .matches(&format!("{}/{}/{}", client.name, server.name, case.id))
                    })
                })
            });
            let case = cases.into_iter().find(|case| case.repeat != rate.of)?;
            let message = format!(
                "the rate counts {} samples, but `{}` has {}",
                rate.of, case.id, case.repeat
            );
            Some(source.problem(entry.range.clone(), message))
        });
        wrong.collect()
    }
}

/// The peers that a run would have, whatever it would do with them.
pub fn peers(place: &Place) -> Result<Vec<PeerSpec>> {
    let current = std::env::current_dir().map_err(CliError::Start)?;
    let (_, own) = contract_peers(place, &current)?;
    match manifest_of(place)? {
        Some(read) => read.peers(own),
        None if place.service.is_named() => service::peers(&place.service, own),
        None => Ok(own),
    }
}

/// What is typed comes before a manifest that lies here.
fn manifest_of(place: &Place) -> Result<Option<manifest::Read>> {
    match place.service.is_named() {
        true => Ok(None),
        false => manifest::find(place.manifest.as_deref()),
    }
}

/// The folder of Wirecheck's sources, if this is a checkout, and the peers that
/// come with Wirecheck or were typed.
fn contract_peers(place: &Place, current: &Path) -> Result<(Option<PathBuf>, Vec<PeerSpec>)> {
    let here = Here::find(current)?;
    let peers = with_extra(built_in(here.whereabouts()), &place.peers)?;
    let peers = with(peers, &place.with, current, &here)?;
    Ok((here.home, require(peers, &place.require)?))
}

/// The suites of this project, or those of a folder that was named.
fn own_suites(
    place: &Place,
    home: Option<&Path>,
    current: &Path,
    peers: Vec<PeerSpec>,
) -> Result<(Gathered, PathBuf)> {
    let here = home.map(|home| home.join("interop-tests/cases"));
    let folder = place.cases.clone().or(here).ok_or(CliError::NoCases)?;
    let cases = load_suites(&shorter(&folder, current), &built_in_schema())?;
    // What a developer's machine may lack, CI must have.
    let peers = match is_ci() {
        true => peers.into_iter().map(PeerSpec::required).collect(),
        false => peers,
    };
    let gathered = Gathered {
        cases,
        peers,
        left_out: Vec::new(),
        notes: Vec::new(),
        schema: None,
    };
    Ok((gathered, shorter(&folder.join("known.toml"), current)))
}

/// The official programs that are not among the peers.
fn official_but(home: &Option<PathBuf>, peers: &[PeerSpec]) -> Vec<PeerSpec> {
    let mut others = official(home.as_deref());
    others.retain(|other| peers.iter().all(|peer| peer.name != other.name));
    others
}

/// Whether this is a CI service, as nearly all of them say it.
fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true" || value == "1")
}

/// The folder of the runs.
pub fn runs_of(place: &Place) -> PathBuf {
    place.runs.clone().unwrap_or_else(|| RUNS.into())
}

/// The schemas that come with the program.
pub fn built_in_schema() -> Schema {
    Schema::decode(SCHEMAS).expect("the build script wrote a complete set")
}

/// The schema of a run that was made before: its own, or the one that comes
/// with the program.
pub fn schema_of(run: &Path) -> Schema {
    let own = std::fs::read(run.join(folder::SCHEMA)).ok();
    own.and_then(|bytes| Schema::decode(&bytes).ok())
        .unwrap_or_else(built_in_schema)
}

/// The cases of all suites in a folder, or of the one file that is named.
pub fn load_suites(place: &Path, schema: &Schema) -> Result<Vec<CasePlan>> {
    let files = suite_files(place).map_err(|source| CliError::Read {
        path: place.to_owned(),
        source,
    })?;
    let mut cases = Vec::new();
    let mut problems = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).map_err(|source| CliError::Read {
            path: file.clone(),
            source,
        })?;
        match load(Source::new(file, text)).and_then(|loaded| resolve(&loaded, schema)) {
            Ok(suite) => cases.extend(suite),
            Err(problem) => problems.push(problem),
        }
    }
    match (problems.is_empty(), cases.is_empty()) {
        (false, _) => Err(CliError::Problems(problems)),
        (true, true) => Err(CliError::NoCases),
        (true, false) => Ok(cases),
    }
}

fn suite_files(place: &Path) -> std::io::Result<Vec<PathBuf>> {
    if place.is_file() {
        return Ok(vec![place.to_owned()]);
    }
    let entries = std::fs::read_dir(place)?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| {
        path.extension()
            .is_some_and(|ending| ending == "yaml" || ending == "yml")
    });
    files.sort();
    Ok(files)
}

fn load_known(path: &Path) -> Result<(Vec<Known>, Option<Source>)> {
    let text = std::fs::read_to_string(path).map_err(|source| CliError::Read {
        path: path.to_owned(),
        source,
    })?;
    let source = Source::new(path, text);
    let known = known::load(&source).map_err(|problem| CliError::Problems(vec![problem]))?;
    Ok((known, Some(source)))
}

/// The peers with those that were typed; one of the same name takes the place
/// of another.
fn with_extra(mut peers: Vec<PeerSpec>, extra: &[String]) -> Result<Vec<PeerSpec>> {
    for text in extra {
        let wrong = || CliError::Peer(text.clone());
        let (name, command) = text.split_once('=').ok_or_else(wrong)?;
        let argv = shlex::split(command)
            .filter(|argv| !argv.is_empty())
            .ok_or_else(wrong)?;
        let is_name = !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._@-".contains(c));
        if !is_name {
            return Err(wrong());
        }
        peers.retain(|peer| peer.name != name);
        let program = Program {
            argv,
            ..Program::default()
        };
        peers.push(PeerSpec {
            name: name.to_owned(),
            source: "--peer".into(),
            body: Body::Contract(program),
            build: None,
            absent: None,
        });
    }
    Ok(peers)
}

/// A path as one would type it from here.
fn shorter(path: &Path, current: &Path) -> PathBuf {
    path.strip_prefix(current).unwrap_or(path).to_owned()
}
