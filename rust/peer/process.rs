//! One child process with its process group: started with its pipes, ended
//! with everything that it started.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::net::unix::pipe;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

/// How a program is started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Program {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The working directory; that of the harness if unset.
    pub cwd: Option<PathBuf>,
    /// Variables that it gets beside those of the harness.
    pub env: Vec<(String, String)>,
}

/// Where a program is: a path from the folder it is started in, or a name that
/// is looked up in `PATH`.
pub fn find_program(name: &str, cwd: Option<&Path>) -> Option<PathBuf> {
    if name.contains('/') {
        let path = cwd.unwrap_or(Path::new("")).join(name);
        return path.is_file().then_some(path);
    }
    let path = std::env::var_os("PATH")?;
    let mut candidates = std::env::split_paths(&path).map(|folder| folder.join(name));
    candidates.find(|candidate| candidate.is_file())
}

/// A running process, the leader of a process group of its own. Dropping it
/// kills the group.
#[derive(Debug)]
pub struct Process {
    child: Child,
    group: Option<Pid>,
}

/// The groups that run now, for the one case in which nobody is left to drop
/// what owns them: the process ends at once.
static GROUPS: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

/// Kills every group that was started and has not ended.
pub fn kill_all() {
    for group in groups().iter().filter_map(|group| Pid::from_raw(*group)) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

fn groups() -> MutexGuard<'static, BTreeSet<i32>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The pipes of a process.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Pipes {
    pub stdin: ChildStdin,
    pub stdout: ChildStdout,
    pub stderr: ChildStderr,
}

/// How long a process may take to end by itself, and after TERM. A Python peer
/// with open servers needs about 0.1 s on an idle machine.
pub const GRACE: Duration = Duration::from_secs(2);

/// Variables that would lead a call on loopback through a proxy: grpcio obeys
/// them even for 127.0.0.1.
const PROXY_VARIABLES: [&str; 10] = [
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "grpc_proxy",
    "no_grpc_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
];

impl Process {
    /// Starts a program.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn start(program: &Program) -> io::Result<(Self, Pipes)> {
        let mut command = command(program)?;
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut process = Self::spawn(&mut command)?;
        let missing = || io::Error::other("a pipe is missing");
        let pipes = Pipes {
            stdin: process.child.stdin.take().ok_or_else(missing)?,
            stdout: process.child.stdout.take().ok_or_else(missing)?,
            stderr: process.child.stderr.take().ok_or_else(missing)?,
        };
        Ok((process, pipes))
    }

    /// Starts a program without stdin, whose stdout and stderr are one stream:
    /// its lines stay in their order.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn start_merged(program: &Program) -> io::Result<(Self, pipe::Receiver)> {
        let (reader, writer) = io::pipe()?;
        let mut command = command(program)?;
        command
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer);
        let process = Self::spawn(&mut command)?;
        // The command holds the writing ends; only the process may.
        drop(command);
        Ok((process, pipe::Receiver::from_owned_fd(reader.into())?))
    }

    fn spawn(command: &mut Command) -> io::Result<Self> {
        let child = command.spawn()?;
        let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        groups().extend(group.map(Pid::as_raw_nonzero).map(i32::from));
        Ok(Self { child, group })
    }

    /// Waits for the process to end.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Ends the process and its group: waits for it to end by itself, then
    /// sends TERM, then KILL. What is left of the group is killed in any case.
    /// The caller has closed its stdin.
    pub async fn end(mut self) -> Ended {
        let mut how = How::ByItself;
        let mut status = self.wait_for(GRACE).await;
        if status.is_none() {
            how = How::Terminated;
            self.signal(Signal::TERM);
            status = self.wait_for(GRACE).await;
        }
        if status.is_none() {
            how = How::Killed;
            self.signal(Signal::KILL);
            status = self.child.wait().await.ok();
        }
        let left_group = self.kill_rest();
        Ended {
            status,
            how,
            left_group,
        }
    }

    /// Ends a process that does not watch its stdin, and its group: sends TERM,
    /// then KILL.
    pub async fn terminate(mut self) -> Ended {
        self.signal(Signal::TERM);
        let mut how = How::Terminated;
        let mut status = self.wait_for(GRACE).await;
        if status.is_none() {
            how = How::Killed;
            self.signal(Signal::KILL);
            status = self.child.wait().await.ok();
        }
        Ended {
            status,
            how,
            left_group: self.kill_rest(),
        }
    }

    /// Kills the process and its group at once.
    pub async fn kill(mut self) -> Ended {
        self.signal(Signal::KILL);
        let status = self.child.wait().await.ok();
        Ended {
            status,
            how: How::Killed,
            left_group: self.kill_rest(),
        }
    }

    async fn wait_for(&mut self, limit: Duration) -> Option<ExitStatus> {
        tokio::time::timeout(limit, self.child.wait())
            .await
            .ok()?
            .ok()
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // The group may have ended in between.
            let _ = kill_process_group(group, signal);
        }
    }

    /// Kills what the leader left behind in its group, and says whether there
    /// was anything.
    fn kill_rest(&mut self) -> bool {
        let Some(group) = self.group.take() else {
            return false;
        };
        let left = test_kill_process_group(group).is_ok();
        if left {
            let _ = kill_process_group(group, Signal::KILL);
        }
        left
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        self.kill_rest();
    }
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Its exit status, if it could be had.
    pub status: Option<ExitStatus>,
    /// What it took.
    pub how: How,
    /// It left processes of its group behind, which were killed.
    pub left_group: bool,
}

/// What it took to end a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Nothing.
    ByItself,
    /// TERM.
    Terminated,
    /// KILL.
    Killed,
}

/// A command in a process group of its own, without proxies.
fn command(program: &Program) -> io::Result<Command> {
    let (name, arguments) = program
        .argv
        .split_first()
        .ok_or(io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(name);
    command.args(arguments).process_group(0).kill_on_drop(true);
    if let Some(cwd) = &program.cwd {
        command.current_dir(cwd);
    }
    for variable in PROXY_VARIABLES {
        command.env_remove(variable);
    }
    command.envs(program.env.iter().map(|(name, value)| (name, value)));
    Ok(command)
}

impl Program {
    /// The command as one would type it.
    pub fn shown(&self) -> String {
        shlex::try_join(self.argv.iter().map(String::as_str))
            .unwrap_or_else(|_| self.argv.join(" "))
    }
}
