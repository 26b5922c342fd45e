"""The peer `python-grpcio`: reads orders in its main thread."""

import signal
from collections.abc import Sequence
from types import FrameType

from wirecheck_peer import stdio
from wirecheck_peer.errors import BrokenContract
from wirecheck_peer.session import Role, Session, parse_role

NAME = "python-grpcio"


class Terminated(BaseException):
    """A signal asks the peer to end; raised where the main thread reads orders."""


def main(arguments: Sequence[str]) -> None:
    """Carries out orders until stdin ends, then exits."""
    name = parse_role(arguments)
    events = stdio.EventWriter(stdio.take_stdout())
    role = _role(name, events)
    session = Session(NAME, name, role, events, role.stop)
    signal.signal(signal.SIGTERM, _terminate)
    signal.signal(signal.SIGINT, _terminate)
    status = _serve(session)
    events.mute()
    role.stop()
    stdio.leave(events, status)


def _role(name: str, events: stdio.EventWriter) -> Role:
    # Imported here because a peer has one role, and the harness waits for it to start.
    if name == "client":
        from wirecheck_peer.sync_client import Client

        return Client(events)
    from wirecheck_peer.sync_server import Server

    return Server(events)


def _serve(session: Session) -> int:
    try:
        for order in stdio.read_orders():
            session.take(order)
    except Terminated:
        pass
    except BrokenContract as error:
        stdio.log(f"broken contract: {error}")
        return stdio.EXIT_BROKEN_CONTRACT
    return 0


def _terminate(signal_number: int, frame: FrameType | None) -> None:
    raise Terminated
