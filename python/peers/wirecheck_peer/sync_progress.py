"""What has happened in one call, and a way to wait for it: threads."""

import threading
from collections.abc import Hashable

from wirecheck.v1 import peer_pb2

from wirecheck_peer.latches import Latches

BEGUN = "begun"  # The event that the library has the call.


class Progress:
    """Events that happen once and stay; a wait ends with its event or with the call."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._happened: set[Hashable] = set()
        self._over = False

    @property
    def over(self) -> bool:
        """Whether the call has ended."""
        return self._over

    def happen(self, event: Hashable) -> None:
        """Notes an event."""
        with self._changed:
            self._happened.add(event)
            self._changed.notify_all()

    def end(self) -> None:
        """The call has ended: nobody waits any longer."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def wait(self, event: Hashable) -> bool:
        """Waits for an event; false if the call ended without it."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or event in self._happened)
            return event in self._happened

    def wait_step(self, wait: peer_pb2.Wait, latches: Latches, scope: str) -> bool:
        """Carries out a `wait` step."""
        if wait.WhichOneof("event") == "step":
            return self.wait(("step", wait.step))
        event = ("released", wait.released)
        latches.when_released(scope, wait.released, lambda: self.happen(event))
        return self.wait(event)
