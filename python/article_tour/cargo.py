"""Builds the article's programs in Rust."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

from failure import TourError

PROGRAMS = ("article-main", "article-server", "article-client")
# Without `-p`: features are then the same as in a build of the whole workspace,
# and what that one built is used again.
COMMAND = ["cargo", "build", *(word for name in PROGRAMS for word in ("--bin", name))]
# The first build takes about a minute and a half on two cores.
BUILD_SECONDS = 1800


def build(root: Path) -> dict[str, Path]:
    """Builds the three programs and returns where they are, by name.

    cargo's own progress goes to stderr, where a reader sees it.
    """
    try:
        child = subprocess.Popen(
            [*COMMAND, "--message-format=json-render-diagnostics"],
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise TourError(
            "cargo is not installed; the article's part in Python is done",
            "install Rust (rustup.rs says how), then: make article",
        ) from None
    messages = output_of(child)
    if child.returncode != 0:
        raise TourError(
            f"the programs in Rust do not build (cargo's status {child.returncode})",
            " ".join(COMMAND),
        )
    return executables(messages)


def output_of(child: subprocess.Popen[str]) -> str:
    try:
        output, _ = child.communicate(timeout=BUILD_SECONDS)
    except subprocess.TimeoutExpired:
        end_group(child)
        raise TourError(f"cargo has not ended after {BUILD_SECONDS} s", " ".join(COMMAND)) from None
    except BaseException:
        end_group(child)
        raise
    return output


def end_group(child: subprocess.Popen[str]) -> None:
    # cargo and the compilers it started; what they wrote is checked by the next build.
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def executables(messages: str) -> dict[str, Path]:
    """The programs' paths, from cargo's messages (one JSON object a line)."""
    found = {}
    for line in messages.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] in PROGRAMS:
            found[message["target"]["name"]] = Path(message["executable"])
    return found
