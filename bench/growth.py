"""How the time of a run grows with its peers and its cases.

    python bench/growth.py [--runs N]

Runs 2, 4 and 7 peers, each against each, through 10, 20 and 40 cases over TCP: short calls that
wait for nothing, so that what is measured is what a cell costs. The start of the peers, until the
first cell begins, is told apart: it grows with the peers and not with the cells.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "target" / "release" / "wirecheck"
# The quickest to start first, so that fewer peers are not slower ones.
PEERS = [
    "rust-tonic",
    "go-grpc",
    "cpp-grpc",
    "node-grpc-js",
    "java-grpc",
    "python-grpcio",
    "python-grpcio-aio",
]
HOW_MANY_PEERS = (2, 4, 7)
HOW_MANY_CASES = (10, 20, 40)
SUITES = ("errors", "metadata")
LIMIT = 300  # seconds; the longest run takes some


@dataclass
class Measured:
    """One run."""

    cells: int
    seconds: float
    until_first: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3, help="how many of each (default: 3)")
    runs = parser.parse_args().runs
    build = ["cargo", "build", "--locked", "--release", "--quiet", "--bin", "wirecheck"]
    subprocess.run(build, cwd=ROOT, check=True)
    cases = short_cases()
    measure(len(PEERS), cases[:1])  # sets up what is not current, and warms caches
    print(f"medians of {runs} runs, {os.cpu_count()} cores\n")
    columns = "peers | cases | cells | whole run (s) | until the first cell (s)"
    print(f"| {columns} | a cell after it (ms) |")
    print("|---|---|---|---|---|---|")
    for peers in HOW_MANY_PEERS:
        for count in HOW_MANY_CASES:
            row([measure(peers, cases[:count]) for _ in range(runs)], peers, count)
    return 0


def short_cases() -> list[str]:
    """Cases of one sample and without a time of their own, by their ids."""
    command = [str(PROGRAM), "list", "--format", "json"]
    listed = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
    is_short = [
        case["id"]
        for case in listed["cases"]
        if case["id"].split("/")[0] in SUITES and "size" not in case["tags"]
    ]
    if len(is_short) < HOW_MANY_CASES[-1]:
        sys.exit(f"error: only {len(is_short)} cases to measure with")
    return is_short


def measure(peers: int, cases: list[str]) -> Measured:
    who = "{" + ",".join(PEERS[:peers]) + "}"
    patterns = [f"{who}/{who}/{case}+tcp" for case in cases]
    with tempfile.TemporaryDirectory(prefix="wirecheck-bench-") as runs:
        command = [str(PROGRAM), "run", "--runs", runs, *patterns]
        began = time.monotonic()
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT)
        seconds = time.monotonic() - began
        if ended.returncode != 0:
            sys.exit(f"{ended.stderr}\nerror: a run ended with {ended.returncode}")
        run = json.loads(Path(runs, "latest/run.json").read_text())
    played = [cell for cell in run["cells"] if cell["outcome"] != "not-run"]
    if len(played) != peers * peers * len(cases):
        sys.exit(f"error: {len(played)} cells of {peers} peers and {len(cases)} cases")
    return Measured(len(played), seconds, min(cell["start_ms"] for cell in played) / 1000)


def row(runs: list[Measured], peers: int, cases: int) -> None:
    seconds = statistics.median(run.seconds for run in runs)
    first = statistics.median(run.until_first for run in runs)
    each = statistics.median((run.seconds - run.until_first) / run.cells for run in runs) * 1000
    cells = runs[0].cells
    print(f"| {peers} | {cases} | {cells} | {seconds:.2f} | {first:.2f} | {each:.2f} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
