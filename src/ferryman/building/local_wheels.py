"""Wheels on this machine: built here from sources, or provided by the user.

A wheel of pure Python is the same everywhere, so it ships to every target. One with compiled parts
would only fit this machine, and is refused if it was built here.
"""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from packaging.utils import parse_wheel_filename

from ferryman.building.app_files import SourceFile
from ferryman.building.cache import cached, digest_of
from ferryman.building.dependencies import name_of
from ferryman.building.packages import files_in
from ferryman.building.requirements_file import DIRECTORY
from ferryman.building.uv import run_uv
from ferryman.core.errors import BuildError, ConfigError

__all__ = ("LocalWheel", "given_wheel", "make_local_wheel", "read_made_wheel", "unpack_pure")

_WHEEL, _TREE = "wheel", "tree"

# Files in a directory of sources that never go into a wheel.
_PASSED_OVER = {"__pycache__", "build", "dist", "node_modules"}


@dataclass(frozen=True, slots=True)
class LocalWheel:
    """A wheel on this machine.

    Attributes:
        name: The name of its distribution.
        requirement: The line through which a resolver finds it and its requirements.
        path: The wheel.
        files: Its files, if it is pure Python and was built here.
    """

    name: str
    requirement: str
    path: Path
    files: tuple[SourceFile, ...] = ()


def make_local_wheel(
    line: str, root: Path, scratch: Path, progress: Callable[[str], None]
) -> LocalWheel:
    """Build a wheel from sources on this machine, with their build backend.

    Args:
        line: Its line among the requirements, with its path and its extras.
        root: The project's directory, so that its own settings of uv count.
        scratch: A directory for files that cannot be cached.
        progress: Called with each step.

    Raises:
        ConfigError: The wheel has compiled parts.
        BuildError: The build failed.
        OSError: The sources cannot be read, or the files cannot be written.
    """
    path, bracket, extras = line.removeprefix(DIRECTORY).partition("[")

    def make(directory: Path) -> None:
        progress(f"making a wheel of {path}")
        _build(path, directory / _WHEEL, root)
        unpack_pure(directory, f"the package in {path}")

    made = cached("local", digest_of(path, _digest(Path(path))), make, scratch)
    return read_made_wheel(made, bracket + extras)


def given_wheel(line: str) -> LocalWheel:
    """Return the wheel on this machine that a line names."""
    address = line.partition(" @ ")[2].split()[0]
    return LocalWheel(name_of(line), line, Path(unquote(urlsplit(address).path)))


def unpack_pure(directory: Path, called: str) -> None:
    """Unpack the wheel in a directory beside it.

    Args:
        directory: The directory; the wheel is in `wheel/` below it.
        called: The package's name in errors.

    Raises:
        ConfigError: The wheel has compiled parts.
    """
    with zipfile.ZipFile(_wheel_in(directory)) as wheel:
        _refuse_compiled(Path(str(wheel.filename)).name, called)
        members = [place for place in wheel.namelist() if _is_imported(place)]
        wheel.extractall(directory / _TREE, members)


def read_made_wheel(directory: Path, extras: str) -> LocalWheel:
    """Return the wheel in a directory that `unpack_pure` filled.

    Args:
        directory: The directory.
        extras: The required extras, in brackets, or an empty text.
    """
    wheel = _wheel_in(directory)
    name = parse_wheel_filename(wheel.name)[0]
    files = files_in(directory / _TREE).items()
    return LocalWheel(
        name=name,
        requirement=f"{name}{extras} @ {wheel.as_uri()}",
        path=wheel,
        files=tuple(SourceFile(file, place) for place, file in files),
    )


def _build(path: str, out: Path, root: Path) -> None:
    options = ("--quiet", "--no-progress", "--wheel", "--out-dir", str(out))
    with tempfile.TemporaryDirectory(prefix="ferryman-") as scratch:
        try:
            run_uv(("build", *options, path), (), root, _beside_sources(Path(scratch)))
        except BuildError as error:
            raise BuildError(
                f"no wheel could be made of {path}",
                cause=error.cause,
                hint=f"`uv build --wheel {path}` shows all that its build says",
            ) from None


def _beside_sources(scratch: Path) -> Mapping[str, str]:
    """Return the variable that makes setuptools write its intermediate files elsewhere.

    In the sources, its `build` directory would keep modules that have been deleted since, and they
    would get into the next wheel.
    """
    settings = scratch / "distutils.cfg"
    text = f"[build]\nbuild_base = {scratch}/build\n[egg_info]\negg_base = {scratch}\n"
    settings.write_text(text, encoding="utf-8")
    return {"DIST_EXTRA_CONFIG": str(settings)}


def _wheel_in(directory: Path) -> Path:
    (wheel,) = (directory / _WHEEL).glob("*.whl")
    return wheel


def _refuse_compiled(wheel: str, called: str) -> None:
    tags = parse_wheel_filename(wheel)[3]
    if any(tag.platform == "any" for tag in tags):
        return
    raise ConfigError(
        f"{called} has compiled parts",
        cause=f"its wheel, {wheel}, is for this machine only",
        hint="build its wheels for the platforms it runs on, and depend on them by "
        "--find-links or from an index",
    )


def _is_imported(place: str) -> bool:
    # An installation puts scripts and headers elsewhere; an artifact has no place for them.
    return not place.partition("/")[0].endswith(".data") and not place.endswith("/")


def _digest(sources: Path) -> str:
    """Return a digest of an archive or a directory of sources."""
    found = hashlib.sha256()
    for path in _sources(sources) if sources.is_dir() else (sources,):
        found.update(f"{path.relative_to(sources)}\0".encode("utf-8", "surrogateescape"))
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
