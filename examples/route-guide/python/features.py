"""What stands where."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import route_guide_pb2 as route_guide

_FILE = Path(__file__).parent.parent / "features.json"


def load() -> list[route_guide.Feature]:
    """All features, in the order of the file."""
    return [
        route_guide.Feature(
            name=entry["name"],
            location=route_guide.Point(latitude=entry["latitude"], longitude=entry["longitude"]),
        )
        for entry in json.loads(_FILE.read_text(encoding="utf-8"))
    ]


def at(features: list[route_guide.Feature], point: route_guide.Point) -> route_guide.Feature:
    """The feature at a point, or one without a name."""
    for feature in features:
        if feature.location == point:
            return feature
    return route_guide.Feature(location=point)


def within(
    features: list[route_guide.Feature], area: route_guide.Rectangle
) -> Iterator[route_guide.Feature]:
    """The named features in an area, its border included."""
    south, north = sorted((area.lo.latitude, area.hi.latitude))
    west, east = sorted((area.lo.longitude, area.hi.longitude))
    for feature in features:
        place = feature.location
        is_inside = south <= place.latitude <= north and west <= place.longitude <= east
        if feature.name and is_inside:
            yield feature
