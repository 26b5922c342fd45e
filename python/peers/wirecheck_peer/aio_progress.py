"""What has happened in one call, and a way to wait for it: asyncio."""

import asyncio
from collections.abc import Hashable

from wirecheck.v1 import peer_pb2

from wirecheck_peer.latches import Latches

BEGUN = "begun"  # The event that the library has the call.


class Progress:
    """Events that happen once and stay; a wait ends with its event or with the call."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []
        self._happened: set[Hashable] = set()
        self._over = False

    @property
    def over(self) -> bool:
        """Whether the call has ended."""
        return self._over

    def happen(self, event: Hashable) -> None:
        """Notes an event."""
        self._happened.add(event)
        self._wake()

    def end(self) -> None:
        """The call has ended: nobody waits any longer."""
        self._over = True
        self._wake()

    async def wait(self, event: Hashable) -> bool:
        """Waits for an event; false if the call ended without it."""
        while not self._over and event not in self._happened:
            changed = asyncio.get_running_loop().create_future()
            self._waiting.append(changed)
            await changed
        return event in self._happened

    async def wait_step(self, wait: peer_pb2.Wait, latches: Latches, scope: str) -> bool:
        """Carries out a `wait` step."""
        if wait.WhichOneof("event") == "step":
            return await self.wait(("step", wait.step))
        event = ("released", wait.released)
        latches.when_released(scope, wait.released, lambda: self.happen(event))
        return await self.wait(event)

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for changed in waiting:
            if not changed.done():
                changed.set_result(None)
