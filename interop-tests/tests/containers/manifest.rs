//! `wirecheck` itself, with a manifest whose server is an image.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use libtest_mimic::Failed;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::time::{MissedTickBehavior, interval, timeout};
use wirecheck_interop_tests::prerequisite::project_root;

use crate::engine;
use crate::interrupt::interrupted;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Wirecheck puts it on every container that it starts, with the peer's name.
const LABEL: &str = "wirecheck.peer";
/// It ends what hangs; a run takes a second or two.
const LIMIT: Duration = Duration::from_secs(90);

/// What happens to a run.
#[derive(Clone, Copy)]
pub enum Ending {
    /// It ends by itself.
    Itself,
    /// It is interrupted while a client calls the server.
    Midway(Signal),
    /// It is interrupted while it waits for the server.
    Unready(Signal),
}

/// One run, after which no container of it may be left.
pub async fn run(ending: Ending) -> Result<(), Failed> {
    let place = Place::new(ending)?;
    let outcome = tokio::select! {
        biased;
        () = interrupted() => Err("interrupted by a signal".into()),
        outcome = timeout(LIMIT, to_its_end(&place, ending)) => match outcome {
            Ok(outcome) => outcome,
            Err(_) => Err(format!("no end after {} s", LIMIT.as_secs()).into()),
        }
    };
    let left = engine::remove_labelled(LABEL, &place.peer).await?;
    outcome?;
    match left.is_empty() {
        true => Ok(()),
        false => Err(format!("containers were left behind: {}", left.join(", ")).into()),
    }
}

async fn to_its_end(place: &Place, ending: Ending) -> Result<(), Error> {
    let mut running = Running(Some(place.start()?));
    let expected = match ending {
        Ending::Itself => 0,
        Ending::Midway(signal) => {
            until(|| async { place.called().exists() }).await;
            running.send(signal)?;
            130
        }
        Ending::Unready(signal) => {
            until(|| async { is_there(&place.peer).await }).await;
            running.send(signal)?;
            130
        }
    };
    let output = running.end().await?;
    if output.status.code() == Some(expected) {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("it should end with {expected}: {}\n{errors}", output.status).into())
}

async fn is_there(peer: &str) -> bool {
    let listed = engine::labelled(LABEL, peer).await;
    listed.is_ok_and(|containers| !containers.is_empty())
}

async fn until<F: Future<Output = bool>>(is_so: impl Fn() -> F) {
    let mut attempts = interval(Duration::from_millis(20));
    attempts.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !is_so().await {
        attempts.tick().await;
    }
}

/// A folder with a manifest.
struct Place {
    folder: TempDir,
    /// The name of the server, of this trial alone.
    peer: String,
}

impl Place {
    fn new(ending: Ending) -> Result<Self, Error> {
        let folder = tempfile::tempdir()?;
        let chance = folder.path().file_name().unwrap_or_default();
        let chance = chance.to_string_lossy().to_lowercase();
        let peer = format!("article{}", chance.replace('.', "-"));
        let manifest = manifest(&peer, ending);
        fs::write(folder.path().join("wirecheck.toml"), manifest)?;
        Ok(Self { folder, peer })
    }

    /// The client in the manifest makes it, once the server is ready.
    fn called(&self) -> PathBuf {
        self.folder.path().join("called")
    }

    fn start(&self) -> Result<Child, Error> {
        let child = Command::new(program())
            .current_dir(self.folder.path())
            .args(["run", "--color", "never", "--runs", "runs"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        Ok(child)
    }
}

fn manifest(peer: &str, ending: Ending) -> String {
    let image = format!("{}:{}", engine::image("rust"), engine::TAG);
    let server = format!("[peer.{peer}]\nimage = \"{image}\"\nport = 50051\n");
    match ending {
        Ending::Itself => {
            let protos = project_root().join("proto/hello.proto");
            format!("protos = [{protos:?}]\nwith = [\"rust-tonic\"]\n{server}within = \"60s\"\n")
        }
        Ending::Midway(_) => format!(
            "with = []\n{server}within = \"60s\"\n\n[peer.waits]\nrun = [\"sh\", \"-c\", \
             \"touch called; exec tail -f /dev/null\", \"{{target}}\"]\n"
        ),
        Ending::Unready(_) => format!(
            "with = []\n{server}ready = {{ log = \"what it never prints\" }}\nwithin = \"80s\"\n\n\
             [peer.waits]\nrun = [\"true\", \"{{target}}\"]\n"
        ),
    }
}

/// As the tests of the command line have it.
fn program() -> PathBuf {
    match std::env::var_os("WIRECHECK_BIN") {
        Some(path) => path.into(),
        None => Path::new(env!("CARGO_BIN_EXE_broken-peer")).with_file_name("wirecheck"),
    }
}

/// A run that has been started. A trial that fails on its way asks it to end, so that it takes
/// its container with it.
struct Running(Option<Child>);

impl Running {
    fn send(&self, signal: Signal) -> Result<(), Error> {
        let child = self.0.as_ref().ok_or("it has ended")?;
        let id = Pid::from_raw(child.id().cast_signed()).ok_or("no process id")?;
        Ok(kill_process(id, signal)?)
    }

    async fn end(&mut self) -> Result<Output, Error> {
        let child = self.0.take().ok_or("it has ended")?;
        Ok(tokio::task::spawn_blocking(|| child.wait_with_output()).await??)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.send(Signal::TERM);
        if let Some(child) = &mut self.0 {
            let _ = child.wait();
        }
    }
}
