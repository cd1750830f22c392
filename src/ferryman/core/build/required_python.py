"""Holds the Python that a project is built for to the one that it says it needs."""

from __future__ import annotations

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from ferryman.core.build.layers import read_pyproject
from ferryman.core.build.project import Project
from ferryman.core.errors import ConfigError

__all__ = ("check_required_python",)

_KEY = "pyproject.toml [project] requires-python"

# More patch releases than a minor version has ever had.
_PATCHES = range(40)


def check_required_python(project: Project) -> None:
    """See that some release of the chosen version is one that `requires-python` allows.

    Raises:
        ConfigError: None is, or the bound is none.
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
    if not any(f"{python}.{patch}" in allowed for patch in _PATCHES):
        raise ConfigError(
            f"the project is built for Python {python}, and needs {asked}",
            cause=f"{project.origins['python']} says the one, {_KEY} the other",
            hint="set python in [tool.ferryman] to a version that it allows, or pass --python",
        )
