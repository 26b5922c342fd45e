//! The plan: every client against every server for every case.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::pattern::Pattern;
use super::source::nearest;
use super::types::CasePlan;
use super::variant::Variant;

/// The list of cells, with what they refer to.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Peers that take part as clients, by name.
    pub clients: Vec<String>,
    /// Peers that take part as servers, by name.
    pub servers: Vec<String>,
    /// The cases.
    pub cases: Vec<CasePlan>,
    /// The cells, pair by pair and in the order of the cases.
    pub cells: Vec<CellPlan>,
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellPlan {
    /// `client/server/suite/case`, with what is not as it is by default behind
    /// it, as in `+uds`.
    pub id: String,
    /// Index in [`Plan::clients`].
    pub client: usize,
    /// Index in [`Plan::servers`].
    pub server: usize,
    /// Index in [`Plan::cases`].
    pub case: usize,
    /// What it is run over.
    pub variant: Variant,
    /// A pattern selected it, or there was no pattern.
    pub selected: bool,
}

/// A pattern that matches nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the pattern `{pattern}` matches no cell")]
pub struct Unmatched {
    /// The pattern.
    pub pattern: String,
    /// Ids, or parts of them, that resemble it.
    pub nearest: Vec<String>,
}

impl Plan {
    /// Every client against every server for every case.
    pub fn new(clients: Vec<String>, servers: Vec<String>, cases: Vec<CasePlan>) -> Self {
        Self::of(clients, servers, cases, |_, _, _, _| true)
    }

    /// Likewise, but only where a case suits a pair: told by the indices of the
    /// client and of the server, and what the case is run over.
    pub fn of(
        clients: Vec<String>,
        servers: Vec<String>,
        cases: Vec<CasePlan>,
        suits: impl Fn(usize, usize, &CasePlan, Variant) -> bool,
    ) -> Self {
        let mut cells = Vec::new();
        for (client, client_name) in clients.iter().enumerate() {
            for (server, server_name) in servers.iter().enumerate() {
                let variants = cases.iter().enumerate().flat_map(|(case, plan)| {
                    let variants = plan.variants.iter();
                    variants.map(move |variant| (case, plan, *variant))
                });
                let suiting =
                    variants.filter(|(_, plan, variant)| suits(client, server, plan, *variant));
                cells.extend(suiting.map(|(case, plan, variant)| CellPlan {
                    id: format!("{client_name}/{server_name}/{}{variant}", plan.id),
                    client,
                    server,
                    case,
                    variant,
                    selected: true,
                }));
            }
        }
        Self {
            clients,
            servers,
            cases,
            cells,
        }
    }

    /// Leaves selected what some pattern matches; without patterns, all.
    ///
    /// # Errors
    ///
    /// The first pattern that matches nothing, with the nearest ids.
    pub fn select(&mut self, patterns: &[Pattern]) -> Result<(), Unmatched> {
        if patterns.is_empty() {
            return Ok(());
        }
        for pattern in patterns {
            if !self.cells.iter().any(|cell| pattern.selects(&cell.id)) {
                return Err(self.unmatched(pattern));
            }
        }
        for cell in &mut self.cells {
            cell.selected = patterns.iter().any(|pattern| pattern.selects(&cell.id));
        }
        Ok(())
    }

    /// Leaves selected, of what is, only cells with these ids. Returns how many
    /// of the ids are not planned at all.
    pub fn narrow(&mut self, ids: &BTreeSet<&str>) -> usize {
        let mut planned = 0;
        for cell in &mut self.cells {
            let is_wanted = ids.contains(cell.id.as_str());
            planned += usize::from(is_wanted);
            cell.selected &= is_wanted;
        }
        ids.len() - planned
    }

    /// Runs every cell so many times, except where the case says by itself how
    /// many samples it takes.
    pub fn repeat(&mut self, times: u32) {
        let once = self.cases.iter_mut().filter(|case| case.repeat == 1);
        once.for_each(|case| case.repeat = times);
    }

    /// The ids of all cells, selected or not.
    pub fn ids(&self) -> Vec<String> {
        self.cells.iter().map(|cell| cell.id.clone()).collect()
    }

    /// SHA-256 over what was planned, in hex, 16 digits: equal digests mean
    /// the same cells with the same cases.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for cell in &self.cells {
            hash.update(cell.id.as_bytes());
            hash.update(self.cases[cell.case].digest.as_bytes());
        }
        hash.finalize()[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    fn unmatched(&self, pattern: &Pattern) -> Unmatched {
        let mut words: BTreeSet<&str> = self
            .clients
            .iter()
            .chain(&self.servers)
            .map(String::as_str)
            .collect();
        words.extend(
            self.cases
                .iter()
                .flat_map(|case| [case.id.as_str(), case.name.as_str(), case.suite.as_str()]),
        );
        let has_parts = pattern.as_str().contains('/');
        let candidates: Vec<&str> = match has_parts {
            true => words
                .iter()
                .copied()
                .chain(self.cells.iter().map(|cell| cell.id.as_str()))
                .collect(),
            false => words.iter().copied().collect(),
        };
        let nearest = nearest(pattern.as_str(), candidates, 3)
            .into_iter()
            .map(str::to_owned)
            .collect();
        Unmatched {
            pattern: pattern.as_str().to_owned(),
            nearest,
        }
    }
}
