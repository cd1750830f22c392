"""The first layer of an image: an interpreter, its libraries, and a minimal system.

Its contents depend only on the interpreter, so that all images share it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from hashlib import file_digest
from pathlib import Path

from ferryman.building.bytecode import Compilation, compile_files, find_interpreter
from ferryman.building.cache import digest_of
from ferryman.building.image.interpreter import Python
from ferryman.building.image.layer import Entry, Layer
from ferryman.building.image.layer_cache import kept_layer
from ferryman.building.image.libraries import (
    LIBC,
    find_libraries,
    glibc_version,
    resolve_inside,
)
from ferryman.building.image.standard_library import ELSEWHERE, choose_parts
from ferryman.building.stripping import find_stripper, strip_extension
from ferryman.core.serving import USER_ID

__all__ = ("PACKAGES", "PROGRAM", "Root", "root_layer")

PROGRAM = "/usr/local/bin/python"
"""The path of the interpreter in an image."""

PACKAGES = "packages"
"""The path of packages in an image, without the leading slash."""

_FORMAT = 1
_HOME = "usr/local"

# glibc opens it by name when a thread is cancelled or ends itself, as a daemon thread of
# Python does at the interpreter's end; without it the process is aborted then.
_OPENED_LATER = ("libgcc_s.so.1",)

# Before 2.34 the ways to look up a name were libraries of their own, opened by name.
_NAME_SERVICES = ("libnss_files.so.2", "libnss_dns.so.2")
_WITHIN_LIBC = (2, 34)

_FILES = {
    "etc/passwd": "root:x:0:0:root:/nonexistent:/nonexistent\n"
    f"nonroot:x:{USER_ID}:{USER_ID}:nonroot:/nonexistent:/nonexistent\n",
    "etc/group": f"root:x:0:\nnonroot:x:{USER_ID}:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
}
_LINKS = {
    # The wheels certifi and tzdata provide them, so that each is pinned like the rest.
    "etc/ssl/certs/ca-certificates.crt": f"/{PACKAGES}/certifi/cacert.pem",
    "usr/share/zoneinfo": f"/{PACKAGES}/tzdata/zoneinfo",
}
_DIRECTORIES = {"tmp": 0o1777, "dev": 0o755, "proc": 0o755, "sys": 0o755, "run": 0o755}


class Root:
    """The files of the first layer, found but not yet read.

    Args:
        python: The interpreter.

    Raises:
        BuildError: A shared library is missing.
    """

    def __init__(self, python: Python) -> None:
        self.python = python
        parts = dict(sorted(_walk(python.library, "")))
        self.dropped = choose_parts(parts)
        self.parts = {p: self._real(path) for p, path in parts.items() if p not in self.dropped}
        programs = [python.program, *(p for p in self.parts.values() if p.suffix == ".so")]
        found = find_libraries(programs, python.libraries)
        for name in self._opened_later():
            path = python.libraries.root / python.libraries.home() / name
            found |= {name: path, **find_libraries([path], python.libraries)}
        self.libraries = {name: self._real(path) for name, path in sorted(found.items())}

    def _real(self, path: Path) -> Path:
        return resolve_inside(self.python.libraries.root, path)

    def _opened_later(self) -> tuple[str, ...]:
        libraries = self.python.libraries
        libc = glibc_version(self._real(libraries.root / libraries.home() / LIBC))
        return _OPENED_LATER + (_NAME_SERVICES if libc and libc < _WITHIN_LIBC else ())

    def files(self) -> dict[str, Path]:
        """Return the files, by their paths in the image."""
        python = self.python
        loader = python.loader.lstrip("/")
        home = python.libraries.home()
        shared = {
            loader if name == Path(loader).name else f"{home}/{name}": path
            for name, path in self.libraries.items()
        }
        shared[loader] = self._real(python.libraries.root / loader)
        library = f"{_HOME}/lib/python{python.minor}"
        parts = {f"{library}/{place}": path for place, path in self.parts.items()}
        return {f"{_HOME}/bin/python{python.minor}": python.program, **shared, **parts}


def root_layer(root: Root, scratch: Path) -> Layer:
    """Return the first layer, writing it if it is not in the cache.

    Args:
        root: Its contents.
        scratch: A directory for temporary files.

    Raises:
        BuildError: The standard library could not be compiled.
        OSError: The layer cannot be written.
    """
    files = root.files()
    compiler = find_interpreter(root.python.minor)
    stripper = find_stripper(root.python.machine)
    tools = [asdict(tool) if tool else None for tool in (compiler, stripper)]
    contents = {place: _digest(path) for place, path in files.items()}
    key = digest_of(_FORMAT, contents, tools, _FILES, _LINKS, _DIRECTORIES)

    def collect() -> Mapping[str, Entry]:
        tree = scratch / "root"
        _copy(files, tree)
        if stripper:
            for place in files:
                strip_extension(tree / place, stripper)
        if compiler:
            sources = {place for place in files if place.endswith(".py")}
            invalid = compile_files(
                compiler,
                [Compilation(tree / p, tree / f"{p}c", f"/{p}") for p in sorted(sources)],
                columns=False,
            )
            for path in {tree / place for place in sources} - invalid:
                path.unlink()
        return dict(_entries(root, tree))

    return kept_layer(f"Python {root.python.version}", key, collect, scratch)


def _entries(root: Root, tree: Path) -> Iterator[tuple[str, Entry]]:
    for path in tree.rglob("*"):
        if path.is_file():
            yield path.relative_to(tree).as_posix(), Entry.copy(path)
    for name in ("python", "python3"):
        yield f"{_HOME}/bin/{name}", Entry(link=f"python{root.python.minor}")
    for place, text in _FILES.items():
        yield place, Entry(text.encode())
    for place, target in _LINKS.items():
        yield place, Entry(link=target)
    for place, mode in _DIRECTORIES.items():
        yield place, Entry.directory(mode)


def _copy(files: Mapping[str, Path], tree: Path) -> None:
    for place, path in files.items():
        (tree / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, tree / place)
        program = place.startswith(f"{_HOME}/bin/") or "/ld-" in place
        (tree / place).chmod(0o755 if program else 0o644)


def _walk(directory: Path, above: str) -> Iterator[tuple[str, Path]]:
    with os.scandir(directory) as found:
        for entry in found:
            if entry.is_dir() and entry.name not in ELSEWHERE:
                yield from _walk(Path(entry.path), f"{above}{entry.name}/")
            elif entry.is_file():
                yield f"{above}{entry.name}", Path(entry.path)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
