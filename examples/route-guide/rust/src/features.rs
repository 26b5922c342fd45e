//! What stands where.

use serde::Deserialize;

use crate::proto::{Feature, Point, Rectangle};

/// All features, in the order of `features.json`.
///
/// # Errors
///
/// The file that this was built with is no list of features.
pub fn load() -> Result<Vec<Feature>, serde_json::Error> {
    let entries: Vec<Entry> = serde_json::from_str(include_str!("../../features.json"))?;
    Ok(entries.into_iter().map(Entry::feature).collect())
}

/// The feature at a point, or one without a name.
pub fn at(features: &[Feature], point: &Point) -> Feature {
    let found = features
        .iter()
        .find(|feature| feature.location.as_ref() == Some(point));
    found.cloned().unwrap_or_else(|| Feature {
        name: String::new(),
        location: Some(*point),
    })
}

/// The named features in an area, its border included.
pub fn within(features: &[Feature], area: &Rectangle) -> Vec<Feature> {
    let (lo, hi) = (area.lo.unwrap_or_default(), area.hi.unwrap_or_default());
    let latitudes = lo.latitude.min(hi.latitude)..=lo.latitude.max(hi.latitude);
    let longitudes = lo.longitude.min(hi.longitude)..=lo.longitude.max(hi.longitude);
    let is_inside = |place: &Point| {
        latitudes.contains(&place.latitude) && longitudes.contains(&place.longitude)
    };
    let fits = |feature: &&Feature| {
        !feature.name.is_empty() && feature.location.as_ref().is_some_and(is_inside)
    };
    features.iter().filter(fits).cloned().collect()
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    latitude: i32,
    longitude: i32,
}

impl Entry {
    fn feature(self) -> Feature {
        Feature {
            name: self.name,
            location: Some(Point {
                latitude: self.latitude,
                longitude: self.longitude,
            }),
        }
    }
}
