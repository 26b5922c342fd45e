"""The languages in which the article's programs are here, and how each starts them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cargo
import golang
from failure import TourError
from programs import Program

ROOT = Path(__file__).resolve().parent.parent.parent
ARTICLE = ROOT / "python" / "article"
VENV_PYTHON = ROOT / ".venv" / "bin" / "python"


@dataclass(frozen=True)
class Language:
    """The article's three programs in one language."""

    name: str
    main: Program
    server: Program
    client: Program


@dataclass(frozen=True)
class Missing:
    """A language that this machine lacks: why, and what brings it."""

    name: str
    why: str
    mend: str


def python() -> Language:
    """The programs in Python, which need no build."""
    if not VENV_PYTHON.exists():
        raise TourError("the Python environment .venv is not there", "make python")
    programs = (python_program(name) for name in ("main.py", "server.py", "client.py"))
    return Language("python", *programs)


def python_program(name: str) -> Program:
    return Program(f"python {name}", (str(VENV_PYTHON), name), ARTICLE)


def go() -> Language | Missing:
    """The programs in Go, built if this machine can."""
    if not golang.is_there():
        return Missing("go", "go not found", golang.MEND)
    paths = golang.build(ROOT)
    programs = (
        Program(f"{golang.FOLDER}/{name}", (str(paths[name]),), ROOT) for name in golang.PROGRAMS
    )
    return Language("go", *programs)


def rust() -> Language:
    """The programs in Rust, built; without them the tour cannot go on."""
    paths = cargo.build(ROOT)
    programs = (Program(name, (str(paths[name]),), ROOT) for name in cargo.PROGRAMS)
    return Language("rust", *programs)
