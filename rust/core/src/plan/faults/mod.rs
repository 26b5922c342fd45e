//! What is wrong with the line of a case: faults that are put on the
//! connections between two peers that know nothing of them.

pub mod told;
pub mod written;

pub(super) mod insert;
pub(super) mod resolve;

use super::source::Location;
use crate::wire::relay;

/// The faults of a case.
#[derive(Debug, Clone, Default)]
pub struct FaultsPlan {
    /// How many connections are reset before one is let through.
    pub refuse: u32,
    /// What is done to those that are.
    pub faults: Vec<FaultPlan>,
}

/// One fault.
#[derive(Debug, Clone)]
pub struct FaultPlan {
    /// Its place among the faults of the case as they are written, from 1.
    pub number: usize,
    /// Where it is written.
    pub at: Location,
    /// What it does.
    pub fault: relay::Fault,
    /// What it is about need not come by: not every peer sends it.
    pub if_there: bool,
}

impl FaultsPlan {
    /// There are none: nothing stands on the line.
    pub fn is_empty(&self) -> bool {
        self.refuse == 0 && self.faults.is_empty()
    }

    /// It needs to know frames, which are hidden over TLS.
    pub fn needs_frames(&self) -> bool {
        let mut faults = self.faults.iter();
        faults.any(|plan| matches!(plan.fault, relay::Fault::Frame { .. }))
    }
}
