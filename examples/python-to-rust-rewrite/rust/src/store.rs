//! The orders there are.

use crate::proto::{Order, OrderLine};

/// All of them, the newest first.
pub fn orders() -> Vec<Order> {
    vec![
        order("C-3", "2026-11-20", &[("teapot", 1)], &[]),
        order(
            "B-2",
            "2026-11-19",
            &[("candle", 12), ("cup-plain", 6)],
            &[("gift", "yes"), ("wrapping", "paper")],
        ),
        order(
            "A-1",
            "2026-11-17",
            &[("bowl-blue", 2)],
            &[("note", "Größe M")],
        ),
    ]
}

fn order(id: &str, placed_on: &str, lines: &[(&str, u32)], labels: &[(&str, &str)]) -> Order {
    let line = |&(sku, quantity): &(&str, u32)| OrderLine {
        sku: sku.to_owned(),
        quantity,
    };
    let label = |&(key, value): &(&str, &str)| (key.to_owned(), value.to_owned());
    Order {
        id: id.to_owned(),
        placed_on: placed_on.to_owned(),
        lines: lines.iter().map(line).collect(),
        labels: labels.iter().map(label).collect(),
    }
}
