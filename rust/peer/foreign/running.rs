//! What was started here and listens: told to end, and watched until it has.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::peer::fault::PeerFault;
use crate::peer::link::fault_of;
use crate::peer::log::Log;
use crate::peer::process::{Process, Program};

/// How long a log may be read on after its process has ended.
pub(super) const LOG_GRACE: Duration = Duration::from_millis(500);

/// A server that was started here, in a process or in a container. Dropping it
/// ends it.
#[derive(Debug)]
pub struct Running {
    gone: watch::Receiver<Option<PeerFault>>,
    ending: mpsc::Sender<Ending>,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

/// How its keeper is told to end it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ending {
    Stop,
    Kill,
}

impl Running {
    /// What a task keeps that takes endings and tells once why it is gone.
    pub(super) fn new(
        gone: watch::Receiver<Option<PeerFault>>,
        ending: mpsc::Sender<Ending>,
        keeper: JoinHandle<()>,
    ) -> Self {
        Self {
            gone,
            ending,
            keeper: Mutex::new(Some(keeper)),
        }
    }

    /// Starts a process, whose output is its log.
    pub(super) fn process(program: &Program, log: &Log) -> Result<Self, PeerFault> {
        let (process, output) = Process::start_merged(program)
            .map_err(|error| PeerFault::Start(format!("`{}`: {error}", program.shown())))?;
        let (gone_sender, gone) = watch::channel(None);
        let (ending, endings) = mpsc::channel(2);
        let log_reader = tokio::spawn(log.clone().drain(output));
        let keeper = tokio::spawn(keep(process, endings, log_reader, gone_sender));
        Ok(Self::new(gone, ending, keeper))
    }

    pub(super) fn is_gone(&self) -> bool {
        self.gone.borrow().is_some()
    }

    /// Waits until it is gone, and says why.
    pub(super) async fn gone(&self) -> PeerFault {
        fault_of(&mut self.gone.clone()).await
    }

    /// Ends it, and gives what was left behind, if anything was.
    pub(super) async fn end(&self, ending: Ending) -> Option<PeerFault> {
        let _ = self.ending.send(ending).await;
        let keeper = self.keeper.lock();
        let keeper = keeper.unwrap_or_else(PoisonError::into_inner).take();
        let _ = keeper?.await;
        let fault = self.gone.borrow().clone();
        fault.filter(|fault| matches!(fault, PeerFault::LeftContainer { .. }))
    }
}

/// Owns the process. It ends by itself, or when it is told to.
async fn keep(
    mut process: Process,
    mut endings: mpsc::Receiver<Ending>,
    mut log_reader: JoinHandle<()>,
    gone: watch::Sender<Option<PeerFault>>,
) {
    let status = tokio::select! {
        status = process.wait() => {
            // It may have left children behind.
            process.kill().await;
            status.ok()
        }
        ending = endings.recv() => match ending {
            Some(Ending::Stop) => process.terminate().await.status,
            Some(Ending::Kill) | None => process.kill().await.status,
        },
    };
    let _ = tokio::time::timeout(LOG_GRACE, &mut log_reader).await;
    log_reader.abort();
    gone.send_replace(Some(PeerFault::Died {
        when: "in the middle of the run",
        status,
    }));
}
