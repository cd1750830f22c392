"""Packages that lie on this machine as sources: made into wheels, and shipped beside the app.

A wheel of pure Python is the same everywhere, so its files go where the app's own go, and an
artifact names no path of this machine. One with compiled parts would be this machine's.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import parse_wheel_filename

from ferryman.core.build.cache import cached, digest_of
from ferryman.core.build.packages import files_in
from ferryman.core.build.requirements_file import DIRECTORY
from ferryman.core.build.sources import SourceFile
from ferryman.core.build.uv import run_uv
from ferryman.core.errors import BuildError, ConfigError

__all__ = ("LocalPackage", "make_local_package")

_WHEEL, _TREE = "wheel", "tree"

# What a directory of sources may hold that goes into no wheel.
_PASSED_OVER = {"__pycache__", "build", "dist", "node_modules"}


@dataclass(frozen=True, slots=True)
class LocalPackage:
    """A package that was made from sources.

    Attributes:
        name: The name of its distribution.
        requirement: The line that leads a resolver to its wheel, and so to what it needs.
        files: Its files.
    """

    name: str
    requirement: str
    files: tuple[SourceFile, ...]


def make_local_package(
    line: str, root: Path, scratch: Path, progress: Callable[[str], None]
) -> LocalPackage:
    """Make a package of a directory of sources, by the build backend that it names.

    Args:
        line: Its line among the requirements, with its path and its extras.
        root: The project's directory, so that its own settings of uv count.
        scratch: A directory for what cannot be cached.
        progress: Told what is being done.

    Raises:
        ConfigError: It has compiled parts.
        BuildError: Its wheel cannot be made.
        OSError: It cannot be read, or its files cannot be written.
    """
    path, bracket, extras = line.removeprefix(DIRECTORY).partition("[")

    def make(directory: Path) -> None:
        progress(f"making a wheel of {path}")
        _make_wheel(path, directory / _WHEEL, root)
        with zipfile.ZipFile(_wheel_in(directory)) as wheel:
            _refuse_compiled(Path(str(wheel.filename)).name, path)
            members = [place for place in wheel.namelist() if _is_imported(place)]
            wheel.extractall(directory / _TREE, members)

    made = cached("local", digest_of(path, _digest(Path(path))), make, scratch)
    wheel = _wheel_in(made)
    name = parse_wheel_filename(wheel.name)[0]
    files = files_in(made / _TREE).items()
    return LocalPackage(
        name=name,
        requirement=f"{name}{bracket}{extras} @ {wheel.as_uri()}",
        files=tuple(SourceFile(file, place) for place, file in files),
    )


def _make_wheel(path: str, out: Path, root: Path) -> None:
    options = ("--quiet", "--no-progress", "--wheel", "--out-dir", str(out))
    try:
        run_uv(("build", *options, path), (), root)
    except BuildError as error:
        raise BuildError(
            f"no wheel could be made of {path}",
            cause=error.cause,
            hint=f"`uv build --wheel {path}` shows all that its build says",
        ) from None


def _wheel_in(directory: Path) -> Path:
    (wheel,) = (directory / _WHEEL).glob("*.whl")
    return wheel


def _refuse_compiled(wheel: str, path: str) -> None:
    tags = parse_wheel_filename(wheel)[3]
    if any(tag.platform == "any" for tag in tags):
        return
    raise ConfigError(
        f"the package in {path} has compiled parts",
        cause=f"its wheel, {wheel}, is for this machine alone",
        hint="build its wheels for the platforms it runs on, and depend on them by "
        "--find-links or from an index",
    )


def _is_imported(place: str) -> bool:
    # Scripts and headers go elsewhere in an installation, and nowhere in an artifact.
    return not place.partition("/")[0].endswith(".data") and not place.endswith("/")


def _digest(directory: Path) -> str:
    """Return a digest of all sources in a directory."""
    found = hashlib.sha256()
    for path in _sources(directory):
        found.update(f"{path.relative_to(directory)}\0".encode("utf-8", "surrogateescape"))
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def _sources(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.iterdir()):
        if path.name.startswith(".") or path.name in _PASSED_OVER:
            continue
        if path.is_dir() and path.suffix != ".egg-info" and not path.is_symlink():
            yield from _sources(path)
        elif path.is_file():
            yield path
