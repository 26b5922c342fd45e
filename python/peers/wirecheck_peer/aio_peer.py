"""The peer `python-grpcio-aio`: reads orders in the event loop."""

import asyncio
import signal
import sys
from collections.abc import Sequence

from wirecheck_peer import frames, stdio
from wirecheck_peer.errors import BrokenContract
from wirecheck_peer.session import Role, Session, parse_role

NAME = "python-grpcio-aio"


def main(arguments: Sequence[str]) -> None:
    """Carries out orders until stdin ends, then exits."""
    name = parse_role(arguments)
    events = stdio.EventWriter(stdio.take_stdout())
    asyncio.run(_main(name, events))


async def _main(name: str, events: stdio.EventWriter) -> None:
    role = _role(name, events)
    loop = asyncio.get_running_loop()
    stopping: list[asyncio.Task[None]] = []  # The loop itself holds its tasks only weakly.
    session = Session(
        NAME, name, role, events, lambda: stopping.append(loop.create_task(role.stop()))
    )
    orders = OrderReader(session)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, orders.end)
    await loop.connect_read_pipe(lambda: orders, sys.stdin)
    status = await orders.ended
    events.mute()
    await role.stop()
    stdio.leave(events, status)


def _role(name: str, events: stdio.EventWriter) -> Role:
    # Imported here because a peer has one role, and the harness waits for it to start.
    if name == "client":
        from wirecheck_peer.aio_client import Client

        return Client(events)
    from wirecheck_peer.aio_server import Server

    return Server(events)


class OrderReader(asyncio.Protocol):
    """Feeds stdin to the session until it ends or breaks the contract."""

    def __init__(self, session: Session) -> None:
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._session = session
        self._parser = frames.FrameParser()
        self._half_read: asyncio.TimerHandle | None = None  # Runs while a frame is incomplete.

    def data_received(self, data: bytes) -> None:
        """Begins the orders that these bytes complete."""
        try:
            orders = self._parser.feed(data)
            for order in orders:
                self._session.take(order)
        except BrokenContract as error:
            self._break(error)
        else:
            self._watch(progressed=bool(orders))

    def connection_lost(self, error: Exception | None) -> None:
        """Stdin has ended."""
        if self._parser.half_read:
            self._break(BrokenContract("stdin ended inside a frame"))
        self.end()

    def end(self, status: int = 0) -> None:
        """Lets the peer end with this status."""
        if not self.ended.done():
            self.ended.set_result(status)

    def _watch(self, progressed: bool) -> None:
        if self._half_read is not None and (progressed or not self._parser.half_read):
            self._half_read.cancel()
            self._half_read = None
        if self._half_read is None and self._parser.half_read:
            self._half_read = asyncio.get_running_loop().call_later(
                frames.HALF_READ_LIMIT, lambda: self._break(stdio.half_read_too_long())
            )

    def _break(self, error: BrokenContract) -> None:
        if not self.ended.done():
            stdio.log(f"broken contract: {error}")
            self.end(stdio.EXIT_BROKEN_CONTRACT)
