//! A scripted peer on real sockets: it plays the dialogue of a case with the
//! peer under test, in the other role.
//!
//! As a server it plays the dialogue anew on every connection, or on each the
//! lines that are for it. One connection on which it comes to its end is
//! enough: libraries make others as they like.
//! The tap stands between the two, so both sides are in the capture.

mod board;
mod connection;

use std::io;
use std::sync::Arc;

use tokio::task::{JoinHandle, JoinSet};
use wirecheck_core::judge::observed::DialogueSeen;
use wirecheck_core::plan::dialogue::DialoguePlan;

use crate::tap::Endpoint;
use crate::tap::socket::{Listener, Socket, is_about_one_connection};
use board::Board;

/// A dialogue that is being played. Dropping it resets its connections.
pub struct Script {
    plan: Arc<DialoguePlan>,
    board: Arc<Board>,
    address: Option<Endpoint>,
    task: std::sync::Mutex<Option<JoinHandle<()>>>,
}

impl Script {
    /// A script that is the client: it plays when it is told where.
    pub fn client(plan: DialoguePlan) -> Self {
        Self {
            plan: Arc::new(plan),
            board: Arc::default(),
            address: None,
            task: std::sync::Mutex::default(),
        }
    }

    /// A script that is the server.
    ///
    /// # Errors
    ///
    /// The address cannot be listened on.
    pub async fn server(plan: DialoguePlan, address: &Endpoint) -> io::Result<Self> {
        let listener = Listener::bind(address).await?;
        let mut script = Self::client(plan);
        script.address = Some(listener.endpoint()?);
        let (plan, board) = (Arc::clone(&script.plan), Arc::clone(&script.board));
        script.keep(tokio::spawn(serve(listener, plan, board)));
        Ok(script)
    }

    /// Where the server listens.
    pub fn address(&self) -> Option<&Endpoint> {
        self.address.as_ref()
    }

    /// Whether it is the client.
    pub fn is_client(&self) -> bool {
        self.plan.is_client()
    }

    /// Connects, and begins to play.
    pub fn connect(&self, to: Endpoint) {
        let (plan, board) = (Arc::clone(&self.plan), Arc::clone(&self.board));
        self.keep(tokio::spawn(async move {
            if let (Ok(socket), Some(place)) = (Socket::connect(&to).await, board.open(&plan)) {
                connection::play(socket, &plan, &board, place).await;
            }
            board.no_more_calls();
        }));
    }

    /// The client has made all its calls: who is to connect has done so.
    pub fn no_more_calls(&self) {
        self.board.no_more_calls();
    }

    /// Waits until the dialogue is at its end, or cannot come to it.
    pub async fn over(&self) {
        self.board.over().await;
    }

    /// The time of the case has run out. What is awaited does not come; the
    /// connections stay open, so that calls end as they do without a script.
    pub fn out_of_time(&self) {
        self.board.out_of_time();
    }

    /// Drops its connections; a client's with a reset, to which there is no
    /// answer.
    pub fn hang_up(&self) {
        self.board.hang_up();
    }

    /// How far it came.
    pub fn seen(&self) -> DialogueSeen {
        self.board.seen()
    }

    fn keep(&self, task: JoinHandle<()>) {
        let mut kept = self
            .task
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *kept = Some(task);
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let task = self
            .task
            .get_mut()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        task.iter().for_each(JoinHandle::abort);
    }
}

/// Accepts, and plays with each who comes. Connections beyond what the board
/// takes are dropped.
async fn serve(listener: Listener, plan: Arc<DialoguePlan>, board: Arc<Board>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let socket = match accepted {
                    Ok(socket) => socket,
                    Err(error) if is_about_one_connection(&error) => continue,
                    Err(_) => return,
                };
                let Some(place) = board.open(&plan) else { continue };
                let (plan, board) = (Arc::clone(&plan), Arc::clone(&board));
                connections.spawn(async move {
                    connection::play(socket, &plan, &board, place).await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}
