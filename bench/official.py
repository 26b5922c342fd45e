"""Runs the official cases the official way and Wirecheck's, side by side.

    python bench/official.py [--rounds N]

The official way is one process of grpc-go's interop client for each case, against
grpc-go's interop server, as many at a time as there are cores. Wirecheck runs the same
cases through its Go peer in both roles, tap and judge on, with the start of the peers in
its time and without. The ratio is of cells a second within one round.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "target" / "release" / "wirecheck"
OFFICIAL = ROOT / "official" / "go" / "bin"
# What the Go client knows. A case that waits for a deadline has samples of its own here.
CASES = [
    "empty_unary",
    "large_unary",
    "client_streaming",
    "server_streaming",
    "ping_pong",
    "empty_stream",
    "custom_metadata",
    "status_code_and_message",
    "special_status_message",
    "unimplemented_method",
    "unimplemented_service",
    "cancel_after_begin",
    "cancel_after_first_response",
]
TIMES = 20  # each case, so that the start of a server does not count for much
LIMIT = 120  # seconds for anything that ends by itself in a few


@dataclass
class Round:
    """Cells a second."""

    official: float
    wirecheck: float
    without_start: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="how many rounds (default: 3)")
    rounds = parser.parse_args().rounds
    build()
    wirecheck()  # warms what the operating system caches
    report([Round(official(), *wirecheck()) for _ in range(rounds)])
    return 0


def build() -> None:
    for command in (
        ["cargo", "build", "--locked", "--release", "--quiet", "--bin", "wirecheck"],
        ["official/go/setup_env.sh"],
        ["go/setup_env.sh"],
    ):
        subprocess.run(command, cwd=ROOT, check=True)


def official() -> float:
    """Cells a second of one process for each case."""
    with server() as port, ThreadPoolExecutor(os.cpu_count()) as pool:
        began = time.monotonic()
        ended = list(pool.map(lambda case: client(port, case), CASES * TIMES))
        seconds = time.monotonic() - began
    if any(ended):
        sys.exit(f"error: an official client ended with {max(ended)}")
    return len(ended) / seconds


@contextlib.contextmanager
def server() -> Iterator[int]:
    """The official server, on a port that was free."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [str(OFFICIAL / "server"), f"--port={port}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_it_accepts(port)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=LIMIT)


def wait_until_it_accepts(port: int) -> None:
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
    sys.exit("error: the official server does not accept connections")


def client(port: int, case: str) -> int:
    command = [
        str(OFFICIAL / "client"),
        "--server_host=127.0.0.1",
        f"--server_port={port}",
        f"--test_case={case}",
    ]
    quiet = subprocess.DEVNULL
    return subprocess.run(command, stdout=quiet, stderr=quiet, timeout=LIMIT).returncode


def wirecheck() -> tuple[float, float]:
    """Cells a second of Wirecheck, with and without the start of its peers."""
    with tempfile.TemporaryDirectory(prefix="wirecheck-bench-") as runs:
        patterns = [f"go-grpc/go-grpc/official/{case}+tcp" for case in CASES]
        command = [str(PROGRAM), "run", "--runs", runs, "--repeat", str(TIMES), *patterns]
        began = time.monotonic()
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT)
        seconds = time.monotonic() - began
        if ended.returncode != 0:
            sys.exit(f"{ended.stderr}\nerror: `{' '.join(command)}` ended with {ended.returncode}")
        run = json.loads(Path(runs, "latest/run.json").read_text())
    selected = [cell for cell in run["cells"] if cell["outcome"] != "not-run"]
    cells = sum(len(cell["attempts"]) for cell in selected)
    first = min(cell["start_ms"] for cell in selected) / 1000
    return cells / seconds, cells / (seconds - first)


def report(rounds: list[Round]) -> None:
    cells = len(CASES) * TIMES
    print(f"{len(CASES)} cases, {TIMES} times each, {len(rounds)} rounds, {os.cpu_count()} cores\n")
    print("| what | cells a second | / the official way |")
    print("|---|---|---|")
    ways = [
        (f"one official process a case, {os.cpu_count()} at a time", "official"),
        (f"Wirecheck, {cells} cells, starts included", "wirecheck"),
        ("Wirecheck, its peers started before", "without_start"),
    ]
    for what, name in ways:
        rate = statistics.median(getattr(done, name) for done in rounds)
        ratio = statistics.median(getattr(done, name) / done.official for done in rounds)
        print(f"| {what} | {rate:.0f} | {ratio:.1f} |")


if __name__ == "__main__":
    sys.exit(main())
