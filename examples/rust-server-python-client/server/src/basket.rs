//! A basket that is added up while it is filled.

use tonic::Status;

use crate::catalogue::money;
use crate::orders::cost;
use crate::proto::{BasketTotal, OrderLine};

/// The sum of the lines so far.
#[derive(Default)]
pub struct Basket {
    lines: u32,
    total: u64,
}

impl Basket {
    /// Adds a line, and says what it comes to now.
    ///
    /// # Errors
    ///
    /// No item has the line's SKU.
    pub fn add(&mut self, line: &OrderLine) -> Result<BasketTotal, Status> {
        self.total = self.total.saturating_add(cost(line)?);
        self.lines = self.lines.saturating_add(1);
        Ok(BasketTotal {
            lines: self.lines,
            total: Some(money(self.total)),
        })
    }
}
