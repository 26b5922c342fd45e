"""Measures warm runs, and holds them against each other.

    python bench/runs.py [--runs N] [--everything]

Prints how long a run takes, how many cells a second that is, how long one cell
takes from the command line, and the most memory that the harness used. Every
run must have the same outcome in every cell and leave no process behind. With
--everything it is all suites but those that run on request, which takes minutes.
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
ONE_CELL = "rust-tonic/rust-tonic/greeter/say-hello"
# What is measured, and the patterns that select it.
SUBJECTS = {
    "the greeter suite over TCP, all pairs": ["greeter+tcp"],
    "the official suite over TCP, all pairs": ["official+tcp"],
    f"one cell, `{ONE_CELL}`": [ONE_CELL],
}
EVERYTHING = {"all suites, all pairs": []}
# What stands in the command lines of the peers, but for that of Rust.
PEERS = [
    f"{ROOT}/{part}"
    for part in ("python/peers/", "go/bin/go-grpc", "java/", "node/grpc-js.js", "cpp/bin/")
]
RUN_LIMIT = 900  # seconds; the longest takes three minutes


@dataclass
class Measured:
    """One run of the program."""

    seconds: float
    peak_kib: int
    outcomes: dict[str, str]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="how many warm runs (default: 5)")
    parser.add_argument("--everything", action="store_true", help="all suites, as `make interop`")
    arguments = parser.parse_args()
    subjects = EVERYTHING if arguments.everything else SUBJECTS
    build()
    with tempfile.TemporaryDirectory(prefix="wirecheck-bench-") as folder:
        measure([ONE_CELL], folder)  # the first run warms what the operating system caches
        measured = {
            what: [measure(patterns, folder) for _ in range(arguments.runs)]
            for what, patterns in subjects.items()
        }
        left = left_processes()
    report(measured)
    return complain(measured, left)


def build() -> None:
    command = ["cargo", "build", "--locked", "--release", "--quiet", "--bin", "wirecheck"]
    subprocess.run(command, cwd=ROOT, check=True)


def measure(patterns: list[str], folder: str) -> Measured:
    """Runs the program once; its memory is its own, without that of the peers."""
    command = [str(PROGRAM), "run", "--runs", f"{folder}/.wirecheck/runs", *patterns]
    began = time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        peak = watch_memory(process, began)
        _, errors = process.communicate(timeout=RUN_LIMIT)
    seconds = time.monotonic() - began
    if process.returncode != 0:
        sys.exit(f"{errors}\nerror: `{' '.join(command)}` ended with {process.returncode}")
    run = json.loads(Path(folder, ".wirecheck/runs/latest/run.json").read_text())
    played = (cell for cell in run["cells"] if cell["outcome"] != "not-run")
    outcomes = {cell["id"]: cell["outcome"] for cell in played}
    return Measured(seconds, peak, outcomes)


def watch_memory(process: subprocess.Popen[str], began: float) -> int:
    """The peak of the resident set, read until the program ends.

    The kernel keeps the peak, but forgets it with the process; what falls
    between the last look and the end is the report, which is small.
    """
    peak = 0
    while process.poll() is None and time.monotonic() - began < RUN_LIMIT:
        peak = max(peak, peak_of(process.pid))
        time.sleep(0.01)
    return peak


def peak_of(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    lines = (line.split() for line in status.splitlines())
    return next((int(line[1]) for line in lines if line and line[0] == "VmHWM:"), 0)


def left_processes() -> list[str]:
    """Peers that are still there although no run is."""
    left = []
    for entry in Path("/proc").iterdir():
        try:
            text = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        is_peer = "peer rust-tonic" in text or any(part in text for part in PEERS)
        if entry.name.isdigit() and int(entry.name) != os.getpid() and is_peer:
            left.append(text)
    return left


def report(measured: dict[str, list[Measured]]) -> None:
    count = len(next(iter(measured.values())))
    print(f"warm runs of the program as released, {count} of each, {os.cpu_count()} cores\n")
    print("| what | cells | median | range | cells a second | most memory of the harness |")
    print("|---|---|---|---|---|---|")
    for what, runs in measured.items():
        seconds = statistics.median(run.seconds for run in runs)
        cells = len(runs[0].outcomes)
        peak = max(run.peak_kib for run in runs) / 1024
        rate = f"{cells / seconds:.0f}"
        print(
            f"| {what} | {cells:,} | {seconds:.2f} s | {spread(runs)} | {rate} | {peak:.0f} MiB |"
        )


def spread(runs: list[Measured]) -> str:
    return f"{min(run.seconds for run in runs):.2f} to {max(run.seconds for run in runs):.2f} s"


def complain(measured: dict[str, list[Measured]], left: list[str]) -> int:
    changed = sorted(cell for runs in measured.values() for cell in changed_in(runs))
    count = sum(len(runs) for runs in measured.values())
    print(f"\n{count} runs: {len(changed)} cells changed their outcome")
    print(f"{len(left)} processes left")
    for line in changed + left:
        print(f"  {line}")
    return 1 if changed or left else 0


def changed_in(runs: list[Measured]) -> set[str]:
    first = runs[0].outcomes
    return {cell for run in runs for cell in first if run.outcomes.get(cell) != first[cell]}


if __name__ == "__main__":
    sys.exit(main())
