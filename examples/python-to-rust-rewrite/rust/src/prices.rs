//! What things cost.

use crate::proto::OrderLine;

/// What nobody gave a price, in the smallest unit of the currency.
const WITHOUT_PRICE: u64 = 100;

/// The price of a line; it fits 64 bits, whatever the quantity.
pub fn of(line: &OrderLine) -> u64 {
    let each = match line.sku.as_str() {
        "bowl-blue" => 1_450,
        "candle" => 990,
        "cup-plain" => 690,
        "teapot" => 8_900,
        _ => WITHOUT_PRICE,
    };
    each * u64::from(line.quantity)
}
