"""The services that come with grpcio: health and reflection.

Their handlers are the library's own, so nothing is reported of their calls. They are imported
where they are used, since most processes never need them.
"""

import importlib
from collections.abc import Collection, Container
from typing import Any

from wirecheck_peer.errors import CouldNotTryError

HEALTH = "grpc.health.v1.Health"
# grpcio-reflection has no `grpc.reflection.v1`.
REFLECTION_ALPHA = "grpc.reflection.v1alpha.ServerReflection"

NAMES = (HEALTH, REFLECTION_ALPHA)

_PATHS = {
    HEALTH: [f"/{HEALTH}/Check", f"/{HEALTH}/Watch"],
    REFLECTION_ALPHA: [f"/{REFLECTION_ALPHA}/ServerReflectionInfo"],
}

# What reflection tells of has to be in the default pool, where generated code registers itself.
_SCHEMAS = {
    "Greeter": "hello_pb2",
    "helloworld.Greeter": "helloworld_pb2",
    "grpc.testing.TestService": "grpc.testing.test_pb2",
    HEALTH: "grpc_health.v1.health_pb2",
    REFLECTION_ALPHA: "grpc_reflection.v1alpha.reflection_pb2",
}


def refuse_taken(names: Collection[str], taken: Container[str]) -> None:
    """Refuses a listener whose scripts have taken a path of a service that is named."""
    for name in names:
        for path in _PATHS.get(name, ()):
            if path in taken:
                raise CouldNotTryError(f"{path} has both a service and scripts")


def add_sync(server: Any, names: Collection[str]) -> None:
    """Adds those of the services that are named to a sync server."""
    if HEALTH in names:
        from grpc_health.v1 import health, health_pb2, health_pb2_grpc

        servicer = health.HealthServicer()
        for name in names:
            servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    _add_reflection(server, names)


async def add_aio(server: Any, names: Collection[str]) -> None:
    """Likewise, to an asyncio server."""
    if HEALTH in names:
        from grpc_health.v1 import health, health_pb2, health_pb2_grpc

        servicer = health.aio.HealthServicer()
        for name in names:
            await servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    _add_reflection(server, names)


def _add_reflection(server: Any, names: Collection[str]) -> None:
    if REFLECTION_ALPHA not in names:
        return
    from grpc_reflection.v1alpha import reflection

    for name in names:
        importlib.import_module(_SCHEMAS[name])
    reflection.enable_server_reflection(names, server)
