"""The article's programs, run as the article runs them, in both languages.

Python's part comes first, for it needs no build; then Rust's; then each client
against each server. What they print is compared with what the article prints.

Exit status: 0 when every output is the article's, 1 when one differs, 3 when the
programs cannot be run (the port is taken, cargo is missing), 130 when interrupted.
"""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path

import cargo
from failure import EXIT_DIFFERS, EXIT_INFRASTRUCTURE, EXIT_INTERRUPTED, TourError
from port import port_held
from programs import Program, run, serving

ROOT = Path(__file__).resolve().parent.parent.parent
ARTICLE = ROOT / "python" / "article"
VENV_PYTHON = ROOT / ".venv" / "bin" / "python"

# What the article prints.
MAIN_PRINTS = "b'\\n\\x05World'\nWorld\n"
CLIENT_PRINTS = "Hello, World\n"


@dataclass(frozen=True)
class Language:
    """The article's three programs in one language."""

    name: str
    main: Program
    server: Program
    client: Program


@dataclass
class Tour:
    """What was run and what of it was not as the article prints it."""

    compared: int = 0
    differing: list[str] = field(default_factory=list)

    def compare(self, what: str, printed: str, expected: str) -> str:
        """Compares an output and returns the mark to show beside it."""
        self.compared += 1
        if printed == expected:
            return "ok"
        self.differing.append(f"{what}: printed {printed!r}, and the article {expected!r}")
        return "X differs"


def main() -> int:
    """Runs the whole tour; returns the exit status."""
    # As an exception it passes through the clean-up, which ends the children.
    signal.signal(signal.SIGTERM, interrupt)
    try:
        return take_tour()
    except KeyboardInterrupt:
        print("interrupted; the programs are ended", file=sys.stderr)
        return EXIT_INTERRUPTED
    except TourError as error:
        sys.stdout.flush()
        print(f"error: {error}\n\nhint: {error.hint}", file=sys.stderr)
        return EXIT_INFRASTRUCTURE


def interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def take_tour() -> int:
    tour = Tour()
    with port_held():
        pass  # a taken port is said before anything runs, and before a build
    python = python_programs()
    show_part(tour, "The article in Python", python)
    rust = rust_programs()
    show_part(tour, "The article in Rust", rust)
    show_pairings(tour, [python, rust])
    return conclude(tour)


# --- the programs -----------------------------------------------------------


def python_programs() -> Language:
    if not VENV_PYTHON.exists():
        raise TourError("the Python environment .venv is not there", "make python")
    programs = (python_program(name) for name in ("main.py", "server.py", "client.py"))
    return Language("python", *programs)


def python_program(name: str) -> Program:
    return Program(f"python {name}", (str(VENV_PYTHON), name), ARTICLE)


def rust_programs() -> Language:
    say(f"$ {' '.join(cargo.COMMAND)}")
    paths = cargo.build(ROOT)
    programs = (Program(name, (str(paths[name]),), ROOT) for name in cargo.PROGRAMS)
    return Language("rust", *programs)


# --- what is shown ----------------------------------------------------------


def show_part(tour: Tour, title: str, language: Language) -> None:
    """The article's own course: the message, then the server and a client."""
    say(f"\n{title}")
    show_output(tour, language.main, MAIN_PRINTS)
    with port_held(), serving(language.server):
        say(f"  $ {language.server.shown} &")
        show_output(tour, language.client, CLIENT_PRINTS)
    say("")


def show_output(tour: Tour, program: Program, expected: str) -> None:
    say(f"  $ {program.shown}")
    printed = run(program)
    mark = tour.compare(program.shown, printed, expected)
    *lines, last = printed.splitlines() or [""]
    for line in lines:
        say(f"    {line}")
    say(f"    {last:<30} {mark}")


def show_pairings(tour: Tour, languages: list[Language]) -> None:
    """The article's lines once more, side by side, and every client with every server."""
    say("The article's lines")
    for language in languages:
        printed = run(language.main)
        mark = tour.compare(f"{language.name}'s lines", printed, MAIN_PRINTS)
        say(f"  {language.name:<9} {'   '.join(printed.splitlines()):<29} {mark}")
    say("\nThe four pairings\n  client    server    prints")
    for server in languages:
        with port_held(), serving(server.server):
            for client in languages:
                show_pairing(tour, client, server)


def show_pairing(tour: Tour, client: Language, server: Language) -> None:
    printed = run(client.client)
    pair = f"{client.name}/{server.name}"
    mark = tour.compare(pair, printed, CLIENT_PRINTS)
    say(f"  {client.name:<9} {server.name:<9} {printed.rstrip():<19} {mark}")


def conclude(tour: Tour) -> int:
    if not tour.differing:
        say(f"\nall {tour.compared} outputs are as the article prints them")
        return 0
    say(f"\n{len(tour.differing)} of {tour.compared} outputs are not as the article prints them")
    for difference in tour.differing:
        say(f"  X {difference}")
    return EXIT_DIFFERS


def say(text: str) -> None:
    # Flushed, so that it stays in order with cargo's progress on stderr.
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
