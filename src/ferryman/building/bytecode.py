"""Compiles to bytecode with an interpreter of the same minor version that will run it.

The bytecode is unchecked: a start compiles nothing and does not look at sources.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import ferryman
from ferryman.building import compiling
from ferryman.building.cache import digest_of, home_directory
from ferryman.core.errors import BuildError

__all__ = (
    "Compilation",
    "Deferral",
    "Interpreter",
    "cached_place",
    "compile_files",
    "compiler_digest",
    "find_interpreter",
)

_IDENTIFY = "import platform,sys; print(sys.implementation.cache_tag, platform.python_version())"

# One process and one order: marshal's output depends on earlier compilations. Its
# own standard library comes first, so that nothing beside ferryman stands in for it.
_COMPILE = """
import sys
sys.path.append(sys.argv[1])
from ferryman.building.compiling.compiler import main
main()
"""
_HOME = str(Path(ferryman.__file__).parents[1])

_COLUMNS: dict[bool, tuple[str, ...]] = {True: (), False: ("-X", "no_debug_ranges")}


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that compiles.

    Attributes:
        path: The program.
        tag: The tag in names of its bytecode files, such as `cpython-313`.
        version: Its full version.
    """

    path: str
    tag: str
    version: str


@dataclass(frozen=True, slots=True)
class Deferral:
    """Lets the definitions of a module wait for their first use.

    Attributes:
        names: The names of its own package whose import may wait; if None, all.
    """

    names: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Compilation:
    """A file to compile.

    Attributes:
        source: The source's path.
        target: The path of its bytecode.
        location: The path that tracebacks show.
        deferral: The definitions that may wait; None compiles the module unchanged.
    """

    source: Path
    target: Path
    location: str
    deferral: Deferral | None = None


@cache
def compiler_digest() -> str:
    """Return a digest of the compiler's own code, which determines the bytecode."""
    files = sorted(Path(compiling.__path__[0]).glob("*.py"))
    return digest_of([sha256(file.read_bytes()).hexdigest() for file in files])


def find_interpreter(python: str) -> Interpreter | None:
    """Return a CPython of a minor version, such as `3.13`, if this machine has one.

    It looks at the running one, then on PATH, then at pyenv's and uv's.
    """
    for path in _candidates(python):
        found = _identify(path)
        if found and found.tag == f"cpython-{python.replace('.', '')}":
            return found
    return None


def cached_place(place: str, tag: str) -> str:
    """Return the path where an import looks for the bytecode of a source."""
    directory, slash, name = place.rpartition("/")
    return f"{directory}{slash}__pycache__/{name.removesuffix('.py')}.{tag}.pyc"


def compile_files(
    interpreter: Interpreter, compilations: Sequence[Compilation], *, columns: bool = True
) -> frozenset[Path]:
    """Compile files, and return the sources that are not valid Python.

    Args:
        interpreter: The interpreter that compiles.
        compilations: The files to compile.
        columns: Whether to keep columns for tracebacks. They need the source: if it does not ship,
            columns only waste bytes.

    Raises:
        BuildError: The interpreter could not be run, or a file could not be written.
    """
    if not compilations:
        return frozenset()
    jobs = [
        (
            str(one.source),
            str(one.target),
            one.location,
            one.deferral and (one.deferral.names,),
        )
        for one in sorted(compilations, key=lambda one: one.location)
    ]
    # A set of constants is written in the order of its hashes.
    environment = {"PATH": os.defpath, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [interpreter.path, "-s", "-S", *_COLUMNS[columns], "-c", _COMPILE, _HOME],
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        raise BuildError(f"{interpreter.path} could not compile the files that ship", cause=last)
    return frozenset(map(Path, json.loads(done.stdout)))


def _candidates(python: str) -> Iterator[str]:
    if python == f"{sys.version_info.major}.{sys.version_info.minor}":
        yield sys.executable
    if found := shutil.which(f"python{python}"):
        yield found
    versions = Path(os.environ.get("PYENV_ROOT") or home_directory() / ".pyenv", "versions")
    yield from _newest_first(versions.glob(f"{python}.*/bin/python"))
    data = os.environ.get("XDG_DATA_HOME") or home_directory() / ".local/share"
    managed = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or Path(data, "uv/python"))
    yield from _newest_first(managed.glob(f"cpython-{python}.*/bin/python{python}"))


def _newest_first(paths: Iterable[Path]) -> Iterator[str]:
    return (str(path) for path in sorted(paths, key=lambda path: len(str(path)), reverse=True))


def _identify(path: str) -> Interpreter | None:
    if path == sys.executable:
        return Interpreter(path, str(sys.implementation.cache_tag), platform.python_version())
    try:
        done = subprocess.run(
            [path, "-I", "-S", "-c", _IDENTIFY], capture_output=True, text=True, check=True
        )
        tag, version = done.stdout.split()
    except (OSError, subprocess.CalledProcessError, ValueError):
        return None  # a shim without a target
    return Interpreter(path, tag, version)
