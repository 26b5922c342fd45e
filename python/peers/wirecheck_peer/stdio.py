"""The peer's standard streams: frames on the real stdout, everything else on stderr."""

import os
import queue
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import NoReturn

from google.protobuf.message import Message
from wirecheck.v1 import peer_pb2

from wirecheck_peer import frames
from wirecheck_peer.errors import BrokenContract

EXIT_BROKEN_CONTRACT = 70
_READ_SIZE = 256 * 1024  # Bytes.
_CLOSE_LIMIT = 1.0  # Seconds for a frame that is being written.


def take_stdout() -> int:
    """Keeps the real stdout for frames and lets whatever prints write to the log instead."""
    sys.stdout.flush()
    real = os.dup(1)
    os.dup2(2, 1)
    return real


def log(text: str) -> None:
    """One line for the log."""
    print(text, file=sys.stderr, flush=True)


def end_signals() -> int:
    """A descriptor that becomes readable when SIGTERM or SIGINT asks the peer to end.

    A handler that raises would not do: a signal just before a blocking call, or one that another
    thread takes, leaves the main thread in that call.
    """
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    return readable


def read_orders(end: int) -> Iterator[peer_pb2.ToPeer]:
    """The orders on stdin until its end, or until the descriptor `end` becomes readable."""
    parser = frames.FrameParser()
    poll = select.poll()
    poll.register(0, select.POLLIN)
    poll.register(end, select.POLLIN)
    half_read_since: float | None = None
    while end not in _await_readable(poll, half_read_since):
        data = os.read(0, _READ_SIZE)
        if not data:
            if parser.half_read:
                raise BrokenContract("stdin ended inside a frame")
            return
        was_half_read = parser.half_read
        orders = parser.feed(data)
        if not parser.half_read:
            half_read_since = None
        elif orders or not was_half_read:
            half_read_since = time.monotonic()
        yield from orders


def _await_readable(poll: select.poll, half_read_since: float | None) -> list[int]:
    """The descriptors that can be read."""
    if half_read_since is None:
        return [fd for fd, _ in poll.poll()]
    left = half_read_since + frames.HALF_READ_LIMIT - time.monotonic()
    readable = [fd for fd, _ in poll.poll(max(left, 0) * 1000)]
    if left <= 0 or not readable:
        raise half_read_too_long()
    return readable


def half_read_too_long() -> BrokenContract:
    """What is wrong when a frame stays incomplete."""
    return BrokenContract(f"a frame stayed half-read for more than {frames.HALF_READ_LIMIT:.0f} s")


class EventWriter:
    """Writes events from a thread of its own.

    Whoever sends an event must not wait for the harness to read it: orders would stop being read,
    and both sides could wait for each other. The contract bounds what can queue up here: each
    event answers an order or belongs to a call.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._frames: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._muted = False
        self._thread = threading.Thread(target=self._write_all, name="events", daemon=True)
        self._thread.start()

    def send(self, **event: Message) -> None:
        """Queues one event, named as in `FromPeer`."""
        if not self._muted:
            self._frames.put(frames.encode(peer_pb2.FromPeer(**event)))

    def mute(self) -> None:
        """Writes nothing more from here on, as `Stop` demands."""
        self._muted = True

    def close(self, limit: float) -> None:
        """Writes what is queued and ends, in at most `limit` seconds."""
        self._frames.put(None)
        self._thread.join(limit)

    def _write_all(self) -> None:
        while (frame := self._frames.get()) is not None:
            if self._muted:
                continue
            try:
                self._write(frame)
            except OSError as error:
                # Nobody listens any more. Stdin ends as well then, and with it the peer.
                self._muted = True
                log(f"stdout cannot be written: {error}")
                return

    def _write(self, frame: bytes) -> None:
        rest = memoryview(frame)
        while rest:
            rest = rest[os.write(self._fd, rest) :]


def leave(events: EventWriter, status: int) -> NoReturn:
    """Ends the process once the frame that is being written is out.

    Without the interpreter's own shutdown, which would wait for every thread of every pool, and
    some may hang in a handler.
    """
    events.close(_CLOSE_LIMIT)
    sys.stderr.flush()
    os._exit(status)
