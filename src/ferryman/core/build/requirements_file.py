"""Reads the lines of a requirements file, in pip's format, and refuses what cannot be kept.

A line that would be dropped without a word, or could not be installed from a wheel, is an
error that names file and line. It knows neither uv nor the project.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from ferryman.core.errors import ConfigError

__all__ = ("check_requirement", "parse_requirements", "read_requirements_file")

# What these ask for holds for every build.
_GRANTED = {"--prefer-binary", "--only-binary"}

_INDEXES = {"-i", "--index-url", "--extra-index-url", "--no-index"}
_EDITABLES = {"-e", "--editable"}
_FILES = {"-r", "--requirement"}
_CONSTRAINTS = {"-c", "--constraint"}
_LINKS = {"-f", "--find-links"}

_OPTION = re.compile(r"(--[\w-]+|-[a-zA-Z])(?:\s*=\s*|\s*)(.*)")
_HASHES = re.compile(r"(?:\s+--hash[=\s]\s*\S+)+$")


def read_requirements_file(path: Path) -> tuple[str, ...]:
    """Return the requirements of a file and of the files it includes, one line each.

    Options for the index stay lines of their own; relative paths become absolute.

    Raises:
        ConfigError: A file cannot be read, or a line is no requirement, or asks for what a
            build cannot do.
    """
    return tuple(_read(path, ()))


def parse_requirements(text: str, place: str) -> tuple[str, ...]:
    """Return the requirements of a text that another tool wrote, one line each.

    Args:
        text: The requirements, in the same format.
        place: Where they come from, for errors.

    Raises:
        ConfigError: A line asks for what a build cannot do.
    """
    lines = (_kept(line, place, Path(), ()) for _, line in _lines(text))
    return tuple(kept for some in lines for kept in some)


def check_requirement(line: str, place: str) -> None:
    """See that a line is a requirement by the rules of PEP 508.

    Raises:
        ConfigError: It is not.
    """
    try:
        Requirement(line)
    except InvalidRequirement as error:
        raise ConfigError(
            f"{place}: '{line}' is no requirement",
            cause=str(error).splitlines()[0],
            hint="write a name with its versions; for a wheel outside an index, name @ URL",
        ) from None


def _read(path: Path, above: tuple[Path, ...]) -> Iterator[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the requirements file {path} cannot be read",
            cause=getattr(error, "strerror", None) or str(error),
            hint=f"it is included by {above[-1]}"
            if above
            else "set requirements in [tool.ferryman] to a file in the project's directory",
        ) from None
    for number, line in _lines(text):
        yield from _kept(line, f"{path}:{number}", path.parent, (*above, path))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line that says something, whole and without its comment, with its number."""
    joined, first = "", 0
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        first = first if joined else number
        joined += re.sub(r"(^|\s)#.*", "", line)
        if joined.endswith("\\"):
            joined = joined.removesuffix("\\") + " "
            continue
        if joined.strip():
            yield first, joined.strip()
        joined = ""


def _kept(line: str, place: str, base: Path, above: tuple[Path, ...]) -> Iterable[str]:
    option = _OPTION.fullmatch(line)
    if not option:
        hashes = _HASHES.search(line)
        check_requirement(line[: hashes.start()] if hashes else line, place)
        return (line,)
    name, value = option[1], option[2].strip("\"'")
    if name in _GRANTED:
        return ()
    if name in _INDEXES:
        return (line,)
    path = value if "://" in value else base / value
    if name in _CONSTRAINTS:
        return (f"-c {path}",)
    if name in _LINKS:
        return (f"--find-links {path}",)
    if name in _FILES and Path(path).resolve() not in {file.resolve() for file in above}:
        return _read(Path(path), above)
    raise _refused(name, place)


def _refused(name: str, place: str) -> ConfigError:
    if name in _FILES:
        return ConfigError(f"{place}: the file includes itself")
    if name in _EDITABLES:
        return ConfigError(
            f"{place}: a directory of sources cannot be installed",
            cause="a build installs wheels alone",
            hint="name its package in include of [tool.ferryman], or publish it as a wheel",
        )
    return ConfigError(
        f"{place}: a build cannot keep the option {name}",
        hint="set what it is for in [tool.uv] of pyproject.toml",
    )
