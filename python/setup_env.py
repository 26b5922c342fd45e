"""Sets up what the Python programs need: `.venv` and the generated stubs.

Run by `make python`, and by the program before it starts a Python peer; and by
`wirecheck peers install python`, which has written the peers' sources and this
script to a folder of their own. With nothing changed it reads two stamps and is
done; the standard library is all it imports, since it comes before everything
else.

Exit status: 0 when all is in place, 3 when it cannot be, with one sentence on
stderr and the command that mends it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PYTHON_DIR = ROOT / "python"
PROTO_DIR = ROOT / "proto"
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
IS_CHECKOUT = (ROOT / "Makefile").exists()
REQUIREMENTS = [PYTHON_DIR / "requirements.txt"]
# What a user types to come back here: with another Python, with packages from a folder.
if IS_CHECKOUT:
    REQUIREMENTS.append(PYTHON_DIR / "requirements-dev.txt")
    COMMAND = "make python"
    WITH_PYTHON = f"{COMMAND} PYTHON=/path/to/python3"
    WITH_WHEELS = f"PIP_FIND_LINKS=$PWD/wheels {COMMAND}"
else:
    COMMAND = "wirecheck peers install python"
    WITH_PYTHON = f"{COMMAND} --python /path/to/python3"
    WITH_WHEELS = f"{COMMAND} --offline --wheels wheels"
# Raised when a change of this script must reach environments that exist.
LAYOUT = "1"

OLDEST_PYTHON = (3, 10)  # grpcio 1.85 has no wheels for an older one
EXIT_INFRASTRUCTURE = 3
EXIT_INTERRUPTED = 130

# Generous, for a slow line: the wheels are about 25 MB. They end a set-up that
# hangs, and are no measure of how long one takes (about 15 s).
INSTALL_SECONDS = 900
GENERATE_SECONDS = 120
LOCK_SECONDS = INSTALL_SECONDS + GENERATE_SECONDS


class SetupError(Exception):
    """Why the set-up cannot go on, in one sentence, and what mends it."""

    def __init__(self, sentence: str, hint: str) -> None:
        super().__init__(sentence)
        self.hint = hint


def main() -> int:
    """Brings the environment up to date; returns the exit status."""
    # As an exception it passes through the clean-up, which ends the children.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        set_up()
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except SetupError as error:
        print(f"error: {error}\n\nhint: {error.hint}", file=sys.stderr)
        return EXIT_INFRASTRUCTURE
    except OSError as error:
        print(
            f"error: the Python environment cannot be written: {error}\n\n"
            f"hint: make {ROOT} writable and free some space, then: {COMMAND}",
            file=sys.stderr,
        )
        return EXIT_INFRASTRUCTURE
    return 0


def set_up() -> None:
    """Makes `.venv` and the stubs what the checkout asks for.

    Looks first without the lock, so that a call with nothing to do never waits.
    """
    if is_current():
        return
    with exclusive():
        environment = environment_digest()
        if not is_stamped(VENV, environment):
            create_environment(environment)
        stubs = stubs_digest(environment)
        if not stubs_current(stubs):
            generate_stubs(stubs)


def is_current() -> bool:
    environment = environment_digest()
    return is_stamped(VENV, environment) and stubs_current(stubs_digest(environment))


# --- stamps -----------------------------------------------------------------


def environment_digest() -> str:
    """What `.venv` depends on: this Python, this place, the locked packages."""
    return digest(
        [
            LAYOUT.encode(),
            sys.version.encode(),
            sys.base_prefix.encode(),
            # Scripts in .venv/bin hold this path: a moved checkout needs new ones.
            str(ROOT).encode(),
            *(path.read_bytes() for path in REQUIREMENTS),
        ]
    )


def stubs_digest(environment: str) -> str:
    """What the stubs depend on: the generator and every schema."""
    parts = [environment.encode()]
    for each in stub_sets():
        for schema in each.schemas:
            parts += [schema.encode(), (each.include / schema).read_bytes()]
    return digest(parts)


def digest(parts: Iterable[bytes]) -> str:
    whole = hashlib.sha256()
    for part in parts:
        # The length keeps ("ab", "c") apart from ("a", "bc").
        whole.update(len(part).to_bytes(8, "big") + part)
    return whole.hexdigest()


def stamp_of(folder: Path) -> Path:
    return folder / ".wirecheck-stamp"


def is_stamped(folder: Path, wanted: str) -> bool:
    try:
        return stamp_of(folder).read_text() == wanted
    except (OSError, UnicodeDecodeError):
        return False


def write_stamp(folder: Path, value: str) -> None:
    stamp_of(folder).write_text(value)


# --- one at a time ----------------------------------------------------------


@contextlib.contextmanager
def exclusive() -> Iterator[None]:
    """Holds a lock on the folder `python/`, which leaves no lock file behind."""
    folder = os.open(PYTHON_DIR, os.O_RDONLY)
    try:
        take_lock(folder)
        yield
    finally:
        os.close(folder)


def take_lock(folder: int) -> None:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("waiting for another set-up of this checkout")
        with time_limit(LOCK_SECONDS):
            fcntl.flock(folder, fcntl.LOCK_EX)


@contextlib.contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    def give_up(_signal: int, _frame: object) -> None:
        raise SetupError(
            f"another set-up of this checkout has held the lock for {seconds} s",
            f"end it, then: {COMMAND} (see: fuser -v {PYTHON_DIR})",
        )

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


# --- the virtual environment ------------------------------------------------


def create_environment(wanted: str) -> None:
    check_python()
    say(f"creating .venv with Python {sys.version.split()[0]}")
    # Until the new stamp is written, an interrupted set-up must not look done.
    stamp_of(VENV).unlink(missing_ok=True)
    create_venv()
    say("installing the locked packages")
    install_packages()
    write_stamp(VENV, wanted)


def check_python() -> None:
    if sys.version_info < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        raise SetupError(
            f"Python {oldest} or newer is needed, and this is {sys.version.split()[0]}",
            f"install a newer one, then: {WITH_PYTHON}",
        )
    try:
        # Debian packs both apart from python3.
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as error:
        raise SetupError(
            f"this Python cannot make virtual environments: it lacks `{error.name}`",
            "apt-get install python3-venv (or your system's package of that kind), "
            f"then: {COMMAND}",
        ) from error


def create_venv() -> None:
    status, output = run([sys.executable, "-m", "venv", "--clear", str(VENV)], INSTALL_SECONDS)
    if status != 0:
        raise SetupError(
            f"`python3 -m venv .venv` failed with status {status}{quoted(output)}",
            f"apt-get install python3-venv python3-pip, then: {COMMAND}",
        )


def install_packages() -> None:
    command = [str(VENV_PYTHON), "-m", "pip", "install", "--quiet", "--no-input"]
    command += ["--disable-pip-version-check", "--require-hashes"]
    # A source build of grpcio takes half an hour; better to say that there is no wheel.
    command += ["--only-binary", ":all:"]
    for path in REQUIREMENTS:
        command += ["-r", str(path)]
    status, output = run(command, INSTALL_SECONDS)
    if status == 0:
        return
    if "DO NOT MATCH THE HASHES" in output:
        raise SetupError(
            f"a package is not the one that was locked{quoted(output)}",
            "pip cache purge (a broken download), or after a change on purpose: make python-lock",
        )
    if "No module named pip" in output:
        raise SetupError(
            "the new virtual environment has no pip",
            f"apt-get install python3-venv python3-pip, then: {COMMAND}",
        )
    if os.environ.get("PIP_NO_INDEX"):
        raise SetupError(
            "the packages are not all here, and nothing may be fetched "
            f"(--offline or PIP_NO_INDEX){quoted(output)}",
            "fetch them where there is a network: pip download --only-binary :all: "
            f"--require-hashes -d wheels -r {REQUIREMENTS[0]}; bring the folder here, then: "
            + WITH_WHEELS,
        )
    raise SetupError(
        f"the packages of python/requirements.txt cannot be fetched{quoted(output)}",
        "check the network or name an index that can be reached: "
        f"PIP_INDEX_URL=<its address> {COMMAND}",
    )


# --- stubs ------------------------------------------------------------------

# Where stubs go. The article's are named from the folder above `proto/`, so that
# they import each other as `from proto import hello_pb2`; see docs/article.md.
ARTICLE_STUBS = PYTHON_DIR / "article"
PEER_STUBS = PYTHON_DIR / "generated"
ARTICLE_SCHEMA = "hello.proto"
# An example's stubs lie beside the programs that import them.
EXAMPLE_PROGRAMS = {
    "rust-server-python-client": "client",
    "python-to-rust-rewrite": "python",
    "route-guide": "python",
}


class StubSet(NamedTuple):
    """Stubs to generate: of which schemas, as paths below where, and into which folder."""

    include: Path
    schemas: list[str]
    into: Path

    def stubs(self) -> list[Path]:
        return [self.into / name for schema in self.schemas for name in stub_names(schema)]


def stub_sets() -> list[StubSet]:
    sets = [peer_stubs()]
    if IS_CHECKOUT:
        sets.append(StubSet(ROOT, [f"proto/{ARTICLE_SCHEMA}"], ARTICLE_STUBS))
    for example, programs in EXAMPLE_PROGRAMS.items():
        folder = ROOT / "examples" / example
        sets.append(StubSet(folder / "proto", schemas(folder / "proto"), folder / programs))
    # A part of a checkout, such as a test makes, may lack the examples.
    return [each for each in sets if each.schemas]


def peer_stubs() -> StubSet:
    return StubSet(PROTO_DIR, schemas(PROTO_DIR), PEER_STUBS)


def schemas(folder: Path) -> list[str]:
    """Every schema below a folder, as a path from there."""
    found = folder.rglob("*.proto")
    return sorted(path.relative_to(folder).as_posix() for path in found)


def stub_names(schema: str) -> list[str]:
    stem = schema.removesuffix(".proto")
    return [f"{stem}_pb2.py", f"{stem}_pb2_grpc.py"]


def stubs_current(wanted: str) -> bool:
    stubs = [path for each in stub_sets() for path in each.stubs()]
    return is_stamped(PEER_STUBS, wanted) and all(path.exists() for path in stubs)


def generate_stubs(wanted: str) -> None:
    sets = stub_sets()
    say("generating the stubs")
    # Beside the environment, so that a half-done generation never meets a reader.
    with tempfile.TemporaryDirectory(dir=VENV, prefix="stubs-") as scratch:
        generated = [Path(scratch, str(number)) for number in range(len(sets))]
        for each, folder in zip(sets, generated, strict=True):
            protoc(each.include, each.schemas, folder)
        PEER_STUBS.mkdir(parents=True, exist_ok=True)
        stamp_of(PEER_STUBS).unlink(missing_ok=True)
        remove_strays(PEER_STUBS, keep=peer_stubs().stubs())
        for each, folder in zip(sets, generated, strict=True):
            move_over(folder, each.into)
    write_stamp(PEER_STUBS, wanted)


def protoc(include: Path, names: list[str], into: Path) -> None:
    into.mkdir()
    command = [str(VENV_PYTHON), "-m", "grpc_tools.protoc", f"-I{include}"]
    command += [f"--python_out={into}", f"--grpc_python_out={into}", *names]
    status, output = run(command, GENERATE_SECONDS)
    if status != 0:
        raise SetupError(
            f"protoc refuses a schema in {include.relative_to(ROOT)}{quoted(output)}",
            f"mend the schema, then: {COMMAND}",
        )


def remove_strays(folder: Path, keep: list[Path]) -> None:
    """Removes stubs whose schema is gone, which would still be importable."""
    wanted = set(keep)
    for path in folder.rglob("*_pb2*.py"):
        if path not in wanted:
            path.unlink()


def move_over(source: Path, target: Path) -> None:
    """Moves every file over its old one, each in one step for whoever reads it."""
    for path in sorted(source.rglob("*.py")):
        new = target / path.relative_to(source)
        new.parent.mkdir(parents=True, exist_ok=True)
        path.replace(new)


# --- children ---------------------------------------------------------------


def run(command: list[str], seconds: int) -> tuple[int, str]:
    """Runs a command in a process group of its own; returns status and output.

    Whatever ends this call, Ctrl-C included, the group does not outlive it.
    """
    child = subprocess.Popen(
        command,
        cwd=ROOT,
        env=child_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        end_group(child)
        return 124, f"no end after {seconds} s"
    except BaseException:
        end_group(child)
        raise
    return child.returncode, output


def end_group(child: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def child_environment() -> dict[str, str]:
    """The environment without what would lead pip or Python out of `.venv`."""
    unwanted = {"PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"}
    return {name: value for name, value in os.environ.items() if name not in unwanted}


def quoted(output: str, lines: int = 3) -> str:
    """The last lines of a command's output, to stand behind a sentence."""
    last = [line.strip() for line in output.splitlines() if line.strip()][-lines:]
    return "".join(f"\n    {line[:300]}" for line in last)


def say(text: str) -> None:
    print(f"python: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
