"""What the harness says and is answered, whatever drives grpcio."""

import os
import platform
import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import google.protobuf
import grpc
from google.protobuf.internal import api_implementation
from google.protobuf.message import Message
from wirecheck.v1 import peer_pb2

from wirecheck_peer.errors import BrokenContract, UnsupportedError
from wirecheck_peer.stdio import EventWriter, log

CONTRACT_VERSION = 1
_ROLES = {"client": peer_pb2.ROLE_CLIENT, "server": peer_pb2.ROLE_SERVER}
_EXIT_USAGE = 2

# Order -> the role that carries it out; both roles know the others.
_ROLE_OF = {
    **dict.fromkeys(("listen", "unlisten", "shutdown"), "server"),
    **dict.fromkeys(("open", "close", "call"), "client"),
}


class Role(Protocol):
    """A client or a server: it has a method for each of its orders, and begins them at once."""

    feature_names: Sequence[str]
    limits: dict[str, int]  # As in `Ready`.

    def abort(self, order: peer_pb2.Abort) -> None:
        """Cancels on the peer's own side."""

    def release(self, order: peer_pb2.Release) -> None:
        """Opens a latch."""

    def end_scope(self, order: peer_pb2.EndScope) -> None:
        """Forgets latches."""

    def stop(self) -> Any:
        """Ends everything by force; a coroutine on asyncio."""


def parse_role(arguments: Sequence[str]) -> str:
    """The role on the command line."""
    if len(arguments) != 1 or arguments[0] not in _ROLES:
        print("usage: PEER client|server", file=sys.stderr)
        raise SystemExit(_EXIT_USAGE)
    # Sockets of this peer are for its own user only.
    os.umask(0o077)
    return arguments[0]


class Session:
    """One conversation with the harness."""

    def __init__(
        self, peer: str, name: str, role: Role, events: EventWriter, stop: Callable[[], object]
    ) -> None:
        self._peer = peer
        self._name = name
        self._role = role
        self._events = events
        self._stop = stop  # Ends everything that the role has open.
        self._started = False
        self._deaf = False  # After `Stop`, or when the harness speaks another version.

    def take(self, envelope: peer_pb2.ToPeer) -> None:
        """Begins one order and answers it if it cannot be begun."""
        name = envelope.WhichOneof("order")
        if name is None:
            raise BrokenContract("an envelope without an order that this version knows")
        order = getattr(envelope, name)
        if (name == "start") == self._started:
            raise BrokenContract(f"{name} came {'twice' if self._started else 'before start'}")
        if name == "start":
            self._start(order)
        elif name == "stop":
            self._deaf = True
            self._events.mute()
            self._stop()
        elif not self._deaf:
            self._begin(name, order)

    def _start(self, start: peer_pb2.Start) -> None:
        if start.role != _ROLES[self._name]:
            raise BrokenContract(f"start asks for role {start.role} of a {self._name}")
        self._started = True
        self._deaf = start.contract_version != CONTRACT_VERSION
        self._events.send(
            ready=peer_pb2.Ready(
                contract_version=CONTRACT_VERSION,
                peer=self._peer,
                versions=_versions(),
                features=self._role.feature_names,
                **self._role.limits,
            )
        )

    def _begin(self, name: str, order: Message) -> None:
        try:
            self._demand_role(name)
            getattr(self._role, name)(order)
        except UnsupportedError as error:
            self._refuse(name, order, unsupported=peer_pb2.Unsupported(feature=error.feature))
        except Exception as error:  # Whatever it is, the harness waits for an answer.
            why = str(error) or repr(error)
            self._refuse(name, order, could_not_try=peer_pb2.CouldNotTry(why=why[:1_000]))

    def _demand_role(self, name: str) -> None:
        needed = _ROLE_OF.get(name, self._name)
        if needed != self._name:
            raise UnsupportedError(needed)

    def _refuse(self, name: str, order: Message, **reason: Message) -> None:
        if name == "call":
            self._events.send(report=peer_pb2.Report(call=order.call, **reason))
        elif name in ("open", "close"):
            self._events.send(refused=peer_pb2.Refused(channel=order.channel, **reason))
        elif name in ("listen", "unlisten", "shutdown"):
            self._events.send(refused=peer_pb2.Refused(listener=order.listener, **reason))
        else:
            log(f"{name} failed: {reason}")


def _versions() -> list[peer_pb2.Version]:
    # grpcio carries HTTP/2 with its own core, whose version its Python part does not tell.
    versions = {
        "python": platform.python_version(),
        "grpcio": grpc.__version__,
        "protobuf": google.protobuf.__version__,
        "protobuf-runtime": api_implementation.Type(),
    }
    return [peer_pb2.Version(name=name, version=version) for name, version in versions.items()]
