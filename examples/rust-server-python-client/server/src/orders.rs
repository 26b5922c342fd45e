//! From what is ordered to an order.

use std::time::SystemTime;

use tonic::Status;

use crate::catalogue::{self, money};
use crate::proto::{Availability, Item, Order, OrderLine, PlaceOrderRequest};

/// The order that a request makes, as the shop's `number`th.
///
/// # Errors
///
/// What the schema says of `PlaceOrder`.
pub fn place(request: PlaceOrderRequest, number: u64, now: SystemTime) -> Result<Order, Status> {
    if request.lines.is_empty() {
        return Err(Status::invalid_argument("an order needs a line"));
    }
    let mut total = 0u64;
    for line in &request.lines {
        total = total.saturating_add(buy(line)?);
    }
    Ok(Order {
        id: format!("order-{number}"),
        total: Some(money(total)),
        lines: request.lines,
        placed_at: Some(now.into()),
        thanks: thanks(request.customer.as_deref()),
    })
}

/// What a line costs, whether or not there is that much of it.
///
/// # Errors
///
/// No item has its SKU.
pub fn cost(line: &OrderLine) -> Result<u64, Status> {
    let item = find(line)?;
    let price = item.price.map_or(0, |price| price.minor_units);
    Ok(price.saturating_mul(line.quantity.into()))
}

fn buy(line: &OrderLine) -> Result<u64, Status> {
    if line.quantity == 0 {
        return Err(Status::invalid_argument("a line needs a quantity"));
    }
    if find(line)?.availability() == Availability::SoldOut {
        let reason = format!("\"{}\" is sold out", line.sku);
        return Err(Status::failed_precondition(reason));
    }
    cost(line)
}

fn find(line: &OrderLine) -> Result<Item, Status> {
    catalogue::find(&line.sku).ok_or_else(|| no_item(&line.sku))
}

/// The answer to an SKU that nothing has.
pub fn no_item(sku: &str) -> Status {
    Status::not_found(format!("no item has the SKU \"{sku}\""))
}

fn thanks(customer: Option<&str>) -> String {
    match customer {
        Some(name) => format!("Thank you, {name}"),
        None => "Thank you".to_owned(),
    }
}
