//! Makes peers ready to be started: each distinct command once.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use super::Progress;
use super::pool::Post;

use crate::peer::fault::PeerFault;
use crate::peer::foreign::container;
use crate::peer::process::Process;
use crate::peer::spec::{Build, PeerSpec};

/// How long a build may take. Installing the Python packages took 22 s with a
/// warm cache and may take minutes over a slow line; a tonic peer in another
/// version is compiled whole.
const BUILD_LIMIT: Duration = Duration::from_secs(1_800);
/// The lines of a failed build that are shown.
const TAIL_LINES: usize = 12;

/// Whether a build may fetch anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// As its own settings say.
    Allowed,
    /// It is told to do without, see [`OFFLINE`].
    Forbidden,
}

/// What tells pip, uv, cargo, Go, npm and Maven to fetch nothing.
const OFFLINE: [(&str, &str); 6] = [
    ("PIP_NO_INDEX", "1"),
    ("UV_OFFLINE", "1"),
    ("CARGO_NET_OFFLINE", "true"),
    ("GOPROXY", "off"),
    ("npm_config_offline", "true"),
    ("MAVEN_ARGS", "--offline"),
];

/// Builds what the given peers need. A peer whose build fails is given up.
pub async fn build_all(
    specs: &[PeerSpec],
    used: &[Arc<Post>],
    network: Network,
    progress: &mut impl FnMut(&Progress),
) {
    let needed = specs
        .iter()
        .filter(|spec| used.iter().any(|post| post.name == spec.name));
    let mut builds: Vec<&Build> = needed.filter_map(|spec| spec.build.as_ref()).collect();
    builds.dedup();
    for build in builds {
        let of_build = |post: &&Arc<Post>| {
            specs
                .iter()
                .any(|spec| spec.name == post.name && spec.build.as_ref() == Some(build))
        };
        let posts = || used.iter().filter(of_build);
        if posts().any(|post| post.body.is_image())
            && let Err(fault) = container::engine().await
        {
            // What builds an image would wait for the engine for ever.
            let fault = PeerFault::from(fault);
            let hint = fault.hint().map(Cow::into_owned);
            give_up(posts(), &fault, &[], hint.as_deref()).await;
            continue;
        }
        progress(&Progress::Building(build.hint.clone()));
        if let Err((fault, tail)) = run(build, network).await {
            give_up(posts(), &fault, &tail, Some(&build.hint)).await;
        }
    }
}

async fn give_up(
    posts: impl Iterator<Item = &Arc<Post>>,
    fault: &PeerFault,
    tail: &[String],
    hint: Option<&str>,
) {
    for post in posts {
        post.give_up(fault.clone(), tail.to_vec(), hint.map(str::to_owned))
            .await;
    }
}

async fn run(build: &Build, network: Network) -> Result<(), (PeerFault, Vec<String>)> {
    let failed = |why: String, tail| (PeerFault::Build(why), tail);
    let mut program = build.program.clone();
    if network == Network::Forbidden {
        let told = OFFLINE.map(|(name, value)| (name.to_owned(), value.to_owned()));
        program.env.extend(told);
    }
    let (mut process, pipes) = Process::start(&program)
        .map_err(|error| failed(format!("`{}`: {error}", build.program.argv[0]), Vec::new()))?;
    drop(pipes.stdin);
    let output = tokio::spawn(async move { tokio::join!(tail(pipes.stdout), tail(pipes.stderr)) });
    let status = match tokio::time::timeout(BUILD_LIMIT, process.wait()).await {
        Ok(status) => status.map_err(|error| failed(error.to_string(), Vec::new()))?,
        Err(_) => {
            return Err(failed(
                format!(
                    "`{}` took longer than {} s",
                    build.hint,
                    BUILD_LIMIT.as_secs()
                ),
                Vec::new(),
            ));
        }
    };
    let (mut lines, errors) = output.await.unwrap_or_default();
    lines.extend(errors);
    match status.success() {
        true => Ok(()),
        false => Err(failed(
            format!("`{}` ended with {status}", build.hint),
            lines,
        )),
    }
}

async fn tail(from: impl AsyncRead + Unpin) -> Vec<String> {
    let mut lines = BufReader::new(from).lines();
    let mut tail = Vec::new();
    while let Ok(Some(line)) = lines.next_line().await {
        if tail.len() == TAIL_LINES {
            tail.remove(0);
        }
        tail.push(line.chars().take(240).filter(|c| !c.is_control()).collect());
    }
    tail
}
