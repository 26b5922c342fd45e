//! Faults at a number of octets, behind all that is done to frames.

use super::fault::{Fault, Line, OctetAct};
use super::{Found, Numbered, Op};
use crate::wire::capture::Direction;

/// Counts the octets that pass in one direction.
#[derive(Debug)]
pub(super) struct OctetStage {
    /// Those to come, the next one last.
    faults: Vec<Numbered<(u64, OctetAct)>>,
    passed: u64,
    /// Nothing passes any more.
    ended: bool,
}

impl OctetStage {
    pub fn new(direction: Direction, faults: &[Fault]) -> Self {
        let numbered = faults.iter().enumerate();
        let mut faults: Vec<_> = numbered
            .filter_map(|(index, fault)| match fault {
                Fault::Octet {
                    direction: way,
                    at,
                    act,
                } if *way == direction => Some((index, (*at, act.clone()))),
                _ => None,
            })
            .collect();
        faults.sort_by_key(|(_, (at, _))| *at);
        faults.reverse();
        Self {
            faults,
            passed: 0,
            ended: false,
        }
    }

    /// Puts its own faults among what was found.
    pub fn pass(&mut self, found: Found) -> Found {
        let Found {
            ops,
            applied,
            table_sizes,
            opened,
        } = found;
        let mut passed = Found {
            applied,
            table_sizes,
            opened,
            ..Found::default()
        };
        for op in ops {
            // Before what happens to the next frame, however reads were split.
            self.due(&mut passed);
            match op {
                Op::Pass(octets) => self.pass_octets(&octets, &mut passed),
                Op::Line(line) => self.line(&line, &mut passed),
            }
        }
        self.due(&mut passed);
        passed
    }

    fn pass_octets(&mut self, mut octets: &[u8], passed: &mut Found) {
        while !self.ended && !octets.is_empty() {
            self.due(passed);
            if self.ended {
                return;
            }
            let room = match self.faults.last() {
                Some((_, (at, _))) => usize::try_from(at - self.passed).unwrap_or(usize::MAX),
                None => usize::MAX,
            };
            let (now, later) = octets.split_at(octets.len().min(room));
            passed.pass(now);
            self.passed += now.len() as u64;
            octets = later;
        }
    }

    /// Does what is to be done where the octets now stand.
    fn due(&mut self, passed: &mut Found) {
        while !self.ended
            && let Some((index, (_, act))) = self.faults.pop_if(|(_, (at, _))| *at <= self.passed)
        {
            passed.applied.push(index);
            match act {
                OctetAct::Insert(octets) => passed.pass(&octets),
                OctetAct::Line(line) => self.line(&line, passed),
            }
        }
    }

    fn line(&mut self, line: &Line, passed: &mut Found) {
        if !self.ended {
            passed.line(line);
            self.ended = line.ends();
        }
    }
}
