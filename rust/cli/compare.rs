//! `wirecheck compare`.

use clap::Args;
use wirecheck_core::model::comparison::compare;
use wirecheck_core::model::exit::Exit;
use wirecheck_core::plan::cells::Plan;
use wirecheck_core::plan::pattern::Pattern;
use wirecheck_core::plan::types::{CasePlan, PeerKind};

use super::arguments::{Format, Place};
use super::context::Context;
use super::error::CliError;
use super::output::exchange_of;
use super::run::{Told, execute};
use super::service::server_at;
use super::{Result, print};
use crate::peer::spec::PeerSpec;
use crate::report::{self, Style};

const EXAMPLES: &str = "Examples:
  wirecheck compare python-shop rust-shop                     servers of wirecheck.toml
  wirecheck compare 127.0.0.1:50051 127.0.0.1:50052 --proto shop.proto
  wirecheck compare python-shop rust-shop --leave-out placed_at --exclude 'Shop/Watch'";

/// `wirecheck compare`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CompareArguments {
    /// A server: its name in wirecheck.toml, or the address of one that runs.
    #[arg(value_name = "LEFT")]
    pub left: String,
    /// The other one.
    #[arg(value_name = "RIGHT")]
    pub right: String,
    /// Send only the calls of cases that match, as for `wirecheck run`.
    #[arg(value_name = "PATTERN")]
    pub patterns: Vec<String>,
    /// The seed of calls that are made by chance.
    #[arg(long, value_name = "N", default_value_t = 0, env = "WIRECHECK_SEED")]
    pub seed: u64,
    /// What to write to stdout.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    pub place: Place,
}

/// Sends the same calls to two servers and prints how their answers differ.
pub fn run(arguments: &CompareArguments, style: Style) -> Result<Exit> {
    let mut context = Context::load(&arguments.place, arguments.seed)?;
    if context.schema.is_built_in() {
        return Err(CliError::NoSchema);
    }
    let cases = cases(&context, &arguments.patterns)?;
    let left = server(&context, &arguments.left)?;
    let right = server(&context, &arguments.right)?;
    let names = (left.name.clone(), right.name.clone());
    if names.0 == names.1 {
        return Err(CliError::SameServer(names.0));
    }
    let client = client(&context)?;
    let plan = Plan::new(
        vec![client.name.clone()],
        vec![names.0.clone(), names.1.clone()],
        cases.clone(),
    );
    context.peers = vec![client, left, right];
    // One call after the other, in the same order: a server may remember.
    let told = Told {
        one_by_one: true,
        seed: arguments.seed,
        build: arguments.place.build(false),
        ..Told::default()
    };
    let (run, folder) = execute(&context, plan, &told, style)?;
    if !run.complete || run.peers.iter().any(|peer| !peer.errors.is_empty()) {
        return Ok(incomplete(&run, style));
    }
    let found = compare(
        &run,
        &cases,
        (&names.0, &names.1),
        &context.left_out,
        |attempt| exchange_of(folder.path(), attempt),
    );
    match arguments.format {
        Format::Text => print(&report::comparison(&found, style)),
        Format::Json => print(&format!("{:#}\n", report::comparison_json(&found))),
    }
    Ok(report::comparison_exit(&found))
}

/// A server that did not come up, or an interrupt: there is no comparison.
pub fn incomplete(run: &wirecheck_core::model::run::Run, style: Style) -> Exit {
    for peer in run.peers.iter().filter(|peer| !peer.errors.is_empty()) {
        eprintln!("{}", report::peer_failure(run, peer, style));
    }
    Exit::of_code(run.exit).unwrap_or(Exit::Infrastructure)
}

/// Every case in which a peer of the contract calls a foreign server.
pub fn cases(context: &Context, patterns: &[String]) -> Result<Vec<CasePlan>> {
    let patterns = patterns.iter().map(|text| Pattern::parse(text));
    let patterns = patterns.collect::<Result<Vec<_>, _>>()?;
    let mut cases: Vec<CasePlan> = context.cases.clone();
    cases.retain(|case| case.client == PeerKind::Contract && case.server == PeerKind::Foreign);
    let is_wanted = |case: &CasePlan| {
        patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(&case.id))
    };
    cases.retain(is_wanted);
    match cases.is_empty() {
        true => Err(CliError::NoCalls),
        false => Ok(cases),
    }
}

/// The server that is named, or whose address is given.
pub fn server(context: &Context, named: &str) -> Result<PeerSpec> {
    let servers = || context.peers.iter().filter(|peer| peer.is_foreign_server());
    if let Some(peer) = servers().find(|peer| peer.name == named) {
        return Ok(peer.clone());
    }
    if named.contains([':', '/']) {
        return server_at(named);
    }
    let names = servers().map(|peer| peer.name.as_str());
    let near = wirecheck_core::plan::source::nearest(named, names, 3);
    Err(CliError::Unknown {
        what: "server",
        wanted: named.to_owned(),
        nearest: near.into_iter().map(str::to_owned).collect(),
    })
}

/// The first of Wirecheck's own peers: the one that is a part of this program.
pub fn client(context: &Context) -> Result<PeerSpec> {
    let mut own = context
        .peers
        .iter()
        .filter(|peer| peer.kind() == PeerKind::Contract);
    own.next().cloned().ok_or(CliError::NoCalls)
}
