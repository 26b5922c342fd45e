"""The article's programs, run as the article runs them, in three languages.

Python's part comes first, for it needs no build; then Go's and Rust's; then each
client against each server. What they print is compared with what the article prints.
Go is optional outside CI: without it, its outputs are not run.

Exit status: 0 when every output is the article's, 1 when one differs, 3 when the
programs cannot be run (the port is taken, cargo is missing), 5 when Go is missing
and CI is `true`, 130 when interrupted.
"""

from __future__ import annotations

import os
import signal
import sys

import languages
from failure import (
    EXIT_DIFFERS,
    EXIT_INCOMPLETE,
    EXIT_INFRASTRUCTURE,
    EXIT_INTERRUPTED,
    TourError,
)
from languages import Language, Missing
from port import port_held
from programs import Program, run, serving
from tally import Tally

# What the article prints.
MAIN_PRINTS = "b'\\n\\x05World'\nWorld\n"
CLIENT_PRINTS = "Hello, World\n"


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
        return complain(EXIT_INFRASTRUCTURE, str(error), error.hint)


def interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def complain(status: int, sentence: str, hint: str) -> int:
    sys.stdout.flush()
    print(f"error: {sentence}\n\nhint: {hint}", file=sys.stderr)
    return status


def take_tour() -> int:
    tally = Tally()
    with port_held():
        pass  # a taken port is said before anything runs, and before a build
    python = languages.python()
    show_part(tally, "Python", python)
    go = languages.go()
    show_part(tally, "Go", go)
    rust = languages.rust()
    show_part(tally, "Rust", rust)
    shown = [python, go, rust]
    show_lines(tally, shown)
    show_pairings(tally, shown)
    return conclude(tally)


# --- the course of the article ----------------------------------------------


def show_part(tally: Tally, title: str, language: Language | Missing) -> None:
    say(f"\nThe article in {title}")
    if isinstance(language, Missing):
        show_missing(tally, language)
    else:
        show_course(tally, language)


def show_course(tally: Tally, language: Language) -> None:
    """The article's own course: the message, then the server and a client."""
    show_output(tally, language.main, MAIN_PRINTS)
    with port_held(), serving(language.server):
        say(f"  $ {language.server.shown} &")
        show_output(tally, language.client, CLIENT_PRINTS)


def show_output(tally: Tally, program: Program, expected: str) -> None:
    say(f"  $ {program.shown}")
    printed = run(program)
    mark = tally.compare(program.shown, printed, expected)
    *lines, last = printed.splitlines() or [""]
    for line in lines:
        say(f"    {line}")
    say(f"    {last:<30} {mark}")


def show_missing(tally: Tally, missing: Missing) -> None:
    """The two outputs of the course, in the places where they would be."""
    for program in ("main", "client"):
        say(f"  {program:<9} {tally.leave_out(missing)}")
    say(f"  to run them: {missing.mend}")


# --- side by side -----------------------------------------------------------


def show_lines(tally: Tally, shown: list[Language | Missing]) -> None:
    """The article's lines once more, one language below the other."""
    say("\nThe article's lines")
    for language in shown:
        say(f"  {language.name:<9} {lines_of(tally, language)}")


def lines_of(tally: Tally, language: Language | Missing) -> str:
    if isinstance(language, Missing):
        return tally.leave_out(language)
    printed = run(language.main)
    mark = tally.compare(f"{language.name}'s lines", printed, MAIN_PRINTS)
    return f"{'   '.join(printed.splitlines()):<29} {mark}"


def show_pairings(tally: Tally, shown: list[Language | Missing]) -> None:
    """Every client with every server."""
    say("\nThe nine pairings\n  client    server    prints")
    for server in shown:
        if isinstance(server, Missing):
            for client in shown:
                show_pairing(client, server, tally.leave_out(server))
        else:
            show_clients(tally, shown, server)


def show_clients(tally: Tally, shown: list[Language | Missing], server: Language) -> None:
    with port_held(), serving(server.server):
        for client in shown:
            show_pairing(client, server, greeting_of(tally, client, server))


def greeting_of(tally: Tally, client: Language | Missing, server: Language) -> str:
    if isinstance(client, Missing):
        return tally.leave_out(client)
    printed = run(client.client)
    mark = tally.compare(f"{client.name}/{server.name}", printed, CLIENT_PRINTS)
    return f"{printed.rstrip():<19} {mark}"


def show_pairing(client: Language | Missing, server: Language | Missing, what: str) -> None:
    say(f"  {client.name:<9} {server.name:<9} {what}")


# --- the end ----------------------------------------------------------------


def conclude(tally: Tally) -> int:
    say(f"\n{tally.verdict()}")
    for difference in tally.differing:
        say(f"  X {difference}")
    if tally.differing:
        return EXIT_DIFFERS
    if tally.missing and is_ci():
        return complain_of_missing(tally.missing)
    return 0


def complain_of_missing(missing: list[Missing]) -> int:
    """What a developer's machine may lack, CI must have."""
    whys = ", ".join(language.why for language in missing)
    mends = ", ".join(language.mend for language in missing)
    return complain(EXIT_INCOMPLETE, f"CI is true, so nothing may be missing: {whys}", mends)


def is_ci() -> bool:
    """Whether this is a CI service, as nearly all of them say it."""
    return os.environ.get("CI") in ("true", "1")


def say(text: str) -> None:
    # Flushed, so that it stays in order with a build's progress on stderr.
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
