"""Writes the project's `.dist-info` directory, as an installation would.

With it the app finds its version, its entry points and its files by `importlib.metadata`, as if it
were installed. Metadata that only a build back end knows comes from a wheel that it built.
Source: "Recording installed projects" and "Core metadata", Python packaging specifications.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from packaging.utils import canonicalize_name, canonicalize_version

from ferryman.building.app_files import SourceFile
from ferryman.building.installed import write_record

if TYPE_CHECKING:
    from packaging.metadata import RawMetadata

__all__ = (
    "install_distribution",
    "made_distribution",
    "stated_distribution",
    "states_its_version",
)

_RECORD = "RECORD"

# A requirement that is an address may have a password in it.
_CREDENTIALS = re.compile(rb"(https?://)[^/@\s]+@")

_WHEEL = "Wheel-Version: 1.0\nGenerator: ferryman\nRoot-Is-Purelib: true\nTag: py3-none-any\n"

_GROUPS = {"scripts": "console_scripts", "gui-scripts": "gui_scripts"}


def states_its_version(document: Mapping[str, Any]) -> bool:
    """Return whether a pyproject.toml states the project's name and version."""
    project = document.get("project", {})
    return isinstance(project.get("name"), str) and isinstance(project.get("version"), str)


def stated_distribution(document: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the files of the directory, for a project that states its name and version.

    Args:
        document: Its pyproject.toml.
    """
    project = document["project"]
    name = canonicalize_name(project["name"]).replace("-", "_")
    version = canonicalize_version(project["version"], strip_trailing_zero=False)
    texts = {
        "METADATA": _metadata(project),
        "WHEEL": _WHEEL,
        "INSTALLER": "ferryman\n",
        "entry_points.txt": "\n".join(_entry_points(project)),
    }
    directory = f"{name}-{version}.dist-info"
    return {f"{directory}/{name}": text.encode() for name, text in texts.items() if text}


def made_distribution(wheel: Iterable[SourceFile]) -> dict[str, bytes]:
    """Return the files of the directory in the project's own wheel.

    Args:
        wheel: The files of the wheel.
    """
    return {
        file.place: file.path.read_bytes()
        for file in wheel
        if file.place.partition("/")[0].endswith(".dist-info") and not file.place.endswith(_RECORD)
    }


def install_distribution(
    contents: Mapping[str, bytes], files: Iterable[SourceFile], home: Path
) -> tuple[SourceFile, ...]:
    """Write the directory, with a record of the project's shipped files, and return its files.

    Args:
        contents: The files of the directory, by their places.
        files: The files of the app that ship.
        home: A directory to write in.

    Raises:
        OSError: The directory cannot be written.
    """
    for place, content in contents.items():
        (home / place).parent.mkdir(parents=True, exist_ok=True)
        (home / place).write_bytes(_CREDENTIALS.sub(rb"\1", content))
    own = {place: home / place for place in contents}
    directory = next(iter(contents)).partition("/")[0]
    record = f"{directory}/{_RECORD}"
    write_record(home / record, {**{file.place: file.path for file in files}, **own})
    return tuple(SourceFile(path, place) for place, path in {**own, record: home / record}.items())


def _metadata(project: Mapping[str, Any]) -> str:
    from packaging.metadata import Metadata  # slow to import, and not every project is installed

    extras = project.get("optional-dependencies", {})
    raw = {
        "metadata_version": "2.4",
        "name": project["name"],
        "version": project["version"],
        "summary": project.get("description"),
        "keywords": project.get("keywords"),
        "requires_python": project.get("requires-python"),
        "classifiers": project.get("classifiers"),
        "project_urls": project.get("urls"),
        "author": ", ".join(_people(project, "name")),
        "author_email": ", ".join(_people(project, "email")),
        "provides_extra": [canonicalize_name(extra) for extra in extras],
        "requires_dist": [
            *project.get("dependencies", ()),
            *(line for extra, lines in extras.items() for line in _of_extra(extra, lines)),
        ],
    }
    filled = cast("RawMetadata", {key: value for key, value in raw.items() if value})
    text = str(Metadata.from_raw(filled, validate=False).as_rfc822())
    return re.sub(r"^[\w-]+(?=: )", lambda name: name[0].title(), text, flags=re.MULTILINE)


def _people(project: Mapping[str, Any], field: str) -> Iterator[str]:
    return (person[field] for person in project.get("authors", ()) if person.get(field))


def _of_extra(extra: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield the requirements of an extra, each with the extra's marker."""
    wanted = f'extra == "{canonicalize_name(extra)}"'
    for line in lines:
        requirement, semicolon, marker = line.partition(";")
        yield f"{requirement.strip()}; " + (
            f"({marker.strip()}) and {wanted}" if semicolon else wanted
        )


def _entry_points(project: Mapping[str, Any]) -> Iterator[str]:
    groups = {group: project.get(key, {}) for key, group in _GROUPS.items()}
    for group, points in (groups | project.get("entry-points", {})).items():
        if points:
            yield f"[{group}]"
            yield from (f"{name} = {reference}" for name, reference in sorted(points.items()))
            yield ""
