"""Builds the article's programs in Go, where there is a Go."""

from __future__ import annotations

import shutil
from pathlib import Path

from builds import run_build
from failure import TourError

PROGRAMS = ("main", "server", "client")
# Below the checkout: what sets up everything in Go, and where it puts the programs.
SET_UP = "go/setup_env.sh"
FOLDER = "go/bin/article"
# How Go is installed; the peer's row in the matrix says the same.
MEND = "install Go 1.26 or newer, see https://go.dev/doc/install"
# The set-up has a limit for each of its steps. This is beyond their sum.
BUILD_SECONDS = 4000


def is_there() -> bool:
    """Whether this machine has Go."""
    return shutil.which("go") is not None


def build(root: Path) -> dict[str, Path]:
    """Builds the three programs and returns where they are, by name."""
    try:
        status, _ = run_build(SET_UP, [str(root / SET_UP)], root, BUILD_SECONDS)
    except OSError as error:
        raise TourError(f"{SET_UP} cannot be started: {error}", "make go") from error
    if status != 0:
        raise TourError(f"the programs in Go do not build (status {status})", "make go")
    return {name: root / FOLDER / name for name in PROGRAMS}
