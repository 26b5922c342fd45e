//! SIGINT and SIGTERM, turned into an end that leaves no container behind.
//!
//! The feature `watchdog` of testcontainers is not used: it panics, and the signal is lost,
//! when a container that it removes is being removed by its owner at that moment.

use std::sync::LazyLock;
use std::thread;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

static INTERRUPTED: LazyLock<watch::Receiver<bool>> = LazyLock::new(|| {
    let (sender, receiver) = watch::channel(false);
    thread::spawn(move || wait_for_signal(&sender));
    receiver
});

/// Returns once the process was asked to end, at once if that was before.
pub async fn interrupted() {
    // An error means that the signals cannot be watched: then they end the process.
    if INTERRUPTED.clone().wait_for(|is_so| *is_so).await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn wait_for_signal(told: &watch::Sender<bool>) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    else {
        return;
    };
    runtime.block_on(async {
        let (Ok(mut interrupt), Ok(mut terminate)) = (
            signal(SignalKind::interrupt()),
            signal(SignalKind::terminate()),
        ) else {
            return;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        told.send_replace(true);
    });
}
