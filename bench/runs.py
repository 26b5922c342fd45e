"""Measures warm runs of the greeter suite, and holds them against each other.

    python bench/runs.py [--runs N]

Prints how long a run takes, how many cells a second that is, how long one cell
takes from the command line, and the most memory that the harness used. Every
run must have the same outcome in every cell and leave no process behind.
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
RUN_LIMIT = 120  # seconds; a run takes a few


@dataclass
class Measured:
    """One run of the program."""

    seconds: float
    peak_kib: int
    outcomes: dict[str, str]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="how many warm runs (default: 5)")
    runs = parser.parse_args().runs
    build()
    with tempfile.TemporaryDirectory(prefix="wirecheck-bench-") as folder:
        measure([], folder)  # the first run warms what the operating system caches
        greeter = [measure([], folder) for _ in range(runs)]
        single = [measure([ONE_CELL], folder) for _ in range(runs)]
        left = left_processes(folder)
    report(greeter, single)
    return complain(greeter, left)


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
    outcomes = {cell["id"]: cell["outcome"] for cell in run["cells"]}
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


def left_processes(folder: str) -> list[str]:
    """Peers that are still there although no run is."""
    left = []
    for entry in Path("/proc").iterdir():
        try:
            text = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        is_peer = "peer rust-tonic" in text or f"{ROOT}/python/peers/" in text
        if entry.name.isdigit() and int(entry.name) != os.getpid() and is_peer:
            left.append(text)
    return left


def report(greeter: list[Measured], single: list[Measured]) -> None:
    seconds = statistics.median(run.seconds for run in greeter)
    cells = len(greeter[0].outcomes)
    one = statistics.median(run.seconds for run in single)
    peak = max(run.peak_kib for run in greeter) / 1024
    cores = os.cpu_count()
    print(f"warm runs of the program as released, {len(greeter)} of each, {cores} cores\n")
    print("| what | median | range |")
    print("|---|---|---|")
    print(f"| all pairs, {cells} cells, starts included | {seconds:.2f} s | {spread(greeter)} |")
    print(f"| cells a second | {cells / seconds:.0f} | |")
    print(f"| one cell, `{ONE_CELL}` | {one:.2f} s | {spread(single)} |")
    print(f"| most memory of the harness, all pairs | {peak:.0f} MiB | |")


def spread(runs: list[Measured]) -> str:
    return f"{min(run.seconds for run in runs):.2f} to {max(run.seconds for run in runs):.2f} s"


def complain(greeter: list[Measured], left: list[str]) -> int:
    first = greeter[0].outcomes
    changed = sorted(
        {cell for run in greeter for cell in first if run.outcomes[cell] != first[cell]}
    )
    print(f"\n{len(greeter)} runs: {len(changed)} cells changed their outcome")
    print(f"{len(left)} processes left")
    for line in changed + left:
        print(f"  {line}")
    return 1 if changed or left else 0


if __name__ == "__main__":
    sys.exit(main())
