//! What has been made of a run so far, and what comes of it: the outcome of a
//! cell when all its runs are in, and those of cells that are held against each
//! other when all of them are.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use wirecheck_core::judge::finding::Finding;
use wirecheck_core::judge::outcome::{self, Outcome, Verdict};
use wirecheck_core::model::run as model;

use super::cell::Trouble;
use super::dispatch::Setup;
use super::groups::{Group, Groups};
use super::record::{self, Sample};

/// How a cell ended.
#[derive(Debug)]
pub struct Done {
    /// Its index in the plan.
    pub cell: usize,
    /// The verdict.
    pub verdict: Verdict,
    /// For the model.
    pub record: model::Cell,
    /// The findings of its first run that tells of the outcome.
    pub findings: Vec<Finding>,
}

/// One run of a cell that is to be made.
#[derive(Debug, Clone, Copy)]
pub struct Unit {
    /// The cell's index in the plan.
    pub cell: usize,
    /// Which of its samples, counted from 0.
    pub sample: u32,
}

/// One run of a cell that was made.
#[derive(Debug)]
pub struct Ran {
    /// Which.
    pub unit: Unit,
    /// When it began, after the start of the run.
    pub start: Duration,
    /// How long it took.
    pub duration: Duration,
    /// What it gave.
    pub result: Result<Sample, Trouble>,
    /// Nothing else ran beside it.
    pub alone: bool,
}

/// What has been made so far, cell by cell.
pub struct Books {
    setup: Arc<Setup>,
    report: mpsc::UnboundedSender<Done>,
    cells: Vec<Vec<Ran>>,
    again: Vec<Unit>,
    groups: Groups,
    must_stop: bool,
}

/// How many cells are run once more at the most.
const MOST_AGAIN: usize = 20;

impl Books {
    /// Nothing has been made.
    pub fn new(setup: &Arc<Setup>, report: mpsc::UnboundedSender<Done>) -> Self {
        let cells = setup.plan.cells.iter().map(|_| Vec::new()).collect();
        Self {
            setup: Arc::clone(setup),
            report,
            cells,
            again: Vec::new(),
            groups: Groups::new(setup),
            must_stop: false,
        }
    }

    /// Nothing more is to be begun.
    pub fn must_stop(&self) -> bool {
        self.must_stop
    }

    /// What is to be made once more.
    pub fn take_again(&mut self) -> Vec<Unit> {
        std::mem::take(&mut self.again)
    }

    /// Enters a run of a cell that was made.
    pub fn enter(&mut self, ran: Ran) {
        let cell = ran.unit.cell;
        // Who took whom along cannot be told: once more, alone. A peer that
        // could not even be started will not start for that either.
        let died =
            matches!(&ran.result, Err(Trouble::Peer { fault, .. }) if !record::never_ran(fault));
        let (unit, alone) = (ran.unit, ran.alone);
        self.cells[cell].push(ran);
        if died && !alone {
            self.again.push(unit);
            return;
        }
        let repeat = self.setup.plan.cases[self.setup.plan.cells[cell].case].repeat as usize;
        let decided = self.cells[cell].iter().filter(|ran| ran.is_final()).count();
        if decided < repeat {
            return;
        }
        match !alone && self.may_be_flaky(cell, repeat) {
            true => self.again.push(unit),
            false => self.close(cell),
        }
    }

    /// A failure is run again, alone, to tell a bug from what the load of other
    /// cells does. Not where several samples tell that already, and not when so
    /// much fails that chance is no reason.
    fn may_be_flaky(&self, cell: usize, repeat: usize) -> bool {
        let [ran] = self.cells[cell].as_slice() else {
            return false;
        };
        let Ok(sample) = &ran.result else {
            return false;
        };
        let samples = [sample.judged.clone()];
        let id = &self.setup.plan.cells[cell].id;
        let is_red = || outcome::decide(id, &samples, &self.setup.known).outcome == Outcome::Fail;
        repeat == 1 && !self.setup.fail_fast && self.again.len() < MOST_AGAIN && is_red()
    }

    /// All runs of a cell are in: the verdict, or, if it depends on what others
    /// are told, the wait for them.
    fn close(&mut self, cell: usize) {
        let runs = std::mem::take(&mut self.cells[cell]);
        if !self.groups.awaits(cell) {
            self.decide(cell, runs);
        } else if let Some(group) = self.groups.enter(cell, runs) {
            self.decide_group(group);
        }
    }

    /// What was to be run again, and groups that will not be complete any more,
    /// are decided as they are.
    pub fn finish(mut self) -> Vec<model::Agreement> {
        for cell in 0..self.cells.len() {
            let repeat = self.setup.plan.cases[self.setup.plan.cells[cell].case].repeat as usize;
            let decided = self.cells[cell].iter().filter(|ran| ran.is_final()).count();
            if decided >= repeat {
                self.close(cell);
            }
        }
        while let Some(group) = self.groups.take_any() {
            self.decide_group(group);
        }
        self.groups.agreements
    }

    fn decide_group(&mut self, group: Group) {
        let cells = self.groups.agree(&self.setup, group);
        for (cell, runs) in cells {
            self.decide(cell, runs);
        }
    }

    fn decide(&mut self, cell: usize, runs: Vec<Ran>) {
        let done = decide(&self.setup, cell, runs);
        if self.setup.fail_fast && !done.verdict.outcome.is_as_expected() {
            self.must_stop = true;
        }
        // The other end is only gone when the run is over.
        let _ = self.report.send(done);
    }
}

impl Ran {
    fn is_final(&self) -> bool {
        self.alone
            || !matches!(&self.result, Err(Trouble::Peer { fault, .. }) if !record::never_ran(fault))
    }
}

fn decide(setup: &Setup, cell: usize, runs: Vec<Ran>) -> Done {
    let planned = &setup.plan.cells[cell];
    let case = &setup.plan.cases[planned.case];
    let mut record = record::cell(&setup.plan, planned);
    record.start_ms = millis(runs.iter().map(|ran| ran.start).min().unwrap_or_default());
    record.duration_ms = millis(runs.iter().map(|ran| ran.duration).sum());
    let mut samples = Vec::new();
    let mut trouble = None;
    for ran in runs {
        let kind = match (ran.alone, case.repeat) {
            (true, _) => "alone".to_owned(),
            (false, 1) => "first".to_owned(),
            (false, _) => format!("sample {}", ran.unit.sample + 1),
        };
        let is_final = ran.is_final();
        match ran.result {
            Ok(Sample {
                judged, attempt, ..
            }) => {
                record::count_status(&mut record.distribution, &attempt, case.repeat);
                record.attempts.push(model::Attempt { kind, ..attempt });
                samples.push(judged);
            }
            Err(fault) => {
                record.attempts.push(record::troubled(kind, &fault));
                if is_final {
                    trouble = Some(fault);
                }
            }
        }
    }
    let ran_again = case.repeat == 1 && samples.len() == 2;
    let verdict = match &trouble {
        Some(trouble) => record::known_death(trouble, &planned.id, setup)
            .unwrap_or_else(|| record::of_trouble(trouble, planned, setup, &mut record)),
        None if ran_again => outcome::decide_again(&planned.id, &samples, &setup.known),
        None => outcome::decide(&planned.id, &samples, &setup.known),
    };
    record::finish(&mut record, &verdict);
    let findings = samples
        .into_iter()
        .flat_map(|judged| judged.findings)
        .collect();
    Done {
        cell,
        verdict,
        record,
        findings,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
