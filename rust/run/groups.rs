//! Cells whose outcomes wait for each other: what every client is told by one
//! server in one case.

use std::collections::{BTreeMap, BTreeSet};

use wirecheck_core::judge::agreement::{Agreement, Witness, agree};
use wirecheck_core::model::run as model;
use wirecheck_core::plan::variant::Variant;

use super::books::Ran;
use super::dispatch::Setup;
use super::record;

/// A server and a case, by their indices in the plan, and what it is run over.
type Key = (usize, usize, Variant);

/// The cells of a server and a case that have ended, with their runs.
#[derive(Debug)]
pub struct Group {
    cells: Vec<(usize, Vec<Ran>)>,
    is_complete: bool,
}

/// Groups that are not decided yet.
#[derive(Debug, Default)]
pub struct Groups {
    /// By cell, its group, if it has one.
    keys: Vec<Option<Key>>,
    /// How many cells of a group have not ended.
    missing: BTreeMap<Key, usize>,
    /// Groups of which a cell cannot run.
    short: BTreeSet<Key>,
    ended: BTreeMap<Key, Vec<(usize, Vec<Ran>)>>,
    /// Of those that are decided.
    pub agreements: Vec<model::Agreement>,
}

impl Groups {
    /// The groups of a run.
    pub fn new(setup: &Setup) -> Self {
        let plan = &setup.plan;
        let mut groups = Self::default();
        for cell in &plan.cells {
            let key =
                plan.cases[cell.case]
                    .agrees
                    .then_some((cell.server, cell.case, cell.variant));
            groups.keys.push(key);
            let Some(key) = key.filter(|_| cell.selected) else {
                continue;
            };
            if setup.is_to_run(cell) {
                *groups.missing.entry(key).or_default() += 1;
            } else {
                groups.short.insert(key);
            }
        }
        groups
    }

    /// Whether a cell is held against others.
    pub fn awaits(&self, cell: usize) -> bool {
        self.keys[cell].is_some()
    }

    /// Enters a cell that has ended; gives its group when that is complete.
    pub fn enter(&mut self, cell: usize, runs: Vec<Ran>) -> Option<Group> {
        let key = self.keys[cell]?;
        self.ended.entry(key).or_default().push((cell, runs));
        let missing = self.missing.get_mut(&key)?;
        *missing -= 1;
        if *missing > 0 {
            return None;
        }
        let cells = self.ended.remove(&key)?;
        Some(Group {
            cells,
            is_complete: !self.short.contains(&key),
        })
    }

    /// One of the groups that are not complete.
    pub fn take_any(&mut self) -> Option<Group> {
        let (_, cells) = self.ended.pop_first()?;
        Some(Group {
            cells,
            is_complete: false,
        })
    }

    /// Holds the cells of a group against each other, and adds what is found to
    /// their runs.
    pub fn agree(&mut self, setup: &Setup, mut group: Group) -> Vec<(usize, Vec<Ran>)> {
        group.cells.sort_by_key(|(cell, _)| *cell);
        let witnesses: Vec<Witness> = group.cells.iter().map(|(_, runs)| witness(runs)).collect();
        let Agreement { findings, left_out } = agree(&witnesses, &setup.left_out);
        for (index, finding) in findings {
            let (cell, runs) = &mut group.cells[index];
            let case = &setup.plan.cases[setup.plan.cells[*cell].case];
            // What was run again, alone, counts.
            let mut samples = runs
                .iter_mut()
                .rev()
                .filter_map(|ran| ran.result.as_mut().ok());
            if let Some(sample) = samples.next() {
                record::add_finding(case, sample, finding, &setup.secrets);
            }
        }
        self.note(setup, &group, left_out.into_iter().collect());
        group.cells
    }

    fn note(&mut self, setup: &Setup, group: &Group, left_out: Vec<String>) {
        let ids = group
            .cells
            .iter()
            .map(|(cell, _)| setup.plan.cells[*cell].id.clone());
        let Some((first, _)) = group.cells.first() else {
            return;
        };
        let cell = &setup.plan.cells[*first];
        let (server, case) = (
            &setup.plan.servers[cell.server],
            &setup.plan.cases[cell.case].id,
        );
        self.agreements.push(model::Agreement {
            group: format!("{server}/{case}{}", cell.variant),
            cells: ids.collect(),
            complete: group.is_complete,
            left_out,
        });
    }
}

/// What the client of a cell was told; nothing, if its run came to nothing.
fn witness(runs: &[Ran]) -> Witness {
    let mut samples = runs.iter().rev().filter_map(|ran| ran.result.as_ref().ok());
    samples
        .find_map(|sample| sample.witness.clone())
        .unwrap_or_default()
}
