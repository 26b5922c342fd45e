"""Runs the official cases the official way and Wirecheck's, side by side.

    python bench/official.py [--rounds N]

The official way is one process of grpc-go's interop client for each case, against
grpc-go's interop server, one after the other, and as many at a time as there are cores.
A client that fails is counted, since its word is not the subject. Wirecheck runs the same
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
TIMES = 60  # each case, so that the start of a server does not count for much
LIMIT = 120  # seconds for anything that ends by itself in a few


@dataclass
class Round:
    """Cells a second."""

    one_by_one: float
    at_a_time: float
    wirecheck: float
    without_start: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="how many rounds (default: 3)")
    rounds = parser.parse_args().rounds
    build()
    wirecheck()  # warms what the operating system caches
    cores = os.cpu_count() or 1
    report([Round(official(1), official(cores), *wirecheck()) for _ in range(rounds)])
    return 0


def build() -> None:
    for command in (
        ["cargo", "build", "--locked", "--release", "--quiet", "--bin", "wirecheck"],
        ["official/go/setup_env.sh"],
        ["go/setup_env.sh"],
    ):
        subprocess.run(command, cwd=ROOT, check=True)


def official(at_a_time: int) -> float:
    """Cells a second of one process for each case."""
    with server() as port, ThreadPoolExecutor(at_a_time) as pool:
        began = time.monotonic()
        ended = list(pool.map(lambda case: client(port, case), CASES * TIMES))
        seconds = time.monotonic() - began
    failed = [case for case, status in zip(CASES * TIMES, ended, strict=True) if status != 0]
    if failed:
        print(f"{len(failed)} official clients failed: {', '.join(sorted(set(failed)))}\n")
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
    print("| what | cells a second | / one by one | / several at a time |")
    print("|---|---|---|---|")
    ways = [
        ("one official process a case, one by one", "one_by_one"),
        (f"one official process a case, {os.cpu_count()} at a time", "at_a_time"),
        (f"Wirecheck, {cells} cells, starts included", "wirecheck"),
        ("Wirecheck, its peers started before", "without_start"),
    ]
    for what, name in ways:
        rate = statistics.median(getattr(done, name) for done in rounds)
        print(f"| {what} | {rate:.0f} | {ratio(rounds, name, 'one_by_one')} |", end=" ")
        print(f"{ratio(rounds, name, 'at_a_time')} |")


def ratio(rounds: list[Round], what: str, to: str) -> str:
    """The median of the rounds' ratios."""
    return f"{statistics.median(getattr(done, what) / getattr(done, to) for done in rounds):.1f}"


if __name__ == "__main__":
    sys.exit(main())
