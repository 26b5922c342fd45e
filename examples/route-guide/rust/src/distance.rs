//! How far it is from one point to another.

use crate::proto::Point;

const EARTH_RADIUS_METRES: f64 = 6_371_000.0;
const UNITS_PER_DEGREE: f64 = 1e7;

/// Metres between two points along the surface, by the haversine formula.
pub fn metres(start: &Point, end: &Point) -> f64 {
    let start_latitude = radians(start.latitude.into());
    let end_latitude = radians(end.latitude.into());
    let north = end_latitude - start_latitude;
    let east = radians(f64::from(end.longitude) - f64::from(start.longitude));
    let half = (north / 2.0).sin().powi(2)
        + start_latitude.cos() * end_latitude.cos() * (east / 2.0).sin().powi(2);
    // Rounding, or a latitude beyond the poles, takes it out of the range of a
    // square of a sine.
    EARTH_RADIUS_METRES * 2.0 * half.clamp(0.0, 1.0).sqrt().asin()
}

fn radians(units: f64) -> f64 {
    (units / UNITS_PER_DEGREE).to_radians()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_degree_of_latitude_is_about_111_kilometres() {
        let equator = Point::default();
        let north = Point {
            latitude: 10_000_000,
            longitude: 0,
        };
        assert!((metres(&equator, &north) - 111_195.0).abs() < 1.0);
        assert_eq!(metres(&north, &north), 0.0);
    }

    #[test]
    fn points_that_are_no_places_have_a_distance_too() {
        let start = Point {
            latitude: i32::MIN,
            longitude: i32::MAX,
        };
        let end = Point {
            latitude: i32::MAX,
            longitude: i32::MIN,
        };
        assert!(metres(&start, &end).is_finite());
    }
}
