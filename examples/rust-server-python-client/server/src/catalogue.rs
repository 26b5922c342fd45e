//! What the shop sells.

use std::collections::HashMap;

use crate::proto::{Availability, Item, ListItemsRequest, Money};

/// Every price is in this currency.
const CURRENCY: &str = "EUR";

/// All items, in the order of their SKUs.
pub fn items() -> Vec<Item> {
    vec![
        Item {
            tags: tags(&["kitchen", "gift"]),
            attributes: attributes(&[("width_mm", "120"), ("colour", "blue")]),
            ..item("bowl-blue", "Blue bowl", 1_450, Availability::InStock)
        },
        Item {
            tags: tags(&["gift"]),
            attributes: attributes(&[("burns_h", "40")]),
            discount_percent: Some(15),
            ..item("candle", "Bee’s wax candle", 990, Availability::InStock)
        },
        Item {
            tags: tags(&["kitchen"]),
            discount_percent: Some(0),
            ..item("cup-plain", "Plain cup", 690, Availability::Low)
        },
        item("teapot", "Iron teapot", 8_900, Availability::SoldOut),
    ]
}

/// The item with this SKU.
pub fn find(sku: &str) -> Option<Item> {
    items().into_iter().find(|item| item.sku == sku)
}

/// The items that a request asks for.
pub fn matching(request: &ListItemsRequest) -> Vec<Item> {
    let any_availability = request.availability == Availability::Unspecified as i32;
    let fits = |item: &Item| {
        (request.tag.is_empty() || item.tags.contains(&request.tag))
            && (any_availability || item.availability == request.availability)
    };
    items().into_iter().filter(fits).collect()
}

/// An amount in the shop's currency.
pub fn money(minor_units: u64) -> Money {
    Money {
        currency: CURRENCY.to_owned(),
        minor_units,
    }
}

fn item(sku: &str, name: &str, price: u64, availability: Availability) -> Item {
    Item {
        sku: sku.to_owned(),
        name: name.to_owned(),
        price: Some(money(price)),
        availability: availability.into(),
        ..Item::default()
    }
}

fn tags(tags: &[&str]) -> Vec<String> {
    tags.iter().map(|&tag| tag.to_owned()).collect()
}

fn attributes(attributes: &[(&str, &str)]) -> HashMap<String, String> {
    let owned = |&(key, value): &(&str, &str)| (key.to_owned(), value.to_owned());
    attributes.iter().map(owned).collect()
}
