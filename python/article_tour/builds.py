"""Runs what builds the article's programs: time-limited, and ended with all its children."""

from __future__ import annotations

import subprocess
from pathlib import Path

from failure import TourError
from programs import end_group


def run_build(shown: str, command: list[str], root: Path, seconds: int) -> tuple[int, str]:
    """Runs a build and returns its status and what it printed on stdout.

    `shown` is what a reader types. The build's progress goes to stderr, where a reader
    sees it. Raises OSError if the command cannot be started.
    """
    # Flushed, so that it stays in order with that progress.
    print(f"\n$ {shown}", flush=True)
    child = subprocess.Popen(
        command,
        cwd=root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    # What a build had begun is checked, and taken up again, by the next one.
    try:
        output, _ = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        end_group(child)
        raise TourError(f"`{shown}` has not ended after {seconds} s", shown) from None
    except BaseException:
        end_group(child)
        raise
    return child.returncode, output
