"""The article's port: one user at a time, and no stranger on it.

grpcio binds a port that is taken without an error (it sets SO_REUSEPORT), and the
article's client would then greet somebody else's server. So whoever wants the
port takes a lock first, and connects to see that nobody answers.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from failure import TourError

PORT = 50051
ADDRESS = ("127.0.0.1", PORT)

# A tour holds the lock for about a second; a minute is a tour that hangs.
LOCK_SECONDS = 60
# On loopback an answer, or a refusal, comes within a millisecond.
CONNECT_SECONDS = 1.0
LISTEN = "0A"  # TCP_LISTEN as /proc/net/tcp writes it


@dataclass(frozen=True)
class Owner:
    """A process that listens on the port."""

    pid: int
    command: str

    def __str__(self) -> str:
        return f"`{self.command}` (pid {self.pid})"


@contextlib.contextmanager
def port_held() -> Iterator[None]:
    """Holds the lock of the port, with nobody listening on it."""
    path = Path(tempfile.gettempdir(), f"wirecheck-port-{PORT}.lock")
    lock = open_lock(path)
    try:
        take_lock(lock, path)
        ensure_free()
        yield
    finally:
        os.close(lock)


def open_lock(path: Path) -> int:
    """Opens the lock file, whichever user made it; it is never removed."""
    with contextlib.suppress(FileNotFoundError):
        # Without O_CREAT first: Linux forbids that flag on another's file in /tmp.
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW, 0o644)


def take_lock(lock: int, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"waiting for port {PORT}: another program holds {path}", file=sys.stderr, flush=True)
        with time_limit(path):
            fcntl.flock(lock, fcntl.LOCK_EX)


@contextlib.contextmanager
def time_limit(path: Path) -> Iterator[None]:
    def give_up(_signal: int, _frame: object) -> None:
        raise TourError(
            f"{path} has been held by another program for {LOCK_SECONDS} s",
            f"fuser -v {path} names it; end it, then: make article",
        )

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(LOCK_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def ensure_free() -> None:
    """Stops the tour, naming whoever answers on the port."""
    if not answers():
        return
    found = owners()
    if not found:
        raise TourError(
            f"port {PORT} is taken by a program that cannot be named from here",
            f"ss -ltnp 'sport = :{PORT}' as root names it; end it, then: make article",
        )
    names = ", ".join(map(str, found))
    pids = " ".join(str(owner.pid) for owner in found)
    raise TourError(f"port {PORT} is taken by {names}", f"kill {pids}, then: make article")


def answers() -> bool:
    """Whether anything accepts connections on the port."""
    try:
        socket.create_connection(ADDRESS, timeout=CONNECT_SECONDS).close()
    except TimeoutError:
        return True  # somebody listens and is too busy to accept
    except OSError:
        return False
    return True


def owners() -> list[Owner]:
    """The processes that listen on the port, as far as this user may see them.

    Empty where there is no /proc.
    """
    sockets = {f"socket:[{inode}]" for inode in listening_inodes()}
    if not sockets:
        return []
    return [owner for owner in map(inspect, pids()) if owner and holds(owner.pid, sockets)]


def listening_inodes() -> set[str]:
    return {
        inode
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for inode in parse_listeners(read(table), PORT)
    }


def parse_listeners(table: str, port: int) -> list[str]:
    """The inodes of the sockets that listen on `port`, from a /proc/net/tcp table."""
    inodes = []
    for line in table.splitlines()[1:]:
        columns = line.split()
        local_port = int(columns[1].rpartition(":")[2], 16)
        if local_port == port and columns[3] == LISTEN:
            inodes.append(columns[9])
    return inodes


def pids() -> list[int]:
    try:
        return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
    except FileNotFoundError:
        return []


def inspect(pid: int) -> Owner | None:
    command = read(f"/proc/{pid}/cmdline").replace("\0", " ").strip()
    return Owner(pid, printable(command)) if command else None


def printable(text: str, limit: int = 120) -> str:
    """A stranger's command line, safe to show on a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text[:limit])


def holds(pid: int, sockets: set[str]) -> bool:
    # Processes end, and other users' are closed to us: neither holds anything we can name.
    with contextlib.suppress(OSError):
        for entry in os.scandir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                if os.readlink(entry.path) in sockets:
                    return True
    return False


def read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""
