"""Asks the route guide for everything, and prints the answers.

python client.py 127.0.0.1:50051
"""

from __future__ import annotations

import sys

import grpc
import route_guide_pb2 as route_guide
from route_guide_pb2_grpc import RouteGuideStub

# For each call. It ends one that hangs, and is no measure.
SECONDS = 10

BERLIN = route_guide.Point(latitude=525162720, longitude=133777220)
DRESDEN = route_guide.Point(latitude=510519640, longitude=137415720)
NOWHERE = route_guide.Point(latitude=10, longitude=-10)
GERMANY = route_guide.Rectangle(
    lo=route_guide.Point(latitude=470000000, longitude=50000000),
    hi=route_guide.Point(latitude=550000000, longitude=150000000),
)


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: client.py TARGET", file=sys.stderr)
        return 2
    with grpc.insecure_channel(sys.argv[1]) as channel:
        stub = RouteGuideStub(channel)
        get_features(stub)
        list_features(stub)
        record_route(stub)
        chat(stub)
    return 0


def get_features(stub: RouteGuideStub) -> None:
    for point in (BERLIN, NOWHERE):
        feature = stub.GetFeature(point, timeout=SECONDS)
        print(f"at {place(feature.location)}: {feature.name or 'nothing'}")


def list_features(stub: RouteGuideStub) -> None:
    for feature in stub.ListFeatures(GERMANY, timeout=SECONDS):
        print(f"in Germany: {feature.name}")


def record_route(stub: RouteGuideStub) -> None:
    summary = stub.RecordRoute(iter([BERLIN, DRESDEN, NOWHERE]), timeout=SECONDS)
    print(
        f"a route of {summary.point_count} points by {summary.feature_count} features, "
        f"{summary.distance} m"
    )


def chat(stub: RouteGuideStub) -> None:
    notes = [
        route_guide.RouteNote(location=location, message=message)
        for location, message in [(BERLIN, "one"), (DRESDEN, "two"), (BERLIN, "three")]
    ]
    for note in stub.RouteChat(iter(notes), timeout=SECONDS):
        print(f"noted at {place(note.location)}: {note.message}")


def place(point: route_guide.Point) -> str:
    return f"{point.latitude} {point.longitude}"


if __name__ == "__main__":
    sys.exit(main())
