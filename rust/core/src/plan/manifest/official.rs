//! Peers of a manifest that have the command line of the official interop
//! programs.

use std::time::Duration;

use super::PeerEntry;
use super::resolve::{Reader, WITHIN};
use crate::plan::source::Problem;

/// Programs with the command line of the official interop ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Official {
    /// The client's command, without the options that all of them have.
    pub client: Option<Vec<String>>,
    /// The server's, likewise.
    pub server: Option<Vec<String>>,
    /// What the client gets over TLS.
    pub client_tls: Option<Vec<String>>,
    /// What the server gets over TLS.
    pub server_tls: Option<Vec<String>>,
    /// What the server has of what not every official one has.
    pub features: Vec<String>,
    /// How long the server may take until it is ready.
    pub within: Duration,
}

impl Reader<'_> {
    /// The programs of a peer with the official command line, if it is one.
    pub(super) fn official(
        &self,
        name: &str,
        entry: &PeerEntry,
    ) -> Result<Option<Official>, Problem> {
        if entry.contract.is_none() {
            self.has_no_contract(name, entry)?;
            return Ok(None);
        }
        self.has_only_a_contract(name, entry)?;
        let client = self.command(entry.client.as_ref(), &["peer", name, "client"])?;
        let server = self.command(entry.server.as_ref(), &["peer", name, "server"])?;
        if client.is_none() && server.is_none() {
            let message = format!("how the programs of `{name}` are started is not said");
            let hint = "add `client = [...]`, `server = [...]` or both";
            return Err(self.problem(&["peer", name, "contract"], message, Some(hint)));
        }
        let roles = [
            (
                "client_tls",
                entry.client_tls.is_some(),
                client.is_none(),
                "client",
            ),
            (
                "server_tls",
                entry.server_tls.is_some(),
                server.is_none(),
                "server",
            ),
            (
                "features",
                !entry.features.is_empty(),
                server.is_none(),
                "server",
            ),
        ];
        if let Some((key, _, _, role)) = roles.into_iter().find(|(_, set, none, _)| *set && *none) {
            let message = format!("`{key}` is for a {role}, and `{name}` has none");
            return Err(self.problem(&["peer", name, key], message, None));
        }
        let within = self.span(entry.within.as_ref(), &["peer", name, "within"])?;
        Ok(Some(Official {
            client,
            server,
            client_tls: entry.client_tls.clone(),
            server_tls: entry.server_tls.clone(),
            features: entry.features.clone(),
            within: within.unwrap_or(WITHIN),
        }))
    }

    fn has_no_contract(&self, name: &str, entry: &PeerEntry) -> Result<(), Problem> {
        let keys = [
            ("client", entry.client.is_some()),
            ("server", entry.server.is_some()),
            ("client_tls", entry.client_tls.is_some()),
            ("server_tls", entry.server_tls.is_some()),
            ("features", !entry.features.is_empty()),
        ];
        match keys.into_iter().find(|(_, is_set)| *is_set) {
            None => Ok(()),
            Some((key, _)) => {
                let message =
                    format!("`{key}` is for a peer with a `contract`, and `{name}` has none");
                let hint =
                    "add `contract = \"grpc-interop\"`, or write the command as `run = [...]`";
                Err(self.problem(&["peer", name, key], message, Some(hint)))
            }
        }
    }

    /// All else follows from the command line that the contract is about.
    fn has_only_a_contract(&self, name: &str, entry: &PeerEntry) -> Result<(), Problem> {
        let keys = [
            ("run", entry.run.is_some()),
            ("role", entry.role.is_some()),
            ("image", entry.image.is_some()),
            ("port", entry.port.is_some()),
            ("address", entry.address.is_some()),
            ("ready", entry.ready.is_some()),
            ("tls", entry.tls.is_some()),
            ("exit", entry.exit.is_some()),
            ("output", entry.output.is_some()),
        ];
        match keys.into_iter().find(|(_, is_set)| *is_set) {
            None => Ok(()),
            Some((key, _)) => {
                let message =
                    format!("`{name}` has a `contract`, which leaves no room for `{key}`");
                let hint = "its commands are `client = [...]` and `server = [...]`";
                Err(self.problem(&["peer", name, key], message, Some(hint)))
            }
        }
    }
}
