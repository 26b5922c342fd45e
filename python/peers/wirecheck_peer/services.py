"""The built-in services, found as a user of grpcio has them: in the generated code."""

import importlib
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from wirecheck_peer import library_services, official
from wirecheck_peer.errors import CouldNotTryError, UnsupportedError

# Full name of a service -> the schema that it stands in.
_SCHEMAS = {"Greeter": "hello", "helloworld.Greeter": "helloworld"}
TEST_SERVICE = f"{official.PACKAGE}.TestService"

NAMES = (*_SCHEMAS, TEST_SERVICE, *library_services.NAMES)


@dataclass(frozen=True)
class Greeter:
    """The generated code of one of the two greeters."""

    path: str
    servicer: type
    add_to_server: Callable[[Any, Any], None]
    reply: type[Message]

    def greet(self, request: Any) -> Message:
        """What both greeters answer."""
        return self.reply(message=f"Hello, {request.name}")


def greeter(name: str) -> Greeter:
    """The greeter with this full name."""
    messages = importlib.import_module(f"{_SCHEMAS[name]}_pb2")
    stubs = importlib.import_module(f"{_SCHEMAS[name]}_pb2_grpc")
    return Greeter(
        path=f"/{name}/SayHello",
        servicer=stubs.GreeterServicer,
        add_to_server=stubs.add_GreeterServicer_to_server,
        reply=messages.HelloReply,
    )


def greeters(names: Iterable[str], taken: Container[str]) -> list[Greeter]:
    """The greeters of a listener whose scripts have taken some paths."""
    for name in names:
        if name not in NAMES:
            raise UnsupportedError(f"service:{name}")
    found = [greeter(name) for name in names if name in _SCHEMAS]
    for each in found:
        if each.path in taken:
            raise CouldNotTryError(f"{each.path} has both a service and scripts")
    return found


def has_test_service(names: Iterable[str], taken: Container[str]) -> bool:
    """Whether a listener serves the official service; its scripts have taken some paths."""
    if TEST_SERVICE not in names:
        return False
    # Imported here, since most processes never need it.
    from wirecheck_peer import test_service

    for method in test_service.methods():
        if method.path in taken:
            raise CouldNotTryError(f"{method.path} has both a service and scripts")
    return True
