"""The latches that `Release` opens: named, kept by scope, and open for good."""

import threading
from collections.abc import Callable


class Latches:
    """All latches of a peer. A callback runs in the thread that releases."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, set[str]] = {}
        self._waiting: dict[str, dict[str, list[Callable[[], None]]]] = {}

    def release(self, scope: str, name: str) -> None:
        """Opens a latch and tells whoever waits for it."""
        with self._lock:
            self._open.setdefault(scope, set()).add(name)
            waiting = self._waiting.get(scope, {}).pop(name, [])
        for callback in waiting:
            callback()

    def when_released(self, scope: str, name: str, callback: Callable[[], None]) -> None:
        """Calls back once, at once if the latch is open already."""
        with self._lock:
            if name not in self._open.get(scope, ()):
                self._waiting.setdefault(scope, {}).setdefault(name, []).append(callback)
                return
        callback()

    def end_scope(self, scope: str) -> None:
        """Forgets the latches of a scope."""
        with self._lock:
            self._open.pop(scope, None)
            self._waiting.pop(scope, None)
