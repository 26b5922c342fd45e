//! `wirecheck peers`.

use std::sync::Arc;

use wirecheck_core::model::exit::Exit;

use super::arguments::{Format, PeersArguments};
use super::context::Context;
use super::error::CliError;
use super::{Result, print};
use crate::peer::contract::Role;
use crate::report::{self, Style};
use crate::run::pool::{Post, start_all, stop_all};
use crate::run::{build, summary};

/// Starts every peer in both roles and prints what they say of themselves.
pub fn run(arguments: &PeersArguments, style: Style) -> Result<Exit> {
    let context = Context::load(&arguments.place, 0)?;
    let logs = tempfile::tempdir().map_err(CliError::Start)?;
    let runtime = tokio::runtime::Runtime::new().map_err(CliError::Start)?;
    let peers = runtime.block_on(async {
        let roles = [Role::Client, Role::Server];
        let posts = context
            .peers
            .iter()
            .flat_map(|spec| roles.map(|role| Arc::new(Post::new(spec, role, logs.path(), 0))));
        let posts: Vec<Arc<Post>> = posts.collect();
        if !arguments.no_build {
            build::build_all(&context.peers, &posts, &mut |_| {}).await;
        }
        start_all(&posts).join_all().await;
        stop_all(&posts).await;
        posts
            .iter()
            .map(|post| summary::peer_alone(post))
            .collect::<Vec<_>>()
    });
    match arguments.format {
        Format::Text => print(&report::peers(&peers, style)),
        Format::Json => print(&format!(
            "{:#}\n",
            serde_json::json!({ "schema_version": 1, "peers": peers })
        )),
    }
    let faulty = peers.iter().any(|peer| !peer.errors.is_empty());
    Ok(if faulty {
        Exit::Infrastructure
    } else {
        Exit::Ok
    })
}
