"""Builds the article's programs in Rust."""

from __future__ import annotations

import json
from pathlib import Path

from builds import run_build
from failure import TourError

PROGRAMS = ("article-main", "article-server", "article-client")
# Without `-p`: features are then the same as in a build of the whole workspace,
# and what that one built is used again.
COMMAND = ["cargo", "build", *(word for name in PROGRAMS for word in ("--bin", name))]
MESSAGES = "--message-format=json-render-diagnostics"
# The first build takes about a minute and a half on two cores.
BUILD_SECONDS = 1800


def build(root: Path) -> dict[str, Path]:
    """Builds the three programs and returns where they are, by name."""
    shown = " ".join(COMMAND)
    try:
        status, messages = run_build(shown, [*COMMAND, MESSAGES], root, BUILD_SECONDS)
    except FileNotFoundError:
        raise TourError(
            "cargo is not installed, so the article's part in Rust cannot be run",
            "install Rust (rustup.rs says how), then: make article",
        ) from None
    if status != 0:
        raise TourError(f"the programs in Rust do not build (cargo's status {status})", shown)
    return executables(messages)


def executables(messages: str) -> dict[str, Path]:
    """The programs' paths, from cargo's messages (one JSON object a line)."""
    found = {}
    for line in messages.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] in PROGRAMS:
            found[message["target"]["name"]] = Path(message["executable"])
    return found
