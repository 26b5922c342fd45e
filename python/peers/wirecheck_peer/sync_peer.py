"""The peer `python-grpcio`: reads orders in its main thread."""

from collections.abc import Sequence

from wirecheck_peer import stdio
from wirecheck_peer.errors import BrokenContract
from wirecheck_peer.session import Role, Session, parse_role

NAME = "python-grpcio"


def main(arguments: Sequence[str]) -> None:
    """Carries out orders until stdin ends, then exits."""
    name = parse_role(arguments)
    events = stdio.EventWriter(stdio.take_stdout())
    role = _role(name, events)
    session = Session(NAME, name, role, events, role.stop)
    status = _serve(session, stdio.end_signals())
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


def _serve(session: Session, end: int) -> int:
    try:
        for order in stdio.read_orders(end):
            session.take(order)
    except BrokenContract as error:
        stdio.log(f"broken contract: {error}")
        return stdio.EXIT_BROKEN_CONTRACT
    return 0
