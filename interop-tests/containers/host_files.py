"""Writes files of this machine to stdout, as a tar for an image without a distribution.

    host_files.py python PACKAGES      the interpreter, its standard library, and every
                                       shared library that they and PACKAGES load
    host_files.py libraries PROGRAM…   every shared library that the programs load

For machines that reach no image registry. Each file is at the path that it has here;
`python3` is on the PATH of the first one.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from pathlib import Path

# What no server needs, and what makes a third of the size.
LEFT_OUT = {
    "__pycache__",
    "dist-packages",
    "ensurepip",
    "idlelib",
    "lib2to3",
    "site-packages",
    "test",
}
LDD_SECONDS = 60


def main() -> None:
    match sys.argv[1:]:
        case ["python", packages]:
            with written_image() as image:
                add_python(image, Path(packages))
        case ["libraries", *programs]:
            with written_image() as image:
                add_libraries(image, [Path(program) for program in programs])
        case _:
            sys.exit(__doc__)


@contextlib.contextmanager
def written_image() -> Iterator[Image]:
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as tar:
        yield Image(tar)


def add_python(image: Image, packages: Path) -> None:
    interpreter = Path(os.path.realpath(sys.executable))
    library = sorted(standard_library())
    for path in [interpreter, *library]:
        image.add(path)
    add_libraries(image, [interpreter, *library, *packages.rglob("*.so")])
    image.add_link("/usr/local/bin/python3", str(interpreter))


def add_libraries(image: Image, programs: list[Path]) -> None:
    for path in shared_libraries(programs):
        image.add(path)
    # Where the loader looks beyond its built-in folders.
    image.add(Path("/etc/ld.so.cache"))


def standard_library() -> Iterator[Path]:
    root = Path(sysconfig.get_path("stdlib"))
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if not is_left_out(name)]
        yield from (Path(folder, file) for file in files)


def is_left_out(name: str) -> bool:
    return name in LEFT_OUT or name.startswith("config-")


def shared_libraries(programs: list[Path]) -> list[Path]:
    """Every library that the loader would map for these programs, itself included."""
    binaries = [str(path) for path in programs if is_elf(path)]
    # ldd says 1 as soon as one of them is static; the libraries of the others are listed.
    listed = subprocess.run(
        ["ldd", *binaries], capture_output=True, text=True, check=False, timeout=LDD_SECONDS
    ).stdout
    missing = sorted(set(re.findall(r"^\s+(\S+) => not found", listed, re.MULTILINE)))
    if missing:
        sys.exit(f"error: the loader does not find {', '.join(missing)}")
    found = re.findall(r"^\s+(?:\S+ => )?(/\S+) \(0x", listed, re.MULTILINE)
    return [Path(path) for path in sorted(set(found))]


def is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


class Image:
    """A tar in which each path stands once, with the links that lead to it."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._added: set[Path] = set()

    def add(self, path: Path) -> None:
        """Adds a file; a link on the way to it, such as /lib -> usr/lib, stays a link."""
        for step in [*reversed(path.parents), path]:
            if step.is_symlink():
                target = Path(os.readlink(step))
                self._add_entry(step)
                rest = path.relative_to(step)
                self.add(Path(os.path.normpath(step.parent / target / rest)))
                return
        self._add_entry(path)

    def add_link(self, name: str, target: str) -> None:
        link = tarfile.TarInfo(name.lstrip("/"))
        link.type, link.linkname = tarfile.SYMTYPE, target
        self._tar.addfile(link)

    def _add_entry(self, path: Path) -> None:
        if path not in self._added:
            self._added.add(path)
            self._tar.add(path, arcname=str(path).lstrip("/"), recursive=False)


if __name__ == "__main__":
    if platform.system() != "Linux":
        sys.exit("error: an image can be made from the files of a Linux machine only")
    main()
