//! `wirecheck peers`.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;

use wirecheck_core::model::exit::{self, Exit};
use wirecheck_core::model::run::Peer;

use super::arguments::{
    Format, InstallArguments, PeersArguments, PeersCommand, UninstallArguments,
};
use super::context;
use super::error::CliError;
use super::with::Here;
use super::{Result, print, signals};
use crate::peer::builtin::installed;
use crate::peer::contract::Role;
use crate::peer::install::{self, How, InstallError};
use crate::peer::spec::PeerSpec;
use crate::peer::version::{self, VersionError, Wanted};
use crate::report::{self, Style};
use crate::run::build::{self, Network};
use crate::run::pool::{Post, start_all, stop_all};
use crate::run::summary;

/// Lists the peers, or does with them what was typed.
pub fn run(arguments: &PeersArguments, style: Style) -> Result<Exit> {
    match &arguments.command {
        Some(PeersCommand::Install(options)) => install(options, style),
        Some(PeersCommand::Uninstall(options)) => uninstall(options),
        Some(PeersCommand::Build(options)) => build_apart(&options.peer),
        None => list(arguments, style),
    }
}

/// Starts every peer in both roles and prints what they say of themselves.
fn list(arguments: &PeersArguments, style: Style) -> Result<Exit> {
    let specs = context::peers(&arguments.place)?;
    let peers = started(&specs, arguments.place.build(arguments.no_build))?;
    match arguments.format {
        Format::Text => print(&report::peers(&peers, style)),
        Format::Json => print(&format!(
            "{:#}\n",
            serde_json::json!({ "schema_version": 1, "peers": peers })
        )),
    }
    Ok(verdict(&peers))
}

/// Installs the peers of a language, and shows that they start.
fn install(options: &InstallArguments, style: Style) -> Result<Exit> {
    let cache = cache()?;
    let folder = options.language.folder(&cache);
    let how = How {
        python: options.python.clone(),
        offline: options.offline,
        wheels: options.wheels.clone(),
    };
    match options.language.install(&folder, &how) {
        Err(InstallError::SetUp(status)) if has_said_why(status) => return Ok(ended(status)),
        done => done?,
    }
    let peers = started(&installed(options.language, &folder), None)?;
    print(&report::installed(
        &peers,
        &folder.display().to_string(),
        style,
    ));
    Ok(verdict(&peers))
}

/// The set-up ends with the exit codes of this program once it has printed an
/// error, its culprit and a hint.
fn has_said_why(status: ExitStatus) -> bool {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.is_some_and(|code| [exit::INFRASTRUCTURE, exit::INTERRUPTED].contains(&code))
}

fn ended(status: ExitStatus) -> Exit {
    match status.code() {
        Some(code) if code == i32::from(exit::INTERRUPTED) => Exit::Interrupted,
        _ => Exit::Infrastructure,
    }
}

fn uninstall(options: &UninstallArguments) -> Result<Exit> {
    let removed = options.language.remove(&cache()?)?;
    if removed.is_empty() {
        print(&format!("{} is not installed\n", options.language.name()));
    }
    for folder in removed {
        print(&format!("removed {}\n", folder.display()));
    }
    Ok(Exit::Ok)
}

/// Builds a peer in another version. A run does it by this very command, and
/// shows what it says last if it fails.
fn build_apart(asked: &str) -> Result<Exit> {
    let current = std::env::current_dir().map_err(CliError::Start)?;
    let wanted = Wanted::parse(asked, &current)?;
    let Some(apart) = Here::find(&current)?.apart(&wanted)? else {
        return Err(VersionError::Form {
            text: asked.to_owned(),
            why: "a version is missing, as in `rust-tonic@0.12`",
        }
        .into());
    };
    let runtime = tokio::runtime::Runtime::new().map_err(CliError::Start)?;
    runtime.block_on(async {
        tokio::spawn(signals::end_at_the_first());
        version::build(&apart, |step| eprintln!("{step}")).await
    })?;
    print(&format!("{}\n", apart.folder().display()));
    Ok(Exit::Ok)
}

fn cache() -> Result<PathBuf> {
    Ok(install::cache().ok_or(InstallError::NoCache)?)
}

fn verdict(peers: &[Peer]) -> Exit {
    match peers.iter().any(|peer| !peer.errors.is_empty()) {
        true => Exit::Infrastructure,
        false => Exit::Ok,
    }
}

/// Starts the peers that are there in both roles, and ends them again.
fn started(specs: &[PeerSpec], build: Option<Network>) -> Result<Vec<Peer>> {
    let logs = tempfile::tempdir().map_err(CliError::Start)?;
    let runtime = tokio::runtime::Runtime::new().map_err(CliError::Start)?;
    Ok(runtime.block_on(async {
        tokio::spawn(signals::end_at_the_first());
        let roles = [Role::Client, Role::Server];
        let posts = specs
            .iter()
            .flat_map(|spec| roles.map(|role| Arc::new(Post::new(spec, role, logs.path(), 0))));
        let posts: Vec<Arc<Post>> = posts.collect();
        let there = posts.iter().filter(|post| post.absent.is_none());
        let there: Vec<Arc<Post>> = there.map(Arc::clone).collect();
        if let Some(network) = build {
            build::build_all(specs, &there, network, &mut |_| {}).await;
        }
        start_all(&there).join_all().await;
        stop_all(&there).await;
        posts.iter().map(|post| summary::peer_alone(post)).collect()
    }))
}
