//! Closing a cell: channels and listeners in order, or all at once when it came
//! to nothing.

use std::time::Duration;

use super::{Cell, ORDER_LIMIT, Side, Trouble, end_scopes, silent, tell};
use crate::peer::contract::to_peer::Order;
use crate::peer::contract::{self, abort};

/// How long a client may take to report a call that it was told to abort.
const ABORT_LIMIT: Duration = Duration::from_secs(3);

impl Cell<'_> {
    /// Ends what a cell that came to nothing has opened in the peers. Nobody
    /// waits for the answers; a peer that is gone gets nothing.
    pub(super) async fn let_go(&self) {
        let (client, server) = (self.stage.client, self.stage.server);
        if client.is_alive() {
            for id in self.ids.calls.iter().flatten() {
                let what = Some(abort::What::Call(*id));
                tell(client, Order::Abort(contract::Abort { what })).await;
            }
            self.send_close().await;
        }
        if server.is_alive() {
            self.send_unlisten().await;
        }
        end_scopes(self.stage).await;
    }

    /// Ends the calls that have not been reported, and waits for their reports.
    pub(super) async fn abort_calls(&self) -> Result<(), Trouble> {
        for id in self.ids.calls.iter().flatten() {
            let what = Some(abort::What::Call(*id));
            tell(self.stage.client, Order::Abort(contract::Abort { what })).await;
        }
        for id in &self.ids.listeners {
            let what = Some(abort::What::Listener(*id));
            tell(self.stage.server, Order::Abort(contract::Abort { what })).await;
        }
        // Calls that were never begun have nothing to report.
        let reported = self.facts.until(|seen| {
            let mut calls = seen.calls.iter().zip(&seen.begun);
            calls.all(|(reports, begun)| reports.len() >= *begun)
        });
        tokio::time::timeout(ABORT_LIMIT, reported)
            .await
            .map_err(|_| silent(Side::Client, "Abort", ABORT_LIMIT))
    }

    /// Once, however the cell ends.
    async fn send_close(&self) {
        if std::mem::replace(&mut self.facts.lock().told_to_close, true) {
            return;
        }
        for channel in self.ids.channels.iter().flatten() {
            let close = contract::Close { channel: *channel };
            tell(self.stage.client, Order::Close(close)).await;
        }
    }

    /// Likewise.
    async fn send_unlisten(&self) {
        if std::mem::replace(&mut self.facts.lock().told_to_unlisten, true) {
            return;
        }
        for listener in &self.ids.listeners {
            let unlisten = contract::Unlisten {
                listener: *listener,
            };
            tell(self.stage.server, Order::Unlisten(unlisten)).await;
        }
    }

    pub(super) async fn close_channels(&self) -> Result<(), Trouble> {
        self.send_close().await;
        let channels = self.ids.channels.iter().flatten().count();
        let closed = self.facts.until(|seen| seen.closed.len() == channels);
        tokio::time::timeout(ORDER_LIMIT, closed)
            .await
            .map_err(|_| silent(Side::Client, "Close", ORDER_LIMIT))
    }

    pub(super) async fn unlisten(&self) -> Result<(), Trouble> {
        self.send_unlisten().await;
        let ended = self
            .facts
            .until(|seen| seen.unlistened.len() == self.ids.listeners.len());
        tokio::time::timeout(ORDER_LIMIT, ended)
            .await
            .map_err(|_| silent(Side::Server, "Unlisten", ORDER_LIMIT))
    }
}
