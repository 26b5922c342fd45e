"""The iterator from which grpcio takes the requests of a call."""

import threading
from collections import deque

from wirecheck_peer.messages import Outgoing


class RequestStream:
    """Hands messages from the send lane to the thread in which grpcio asks for them.

    grpcio asks for the next message when its core has accepted the one before, and that is how a
    lane learns that a send is done.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._given: deque[Outgoing] = deque()
        self._asked = 0  # How often grpcio asked; its nth question accepts message n - 1.
        self._sent = 0
        self._half_closed = False
        self._over = False

    def __iter__(self) -> "RequestStream":
        return self

    def __next__(self) -> Outgoing:
        with self._changed:
            self._asked += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._given or self._half_closed or self._over)
            if not self._given:
                raise StopIteration
            return self._given.popleft()

    def send(self, message: Outgoing) -> bool:
        """Sends a message; true when it was accepted, false if the call ended instead."""
        with self._changed:
            self._given.append(message)
            self._sent += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._asked > self._sent or self._over)
            return self._asked > self._sent

    def half_close(self) -> None:
        """Lets the stream end after what was sent."""
        with self._changed:
            self._half_closed = True
            self._changed.notify_all()

    def end(self) -> None:
        """The call has ended: nobody waits any longer."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
