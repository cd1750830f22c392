"""Reads a requirements file in pip's format, and refuses lines that a build cannot honour.

A line that cannot be honoured is an error that names file and line, and is never dropped silently.
Sources become one of two lines: `-e /its/path[extras]` for a directory or an archive on this
machine, `name[extras] @ git+https://...` otherwise. It knows neither uv nor the project.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urldefrag, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)

from ferryman.core.errors import ConfigError, reason_of

__all__ = (
    "DIRECTORY",
    "ONLY_WHEELS",
    "parse_requirements",
    "read_requirement",
    "read_requirements_file",
)

DIRECTORY = "-e "
"""The prefix of a line for sources on this machine; their path and extras follow."""

ONLY_WHEELS = "--only-binary :all:"
"""The line that forbids building from sources."""

# Every build does what these options ask for.
_GRANTED = {"--prefer-binary", "--require-hashes"}

_INDEXES = {"-i", "--index-url", "--extra-index-url", "--no-index"}
_EDITABLES = {"-e", "--editable"}
_FILES = {"-r", "--requirement"}
_CONSTRAINTS = {"-c", "--constraint"}
_LINKS = {"-f", "--find-links"}
_ARCHIVES = (".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tar.xz")

# Options with another name on uv's command line than in a requirements file.
_IN_WORDS_OF_UV = {"--pre": "--prerelease allow", "--trusted-host": "--allow-insecure-host"}

_OPTION = re.compile(r"(--[\w-]+|-[a-zA-Z])(?:\s*=\s*|\s*)(.*)")
_HASHES = re.compile(r"(?:\s+--hash[=\s]\s*\S+)+$")

# A requirement that is a path in place of a name: ./libs/oar[fast] ; python_version > "3.11"
_PATH = re.compile(r"((?:file:|[./]|\w[\w.-]*/)[^;\[]*?)(\[[^\]]*\])?\s*(?:;.*)?")
_ELSEWHERE = re.compile(r"(?!file:)[\w+]+://")


def read_requirements_file(path: Path) -> tuple[str, ...]:
    """Return the requirements of a file and of the files it includes, one line each.

    Options for the index stay lines of their own; relative paths become absolute.

    Raises:
        ConfigError: A file cannot be read, or a line is not a requirement, or a build cannot honour
            it.
    """
    return tuple(_read(path, ()))


def parse_requirements(text: str, place: str, base: Path) -> tuple[str, ...]:
    """Return the requirements of a text that another tool wrote, one line each.

    Args:
        text: The requirements, in the same format.
        place: Their source, for errors.
        base: The directory that its relative paths start from.

    Raises:
        ConfigError: A build cannot honour a line.
    """
    lines = (_kept(line, place, base, ()) for _, line in _lines(text))
    return tuple(kept for some in lines for kept in some)


def read_requirement(line: str, place: str) -> str:
    """Return the line of a requirement by the rules of PEP 508.

    Raises:
        ConfigError: The line is not a requirement.
    """
    try:
        required = Requirement(line)
    except InvalidRequirement as error:
        raise ConfigError(
            f"{place}: '{line}' is not a requirement",
            cause=str(error).splitlines()[0],
            hint="write a name with its versions; for a wheel outside an index, name @ URL",
        ) from None
    url = required.url or ""
    if not url.startswith("file:") or url.endswith(".whl"):
        return line
    extras = f"[{','.join(sorted(required.extras))}]" if required.extras else ""
    return _sources(Path(_path_of(url)), extras, place)


def _read(path: Path, above: tuple[Path, ...]) -> Iterator[str]:
    try:
        text = _decode_text(path.read_bytes())
    except (OSError, LookupError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the requirements file {path} cannot be read",
            cause=reason_of(error),
            hint=f"it is included by {above[-1]}"
            if above
            else "set requirements in [tool.ferryman] to a file in the project's directory",
        ) from None
    for number, line in _lines(text):
        yield from _kept(line, f"{path}:{number}", path.parent, (*above, path))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each non-empty logical line without its comment, with its number."""
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
        found = _HASHES.search(line)
        bare, hashes = (line[: found.start()], found[0]) if found else (line, "")
        return (_read_line(bare, base, place) + hashes,)
    name, value = option[1], option[2].strip("\"'")
    if name in _EDITABLES:
        whole = _PATH.fullmatch(value) or _ELSEWHERE.match(value)
        return (_read_line(value if whole else f"./{value}", base, place),)
    if name in _GRANTED:
        return ()
    if name == "--only-binary":
        return (ONLY_WHEELS,) if value == ":all:" else ()
    if name in _INDEXES:
        return (line,)
    if name in _IN_WORDS_OF_UV:
        return (f"{_IN_WORDS_OF_UV[name]} {value}".strip(),)
    path = value if "://" in value else base / value
    if name in _CONSTRAINTS:
        return (f"-c {path}",)
    if name in _LINKS:
        return (f"--find-links {path}",)
    if name in _FILES and Path(path).resolve() not in {file.resolve() for file in above}:
        return _read(Path(path), above)
    raise _refused(name, place)


def _read_line(line: str, base: Path, place: str) -> str:
    """Return the normalised line of a requirement: a name, an address, or a relative path."""
    if _ELSEWHERE.match(line):
        return read_requirement(_named(line, place), place)
    path = _PATH.fullmatch(line)
    if not path:
        return read_requirement(line, place)
    leads_to = base / _path_of(path[1])
    if leads_to.suffix != ".whl":
        return _sources(leads_to, path[2] or "", place)
    try:
        name = parse_wheel_filename(leads_to.name)[0]
    except InvalidWheelFilename as error:
        raise ConfigError(f"{place}: {path[1]} is not a wheel", cause=str(error)) from None
    return f"{name}{path[2] or ''} @ {leads_to.resolve().as_uri()}"


def _named(address: str, place: str) -> str:
    """Return the requirement of a bare address, which contains the name in one of pip's forms."""
    bare, fragment = urldefrag(address)
    said = {name: values[0] for name, values in parse_qs(fragment).items()}
    file = unquote(urlsplit(bare).path).rpartition("/")[2]
    try:
        name = said.pop("egg", "") or (
            parse_wheel_filename(file)[0]
            if file.endswith(".whl")
            else parse_sdist_filename(file)[0]
        )
    except (InvalidWheelFilename, InvalidSdistFilename):
        raise ConfigError(
            f"{place}: {_without_secrets(address)} does not say which package it is",
            hint="write its name before it: name @ URL",
        ) from None
    kept = "&".join(f"{name}={value}" for name, value in said.items())
    return f"{name} @ {bare}{'#' if kept else ''}{kept}"


def _without_secrets(address: str) -> str:
    return re.sub(r"//[^/@]*@", "//", address).partition("?")[0]


def _path_of(text: str) -> str:
    return unquote(urlsplit(text).path) if text.startswith("file:") else text.strip()


def _sources(path: Path, extras: str, place: str) -> str:
    if not path.is_dir() and not (path.is_file() and path.name.endswith(_ARCHIVES)):
        raise ConfigError(
            f"{place}: there is no directory {path}",
            hint="what is not a wheel is a directory of sources, or an archive of them; write its "
            "path as from this file",
        )
    return f"{DIRECTORY}{path.resolve()}{extras}"


def _refused(name: str, place: str) -> ConfigError:
    if name in _FILES:
        return ConfigError(f"{place}: the file includes itself")
    return ConfigError(
        f"{place}: a build cannot keep the option {name}",
        hint="set what it is for in [tool.uv] of pyproject.toml",
    )


# UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CODING = re.compile(rb"#.*coding[:=]\s*([-\w.]+)")


def _decode_text(content: bytes) -> str:
    """Return the text of a file whose encoding only its content tells.

    A byte order mark, as PowerShell writes it, or `coding:` in one of the first two lines gives the
    encoding; otherwise it is UTF-8, or that of older Windows editors.

    Raises:
        LookupError: The named encoding does not exist.
        UnicodeDecodeError: The text is not in the named encoding.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.removeprefix(mark).decode(encoding)
    for line in content.split(b"\n", 2)[:2]:
        if found := _CODING.match(line):
            return content.decode(found[1].decode())
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252")
