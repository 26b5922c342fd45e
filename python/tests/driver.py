"""A harness small enough to test a peer with: it starts one, gives it orders and awaits events."""

import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PYTHON = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PYTHON / "generated"))

from wirecheck.v1 import peer_pb2  # noqa: E402  (the path is set just above)

MAGIC = 0x57434B31
LIMIT = 20.0  # Seconds for anything to happen; only a broken peer takes that long.

PROGRAMS = {"python-grpcio": "grpcio_sync.py", "python-grpcio-aio": "grpcio_aio.py"}


def frame(**order: Any) -> bytes:
    """The frame of one order."""
    body = peer_pb2.ToPeer(magic=MAGIC, **order).SerializeToString()
    length, header = len(body), b""
    while length > 0x7F:
        header += bytes([length & 0x7F | 0x80])
        length >>= 7
    return header + bytes([length]) + body


class Peer:
    """A peer in one role, and the events that it has sent."""

    def __init__(self, name: str, role: str) -> None:
        self.name = name
        self.role = role
        self.events: list[peer_pb2.FromPeer] = []
        self._taken = 0
        self._buffer = b""
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(PYTHON / "peers" / PROGRAMS[name]), role],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def start(self) -> peer_pb2.Ready:
        """Greets the peer."""
        role = getattr(peer_pb2, f"ROLE_{self.role.upper()}")
        self.order(start=peer_pb2.Start(contract_version=1, role=role))
        return self.await_event("ready")

    def order(self, **order: Any) -> None:
        """Gives one order."""
        self.write(frame(**order))

    def write(self, data: bytes) -> None:
        """Writes bytes to the peer's stdin."""
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def await_event(self, kind: str, **fields: Any) -> Any:
        """The first event of this kind with these fields, now or later; each is given once."""
        deadline = time.monotonic() + LIMIT
        while True:
            for index, envelope in enumerate(self.events):
                event = getattr(envelope, kind)
                if envelope.WhichOneof("event") == kind and _matches(event, fields):
                    del self.events[index]
                    return event
            self._read(deadline, f"{kind} {fields}")

    def end(self) -> tuple[int, str]:
        """Ends stdin and awaits the exit; gives the status and the log."""
        self.end_stdin()
        return self.await_exit()

    def end_stdin(self) -> None:
        """Ends stdin."""
        self.process.stdin.close()
        self.process.stdin = None

    def await_exit(self) -> tuple[int, str]:
        """Awaits the exit; gives the status and the log."""
        # `communicate` would end stdin, and that alone may not be what ends the peer.
        stdin, self.process.stdin = self.process.stdin, None
        try:
            _, log = self.process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            if stdin is not None:
                stdin.close()
        return self.process.returncode, log.decode(errors="replace")

    def kill(self) -> None:
        """Ends the peer whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def _read(self, deadline: float, wanted: str) -> None:
        out = self.process.stdout.fileno()
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([out], [], [], left)[0]:
            raise TimeoutError(f"{self.name} {self.role}: no {wanted}; came: {self.events}")
        data = os.read(out, 1 << 20)
        if not data:
            raise EOFError(f"{self.name} {self.role} ended, awaiting {wanted}; came: {self.events}")
        self._buffer += data
        while (body := self._take_body()) is not None:
            envelope = peer_pb2.FromPeer.FromString(body)
            assert body[:5] == b"\x0d" + MAGIC.to_bytes(4, "little"), body[:5]
            self.events.append(envelope)

    def _take_body(self) -> bytes | None:
        length = 0
        for index, byte in enumerate(self._buffer):
            length |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                start, end = index + 1, index + 1 + length
                if len(self._buffer) < end:
                    return None
                body, self._buffer = self._buffer[start:end], self._buffer[end:]
                return body
        return None


def _matches(event: Any, fields: dict[str, Any]) -> bool:
    return all(getattr(event, name) == value for name, value in fields.items())
