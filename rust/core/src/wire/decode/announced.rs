//! Values of a setting that one side announced and the other acknowledges
//! (RFC 9113, section 6.5.3).

use std::collections::VecDeque;

/// SETTINGS frames that are followed before their ACK; the oldest counts as
/// acknowledged beyond. No library leaves more than a few open.
const MAX_OPEN: usize = 256;

/// The values of one setting, as they bind the side that acknowledges them.
#[derive(Debug)]
pub(super) struct Announced {
    current: u32,
    /// For each SETTINGS frame that is not acknowledged yet the lowest and
    /// the last value, if it has the setting.
    open: VecDeque<Option<[u32; 2]>>,
}

impl Announced {
    pub fn new(initial: u32) -> Self {
        Self {
            current: initial,
            open: VecDeque::new(),
        }
    }

    /// A SETTINGS frame announced these values, in order.
    pub fn announce(&mut self, values: impl Iterator<Item = u32>) {
        if self.open.len() == MAX_OPEN {
            self.acknowledge();
        }
        self.open
            .push_back(values.fold(None, |seen: Option<[u32; 2]>, value| {
                let lowest = seen.map_or(value, |[lowest, _]| lowest.min(value));
                Some([lowest, value])
            }));
    }

    /// The oldest open SETTINGS frame is acknowledged. The lowest and the last
    /// value that it sets, neither below what is announced after it; `None` if
    /// it does not have the setting.
    pub fn acknowledge(&mut self) -> Option<[u32; 2]> {
        let values @ [_, last] = self.open.pop_front()??;
        self.current = last;
        let floor = self.highest_open();
        Some(values.map(|value| value.max(floor)))
    }

    /// The highest value that the other side may already use: it may act on
    /// an announcement before its ACK comes past.
    pub fn highest(&self) -> u32 {
        self.current.max(self.highest_open())
    }

    fn highest_open(&self) -> u32 {
        self.open
            .iter()
            .flatten()
            .map(|[_, last]| *last)
            .max()
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raised_when_announced_and_lowered_when_acknowledged() {
        let mut size = Announced::new(4096);
        size.announce([8192].into_iter());
        assert_eq!(size.highest(), 8192);
        size.announce([100].into_iter());
        assert_eq!(size.acknowledge(), Some([8192, 8192]));
        assert_eq!(size.highest(), 8192);
        assert_eq!(size.acknowledge(), Some([100, 100]));
        assert_eq!(size.highest(), 100);
    }

    #[test]
    fn a_value_does_not_fall_below_a_later_announcement() {
        let mut size = Announced::new(4096);
        size.announce([0].into_iter());
        size.announce([8192].into_iter());
        assert_eq!(size.acknowledge(), Some([8192, 8192]));
    }

    #[test]
    fn a_frame_without_the_setting_changes_nothing() {
        let mut size = Announced::new(4096);
        size.announce([].into_iter());
        assert_eq!(size.acknowledge(), None);
        assert_eq!(size.acknowledge(), None, "an ACK for nothing");
        assert_eq!(size.highest(), 4096);
    }

    #[test]
    fn the_lowest_value_of_one_frame_holds_before_the_last() {
        let mut size = Announced::new(4096);
        size.announce([5, 0, 4096].into_iter());
        assert_eq!(size.acknowledge(), Some([0, 4096]));
    }

    #[test]
    fn frames_that_are_never_acknowledged_are_bounded() {
        let mut size = Announced::new(4096);
        (0..10_000).for_each(|value| size.announce([value].into_iter()));
        assert_eq!(size.open.len(), MAX_OPEN);
    }
}
