"""The built-in services, found as a user of grpcio has them: in the generated code."""

import importlib
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from wirecheck_peer.errors import CouldNotTryError, UnsupportedError

# Full name of a service -> the schema that it stands in.
_SCHEMAS = {"Greeter": "hello", "helloworld.Greeter": "helloworld"}

NAMES = tuple(_SCHEMAS)


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
    """The greeter with this full name, which is one of `NAMES`."""
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
    found = [greeter(name) for name in names]
    for each in found:
        if each.path in taken:
            raise CouldNotTryError(f"{each.path} has both a service and scripts")
    return found
