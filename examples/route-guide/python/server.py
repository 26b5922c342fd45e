"""Serves the route guide. Says on stdout where, once it listens.

python server.py --addr 127.0.0.1:50051
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterable, Iterator
from concurrent import futures

import features
import grpc
import route_guide_pb2 as route_guide
import route_guide_pb2_grpc

EARTH_RADIUS_METRES = 6_371_000
UNITS_PER_DEGREE = 1e7
INT32_MAX = 2**31 - 1


class RouteGuide(route_guide_pb2_grpc.RouteGuideServicer):
    def __init__(self) -> None:
        self._features = features.load()

    def GetFeature(
        self, request: route_guide.Point, context: grpc.ServicerContext
    ) -> route_guide.Feature:
        return features.at(self._features, request)

    def ListFeatures(
        self, request: route_guide.Rectangle, context: grpc.ServicerContext
    ) -> Iterator[route_guide.Feature]:
        return features.within(self._features, request)

    def RecordRoute(
        self, request_iterator: Iterable[route_guide.Point], context: grpc.ServicerContext
    ) -> route_guide.RouteSummary:
        began = time.monotonic()
        points, named, metres, last = 0, 0, 0.0, None
        for point in request_iterator:
            points += 1
            named += bool(features.at(self._features, point).name)
            if last is not None:
                metres += distance(last, point)
            last = point
        return route_guide.RouteSummary(
            point_count=points,
            feature_count=named,
            distance=min(int(metres), INT32_MAX),
            elapsed_time=int(time.monotonic() - began),
        )

    def RouteChat(
        self, request_iterator: Iterable[route_guide.RouteNote], context: grpc.ServicerContext
    ) -> Iterator[route_guide.RouteNote]:
        earlier: list[route_guide.RouteNote] = []
        for note in request_iterator:
            yield from (other for other in earlier if other.location == note.location)
            earlier.append(note)


def distance(start: route_guide.Point, end: route_guide.Point) -> float:
    """Metres between two points along the surface, by the haversine formula."""
    start_latitude = math.radians(start.latitude / UNITS_PER_DEGREE)
    end_latitude = math.radians(end.latitude / UNITS_PER_DEGREE)
    north = end_latitude - start_latitude
    east = math.radians((end.longitude - start.longitude) / UNITS_PER_DEGREE)
    half = (
        math.sin(north / 2) ** 2
        + math.cos(start_latitude) * math.cos(end_latitude) * math.sin(east / 2) ** 2
    )
    # Rounding, or a latitude beyond the poles, takes it out of the range of a square of a sine.
    half = min(max(half, 0.0), 1.0)
    return EARTH_RADIUS_METRES * 2 * math.asin(math.sqrt(half))


def serve(address: str) -> None:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    route_guide_pb2_grpc.add_RouteGuideServicer_to_server(RouteGuide(), server)
    port = server.add_insecure_port(address)
    server.start()
    host = address.rpartition(":")[0]
    print(f"listening on {host}:{port}", flush=True)
    server.wait_for_termination()


def main() -> None:
    parser = argparse.ArgumentParser(description="Serves the route guide over gRPC.")
    parser.add_argument("--addr", default="127.0.0.1:50051", help="where to listen")
    serve(parser.parse_args().addr)


if __name__ == "__main__":
    main()
