"""The article's claim about speed: protobuf against JSON and XML.

Runs the same operations in Python, on both runtimes of the protobuf package, and
in Rust, one after the other, and prints one Markdown table. Run by
`make bench-claim`; it takes about 15 s, the build of the bench in Rust apart.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MEASURE = ROOT / "bench" / "claim_measure.py"
RUST = ["cargo", "bench", "--quiet", "--package", "wirecheck-article", "--bench", "claim"]

# Each measurement takes about 3 s; these end one that hangs.
PYTHON_SECONDS = 60
# With a cold release build of tonic and the three formats.
RUST_SECONDS = 1800
EXIT_INFRASTRUCTURE = 3

OPERATIONS = {
    "encode_ready": "encode, object ready",
    "encode_native": "build from native data, encode",
    "decode": "decode",
    "decode_and_read": "decode, read every field",
}
FORMATS = ("protobuf", "JSON", "XML")

Report = dict[str, Any]


class BenchError(Exception):
    """Why there are no figures."""


def main() -> int:
    """Measures and prints the table; returns the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        reports = [measure_python("upb"), measure_python("python"), measure_rust()]
    except KeyboardInterrupt:
        return 130
    except BenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_INFRASTRUCTURE
    print(render(reports))
    return 0


# --- measuring --------------------------------------------------------------


def measure_python(runtime: str) -> Report:
    """Measures with one runtime of the protobuf package: `upb` (C) or `python`."""
    say(f"measuring in Python ({runtime})")
    environment = {**os.environ, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": runtime}
    return json.loads(run([sys.executable, str(MEASURE)], PYTHON_SECONDS, environment))


def measure_rust() -> Report:
    say("building and measuring in Rust")
    return json.loads(run(RUST, RUST_SECONDS, dict(os.environ)))


def run(command: list[str], seconds: int, environment: dict[str, str]) -> str:
    """Runs a command, which ends with this call, and returns its stdout."""
    try:
        child = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise BenchError(f"`{command[0]}` is not installed") from error
    try:
        output, _ = child.communicate(timeout=seconds)
    except BaseException as error:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            raise BenchError(f"`{' '.join(command)}` has not ended after {seconds} s") from error
        raise
    if child.returncode != 0:
        raise BenchError(f"`{' '.join(command)}` ended with status {child.returncode}")
    return output


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


# --- the table --------------------------------------------------------------


def render(reports: list[Report]) -> str:
    header = ["", "format", "size", *OPERATIONS.values()]
    rows = [row for report in reports for row in report_rows(report)]
    return "\n".join(
        [
            "### protobuf against JSON and XML",
            "",
            f"{machine()}, {datetime.date.today().isoformat()}.",
            *(f"{report['implementation']}: {report['versions']}." for report in reports),
            "",
            "In the rows of protobuf, the time of one operation. In the others, how many times",
            "protobuf's time theirs is, and the time itself: above 1 protobuf is faster, below 1",
            "it is slower. Medians of 25 rounds in which the formats take turns.",
            "",
            *table([header, *rows]),
        ]
    )


def machine() -> str:
    return f"{processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "unknown processor")


def report_rows(report: Report) -> list[list[str]]:
    return [
        message_row(report["implementation"], message, each)
        for message in report["messages"]
        for each in FORMATS
    ]


def message_row(implementation: str, message: dict[str, Any], format_name: str) -> list[str]:
    first = format_name == FORMATS[0]
    label = f"{implementation}: `{message['name']}`" if first else ""
    cells = [
        cell(message["operations"][operation][format_name], absolute_only=first)
        for operation in OPERATIONS
    ]
    return [label, format_name, f"{message['sizes'][format_name]:,} B", *cells]


def cell(measured: dict[str, float], absolute_only: bool) -> str:
    time = duration(measured["nanoseconds"])
    return time if absolute_only else f"{three_digits(measured['ratio'])}x ({time})"


def duration(nanoseconds: float) -> str:
    if nanoseconds < 1000:
        return f"{three_digits(nanoseconds)} ns"
    return f"{three_digits(nanoseconds / 1000)} us"


def three_digits(value: float) -> str:
    """The digits that count: 0.66, 4.3, 25, 112."""
    if value < 1:
        return f"{value:.2f}"
    return f"{value:.1f}" if value < 9.95 else f"{value:,.0f}"


def table(rows: list[list[str]]) -> list[str]:
    """A Markdown table whose columns line up when it is read as text."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]

    def line(row: list[str]) -> str:
        return "| " + " | ".join(map(str.ljust, row, widths)) + " |"

    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    head, *body = rows
    return [line(head), rule, *map(line, body)]


if __name__ == "__main__":
    sys.exit(main())
