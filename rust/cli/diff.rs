//! `wirecheck diff`.

use std::path::PathBuf;

use clap::Args;
use wirecheck_core::model::diff::{InPlaceOf, diff};
use wirecheck_core::model::exit::Exit;
use wirecheck_core::model::run::Run;
use wirecheck_core::plan::source::nearest;

use super::arguments::Format;
use super::error::CliError;
use super::{Result, print};
use crate::report::{self, Style};
use crate::run::folder;

const EXAMPLES: &str = "Examples:
  wirecheck diff 9df4                                   that run against the latest one
  wirecheck diff main/run.json .wirecheck/runs/latest/run.json
  wirecheck diff --peers rust-tonic@0.12 rust-tonic     two versions in the latest run
  wirecheck diff 9df4 8c1e --peers python-grpcio@1.60.0 python-grpcio

Exit codes:
    0  nothing is worse
    1  something is wrong that was not
    2  usage: a run or a peer is not there
    5  nothing was compared";

/// The newest run.
const LATEST: &str = "latest";

/// `wirecheck diff`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DiffArguments {
    /// The run before: an id, or a run.json.
    #[arg(value_name = "BEFORE", required_unless_present = "peers")]
    pub before: Option<String>,
    /// The run after [default: latest, or with --peers the run before].
    #[arg(value_name = "AFTER")]
    pub after: Option<String>,
    /// Hold the cells of a peer against those of another, which stands for it.
    #[arg(long, value_names = ["BEFORE", "AFTER"], num_args = 2)]
    pub peers: Option<Vec<String>>,
    /// What to write.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// The folder of the runs [default: .wirecheck/runs].
    #[arg(long, value_name = "DIR", env = "WIRECHECK_RUNS")]
    pub runs: Option<PathBuf>,
}

/// Prints how two runs differ.
pub fn run(arguments: &DiffArguments, style: Style) -> Result<Exit> {
    let runs = arguments
        .runs
        .clone()
        .unwrap_or_else(|| folder::RUNS.into());
    let before = arguments.before.as_deref().unwrap_or(LATEST);
    let otherwise = match arguments.peers {
        Some(_) => before,
        None => LATEST,
    };
    let after = arguments.after.as_deref().unwrap_or(otherwise);
    let before = folder::load(&runs, before)?.run;
    let after = folder::load(&runs, after)?.run;
    let peers = match arguments.peers.as_deref() {
        Some([first, second]) => {
            demand(&before, first)?;
            demand(&after, second)?;
            Some(InPlaceOf {
                before: first,
                after: second,
            })
        }
        _ => None,
    };
    let found = diff(&before, &after, peers);
    let (first, second) = (
        name(&before, peers.map(|p| p.before)),
        name(&after, peers.map(|p| p.after)),
    );
    match arguments.format {
        Format::Text => print(&report::diff(
            &format!("{first} -> {second}"),
            &found,
            style,
        )),
        Format::Json => print(&format!(
            "{:#}\n",
            report::diff_json(&first, &second, &found)
        )),
    }
    Ok(report::diff_exit(&found))
}

/// A run, or a peer in it.
fn name(run: &Run, peer: Option<&str>) -> String {
    match peer {
        Some(peer) => format!("{peer} in run {}", run.id),
        None => format!("run {}", run.id),
    }
}

fn demand(run: &Run, wanted: &str) -> Result<()> {
    let names = run.peers.iter().map(|peer| peer.name.as_str());
    if names.clone().any(|name| name == wanted) {
        return Ok(());
    }
    let near = nearest(wanted, names, 3);
    Err(CliError::Unknown {
        what: "peer",
        wanted: wanted.to_owned(),
        nearest: near.into_iter().map(str::to_owned).collect(),
    })
}
