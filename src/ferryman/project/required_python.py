"""Holds the Python that a project is built for to the one that it says it needs.

Where nothing names the one to build for, it is the project's own, or else this machine's.
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


# Those that AWS Lambda has a runtime for and ferryman runs on, the one to prefer first.
_BUILT_FOR = ("3.13", "3.14", "3.12", "3.11")

_FILE = ".python-version"


def usual_python(document: Mapping[str, Any], root: Path) -> Layer:
    """Return the Python to build for where no setting says one.

    It is the one that .python-version names, else the one that runs this, as far as
    `requires-python` allows it and Lambda has it, else another that is allowed.

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
        return SpecifierSet()  # the build says so


def _allows(allowed: SpecifierSet, python: str) -> bool:
    return any(f"{python}.{patch}" in allowed for patch in _PATCHES)


def check_required_python(project: Project) -> None:
    """See that some release of the chosen version is one that `requires-python` allows.

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
