"""Runs the article's programs: time-limited, and ended whatever happens."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import port
from failure import TourError

# Python starts in 0.2 s and Rust at once; the rest is for a machine under load.
RUN_SECONDS = 30
READY_SECONDS = 30
STOP_SECONDS = 5
CONNECT_EVERY_SECONDS = 0.01
# The programs print two lines; a cut keeps what a broken one can cost.
OUTPUT_LIMIT = 64 * 1024

# grpcio sends even 127.0.0.1 through a proxy, if one of these names it.
PROXY_VARIABLES = {
    "http_proxy",
    "https_proxy",
    "grpc_proxy",
    "all_proxy",
    "no_proxy",
    "no_grpc_proxy",
}
# These would put other modules in the place of the article's.
PYTHON_VARIABLES = {"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP"}


@dataclass(frozen=True)
class Program:
    """One of the article's programs: how to start it, and how a reader types it."""

    shown: str
    command: tuple[str, ...]
    folder: Path


def run(program: Program) -> str:
    """Runs a program to its end and returns what it printed on stdout."""
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as log:
        with started(program, printed, log) as child:
            try:
                status = child.wait(timeout=RUN_SECONDS)
            except subprocess.TimeoutExpired:
                raise failed(program, f"has not ended after {RUN_SECONDS} s", log) from None
        if status != 0:
            raise failed(program, f"ended with status {status}", log)
        return head(printed)


@contextlib.contextmanager
def serving(program: Program) -> Iterator[None]:
    """Runs a server on the article's port for as long as the block lasts.

    The caller holds the port (`port.port_held`).
    """
    with tempfile.TemporaryFile() as log, started(program, log, log) as child:
        wait_until_ready(program, child, log)
        yield
        if child.poll() is not None:
            raise failed(program, f"ended early with status {child.returncode}", log)


def wait_until_ready(program: Program, child: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not port.answers():
        if child.poll() is not None:
            raise failed(program, f"ended with status {child.returncode} at its start", log)
        if time.monotonic() > deadline:
            raise failed(program, f"does not listen after {READY_SECONDS} s", log)
        time.sleep(CONNECT_EVERY_SECONDS)
    reject_strangers(child)


def reject_strangers(child: subprocess.Popen[bytes]) -> None:
    """Stops if the port was taken by another between the first look and now."""
    strangers = [owner for owner in port.owners() if not in_group(owner.pid, child.pid)]
    if strangers:
        names = ", ".join(map(str, strangers))
        raise TourError(
            f"port {port.PORT} was taken by {names} in the middle of the tour",
            "end it, then: make article",
        )


def in_group(pid: int, group: int) -> bool:
    try:
        return os.getpgid(pid) == group
    except ProcessLookupError:
        return True  # it is gone, and so is its hold on the port


@contextlib.contextmanager
def started(
    program: Program, printed: IO[bytes], log: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    """A child in a process group of its own, which never outlives the block."""
    try:
        child = subprocess.Popen(
            program.command,
            cwd=program.folder,
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=log,
            start_new_session=True,
        )
    except OSError as error:
        raise TourError(f"`{program.shown}` cannot be started: {error}", "make python") from error
    try:
        yield child
    finally:
        end_group(child)


def end_group(child: subprocess.Popen[bytes]) -> None:
    """TERM to the group, a grace, KILL to the group."""
    signal_group(child, signal.SIGTERM)
    try:
        child.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        # To the group even when its leader is gone: it may have had children.
        signal_group(child, signal.SIGKILL)
        child.wait()


def signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def child_environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name.lower() not in PROXY_VARIABLES and name not in PYTHON_VARIABLES
    }


def failed(program: Program, what: str, log: IO[bytes]) -> TourError:
    last = "".join(f"\n    {line}" for line in tail(log).splitlines()[-5:])
    return TourError(f"`{program.shown}` {what}{last}", f"run it by hand in {program.folder}")


def head(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(OUTPUT_LIMIT).decode(errors="replace")


def tail(file: IO[bytes]) -> str:
    file.seek(max(0, file.seek(0, os.SEEK_END) - OUTPUT_LIMIT))
    return file.read(OUTPUT_LIMIT).decode(errors="replace")
