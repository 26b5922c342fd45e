//! `wirecheck doctor`.

use std::path::{Path, PathBuf};

use clap::Args;
use wirecheck_core::model::exit::Exit;
use wirecheck_core::plan::schema::Schema;

use super::arguments::{Format, Place};
use super::context::Context;
use super::error::CliError;
use super::{Result, print, signals};
use crate::doctor::{self, Check, Verdict};
use crate::peer::spec::PeerSpec;
use crate::report::{self, Style};

/// `wirecheck doctor`.
#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// Look only at these peers.
    #[arg(value_name = "PEER")]
    pub only: Vec<String>,
    /// Print only what needs a fix.
    #[arg(long, short)]
    pub quiet: bool,
    /// What to write.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    pub place: Place,
}

/// Looks at everything that a run needs, and prints what mends each fault.
pub fn run(arguments: &DoctorArguments, style: Style) -> Result<Exit> {
    let context = Context::load(&arguments.place, 0)?;
    let peers = wanted(&context, &arguments.only)?;
    let logs = tempfile::tempdir().map_err(CliError::Start)?;
    let runtime = tokio::runtime::Runtime::new().map_err(CliError::Start)?;
    let mut checks: Vec<Check> = schema(&context.schema).into_iter().collect();
    let (folders, python) = doctor::project(&base(&arguments.place), &context.peers);
    checks.extend(doctor::generated::checks(
        &context.schema,
        &folders,
        &python,
    ));
    runtime.block_on(async {
        tokio::spawn(signals::end_at_the_first());
        for peer in peers {
            checks.extend(doctor::peer(peer, logs.path()).await);
        }
    });
    let faults = checks
        .iter()
        .filter(|check| check.verdict == Verdict::Fix)
        .count();
    match arguments.format {
        Format::Json => {
            let json = serde_json::json!({ "schema_version": 1, "checks": checks });
            print(&format!("{json:#}\n"));
        }
        Format::Text if arguments.quiet => {
            checks.retain(|check| check.verdict != Verdict::Ok);
            if !checks.is_empty() {
                print(&report::doctor(&checks, style));
            }
        }
        Format::Text => print(&report::doctor(&checks, style)),
    }
    Ok(match faults {
        0 => Exit::Ok,
        _ => Exit::Infrastructure,
    })
}

/// The folder of the project: that of its manifest, or the current one.
fn base(place: &Place) -> PathBuf {
    let manifest = place.manifest.as_deref().and_then(Path::parent);
    manifest.unwrap_or(Path::new("")).to_owned()
}

fn wanted<'a>(context: &'a Context, names: &[String]) -> Result<Vec<&'a PeerSpec>> {
    if names.is_empty() {
        return Ok(context.peers.iter().collect());
    }
    let find = |name: &String| {
        let found = context.peers.iter().find(|peer| peer.name == *name);
        found.ok_or_else(|| {
            let known = context.peers.iter().map(|peer| peer.name.as_str());
            let near = wirecheck_core::plan::source::nearest(name, known, 3);
            CliError::Unknown {
                what: "peer",
                wanted: name.clone(),
                nearest: near.into_iter().map(str::to_owned).collect(),
            }
        })
    };
    names.iter().map(find).collect()
}

/// A schema that does not compile was an error before this.
fn schema(schema: &Schema) -> Option<Check> {
    if schema.is_built_in() {
        return None;
    }
    let methods = schema.methods();
    let mut services: Vec<&str> = methods
        .iter()
        .map(|method| method.service.as_str())
        .collect();
    services.dedup();
    let found = format!(
        "{}, {}",
        report::count(services.len(), "service"),
        report::count(methods.len(), "method")
    );
    Some(Check::ok("schema", "compiles", found))
}
