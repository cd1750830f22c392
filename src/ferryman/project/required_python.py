"""Checks the Python that a project is built for against its `requires-python`.

If no setting names the Python to build for, it is the project's, or else this machine's.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from ferryman.core.errors import ConfigError
from ferryman.project.project import Project
from ferryman.project.setting_sources import Layer, read_pyproject

__all__ = ("check_required_python", "usual_python")

_KEY = "pyproject.toml [project] requires-python"

# More patch releases than a minor version has ever had.
_PATCHES = range(40)


# Versions with a Lambda runtime that ferryman supports, the preferred one first.
_BUILT_FOR = ("3.13", "3.14", "3.12", "3.11")

_FILE = ".python-version"


def usual_python(document: Mapping[str, Any], root: Path) -> Layer:
    """Return the Python to build for if no setting names one.

    It is the version in .python-version, else the running one, if `requires-python` allows it and
    Lambda supports it; else another allowed version.

    Args:
        document: The project's pyproject.toml.
        root: The project's directory.
    """
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    asked = str(document.get("project", {}).get("requires-python", ""))
    allowed = _specifiers(asked)
    pinned = _pinned(root)
    for python, place in ((pinned, _FILE), (here, "the Python that ferryman runs on")):
        if python in _BUILT_FOR and _allows(allowed, python):
            return _layer(python, place)
    chosen = next((python for python in _BUILT_FOR if _allows(allowed, python)), None)
    return _layer(chosen, _KEY) if chosen else Layer({}, lambda _: _KEY)


def _layer(python: str, place: str) -> Layer:
    return Layer({"python": python}, lambda _: place)


def _pinned(root: Path) -> str:
    try:
        text = (root / _FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    found = re.match(r"\s*(?:cpython-)?(3\.\d+)", text)
    return found[1] if found else ""


def _specifiers(asked: str) -> SpecifierSet:
    try:
        return SpecifierSet(asked)
    except InvalidSpecifier:
        return SpecifierSet()  # the build reports it


def _allows(allowed: SpecifierSet, python: str) -> bool:
    return any(f"{python}.{patch}" in allowed for patch in _PATCHES)


def check_required_python(project: Project) -> None:
    """Check that `requires-python` allows some release of the chosen version.

    Raises:
        ConfigError: No version is allowed, or the bound is malformed.
    """
    asked = read_pyproject(project.root).get("project", {}).get("requires-python")
    if asked is None:
        return
    try:
        allowed = SpecifierSet(str(asked))
    except InvalidSpecifier:
        raise ConfigError(
            f"{_KEY} is not valid", cause=f"it is {asked!r}", hint='it is written as ">=3.11"'
        ) from None
    python = project.fields.python
    if not _allows(allowed, python):
        raise ConfigError(
            f"the project is built for Python {python}, and needs {asked}",
            cause=f"{project.origins['python']} says the one, {_KEY} the other",
            hint="set python in [tool.ferryman] to a version that it allows, or pass --python",
        )
